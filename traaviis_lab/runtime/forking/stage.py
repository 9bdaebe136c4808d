"""A stand-in for a live run, on which a fork is rehearsed: it takes turns and performs nothing.

A turn reads its run by attribute; a stage has the same ones, a clock that is told where it is,
and gathers the facts instead of writing them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

from traaviis_lab.effects import Log
from traaviis_lab.errors import LabError, RunawayChart
from traaviis_lab.journal import Fact, Keep
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Chart, Event, Snapshot
from traaviis_lab.machine.effect import Effect
from traaviis_lab.runtime.bodies import Texts
from traaviis_lab.runtime.local import Answer
from traaviis_lab.runtime.plain import decide, plain_fact
from traaviis_lab.runtime.run import Run
from traaviis_lab.runtime.standing import (
    NO_TREES,
    NOTHING_UNDER_WAY,
    Invocation,
    Trees,
    UnderWay,
    is_time_to_keep,
)
from traaviis_lab.runtime.turn import Turn

MOST_FACTS = 1_000_000


class StageClock:
    """The rehearsal's time: it goes on when the rehearsal says so, and never back."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        """Microseconds since the epoch."""
        return self._now

    def go_on(self, to: int) -> None:
        """Be at `to`, if that is later."""
        self._now = max(self._now, to)


class _HushedTurn(Turn):
    """A turn whose log lines go to the facts alone."""

    __slots__ = ()

    def _perform(self, effect: Effect) -> Answer:
        return (effect.message, None) if isinstance(effect, Log) else super()._perform(effect)


class Stage:
    """Where a rehearsed run stands, and the facts that brought it there.

    `facts` and `keeps` are what the journal will be given when the fork goes live.
    """

    def __init__(self, run_id: str, texts: Texts, tenant: str, now: int) -> None:
        self.id, self.texts, self.tenant = run_id, texts, tenant
        self.clock = StageClock(now)
        self.engine = SimpleNamespace(clock=self.clock)
        self.snapshot = Snapshot(frozenset())
        self.seq = 0
        self.timers: Mapping[str, int] = {}
        self.pending: UnderWay = NOTHING_UNDER_WAY
        self.trees: Trees = NO_TREES
        self.asked: Mapping[str, int] = {}
        self.calls: Mapping[str, Invocation] = {}
        self.visited: frozenset[str] = frozenset()
        self.facts: list[Fact] = []
        self.keeps: list[Keep] = []

    @property
    def chart(self) -> Chart:
        """The chart it runs on."""
        return self.texts.chart

    @property
    def run(self) -> Run:
        """Itself, as what a turn takes it for."""
        return cast("Run", self)

    def kept(self) -> bytes:
        """Its whole state, as a live run keeps it."""
        return Run.kept(self.run)

    def begin(self, head: Mapping[str, Any]) -> None:
        """Write the first fact of a fork that stands on its parent's state."""
        body = encode(head)[:-1] + b',"stand":' + self.kept() + b"}"
        self._write("run.forked", self.chart.name, body)

    def act(self, work: Callable[[Turn], Any]) -> Turn:
        """Have one turn worked out and be where it leads; raises what it raises, unmoved."""
        turn = _HushedTurn(self.run)
        work(turn)
        self.facts += turn.facts
        self.timers, self.pending, self.calls = turn.timers, turn.pending, turn.calls
        self.trees = turn.trees
        self._stand(turn.snapshot, turn.seq)
        return turn

    def take(self, event: Event) -> Turn | None:
        """Take an event; None where nothing but the event itself came of it."""
        decided = decide(self.run, self.snapshot, event)
        plain = plain_fact(self.run, event, decided)
        if plain is None:
            return self.act(lambda turn: turn.take(event, decided=decided))
        self.facts.append(plain)
        self._stand(decided.step.snapshot, plain.seq)
        return None

    def aside(self, kind: str, name: str, body: Mapping[str, Any]) -> None:
        """Write down what moves nothing."""
        self._write(kind, name, encode(body))

    def lose(self, timer: str, recorded: Mapping[str, Any]) -> None:
        """Leave out a timer, and write that down: nothing else in the facts would tell."""
        self.timers = {name: due for name, due in self.timers.items() if name != timer}
        data = {"left out": timer}
        self.aside("note", "left out", {"data": data, "timer": timer, "recorded": recorded})

    def refuse(self, event: Event, error: LabError, recorded: Mapping[str, Any]) -> None:
        """Write down that the fork does not take what its parent took."""
        reason = {"reason": error.message, "hint": error.hint, "error": type(error).__name__}
        self.aside("event.refused", event.name, {"data": event.data, **reason, **recorded})

    def _write(self, kind: str, name: str, body: bytes) -> None:
        state = self.texts.state(self.snapshot.active)[0]
        now, seq = self.clock.now(), self.seq + 1
        self.facts.append(Fact(self.id, seq, now, self.tenant, kind, name, None, body, state))
        self._stand(self.snapshot, seq)

    def _stand(self, snapshot: Snapshot, seq: int) -> None:
        before, self.seq, self.snapshot = self.seq, seq, snapshot
        if not snapshot.active <= self.visited:
            self.visited |= snapshot.active
        if is_time_to_keep(before, seq, self.trees):
            self.keeps.append(Keep(self.id, seq, self.kept()))
        if seq > MOST_FACTS:
            raise RunawayChart(
                f"The fork of a run on {self.chart.name!r} came to more than {MOST_FACTS:,} facts.",
                hint="Look for a timer that restarts itself; or take less along: until=.",
            )
