"""The composed effects of a turn: their leaves start, end and are undone within it.

What happens next is decided by `effects.growing`, purely; here that becomes facts, effects to
start and effects to tell to end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects import Permit
from traaviis_lab.effects.growing import CANCELLED, Outcome, Tree, Walk
from traaviis_lab.journal.encode import encode

from .standing import Ask, Pending, Trees, UnderWay, root_of

if TYPE_CHECKING:
    from traaviis_lab.machine import Snapshot

    from .run import Run


def walk_of(tree: Tree, snapshot: Snapshot, run: str, root: str) -> Walk:
    """A tree about to go on, for a run that stands at `snapshot`."""
    return Walk(tree, snapshot.data, snapshot.active, f"{run}/{root}")


class Growth:
    """What a turn knows of composed effects. Mixed into `Turn`, which has the facts."""

    __slots__ = (
        "coming", "ends", "freed", "now", "pending", "run", "snapshot", "starts", "stops", "todo",
        "trees",
    )  # fmt: skip

    run: Run
    snapshot: Snapshot
    pending: UnderWay
    trees: Trees
    now: int
    starts: dict[str, Ask]
    stops: list[str]
    ends: list[str]
    coming: str
    freed: list[tuple[str, Permit, Outcome]]
    todo: deque[tuple[str, Ask]]

    if TYPE_CHECKING:  # what the turn brings

        def _effect_fact(self, kind: str, pending: Pending, body: bytes, cause: int) -> int: ...

        def _failed(
            self, path: str, pending: Pending, error: Mapping[str, Any], *, heard: bool = True
        ) -> None: ...

        def _finish(
            self,
            path: str,
            pending: Pending,
            result: Any,
            patch: Mapping[str, Any] | None,
            *,
            heard: bool = True,
        ) -> None: ...

    def _plant(self, path: str, ask: Ask, seq: int) -> None:
        """Begin a composed effect, whose first fact is written."""
        self.trees = self.trees.set(path, Tree(ask.effect, ask.owner, ask.place, seq, self.now))
        self._grow(path, Walk.begin)

    def _home(self, path: str, outcome: Outcome) -> None:
        """A leaf of a composed effect ended; its fact is written."""
        root, inner = root_of(path)
        if root in self.trees:
            self._grow(root, lambda walk: walk.outcome(inner, outcome))

    def _leave_trees(self, gone: set[str]) -> None:
        """The states that asked for these were left."""
        for root in sorted(self.trees):
            tree = self.trees[root]
            if tree.owner in gone and not tree.left:
                self._grow(root, Walk.leave)

    def _grow(self, root: str, work: Callable[[Walk], None]) -> None:
        """Let a tree go on, and see to what comes of it."""
        tree = self.trees[root]
        walk = walk_of(tree, self.snapshot, self.run.id, root)
        work(walk)
        if walk.freed:
            self.freed += [
                (f"{root}/{path}" if path else root, permit, outcome)
                for path, permit, outcome in walk.freed
            ]
        grown = walk.tree()
        if walk.ended is None:
            self.trees = self.trees.set(root, grown)
        else:
            self.trees = self.trees.delete(root)
        for inner in walk.drops:
            self._forget(f"{root}/{inner}")
        for inner, effect in walk.starts:
            ask = Ask(tree.place, effect, tree.owner)
            if effect.outward:
                self.starts[f"{root}/{inner}"] = ask
            else:
                self.todo.append((f"{root}/{inner}", ask))
        for inner in walk.stops:
            self._tell_to_end(root, inner)
        if walk.ended is not None:
            self._root_over(root, grown, walk.ended)

    def _tell_to_end(self, root: str, inner: str) -> None:
        """Have a leaf cancelled; one that has not begun yet has ended with that."""
        path = f"{root}/{inner}"
        if path == self.coming:  # its outcome is here, and is told next
            return
        if path in self.pending:
            self.ends.append(path)
            return
        self._forget(path)
        if root in self.trees:
            self._grow(root, lambda walk: walk.outcome(inner, CANCELLED))

    def _forget(self, path: str) -> None:
        """A leaf is cancelled and done with."""
        if path in self.pending:
            self._cancel(path)
        elif self.starts.pop(path, None) is None:
            for entry in [entry for entry in self.todo if entry[0] == path]:
                self.todo.remove(entry)

    def _root_over(self, root: str, tree: Tree, outcome: Outcome) -> None:
        """The whole has ended: its last fact, and what the machine makes of it."""
        pending = Pending(tree.effect, tree.owner, tree.place, tree.seq, tree.began)
        if outcome.status == "completed":
            into = getattr(tree.effect, "into", "")
            patch = {into: outcome.value} if into else None
            self._finish(root, pending, outcome.value, patch, heard=not tree.left)
        elif outcome.status == "failed":
            self._failed(root, pending, outcome.value, heard=not tree.left)
        else:
            body = encode({"path": root, "owner": tree.owner})
            self._effect_fact("effect.cancelled", pending, body, pending.seq)

    def _cancel(self, path: str, more: Mapping[str, Any] | None = None) -> None:
        """Cancel an effect that is under way, at once."""
        pending = self.pending[path]
        self.pending = self.pending.delete(path)
        self.stops.append(path)
        body = encode({"path": path, "owner": pending.owner, **(more or {})})
        self._effect_fact("effect.cancelled", pending, body, pending.seq)
