"""One execution of a chart, on the engine's loop: it takes events, one turn after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import EventRefused, LabError, ResultMissing
from traaviis_lab.journal import Durability, Fact, Keep
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Event, Snapshot, Step

from .bodies import Texts, admit, keep_body
from .plain import take_plainly
from .standing import Ask, Invocation, Pending
from .turn import Turn

if TYPE_CHECKING:
    from .clock import Handle
    from .engine import Engine
    from .holding.hold import Hold

KEEP_EVERY = 500
RESERVED = ("done.", "error.", "after.")
_NONE: Mapping[str, Any] = {}
_UNDECIDED = Snapshot(frozenset())

Acknowledge = Callable[[BaseException | None], None]


class Run:
    """A live run. Its methods are called on the engine's loop and write before they change."""

    __slots__ = (
        "__weakref__", "calls", "engine", "handles", "id", "last", "pending", "refused", "seq",
        "snapshot", "tasks", "tenant", "texts", "timers", "visited",
    )  # fmt: skip

    def __init__(self, engine: Engine, run_id: str, texts: Texts, tenant: str) -> None:
        self.engine, self.id, self.texts, self.tenant = engine, run_id, texts, tenant
        self.snapshot = _UNDECIDED
        self.seq = 0
        self.timers: Mapping[str, int] = _NONE
        self.handles: dict[str, Handle] | None = None
        self.pending: Mapping[str, Pending] = _NONE
        self.tasks: dict[str, asyncio.Task[None]] | None = None
        self.calls: Mapping[str, Invocation] = _NONE
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

        Raises like `send`, and then `acknowledge` is not called.
        """
        if self.snapshot.done or event.name.startswith(RESERVED):
            raise self.refuse(event, _why_not(self, event))
        if (holds := self.engine.holds) and (hold := holds.get(self.id)) and hold.watches:
            return hold.deliver(event, durability, acknowledge)
        try:
            plain = take_plainly(self, event)
            if plain is None:
                turn = Turn(self)
                step = turn.take(event)
        except LabError as refusal:
            raise self.refuse(event, refusal) from None
        if plain is None:
            try:
                self.commit(turn, durability, acknowledge)
            except ResultMissing as missing:
                raise self.refuse(event, missing) from None
        else:
            fact, step = plain
            self.engine.journal.append((fact,), durability=durability, acknowledge=acknowledge)
            self._stand(step.snapshot, fact.seq)
        self.last = step
        return step

    def commit(
        self,
        turn: Turn,
        durability: Durability | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> None:
        """Write a turn's facts; then, and only then, be where it leads."""
        engine = self.engine
        if turn.starts:
            engine.check_records(self, turn.starts)
            gate: asyncio.Future[None] = engine.loop.create_future()
            opened = engine.acks.waking(gate)
            durability, acknowledge = engine.safest, both(opened, acknowledge)
        hold = engine.holds.get(self.id)
        if hold is not None:
            hold.before(turn)
        engine.journal.append(turn.facts, durability=durability, acknowledge=acknowledge)
        if hold is not None:
            hold.after(turn)
        self.calls = turn.calls
        if turn.timers is not self.timers:
            self.set_timers(turn.timers)
        self.pending = turn.pending
        for path in turn.stops:
            if self.tasks and (task := self.tasks.pop(path, None)):
                task.cancel()
        if turn.starts:
            self._start_effects(turn.starts, gate)
        self._stand(turn.snapshot, turn.seq)
        if hold is not None:
            hold.settled()
        if turn.snapshot.done:
            engine.ended(self)

    def _stand(self, snapshot: Snapshot, seq: int) -> None:
        """Be at `snapshot`; a keepsake of it goes to the journal every so many facts."""
        before, self.seq, self.snapshot = self.seq, seq, snapshot
        if not snapshot.active <= self.visited:
            # The very set of the snapshot, while it is the only one: ten thousand runs share it.
            seen = snapshot.active
            self.visited = self.visited | seen if self.visited else seen
        if seq // KEEP_EVERY != before // KEEP_EVERY:
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
    ) -> None:
        """Bring an effect's result home, unless it was cancelled meanwhile."""
        if (hold := self.engine.holds.get(self.id)) is not None:
            hold.outcome(path, {"result": result, **(more or {})}, patch)
        else:
            self._inside(path, lambda turn: turn.resolve(path, result, patch, more))

    def fail(self, path: str, error: LabError, more: Mapping[str, Any] | None = None) -> None:
        """Bring an effect's failure home, unless it was cancelled meanwhile."""
        if (hold := self.engine.holds.get(self.id)) is not None:
            hold.outcome(path, {"error": error.to_json(), **(more or {})})
        else:
            self._inside(path, lambda turn: turn.fail(path, error, more))

    def stop(self, acknowledge: Acknowledge | None = None) -> None:
        """End the run from outside; its effects and timers are cancelled."""
        turn = Turn(self)
        turn.stop("stopped")
        self.commit(turn, acknowledge=acknowledge)

    def note(
        self, name: str, data: Mapping[str, Any], acknowledge: Acknowledge | None = None
    ) -> None:
        """Write something down beside the run's own facts; the machine does not see it."""
        body = admit(data, where=f"note {name!r}")[1]
        self._aside("note", name, b'{"data":' + body + b"}", acknowledge)

    def let_go(self) -> None:
        """Forget timers and effects without writing anything: the run goes on another day."""
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
                path: [p.effect.to_spec(), p.owner, p.place, p.seq, p.began, p.occurrence]
                for path, p in self.pending.items()
            },
            "calls": {
                name: [c.waiting, c.failed, {str(k): v for k, v in c.results.items()}]
                for name, c in self.calls.items()
            },
        }
        if hold is not None:
            more["hold"] = hold.state.to_json()
        return keep_body(self.snapshot, self.timers, more)

    def _start_effects(self, starts: Mapping[str, Ask], gate: asyncio.Future[None]) -> None:
        if self.tasks is None:
            self.tasks = {}
        if (tape := self.engine.tapes.get(self.id)) is not None:
            tape.assign(starts)
        for path in starts:
            if path in self.pending:
                work = self.engine.carry(self, path, self.pending[path], gate)
                self.tasks[path] = self.engine.loop.create_task(work)

    def _due(self, name: str) -> None:
        if self.handles:
            self.handles.pop(name, None)
        self.timers = {k: v for k, v in self.timers.items() if k != name}
        if (hold := self.engine.holds.get(self.id)) is not None:
            hold.due(name)
        else:
            self._inside(None, lambda turn: turn.take(Event(name)))

    def _inside(self, path: str | None, work: Callable[[Turn], Any]) -> None:
        """A turn nobody outside waits for: what goes wrong in it is written down and logged."""
        if path is not None:
            if self.tasks:
                self.tasks.pop(path, None)
            if path not in self.pending:
                return
        turn = Turn(self)
        try:
            work(turn)
            self.commit(turn)
            self.last = Step(self.snapshot)
        except LabError as error:
            self.engine.trouble(self, error)

    def refuse(self, event: Event, error: LabError) -> LabError:
        """Write a refusal down and answer the error to raise."""
        self.refused = (event.name, error.message, self.seq + 1)
        reason = {"reason": error.message, "hint": error.hint, "error": type(error).__name__}
        try:
            body = encode({"data": event.data, **reason})
        except LabError:
            body = encode({"data": None, **reason})
        self._aside("event.refused", event.name, body)
        return error

    def _aside(
        self, kind: str, name: str, body: bytes, acknowledge: Acknowledge | None = None
    ) -> None:
        """Append a fact that moves nothing."""
        state = self.texts.state(self.snapshot.active)[0]
        now, seq = self.engine.clock.now(), self.seq + 1
        fact = Fact(self.id, seq, now, self.tenant, kind, name, None, body, state)
        self.engine.journal.append((fact,), acknowledge=acknowledge)
        self.seq = seq


def _why_not(run: Run, event: Event) -> LabError:
    if run.snapshot.done:
        return EventRefused(
            f"Event {event.name!r} comes too late: run {run.id!r} is done.",
            hint="Start another run; this one can still be read, replayed and queried.",
        )
    return EventRefused(
        f"Event {event.name!r} is for the engine to send: {', '.join(RESERVED)} are reserved.",
        hint="Give your event another name.",
    )


def both(first: Acknowledge, second: Acknowledge | None) -> Acknowledge:
    """What acknowledges two at once."""
    if second is None:
        return first

    def both(error: BaseException | None) -> None:
        first(error)
        second(error)

    return both
