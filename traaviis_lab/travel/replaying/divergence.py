"""Say where a replay parts from the record, how, and why that is likely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from traaviis_lab.errors import Diverged, LabError
from traaviis_lab.journal import Fact
from traaviis_lab.machine import Event, Snapshot, Step, step
from traaviis_lab.machine.callables import PythonCall, python_name
from traaviis_lab.machine.chart import Formula, Transition
from traaviis_lab.machine.matching import matches
from traaviis_lab.runtime import Recall
from traaviis_lab.runtime.bodies import Texts, step_body
from traaviis_lab.travel.chart_changes import Change, chart_changes

from .wishes import Trouble

TRIES = 20
"""How often a step is computed again to see whether it always comes out the same."""
_SHOWN = 4
_LONGEST = 60


class Parting(NamedTuple):
    """Where a replay and the record part: the fact, the run before it, what each of them says.

    `made` is the step that came now, None where none did. `other`: the replay is on another chart
    than was recorded, whose spec is `spec` if the journal has it.
    """

    fact: Fact
    here: Recall
    before: Snapshot
    made: Step | None
    expected: Any
    actual: Any
    other: bool
    spec: Mapping[str, Any] | None
    trouble: Trouble | None = None
    unreadable: bool = False


def diverged(parting: Parting, found: Sequence[Mapping[str, Any]]) -> Diverged:
    """The error for a parting with these differences, its likely cause worked out."""
    fact, cause = parting.fact, likely_cause(parting)
    first = parting.trouble.text if parting.trouble else _sentence(found[0])
    more = f" ({len(found) - 1} more differences)" if len(found) > 1 else ""
    return Diverged(
        f"Run {fact.run!r} parts from its record at seq {fact.seq} ({_name(fact)}): {first}{more}",
        hint=cause["text"],
        run=fact.run,
        seq=fact.seq,
        expected=parting.expected,
        actual=parting.actual,
        differences=found,
        cause=cause,
    )


def likely_cause(parting: Parting) -> dict[str, Any]:
    """`{kind, text, where}`: the chart, something that is not pure, a result, or the record."""
    trouble = parting.trouble
    if parting.unreadable:
        return _cause("record", "The fact is damaged, or was not written by this program.", [])
    if parting.other and (found := _of_chart(parting)):
        return found
    if trouble is not None and trouble.kind == "result":
        text = f"{trouble.text} The record was cut or changed; lab.verify() checks its hashes."
        return _cause("result", text, [trouble.where] if trouble.where else [])
    return _of_author(parting) or _cause(
        "record",
        "The same chart gives another answer than is recorded: the record was changed "
        "(lab.verify() checks its hashes), or was made by another version of the engine.",
        [],
    )


def _of_chart(parting: Parting) -> dict[str, Any] | None:
    """What of the chart has changed, what takes part in this step first."""
    if parting.spec is None:
        return _cause("chart", "The chart is another one, and the recorded one is not here.", [])
    changes = chart_changes(parting.spec, parting.here.chart.spec)
    if not changes:
        return None
    near = [one for one in changes if _takes_part(one, parting)]
    head = "The chart has changed" if near else "The chart has changed, though not in this step"
    shown = near or changes
    more = f"; and {len(shown) - _SHOWN} more changes" if len(shown) > _SHOWN else ""
    text = f"{head}: {'; '.join(one.text for one in shown[:_SHOWN])}{more}."
    return _cause("chart", text, list(dict.fromkeys(one.place for one in shown)))


def _takes_part(change: Change, parting: Parting) -> bool:
    active, taken = _involved(parting)
    return change.place in taken or change.state in active or not change.state


def _involved(parting: Parting) -> tuple[set[str], set[str]]:
    """The states that were active before or after, then or now; and the transitions taken."""
    active, taken = set(parting.before.active), set[str]()
    if parting.made is not None:
        active |= parting.made.snapshot.active
        taken |= set(parting.made.taken)
    if isinstance(parting.expected, Mapping):
        active |= set(parting.expected.get("state", ()))
        taken |= set(parting.expected.get("taken", ()))
    return active, taken


def _of_author(parting: Parting) -> dict[str, Any] | None:
    """Whether the step comes out otherwise each time, or calls Python that may have changed."""
    names = list(dict.fromkeys(_python_in(parting)))
    said = ", ".join(names) or "something in it"
    if parting.trouble is None and _wavers(parting):
        text = (
            f"Computed again, the same step comes out differently: {said} is not pure. A guard or "
            "an assignment may use its arguments only: no clock, chance or outer state; "
            "and it must not change what it is given."
        )
        return _cause("impure", text, names)
    if not names:
        return None
    text = (
        f"{said} is Python and answers otherwise than then: its code has changed, or it asks "
        "something besides its arguments."
    )
    return _cause("impure", text, names)


def _wavers(parting: Parting) -> bool:
    """Whether the step comes out in more than one way when it is computed again and again."""
    texts, seen = Texts(parting.here.chart), set[bytes]()
    for _ in range(TRIES):
        try:
            made = _again(parting)
            seen.add(b"" if made is None else step_body(texts, parting.before.data, made))
        except LabError as error:
            seen.add(str(error).encode())
        if len(seen) > 1:
            return True
    return False


def _again(parting: Parting) -> Step | None:
    fact, here = parting.fact, parting.here.copy()
    here.snapshot = parting.before
    if fact.kind == "event.refused":
        event = Event(fact.name, orjson.loads(fact.body)["data"])
        return step(here.chart, parting.before, event)
    return here.apply(fact)


def _python_in(parting: Parting) -> Iterator[str]:
    """The author's functions that had a say in this step."""
    chart, (active, taken) = parting.here.chart, _involved(parting)
    for node in chart.states.values():
        if node.id in active:
            yield from _names([check.when for check in node.checks])
        for transition in node.transitions:
            if transition.id in taken or (node.id in active and _heard(transition, parting.fact)):
                yield from _names([transition.when, *(f for _, f in transition.assign)])


def _heard(transition: Transition, fact: Fact) -> bool:
    events = transition.events
    return not events or any(matches(pattern, fact.name) for pattern in events)


def _names(formulas: Sequence[Formula | None]) -> Iterator[str]:
    for formula in formulas:
        if formula is not None and isinstance(formula.compute, PythonCall):
            yield python_name(formula.compute.function)


def _cause(kind: str, text: str, where: list[str]) -> dict[str, Any]:
    return {"kind": kind, "text": text, "where": where}


def _name(fact: Fact) -> str:
    if fact.kind == "run.started":
        return "its start"
    return f"event {fact.name!r}" if fact.kind.startswith("event") else f"{fact.kind} {fact.name}"


def _sentence(one: Mapping[str, Any]) -> str:
    path = one["path"]
    if path == "refused":
        return (
            f"it is refused now: {one['actual']}"
            if "actual" in one
            else f"it is taken now, and was refused: {one['expected']}"
        )
    now = f"is {said(one['actual'])}" if "actual" in one else "is not there"
    then = f"says {said(one['expected'])}" if "expected" in one else "has none"
    return f"{path} {now}; the record {then}."


def said(value: Any) -> str:
    """A value in a sentence: JSON, cut where it is long."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        text = ", ".join(value)
    else:
        text = orjson.dumps(value, default=str).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
