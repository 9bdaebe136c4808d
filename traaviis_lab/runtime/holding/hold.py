"""A run with breakpoints: its turns are looked at before they happen, and it may be held.

Each turn is worked out whole and purely. If a breakpoint meets it the turn is dropped, and what
came in is the first of the run's mailbox; nothing has happened. All of it is written as facts, so
that a run that is killed is held at the same place when it is opened again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError
from traaviis_lab.journal import Durability, Fact
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Event, Step
from traaviis_lab.runtime.bodies import admit

from .breakpoints import Breakpoint
from .gate import Acknowledge, Gate
from .held import Held, Waiting
from .outlook import event_of, foresee, work
from .state import HoldState, Pause
from .watched import WatchedTurn, met

if TYPE_CHECKING:
    from traaviis_lab.runtime.run import Run
    from traaviis_lab.runtime.turn import Turn

MOST_WAITING = 10_000
SLICE = 100
Said = tuple[str, str, Mapping[str, Any], int | None]
"""A fact to write: kind, name, body, cause."""


class Hold:
    """What stands between a run and what comes in. Its methods are called on the engine's loop.

    `problems` says of a breakpoint why its expression could not be computed the last time.
    """

    def __init__(self, run: Run, state: HoldState | None = None) -> None:
        self.run, self.state = run, state or HoldState()
        self.problems: dict[str, str] = {}
        self.looks: Held | None = None
        self._seen: tuple[Pause | None, int] = (None, 0)
        self._gates: list[Gate] = []
        self._planned = False
        self._look()

    @property
    def held(self) -> Held | None:
        """Why the run is held, None if it is not; from any thread."""
        looks = self.looks
        if looks is None:
            return None
        return replace(looks, mailbox=tuple(self.state.mailbox.values()))

    @property
    def watches(self) -> bool:
        """Whether what comes in must be looked at."""
        state = self.state
        return state.keeps or bool(state.breakpoints) or bool(state.until)

    # What comes in

    def deliver(
        self, event: Event, durability: Durability | None, acknowledge: Acknowledge | None
    ) -> Step:
        """Take an event from outside, or keep it. Raises like `Run.deliver`."""
        run, item = self.run, Waiting(0, "event", event.name, event.data)
        if self.state.keeps:
            self._check(event)
            self._keep(item, None, durability, acknowledge)
            return Step(run.snapshot)
        turn = WatchedTurn(run)
        try:
            step = work(turn, item)
        except LabError as refusal:
            raise run.refuse(event, refusal) from None
        if (why := self.meets(turn, item)) is not None:
            self._keep(item, why, durability, acknowledge)
            return Step(run.snapshot)
        self.take(turn, step, durability, acknowledge)
        return step

    def outcome(
        self, path: str, told: Mapping[str, Any], patch: Mapping[str, Any] | None = None
    ) -> None:
        """An effect's outcome comes home (`{result}` or `{error}`), unless it was cancelled."""
        run = self.run
        if run.tasks:
            run.tasks.pop(path, None)
        waits = path in self.state.outcomes  # told to end since, it has its outcome already
        if not waits and (pending := run.pending.get(path)) is not None:
            body = {"path": path, "owner": pending.owner, **told}
            if patch:
                body["into"] = next(iter(patch))
            self._arrive(Waiting(0, "effect", pending.effect.kind, body))

    def due(self, name: str) -> None:
        """A timer has come due."""
        self._arrive(Waiting(0, "timer", name, {}))

    def _arrive(self, item: Waiting) -> None:
        """Take or keep what nobody outside waits for."""
        try:
            if self.state.keeps:
                self._keep(item, None)
                return
            turn = WatchedTurn(self.run)
            step = work(turn, item)
            if (why := self.meets(turn, item)) is not None:
                self._keep(item, why)
            else:
                self.take(turn, step)
        except LabError as error:
            self.run.engine.trouble(self.run, error)

    def _check(self, event: Event) -> None:
        """Raise for what can be refused before its turn comes."""
        if len(self.state.mailbox) >= MOST_WAITING:
            raise LabError(
                f"Event {event.name!r} finds no room: run {self.run.id!r} is held and "
                f"{len(self.state.mailbox):,} wait in its mailbox.",
                hint="run.resume() lets them through; run.step() takes one of them.",
            )
        try:
            admit(event.data)
        except LabError as refusal:
            raise self.run.refuse(event, refusal) from None

    def _keep(
        self,
        item: Waiting,
        why: Mapping[str, Any] | None,
        durability: Durability | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> None:
        """Put one into the mailbox, durably; `why` holds the run before it."""
        kind = "effect.held" if item.kind == "effect" else "event.held"
        body = item.data if item.kind == "effect" else {"data": item.data}
        said: list[Said] = [(kind, item.name, body, None)]
        if why is not None:
            said.append(("debug", "paused", {**why, "item": self.run.seq + 1}, None))
        self.write(*said, durability=durability, acknowledge=acknowledge)
        self.plan()

    # What a breakpoint says to a turn

    def meets(
        self, turn: WatchedTurn, item: Waiting, since: int = -1, may_hold: bool = True
    ) -> dict[str, Any] | None:
        """Why the run is to be held before this turn, as a `paused` fact says it; None: go on.

        Breakpoints that were set up to fact `since` let it through. What was met without
        holding is counted in a fact of the turn's own.
        """
        found = self._found(turn, item, since)
        names = [one.id for one, _ in found]
        at = next(((one, said) for one, said in found if one.hits + 1 >= one.hit), None)
        if may_hold and at is not None:
            one, said = at
            reason = f"Breakpoint {one.id}: {item.subject} {said}."
            return {"breakpoint": one.id, "reason": reason, "by": "breakpoint", "met": names}
        if may_hold and since < 0 and self.state.until == "effect":
            kinds = ", ".join(dict.fromkeys(effect.kind for effect in turn.effects))
            if kinds or item.kind == "effect":
                does = f"would ask for {kinds}" if kinds else "came in"
                reason = f"Step by effect: {item.subject} {does}."
                return {"breakpoint": None, "reason": reason, "by": "step", "met": names}
        if names:
            turn.say("debug", "passed", {"breakpoints": names})
        return None

    def _found(self, turn: WatchedTurn, item: Waiting, since: int) -> list[tuple[Breakpoint, str]]:
        event = Event("") if item.kind == "effect" else event_of(item)
        found = []
        for one in self.state.breakpoints.values():
            if not one.enabled or one.seq <= since:
                continue
            try:
                said = met(one, turn, event)
                self.problems.pop(one.id, None)
            except LabError as error:
                said, self.problems[one.id] = None, error.message
            if said is not None:
                found.append((one, said))
        return found

    # What goes on

    def take(
        self,
        turn: WatchedTurn,
        step: Step,
        durability: Durability | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> None:
        """Let the turn happen."""
        self.run.commit(turn, durability, acknowledge)
        self.run.last = step
        turn.speak()

    def refuse(
        self, item: Waiting, error: LabError, acknowledge: Acknowledge | None = None
    ) -> None:
        """What waited is not taken: it leaves the mailbox, and the reason is written down."""
        run = self.run
        if item.kind == "event":
            run.refused = (item.name, error.message, run.seq + 1)
            body = _refusal(item, error)
            self.write(("event.refused", item.name, body, item.seq), acknowledge=acknowledge)
        else:
            run.engine.trouble(run, error)
            body = {"reason": error.message, "name": item.name}
            self.write(("debug", "dropped", body, item.seq), acknowledge=acknowledge)

    def flow(self, gate: Gate | None = None) -> None:
        """Let the mailbox flow, a slice at a time; `gate` is closed when it stands still."""
        if gate is not None:
            self._gates.append(gate)
        self._slice()

    def plan(self) -> None:
        """Go on with a mailbox that flows, soon."""
        if self._flows and not self._planned:
            self._planned = True
            self.run.engine.loop.call_soon(self._slice)

    @property
    def _flows(self) -> bool:
        live = self.run.engine.runs.get(self.run.id) is self.run
        return live and self.state.pause is None and bool(self.state.mailbox)

    def _slice(self) -> None:
        self._planned = False
        error: BaseException | None = None
        try:
            for _ in range(SLICE):
                if not self._flows or (item := self.state.first) is None:
                    break
                self._pass(item)
            self.plan()
        except LabError as trouble:
            # Nothing can be written: the mailbox stays as it is until something comes in.
            error = trouble
            self.run.engine.trouble(self.run, trouble)
        except BaseException as bug:
            error = bug
            raise
        finally:
            if not self._planned:
                gates, self._gates = self._gates, []
                for gate in gates:
                    gate.close(error)

    def _pass(self, item: Waiting) -> None:
        turn = WatchedTurn(self.run)
        try:
            step = work(turn, item)
        except LabError as refusal:
            self.refuse(item, refusal, self._acknowledge())
            return
        through = self.state.through
        since = through.since if through is not None and through.item == item.seq else -1
        if (why := self.meets(turn, item, since)) is not None:
            said = ("debug", "paused", {**why, "item": item.seq}, None)
            self.write(said, acknowledge=self._acknowledge())
        else:
            self.take(turn, step, None, self._acknowledge())

    def _acknowledge(self) -> Acknowledge | None:
        ones = [gate.one() for gate in self._gates]
        if not ones:
            return None

        def acknowledge(error: BaseException | None) -> None:
            for one in ones:
                one(error)

        return acknowledge

    # What is written

    def write(
        self,
        *said: Said,
        durability: Durability | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> None:
        """Append facts that move nothing, and follow them."""
        run = self.run
        state, now = run.texts.state(run.snapshot.active)[0], run.engine.clock.now()
        facts = [
            Fact(
                run.id, run.seq + i, now, run.tenant, kind, name, cause,
                encode(body, where=name), state, name if kind == "effect.held" else "",
            )
            for i, (kind, name, body, cause) in enumerate(said, 1)
        ]  # fmt: skip
        run.engine.journal.append(facts, durability=durability, acknowledge=acknowledge)
        run.seq += len(facts)
        for fact in facts:
            self.state.apply(fact)
        self._look()

    def before(self, turn: Turn) -> None:
        """A turn that ends the run says of every event that still waits that it comes too late."""
        if not turn.snapshot.done:
            return
        taken = {fact.cause for fact in turn.facts if fact.kind == "event"}
        for item in self.state.mailbox.values():
            if item.kind == "event" and item.seq not in taken:
                late = LabError(
                    f"Event {item.name!r} comes too late: run {self.run.id!r} is done.",
                    hint="It waited in the mailbox when the run ended.",
                )
                turn.say("event.refused", item.name, _refusal(item, late), item.seq)

    def after(self, turn: Turn) -> None:
        """Follow a turn that was written, before the run stands where it leads."""
        for fact in turn.facts:
            self.state.apply(fact)
        if isinstance(turn, WatchedTurn):
            for step in turn.steps:
                self.state.left(self.run.chart, step.moves)

    def settled(self) -> None:
        """Look again, now that the run stands where the turn led."""
        self._look()

    def _look(self) -> None:
        pause, first = self.state.pause, self.state.first
        seen = (pause, first.seq if first is not None else 0)
        if self._seen != seen:
            self._seen = seen
            self.looks = foresee(self.run, pause, first) if pause is not None else None


def _refusal(item: Waiting, error: LabError) -> dict[str, Any]:
    """The body of `event.refused`."""
    told = {"reason": error.message, "hint": error.hint, "error": type(error).__name__}
    return {"data": dict(item.data), **told}
