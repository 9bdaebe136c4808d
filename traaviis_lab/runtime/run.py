"""One execution of a chart, on the engine's loop: it takes events, one turn after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects.growing.fills import spec_of
from traaviis_lab.effects.growing.values import made, tree_to_json
from traaviis_lab.errors import LabError, ResultMissing
from traaviis_lab.journal import Durability, Keep
from traaviis_lab.machine import Event, Snapshot, Step

from .acks import both
from .asides import RESERVED, Acknowledge, Asides
from .bodies import Texts, keep_body
from .plain import decide, plain_fact
from .standing import (
    NO_TREES,
    NOTHING_UNDER_WAY,
    Ask,
    Invocation,
    Pending,
    Trees,
    UnderWay,
    in_order,
    is_time_to_keep,
    root_of,
)
from .turn import Turn

if TYPE_CHECKING:
    from .begun import Begun
    from .clock import Handle
    from .engine import Engine
    from .holding.hold import Hold

_NONE: Mapping[str, Any] = {}
_UNDECIDED = Snapshot(frozenset())

Work = Callable[[Turn], Any]


class Run(Asides):
    """A live run. Its methods are called on the engine's loop and write before they change."""

    __slots__ = (
        "__weakref__",
        "arrived",
        "asked",
        "calls",
        "handles",
        "last",
        "open",
        "tasks",
        "timers",
        "told",
        "trees",
        "visited",
    )

    def __init__(self, engine: Engine, run_id: str, texts: Texts, tenant: str) -> None:
        self.engine, self.id, self.texts, self.tenant = engine, run_id, texts, tenant
        self.snapshot = _UNDECIDED
        self.seq = 0
        self.timers: Mapping[str, int] = _NONE
        self.handles: dict[str, Handle] | None = None
        self.pending: UnderWay = NOTHING_UNDER_WAY
        self.trees: Trees = NO_TREES
        self.asked: Mapping[str, int] = _NONE
        self.arrived: list[tuple[str, Work]] | None = None
        self.tasks: dict[str, asyncio.Task[None]] | None = None
        self.calls: Mapping[str, Invocation] = _NONE
        self.open: Turn | None = None
        self.told: list[tuple[str | None, Work]] = []
        self.visited: frozenset[str] = frozenset()
        self.last: Step | None = None
        self.refused: tuple[str, str, int] | None = None

    @property
    def chart(self) -> Any:
        """The chart it runs on."""
        return self.texts.chart

    async def send(self, event: Event, durability: Durability | None = None) -> Step:
        """Take an event and return when it is as durable as asked.

        Raises `EventRefused` if no transition takes it, `JournalError` if it cannot be kept.
        """
        mode = durability or self.engine.durability
        if mode in ("async", "memory"):
            return self.deliver(event, mode)
        kept: asyncio.Future[None] = self.engine.loop.create_future()
        step = self.deliver(event, mode, self.engine.acks.waking(kept))
        await kept
        return step

    def deliver(
        self,
        event: Event,
        durability: Durability | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> Step:
        """Take an event from outside; `acknowledge` is called when it is durable.

        Raises like `send`, and then `acknowledge` is not called; `PermissionDenied` for an event
        that holds a secret's value, of which nothing is written.
        """
        if self.engine.secrets.known:
            self.engine.secrets.check_none(event.data, f"The event {event.name!r}")
        self._take_arrived()
        if self.snapshot.done or event.name.startswith(RESERVED):
            raise self.refuse(event, self.why_not(event))
        if (holds := self.engine.holds) and (hold := holds.get(self.id)) and hold.watches:
            return hold.deliver(event, durability, acknowledge)
        try:
            decided = decide(self, self.snapshot, event)
            plain = plain_fact(self, event, decided)
            if plain is None:
                turn = Turn(self)
                turn.take(event, decided=decided)
        except LabError as refusal:
            raise self.refuse(event, refusal) from None
        if plain is None:
            try:
                self.commit(turn, durability, acknowledge)
            except ResultMissing as missing:
                raise self.refuse(event, missing) from None
        else:
            self.engine.journal.append((plain,), durability=durability, acknowledge=acknowledge)
            self._stand(decided.step.snapshot, plain.seq)
        self.last = step = decided.step
        return step

    def commit(
        self,
        turn: Turn,
        durability: Durability | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> None:
        """Write a turn's facts; then, and only then, be where it leads."""
        engine = self.engine
        gate: asyncio.Future[None] | None = None
        starts, hold = turn.starts, engine.holds.get(self.id)
        if starts:
            engine.check_records(self, starts)
            durability = engine.safest
            if durability != "memory":  # there, all is written when `append` returns
                gate = engine.loop.create_future()
                acknowledge = both(engine.acks.waking(gate), acknowledge)
        if hold is not None:
            hold.before(turn)
        engine.journal.append(turn.facts, durability=durability, acknowledge=acknowledge)
        if hold is not None:
            hold.after(turn)
        self.calls = turn.calls
        if turn.timers is not self.timers:
            self.set_timers(turn.timers)
        self.pending, self.trees = turn.pending, turn.trees
        if turn.stops or turn.ends or turn.freed or self.asked:
            self._stop_effects(turn)
        if starts:
            self._start_effects(starts, gate, fresh=not turn.ends)
        self._stand(turn.snapshot, turn.seq)
        if hold is not None:
            hold.settled()
        if turn.snapshot.done:
            engine.ended(self)

    def _stand(self, snapshot: Snapshot, seq: int) -> None:
        """Be at `snapshot`; a keepsake of it goes to the journal every so many facts."""
        before, self.seq = self.seq, seq
        if snapshot is not self.snapshot:
            self.snapshot, seen = snapshot, snapshot.active
            if not seen <= self.visited:
                # The snapshot's very set, while it is the only one: ten thousand runs share it.
                self.visited = self.visited | seen if self.visited else seen
        if is_time_to_keep(before, seq, self.trees):
            hold = self.engine.holds.get(self.id)
            self.engine.journal.keep(Keep(self.id, seq, self.kept(hold)))

    def set_timers(self, timers: Mapping[str, int]) -> None:
        """Let exactly these timers run: event name to when it is due."""
        handles = self.handles or {}
        for name in [n for n in handles if self.timers.get(n) != timers.get(n)]:
            handles.pop(name).cancel()
        for name, due in timers.items():
            if name not in handles:
                handles[name] = self.engine.clock.call_at(due, partial(self._due, name))
        self.timers, self.handles = timers, handles or None

    def resolve(
        self,
        path: str,
        result: Any,
        patch: Mapping[str, Any] | None,
        more: Mapping[str, Any] | None = None,
        text: bytes = b"",
    ) -> None:
        """Bring an effect's result home, unless it was cancelled meanwhile.

        `text` is the result as JSON, where that is known already.
        """
        if (hold := self.engine.holds.get(self.id)) is not None:
            hold.outcome(path, {"result": result, **(more or {})}, patch)
        else:
            self._inside(path, lambda turn: turn.resolve(path, result, patch, more, text))

    def bring(self, path: str, pending: Pending, begun: Begun) -> None:
        """Bring home what a call answered at once, while others are under way."""
        tasks, here, text = self.tasks, self.pending, begun.text or b""
        if tasks is None or len(here) < 2 or here.get(path) is not pending or self.engine.holds:
            self.resolve(path, begun.result, None, text=text)
        else:
            tasks.pop(path, None)
            self._arrive(path, lambda turn: turn.answer(path, begun.result, text))

    def fail(self, path: str, error: LabError, more: Mapping[str, Any] | None = None) -> None:
        """Bring an effect's failure home, unless it was cancelled meanwhile."""
        if (hold := self.engine.holds.get(self.id)) is not None:
            hold.outcome(path, {"error": error.to_json(), **(more or {})})
        else:
            self._inside(path, lambda turn: turn.fail(path, error, more))

    def ended(self, path: str, more: Mapping[str, Any] | None = None) -> None:
        """An effect that was told to end has ended without an outcome."""
        if (hold := self.engine.holds.get(self.id)) is not None:
            hold.outcome(path, {"cancelled": True, **(more or {})})
        else:
            self._inside(path, lambda turn: turn.cut(path, more))

    def is_ending(self, path: str) -> bool:
        """Whether an effect was told to end and has not yet."""
        if not self.trees:
            return False
        root, inner = root_of(path)
        tree = self.trees.get(root)
        node = tree.nodes.get(inner) if tree is not None else None
        return node is not None and node.phase == "ending"

    def stop(self, acknowledge: Acknowledge | None = None) -> None:
        """End the run from outside; its effects and timers are cancelled."""
        self.settle()
        turn = Turn(self)
        turn.stop("stopped")
        self.commit(turn, acknowledge=acknowledge)

    def let_go(self) -> None:
        """Forget timers and effects: the run goes on another day. Outcomes that came are kept."""
        self._take_arrived()
        for handle in (self.handles or {}).values():
            handle.cancel()
        for task in (self.tasks or {}).values():
            task.cancel()
        self.handles = self.tasks = None

    def kept(self, hold: Hold | None = None) -> bytes:
        """The run's whole state, to be found again near `seq`; `hold` where it may be held."""
        more: dict[str, Any] = {
            "visited": sorted(self.visited),
            "pending": {
                path: [spec_of(p.effect), p.owner, p.place, p.seq, p.began, p.occurrence]
                for path, p in in_order(self.pending)
            },
            "calls": {
                name: [c.waiting, c.failed, {str(k): v for k, v in c.results.items()}]
                for name, c in self.calls.items()
            },
        }
        if self.trees:
            more["trees"] = {root: tree_to_json(self.trees[root]) for root in sorted(self.trees)}
        if self.asked:
            more["asked"] = dict(self.asked)
        if hold is not None:
            more["hold"] = hold.state.to_json()
        return keep_body(self.snapshot, self.timers, more)

    def _stop_effects(self, turn: Turn) -> None:
        """Cancel what a turn cancelled, and give back what it no longer needs."""
        for path in turn.stops:
            if self.tasks and (task := self.tasks.pop(path, None)):
                task.cancel()
            self.engine.shared.drop(self.id, path)
        for path in turn.ends:
            self.engine.tell_to_end(self, path)
        if self.asked:
            self.asked = {path: at for path, at in self.asked.items() if path in self.pending}
        for path, permit, outcome in turn.freed:
            self.engine.shared.leave(self.id, path, permit, *outcome)

    def _start_effects(
        self, starts: Mapping[str, Ask], gate: asyncio.Future[None] | None, *, fresh: bool
    ) -> None:
        if self.tasks is None:
            self.tasks = {}
        if self.engine.tapes and (tape := self.engine.tapes.get(self.id)) is not None:
            tape.assign(starts)
        pending, carriers = self.pending, self.engine.carriers
        under_way = {path: one for path in starts if (one := pending.get(path)) is not None}
        if len(under_way) == 1:
            carriers.pass_on(self, *under_way.popitem(), gate)
        else:
            carriers.carry_many(self, under_way, gate, fresh=fresh)

    def _due(self, name: str) -> None:
        self.settle()
        if self.handles:
            self.handles.pop(name, None)
        self.timers = {k: v for k, v in self.timers.items() if k != name}
        if (hold := self.engine.holds.get(self.id)) is not None:
            hold.due(name)
        else:
            self._inside(None, lambda turn: turn.take(Event(name)))

    def _inside(self, path: str | None, work: Work) -> None:
        """A turn nobody outside waits for: what goes wrong in it is written down and logged."""
        if path is not None:
            if self.tasks:
                self.tasks.pop(path, None)
            pending = (self.open or self).pending
            if path not in pending or self.engine.runs.get(self.id) is not self:
                return  # cancelled meanwhile, or the run was let go and may live elsewhere
            if len(pending) > 1:
                self._arrive(path, work)
                return
        self._act(((path, work),))

    def _arrive(self, path: str, work: Work) -> None:
        """Outcomes of many effects that come at once are one turn, with one write."""
        if self.arrived is None:
            self.arrived = []
            self.engine.loop.call_soon(self._take_arrived)
        self.arrived.append((path, work))

    def _take_arrived(self) -> None:
        self.settle()
        if not self.arrived:
            return
        arrived, self.arrived = self.arrived, None
        if not self._act(arrived, quiet=len(arrived) > 1):
            for one in arrived:
                self._act((one,))

    def _act(self, works: Sequence[tuple[str | None, Work]], *, quiet: bool = False) -> bool:
        """One turn for all of these; False where it cannot be, and nothing has happened then."""
        turn = self.open
        if turn is None:
            turn = Turn(self)
        else:
            turn.now = self.engine.clock.now()
        try:
            for path, work in works:
                if path is None or path in turn.pending:
                    work(turn)
            if self.engine.carriers.goes_on(self, turn):
                self.open = turn
                self.told += works
            else:
                self._close(turn)
        except LabError as error:
            self._fall_back()
            if not quiet:
                self.engine.trouble(self, error)
            return False
        return True

    def settle(self) -> None:
        """Write what an open turn has come to (`Carriers.goes_on`), before anybody looks."""
        if self.open is not None:
            try:
                self._close(self.open)
            except LabError as error:
                self.told = []
                self.engine.trouble(self, error)

    def _close(self, turn: Turn) -> None:
        if turn.calling is not None:
            turn.calling.write()
        self.open = None
        if not turn.facts:
            return
        self.commit(turn)
        self.told = []
        self.last = made(Step, (self.snapshot, (), (), (), (), ()))

    def _fall_back(self) -> None:
        """The last outcome of an open turn cannot be: those before it are."""
        told, self.told, self.open = self.told, [], None
        if not told:
            return
        turn = Turn(self)
        try:
            for _, work in told:
                work(turn)
                turn.hand_over()
            self._close(turn)
        except LabError as error:
            self.engine.trouble(self, error)
