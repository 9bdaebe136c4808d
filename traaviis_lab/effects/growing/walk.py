"""Let a composed effect go on by one outcome: who starts, who is stopped, what is undone.

A `Walk` reads a tree and makes the next one; it performs nothing. What each kind does with a
child's outcome stands in `rules.py`; here is what all share: entering, ending, stopping in two
steps (told to end, ended), and undoing in the reverse order of completion.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from traaviis_lab.effects.composed import Gate, Permit
from traaviis_lab.effects.data import MergeData
from traaviis_lab.errors import LabError
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.values import Event

from . import rules
from .fills import error_of, filler_of
from .places import ERROR, INTO, below, child_of, environment, is_under
from .values import CANCELLED, NO_NODES, Node, Outcome, Tree, Undo, come_to, failed, made, under_way

MOST_FAULTS = 100
"""How many compensations that failed an error names; each has a fact of its own besides."""


class Walk:
    """One tree going on. Paths are below the root, whose own is "".

    Args:
        tree: as it is.
        data: the run's data, for templates and conditions.
        active: the run's active states.
        salt: what a draw of chance depends on: the run's id and the root's path.

    `fresh`: leaves to start, in order; those that stay within the run are done at once and
    their outcome brought back. `stops`: leaves to tell to end, whose end is brought back as an
    outcome. `drops`: leaves that are cancelled and done with. `freed`: permits given back, with
    how what they guarded ended. `ended`: the outcome of the whole, None while it goes on.
    """

    __slots__ = (
        "_active",
        "_data",
        "_news",
        "_tree",
        "_undos",
        "drops",
        "ended",
        "freed",
        "fresh",
        "left",
        "nodes",
        "salt",
        "stops",
    )

    def __init__(
        self, tree: Tree, data: Mapping[str, Any], active: frozenset[str], salt: str
    ) -> None:
        self._tree, self._data, self._active, self.salt = tree, data, active, salt
        self.nodes = tree.nodes.mutate()
        self._undos = list(tree.undos)
        self._news: deque[tuple[str, Node | None, Outcome]] = deque()
        self.fresh: dict[str, Effect] = {}
        self.left = tree.left
        self.stops: list[str] = []
        self.drops: list[str] = []
        self.freed: list[tuple[str, Permit, Outcome]] = []
        self.ended: Outcome | None = None

    # What is told

    def stand(self, data: Mapping[str, Any], active: frozenset[str]) -> None:
        """Go on with this data and these active states; what was decided so far is known."""
        self._data, self._active, self.fresh = data, active, {}
        if self.stops or self.drops or self.freed:
            self.stops, self.drops, self.freed = [], [], []

    def begin(self) -> None:
        """Start the whole."""
        self.enter("", self._tree.effect)
        self._pass_on()

    def outcome(self, path: str, outcome: Outcome) -> None:
        """A leaf ended. One that is not known here any more changes nothing."""
        node = self.nodes.get(path)
        if node is not None and _is_leaf(node):
            del self.nodes[path]
            self._tell(path, node, outcome)
            if self._news:
                self._pass_on()

    def leave(self) -> None:
        """Nobody waits for it any more: cancel what is under way, undo what was done."""
        self.left = True
        if rules.can_be_undone(self._tree.effect):
            self._stop("")
            self._pass_on()
            return
        known = self.tree().nodes
        for path in sorted(known):
            node = known[path]
            if _is_leaf(node):
                self.drops.append(path)
            elif isinstance(node.effect, Gate):
                self._give_back(path, node, CANCELLED)
        self.ended = CANCELLED

    def tree(self) -> Tree:
        """The tree as it is now."""
        effect, owner, place, seq, began, *_ = self._tree
        nodes, undos = self.nodes.finish(), tuple(self._undos)
        self.nodes = nodes.mutate()
        return made(Tree, (effect, owner, place, seq, began, nodes, undos, self.left))

    # What rules build on

    def enter(self, path: str, effect: Effect) -> None:
        """Begin with what stands at a place."""
        if not effect.composed:
            self.ask(path, effect)
            return
        self.nodes[path] = under_way(effect)
        rules.begin(self, path, effect)

    def ask(self, path: str, effect: Effect) -> None:
        """Ask for a leaf, its templates filled in; where that fails, so does the leaf."""
        fill = filler_of(effect)
        if fill is not None:
            try:
                effect = fill(self._data, self._event(path), self._active)
            except LabError as error:
                self.nodes[path] = under_way(effect)
                self.over(path, failed(error.to_json()))
                return
        self.nodes[path] = under_way(effect)
        self.fresh[path] = effect

    def value_of(self, path: str, compute: Any) -> Any:
        """What a condition or a list at a place gives. Raises `LabError`."""
        return compute(self._data, self._event(path), self._active)

    def runs(self, path: str) -> bool:
        """Whether a place is under way and not on its way to its end."""
        node = self.nodes.get(path)
        return node is not None and node.phase == "running"

    def turn_to(self, path: str, turn: int, waiting: int = 1) -> None:
        """Note which child a place has come to, and for how many it waits."""
        node = self.nodes[path]
        self.nodes[path] = under_way(node.effect, turn, waiting, node.items)

    def over(self, path: str, outcome: Outcome) -> None:
        """A place has come to its end; what is around it goes on."""
        node = self.nodes.pop(path, None)
        if node is not None and node.effect.composed:
            self._forget(path, node, outcome)
            into = getattr(node.effect, "into", "")
            kept = node.phase != "saving" and node.kept != path
            if into and path and outcome.status == "completed" and kept:
                self.nodes[path] = node._replace(phase="saving", outcome=outcome)
                self._wish(below(path, INTO), MergeData({into: outcome.value}))
                return
        if not path:
            self.ended = outcome
            return
        self._news.append((path, node, outcome))

    def end(self, path: str, outcome: Outcome, kept: str = "") -> None:
        """Bring a place to its end: stop what is under way, undo what was done, then be over.

        What happened under `kept` is not undone.
        """
        self.nodes[path] = self.nodes[path]._replace(phase="stopping", outcome=outcome, kept=kept)
        for child in self._under_way(path):
            if child != kept:
                self._stop(child)
        if not self.nodes[path].waiting:
            self._unwind(path)

    def happened(self, path: str, outcome: Outcome) -> None:
        """A place that was to be cancelled has come to its outcome before that."""
        node = self.nodes[path]
        if node.outcome == CANCELLED:
            self.nodes[path] = node._replace(outcome=outcome, kept=path)

    def can_undo(self, path: str, result: Any, *, again: bool = False) -> None:
        """Note that what happened at a place can be undone; `again`: so it was noted before."""
        if again:
            self._undos = [entry for entry in self._undos if entry.path != path]
        self._undos.append(Undo(path, {**self.environment(path), "result": result}))

    def environment(self, path: str) -> dict[str, Any]:
        """What templates at a place may read beside the run's data."""
        return environment(self._tree.effect, self.nodes, path)

    # Inside

    def _wish(self, path: str, effect: Effect) -> None:
        self.nodes[path] = under_way(effect)
        self.fresh[path] = effect

    def _event(self, path: str) -> Event:
        given = getattr(self._tree.effect, "given", {})
        return Event(given.get("name", ""), self.environment(path))

    def _pass_on(self) -> None:
        """Tell the places around of what is over, in turn: a long row is no deep recursion."""
        while self._news:
            self._tell(*self._news.popleft())

    def _tell(self, path: str, node: Node | None, outcome: Outcome) -> None:
        """Tell the place around that a child is over."""
        nodes = self.nodes
        head, _, last = path.rpartition("/")
        up = nodes[head]
        phase = up.phase
        if phase == "running":
            nodes[head] = up = _one_less(up)
            number = int(last)
            # As written: what was filled in is not needed any more, but for what a permit was for.
            internal = node is not None and node.effect.internal
            effect = node.effect if internal else child_of(up.effect, number)  # type: ignore[union-attr]
            nodes[path] = come_to(effect, outcome)
            rules.go_on(self, head, up, number, outcome)
        elif phase == "saving":
            assert up.outcome is not None
            if outcome.status == "completed":
                self.over(head, up.outcome)
            else:
                self.end(head, outcome)
        elif phase == "undo":
            self._undone(head, up, outcome)
        else:
            nodes[head] = up = _one_less(up)
            if phase == "stopping":
                self._told_to_stop(head, last, up, outcome)

    def _told_to_stop(self, head: str, last: str, up: Node, outcome: Outcome) -> None:
        """A child of a place that is being stopped has ended."""
        if outcome.status == "completed":
            rules.came_too_late(self, head, up, last, outcome)
        if not up.waiting:
            self._unwind(head)

    def _under_way(self, path: str) -> list[str]:
        """The children that are not over, in order."""
        found = []
        for number in rules.children(self.nodes[path]):
            child = below(path, number)
            node = self.nodes.get(child)
            if node is not None and node.phase != "over":
                found.append(child)
        return found

    def _stop(self, path: str) -> None:
        """Cancel what stands at a place. What is being undone already is let be.

        What was done below it is undone by what is being stopped around it, with all that was
        done there, the last first.
        """
        node = self.nodes[path]
        if node.effect.composed:
            if node.phase == "running":
                self.end(path, CANCELLED, kept=path)
        elif self.fresh.pop(path, None) is not None:
            self.over(path, CANCELLED)
        elif rules.is_still(node.effect):
            self.drops.append(path)
            self.over(path, CANCELLED)
        elif node.phase == "running":
            self.nodes[path] = node._replace(phase="ending")
            self.stops.append(path)

    def _forget(self, path: str, node: Node, outcome: Outcome) -> None:
        """Drop what was kept of the children of a place that is over."""
        if isinstance(node.effect, Gate):
            self._give_back(path, node, outcome)
        if not path:  # nothing of the tree is needed any more
            self.nodes = NO_NODES.mutate()
            return
        for number in rules.children(node):
            self.nodes.pop(below(path, number), None)

    def _give_back(self, path: str, node: Node, outcome: Outcome) -> None:
        permit = self.nodes.get(below(path, 1))
        if node.turn and permit is not None and isinstance(permit.effect, Permit):
            self.freed.append((path, permit.effect, outcome))

    # Undoing

    def _unwind(self, path: str) -> None:
        """Undo the last thing done below a place, or be over where nothing is left."""
        node = self.nodes[path]
        assert node.outcome is not None
        entry = self._take_undo(path, node.kept)
        if entry is None:
            self.over(path, node.outcome)
            return
        self.nodes[path] = node._replace(phase="undoing")
        self._begin_undo(path, entry.path, entry, node.outcome)

    def _take_undo(self, path: str, kept: str = "") -> Undo | None:
        for number in range(len(self._undos) - 1, -1, -1):
            entry = self._undos[number]
            if is_under(entry.path, path) and not (kept and is_under(entry.path, kept)):
                return self._undos.pop(number)
        return None

    def _begin_undo(self, back: str, path: str, entry: Undo, outcome: Outcome) -> None:
        pair = self.nodes[path].effect if path in self.nodes else self._pair(path)
        why = error_of(outcome.value) if outcome.status == "failed" else {"kind": "Cancelled"}
        before = self.nodes.get(path)
        self.nodes[path] = Node(
            "undo", pair, back=back, env={**entry.env, ERROR: why},
            outcome=before.outcome if before is not None else None,
        )  # fmt: skip
        self.enter(below(path, 1), child_of(pair, 1))

    def _pair(self, path: str) -> Effect:
        effect = self._tree.effect
        for part in path.split("/"):
            effect = child_of(effect, int(part))
        return effect

    def _undone(self, path: str, node: Node, outcome: Outcome) -> None:
        """Something was undone, or could not be; the next one's turn."""
        del self.nodes[path]
        back = path if node.back == path else node.back
        waits = node if back == path else self.nodes[back]
        assert waits.outcome is not None
        ends = waits.outcome
        if outcome.status == "failed" and ends.status == "failed":
            known = ends.value.get("undo_failed", [])
            fault = {"path": path, "error": outcome.value}
            if len(known) < MOST_FAULTS:
                ends = failed({**ends.value, "undo_failed": [*known, fault]})
        if node.effect.undo.composed:  # type: ignore[attr-defined]
            within = below(path, 1)  # what undoing did is not undone
            self._undos = [entry for entry in self._undos if not is_under(entry.path, within)]
        self.nodes[back] = waits._replace(phase="undoing", outcome=ends, back="")
        self._unwind(back)


def _is_leaf(node: Node) -> bool:
    """Whether something is under way at a place that somebody performs."""
    return node.phase in ("running", "ending") and not node.effect.composed


def _one_less(node: Node) -> Node:
    """The place, waiting for one child less. By hand: `_replace` takes four times as long."""
    phase, effect, turn, waiting, outcome, items, env, back, kept = node
    return made(Node, (phase, effect, turn, waiting - 1, outcome, items, env, back, kept))
