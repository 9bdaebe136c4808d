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
from traaviis_lab.effects.growing.values import made
from traaviis_lab.journal.encode import encode

from .standing import Ask, Pending, Trees, UnderWay
from .writing import Writing

if TYPE_CHECKING:
    from traaviis_lab.machine import Snapshot


def walk_of(tree: Tree, snapshot: Snapshot, run: str, root: str) -> Walk:
    """A tree about to go on, for a run that stands at `snapshot`."""
    return Walk(tree, snapshot.data, snapshot.active, f"{run}/{root}")


class Growth(Writing):
    """What a turn knows of composed effects. Mixed into `Turn`."""

    __slots__ = (
        "coming",
        "ends",
        "freed",
        "fresh",
        "grown",
        "pending",
        "starts",
        "stops",
        "todo",
        "walks",
    )  # fmt: skip

    pending: UnderWay
    grown: Trees
    walks: dict[str, Walk]
    starts: dict[str, Ask]
    stops: list[str]
    ends: list[str]
    coming: str
    freed: list[tuple[str, Permit, Outcome]]
    todo: deque[tuple[str, Ask]]
    fresh: deque[str]

    if TYPE_CHECKING:  # what the turn brings

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
        self.grown = self.grown.set(path, Tree(ask.effect, ask.owner, ask.place, seq, self.now))
        self._grow(path, Walk.begin)

    @property
    def trees(self) -> Trees:
        """The composed effects that are under way after this turn."""
        if self.walks:
            for root, walk in self.walks.items():
                self.grown = self.grown.set(root, walk.tree())
            self.walks = {}
        return self.grown

    def walk(self, root: str) -> Walk:
        """Let a tree go on within this turn."""
        walk = self.walks[root] = walk_of(self.grown[root], self.snapshot, self.run.id, root)
        return walk

    def _home(self, root: str, inner: str, outcome: Outcome) -> None:
        """A leaf of a composed effect ended; its fact is written."""
        if root in self.grown:
            self._grow(root, Walk.outcome, inner, outcome)

    def _leave_trees(self, gone: set[str]) -> None:
        """The states that asked for these were left."""
        for root in sorted(self.grown):
            if self.grown[root].owner in gone and not self._is_left(root):
                self._grow(root, Walk.leave)

    def _is_left(self, root: str) -> bool:
        walk = self.walks.get(root)
        return self.grown[root].left if walk is None else walk.left

    def _grow(self, root: str, work: Callable[..., None], *told: Any) -> None:
        """Let a tree go on, and see to what comes of it.

        Its walk stays open until the turn is over, for the outcomes that came with this one.
        """
        tree, walk = self.grown[root], self.walks.get(root)
        if walk is None:
            walk = self.walk(root)
        else:
            walk.stand(self.snapshot.data, self.snapshot.active)
        work(walk, *told)
        if walk.freed:
            self.freed += [
                (f"{root}/{path}" if path else root, permit, outcome)
                for path, permit, outcome in walk.freed
            ]
        ended, stops = walk.ended, walk.stops
        if ended is not None:
            del self.walks[root]
            self.grown = self.grown.delete(root)
        for inner in walk.drops:
            self._forget(f"{root}/{inner}")
        if walk.fresh:
            for inner, effect in walk.fresh.items():
                self._want(f"{root}/{inner}", made(Ask, (tree.place, effect, tree.owner)))
        for inner in stops:
            self._tell_to_end(root, inner)
        if ended is not None:
            self._root_over(root, walk.tree(), ended)

    def _want(self, path: str, ask: Ask) -> None:
        """Have an effect started when the turn comes to rest; a local one is done before that."""
        if ask.effect.outward:
            self.starts[path] = ask
            self.fresh.append(path)
        else:
            self.todo.append((path, ask))

    def _tell_to_end(self, root: str, inner: str) -> None:
        """Have a leaf cancelled; one that has not begun yet has ended with that."""
        path = f"{root}/{inner}"
        if path == self.coming:  # its outcome is here, and is told next
            return
        if path in self.pending:
            self.ends.append(path)
            return
        self._forget(path)
        if root in self.grown:
            self._grow(root, Walk.outcome, inner, CANCELLED)

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
