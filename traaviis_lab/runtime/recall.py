"""Bring a run back from its facts: fold `step` over them. Nothing is performed here.

A fact that carries `step` moved the machine; its event, folded over the snapshot before it,
gives the snapshot after it. Timers and effects under way follow from the same facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import orjson

from traaviis_lab.errors import DefinitionError, Diverged, LabError, RunNotFound
from traaviis_lab.journal import Fact, Journal, Keep
from traaviis_lab.machine import Chart, Event, Snapshot, Step, start, step
from traaviis_lab.machine.effect import VOCABULARY, Effect, word_of

from .bodies import came_in, kept_snapshot
from .holding.state import KINDS as HOLDING
from .holding.state import HoldState
from .large import said_in_full
from .standing import (
    Invocation,
    Pending,
    asks_of,
    invocations_after,
    timers_after,
)

ASIDE = frozenset({"event.refused", "note", *HOLDING})
"""Kinds of facts that move nothing."""


class Recall:
    """A run as it is known from its facts so far: `apply` one after the other."""

    def __init__(self, chart: Chart, kept: Keep | None = None) -> None:
        self.chart = chart
        self.timed = any(node.timers for node in chart.states.values())
        self.snapshot = Snapshot(frozenset())
        self.seq = 0
        self.timers: Mapping[str, int] = {}
        self.pending: Mapping[str, Pending] = {}
        self.calls: Mapping[str, Invocation] = {}
        self.visited: frozenset[str] = frozenset()
        self.hold: HoldState | None = None
        if kept is not None:
            self.seq = kept.seq
            self._remember(orjson.loads(kept.body))

    def apply(self, fact: Fact) -> Step | None:
        """Go on by one fact; the step it made, None if it moved nothing.

        Raises `Diverged` if the chart no longer takes what it took then.
        """
        self.seq = fact.seq
        if self.hold is not None or fact.kind in HOLDING:
            self._hold(fact)
        if fact.kind in ASIDE:
            if self.timers and (lost := lost_timer(fact)):
                self.timers = {k: v for k, v in self.timers.items() if k != lost}
            return None
        body = said_in_full(orjson.loads(fact.body), self.snapshot.data)
        if fact.kind == "run.forked" and "stand" in body:
            self._remember(body["stand"])
            return None
        if fact.kind == "run.done":
            self.snapshot = self.snapshot._replace(done=True)
            self.timers = {}
            return None
        if fact.kind.startswith("effect."):
            self._effect(fact, body)
        if "step" not in body:
            return None
        here = self._step(fact, body)
        self._follow(here, fact)
        return here

    def _step(self, fact: Fact, body: Mapping[str, Any]) -> Step:
        event = came_in(fact.kind, fact.name, body)
        try:
            if event is None:
                return start(self.chart, body["data"])
            return step(self.chart, self.snapshot, event)
        except LabError as error:
            raise Diverged(
                f"Run {fact.run!r} took {fact.name!r} at seq {fact.seq}, but now: {error}",
                hint="The chart has changed since. Resume on the chart the run was started with.",
            ) from error

    def _follow(self, here: Step, fact: Fact) -> None:
        self.snapshot = here.snapshot
        if not here.snapshot.active <= self.visited:
            self.visited |= here.snapshot.active
        if self.timed or self.timers:
            # The timer that came due is over; where its state was entered again, it runs anew.
            timers = self.timers
            if fact.kind == "event" and fact.name in timers:
                timers = {k: v for k, v in timers.items() if k != fact.name}
            self.timers = timers_after(self.chart, timers, here.moves, fact.at)
        if self.hold is not None:
            self.hold.left(self.chart, here.moves)
        if here.effects or self.calls:
            asks = asks_of(here) if here.effects else []
            self.calls = invocations_after(self.calls, here.moves, asks)

    def copy(self) -> Recall:
        """Another one that stands here and goes on by itself; what is in it is shared."""
        other = Recall.__new__(Recall)
        other.__dict__.update(self.__dict__)
        other.hold = self.hold and self.hold.copy()
        return other

    def _hold(self, fact: Fact) -> None:
        if self.hold is None:
            self.hold = HoldState()
        self.hold.apply(fact)
        if fact.kind == "event.held" and fact.name in self.timers:
            self.timers = {k: v for k, v in self.timers.items() if k != fact.name}

    def _effect(self, fact: Fact, body: Mapping[str, Any]) -> None:
        path, owner = body["path"], body["owner"]
        if fact.kind == "effect.started":
            effect = read_effect(body["effect"])
            index = int(path.partition("/")[2])
            again = body.get("occurrence", 1)
            pending = Pending(effect, owner, index, fact.seq, fact.at, again)
            self.pending = {**self.pending, path: pending}
            return
        if fact.kind == "effect.progress":
            return
        self.pending = {k: v for k, v in self.pending.items() if k != path}
        call = self.calls.get(owner) if owner else None
        if call is None:
            return
        if fact.kind == "effect.failed":
            self.calls = {**self.calls, owner: Invocation(call.waiting, failed=True)}
        elif fact.kind == "effect.completed":
            index = int(path.partition("/")[2])
            results = {**call.results, index: body.get("result")}
            after = Invocation(call.waiting - 1, call.failed, results)
            self.calls = {**self.calls, owner: after}

    def _remember(self, body: Mapping[str, Any]) -> None:
        self.snapshot = kept_snapshot(body)
        self.timers = body["timers"]
        self.visited = frozenset(body["visited"])
        self.hold = HoldState.from_json(body["hold"]) if "hold" in body else None
        self.pending = {
            path: Pending(read_effect(spec), *rest)
            for path, (spec, *rest) in body["pending"].items()
        }
        self.calls = {
            name: Invocation(waiting, failed, {int(k): v for k, v in results.items()})
            for name, (waiting, failed, results) in body["calls"].items()
        }


def lost_timer(fact: Fact) -> str:
    """The timer that a fork left out where it would have come, by a note of the fork; or ""."""
    if fact.kind != "note" or b'"timer":' not in fact.body:
        return ""
    return str(orjson.loads(fact.body).get("timer", ""))


def read_effect(spec: Mapping[str, Any]) -> Effect:
    """An effect from its journalled form, whose templates were filled in when it was asked for.

    What stands in it is taken as it is: a text that looks like a template is a person's text.
    Raises `DefinitionError` for a kind that nobody here knows (a plugin that is not installed).
    """
    kind = VOCABULARY.get(spec["kind"])
    if kind is None:
        raise DefinitionError(
            f"The journal holds an effect of kind {spec['kind']!r}, which nobody here knows.",
            hint=f"Import what defines it. Known: {', '.join(sorted(VOCABULARY))}.",
        )
    names = {word_of(field): field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{names[word]: value for word, value in spec.items() if word != "kind"})


def recall(journal: Journal, run: str, chart: Chart, upto: int | None = None) -> Recall:
    """The run as it stood after fact `upto` (None: the last), from the nearest kept snapshot on.

    Raises `RunNotFound` if the journal knows no such run.
    """
    kept = journal.near(run, upto) if upto is not None else journal.near(run, 2**62)
    found = Recall(chart, kept)
    for fact in journal.read(run, after=found.seq, upto=upto, hashed=False):
        found.apply(fact)
    if found.seq == 0:
        raise RunNotFound(f"No run {run!r} in this journal.", hint="lab.runs() lists them.")
    return found


def chart_of(journal: Journal, run: str) -> Chart:
    """The chart a run was started with, from the journal.

    Raises `RunNotFound`, and `DefinitionError` where the chart holds Python functions.
    """
    info = journal.info(run)
    if info is None:
        raise RunNotFound(f"No run {run!r} in this journal.", hint="lab.runs() lists them.")
    spec = journal.chart(info.chart)
    if spec is None:
        raise RunNotFound(
            f"The chart of run {run!r} ({info.chart[:12]}) is not in this journal.",
            hint=f"Pass it: lab.resume({run!r}, chart={info.machine}).",
        )
    try:
        return Chart.from_spec(orjson.loads(spec))
    except DefinitionError as error:
        raise DefinitionError(
            f"The chart of run {run!r} cannot be read from the journal alone: {error}",
            hint=f"Pass the class: lab.resume({run!r}, chart={info.machine}).",
        ) from error


def event_of(fact: Fact) -> Event | None:
    """The event that a fact brought to the machine, None if it moved nothing."""
    return came_in(fact.kind, fact.name, orjson.loads(fact.body))
