"""Compute a run again from its recorded facts, and stop where it parts from the record.

No handler, clock or source of chance is asked: what the world answered stands in the facts. Each
fact that moved the machine is stepped again on the chart, and what comes is laid beside what was
written down; what must follow from a step is kept in `wishes.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from traaviis_lab.errors import DefinitionError, Diverged, LabError
from traaviis_lab.journal import Fact
from traaviis_lab.machine import Event, Snapshot, Step, step
from traaviis_lab.machine.matching import is_reserved
from traaviis_lab.machine.names import parse_duration
from traaviis_lab.runtime import Recall
from traaviis_lab.runtime.bodies import Texts, step_body
from traaviis_lab.travel.trail import Trail
from traaviis_lab.views.text import counted

from .divergence import Parting, diverged
from .outcome import outcome_differences, read_outcome
from .wishes import Trouble, Wishes, retimed


@dataclass(frozen=True)
class Replay:
    """A run that was computed again and came out as recorded.

    `chart` is the hash of the chart it was replayed on, `recorded` of the one it ran on;
    `snapshot` is where it stood after its fact `facts`.
    """

    run: str
    machine: str
    chart: str
    recorded: str
    facts: int
    steps: int
    seconds: float = field(compare=False)
    snapshot: Snapshot = field(repr=False, compare=False)

    @property
    def same_chart(self) -> bool:
        """Whether it was replayed on the very chart it ran on."""
        return self.chart == self.recorded

    def __str__(self) -> str:
        other = "" if self.same_chart else f" on another {self.machine} ({self.chart[:8]})"
        many = f"{counted(self.steps, 'step')} in {counted(self.facts, 'fact')}"
        return f"{self.run}: {many}{other} came out as recorded, in {said_time(self.seconds)}"

    def __repr__(self) -> str:
        return f"<Replay of {self}>"

    def _repr_html_(self) -> str:
        from html import escape

        return f'<div class="tl-replay"><b>✓</b> {escape(str(self))}</div>'


def replay(trail: Trail, upto: int | None = None) -> Replay:
    """Replay a run on the trail's chart, up to fact `upto` (None: all of it).

    Raises `Diverged` at the first fact where it parts from the record, with what was expected and
    what came, and the likely cause; `LabError` for an `upto` the run has not reached.
    """
    if upto is not None:
        upto = trail.check_reached(upto)
    began = time.perf_counter()
    check = _Check(trail)
    for fact in trail.journal.read(trail.run, upto=upto, hashed=False):
        check.take(fact)
    if upto is None:
        check.end()
    info, here = trail.info, check.here
    took = time.perf_counter() - began
    return Replay(
        info.run, info.machine, trail.chart.hash, info.chart, here.seq, check.steps, took,
        here.snapshot,
    )  # fmt: skip


def said_time(seconds: float) -> str:
    """A duration as people read it."""
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


class _Check:
    """One replay as it goes on."""

    def __init__(self, trail: Trail) -> None:
        self.trail, self.chart = trail, trail.chart
        self.here = Recall(trail.chart)
        self.steps = 0
        self.last: Fact | None = None
        self.texts = Texts(trail.chart)
        self.other = trail.chart.hash != trail.info.chart
        self.spec = _spec_of(trail) if self.other else trail.chart.spec
        timers = {t.event: t.seconds for n in trail.chart.states.values() for t in n.timers}
        self.wishes = Wishes(
            self.texts, retimed(dict(_timers(self.spec or {})), timers) if self.other else _NONE
        )

    def take(self, fact: Fact) -> None:
        """Go on by one fact."""
        here, before = self.here, self.here.snapshot
        trouble = self.wishes.check(fact, here)
        if trouble is not None:
            raise self._troubled(fact, trouble)
        try:
            made = here.apply(fact)
            base = before.data if fact.kind != "run.started" else self._first_data()
            text = b"" if made is None else step_body(self.texts, base, made)
        except (LabError, KeyError, TypeError, IndexError, ValueError) as error:
            raise self._failed(fact, before, error) from error
        if made is not None:
            self.steps += 1
            if not fact.body.endswith(b',"step":%b}' % text) or fact.kind == "run.started":
                self._compare(fact, before, made, base, text)
        elif fact.kind == "event.refused":
            self._refuse(fact)
        self.wishes.follow(fact, made, here, before.done)
        self.last = fact

    def end(self) -> None:
        """What the last fact left undone. Raises `Diverged`."""
        trouble = self.wishes.unsettled()
        if trouble is not None and self.last is not None:
            raise self._troubled(self.last, trouble)

    def _first_data(self) -> Mapping[str, Any]:
        """What the recorded chart began with: changes at the start are told against that."""
        spec = self.spec
        data: Mapping[str, Any] = self.chart.data if spec is None else spec.get("data", {})
        return data

    def _compare(
        self, fact: Fact, before: Snapshot, made: Step, base: Mapping[str, Any], text: bytes
    ) -> None:
        """Look closer where the bytes are not the same: a fact may say more than its step."""
        expected = read_outcome(orjson.loads(fact.body)["step"], made.snapshot.data)
        actual = read_outcome(orjson.loads(text), made.snapshot.data)
        found = outcome_differences(expected, actual, base, made.snapshot.data)
        counts = _OUTCOME if self.other else None
        if any(counts is None or one["path"].startswith(counts) for one in found):
            raise diverged(self._parting(fact, before, made, expected, actual), found)

    def _refuse(self, fact: Fact) -> None:
        """An event that was refused must be refused again."""
        body, before = orjson.loads(fact.body), self.here.snapshot
        data = body.get("data")
        if body.get("error") != "EventRefused" or data is None or before.done:
            return
        if is_reserved(fact.name):
            return
        try:
            made = step(self.chart, before, Event(fact.name, data))
        except LabError:
            return
        actual = orjson.loads(step_body(self.texts, before.data, made))
        expected = {"refused": body.get("reason", "")}
        found = [{"path": "refused", "expected": body.get("reason", "")}]
        raise diverged(self._parting(fact, before, made, expected, actual), found)

    def _failed(self, fact: Fact, before: Snapshot, error: Exception) -> LabError:
        """The chart does not take what the record says it took, or the fact makes no sense."""
        if isinstance(error, DefinitionError):
            return error  # an effect that nobody here knows: that is not the chart's doing
        if isinstance(error, LabError):
            reason = str(error.__cause__ or error)
            expected = orjson.loads(fact.body).get("step")
        else:
            reason = f"the fact cannot be read: {error!r}"
            expected = {"kind": fact.kind, "name": fact.name}
        parting = self._parting(fact, before, None, expected, {"refused": reason})
        parting = parting._replace(unreadable=not isinstance(error, LabError))
        return diverged(parting, [{"path": "refused", "actual": reason}])

    def _troubled(self, fact: Fact, trouble: Trouble) -> Diverged:
        one = {"path": trouble.path, "expected": trouble.expected, "actual": trouble.actual}
        found = {key: value for key, value in one.items() if value is not None}
        parting = self._parting(fact, self.here.snapshot, None, trouble.expected, trouble.actual)
        return diverged(parting._replace(trouble=trouble), [found])

    def _parting(
        self, fact: Fact, before: Snapshot, made: Step | None, expected: Any, actual: Any
    ) -> Parting:
        spec = self.spec if self.other else None
        return Parting(fact, self.here, before, made, expected, actual, self.other, spec)


_OUTCOME = ("state", "data", "effects", "refused")
"""What counts on another chart; which transitions led there is its own business."""
_NONE: frozenset[str] = frozenset()


def _spec_of(trail: Trail) -> Mapping[str, Any] | None:
    """The spec of the chart the run ran on, as far as the journal has it."""
    text = trail.journal.chart(trail.info.chart)
    found: Mapping[str, Any] | None = None if text is None else orjson.loads(text)
    return found


def _timers(own: Mapping[str, Any], state: str = "") -> Iterator[tuple[str, float]]:
    """Each timer of a spec and its seconds."""
    after = own.get("after", [])
    for number, arrow in enumerate(after if isinstance(after, list) else [after]):
        yield f"after.{state}.{number}", parse_duration(arrow["delay"]) or 0.0
    for name, child in own.get("states", {}).items():
        yield from _timers(child, name)
