"""Write one step of a run as a pytest file: the place before it, the event, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from traaviis_lab import errors
from traaviis_lab.errors import Diverged, LabError
from traaviis_lab.machine import Chart, Event, Snapshot, Step, start, step
from traaviis_lab.machine.macrostep import leaves
from traaviis_lab.runtime.bodies import came_in, changed
from traaviis_lab.travel.trail import Moment, Trail

from .literals import WIDTH, literal, text
from .named import Source, source_of

NEAR = 200


def reproduce(trail: Trail, seq: int, machine: str | None = None) -> str:
    """The text of a pytest file that takes step `seq` of a run again and expects what it did.

    Args:
        trail: the run.
        seq: a fact that moved the machine, or an event that was refused.
        machine: where the test finds the machine: `module:Machine`, `door.yaml`, `doors.py:Machine`
            or `gallery:SmartDoor`. None: the chart's spec stands in the test itself.

    Raises `LabError` for a seq that is no step (naming the nearest ones) or a machine that cannot
    be named so, `Diverged` where the chart does not do now what it did then.
    """
    trail.at(seq)  # says so if there is no such seq
    moment = next(iter(trail.walk(seq - 1, seq)))
    source = source_of(trail.chart, machine)
    if moment.fact.kind == "event.refused":
        body = list(_refused(trail, moment))
    elif moment.step is not None:
        _check(trail, moment, moment.step)
        body = list(_taken(trail, moment, moment.step))
    else:
        raise _no_step(trail, seq, moment.fact.kind)
    return _file(trail, moment, source, body)


def still_holds(trail: Trail, seq: int, chart: Chart) -> bool:
    """Whether `chart` does in step `seq` what the record says: whether that test passes now."""
    moment = next(iter(trail.walk(seq - 1, seq)))
    try:
        if moment.fact.kind == "run.started":
            again = start(chart, moment.body["data"])
        else:
            again = step(chart, moment.before, _event(moment))
    except LabError as error:
        return moment.step is None and error.message == moment.body.get("reason")
    return moment.step is not None and _said(again) == _said(moment.step)


def _said(done: Step) -> tuple[Any, ...]:
    """What the test looks at."""
    after = done.snapshot
    effects = [effect.to_spec() for effect in done.effects]
    raised = [event.name for event in done.raised]
    return after.active, after.data, after.history, after.done, done.taken, effects, raised


def _file(trail: Trail, moment: Moment, source: Source, body: list[str]) -> str:
    fact = moment.fact
    error = moment.body.get("error") if fact.kind == "event.refused" else None
    front = sorted({*source.front, *_needed(fact.kind)})
    imports = [*source.standard, *([""] if source.standard else [])]
    imports += ["import pytest"] if error else []
    imports += [f"from traaviis_lab import {', '.join(front)}"]
    if error and error not in front:
        imports.append(f"from traaviis_lab.errors import {error}")
    imports += source.imports
    event = fact.name if fact.kind in ("event", "event.refused") else fact.kind
    slug = re.sub(r"[^A-Za-z0-9]+", "_", f"{trail.run}_seq_{fact.seq}_{event}").strip("_").lower()
    whose = f"Run {_quiet(trail.run)} of {_quiet(trail.chart.name)}"
    head = [
        f'"""{whose}, seq {fact.seq}: {_quiet(event)}.',
        "",
        f"Made by `traaviis-lab test-case`. {source.promise}",
        '"""',
        "",
        *imports,
        "",
    ]
    test = ["", f"def test_{slug}():", *(f"    {line}" if line else "" for line in body)]
    tail = ["", "", *source.after] if source.after else []
    return "\n".join([*head, *source.before, *_place(moment), *test, *tail]) + "\n"


def _needed(kind: str) -> set[str]:
    if kind == "run.started":
        return {"start"}
    return {"Event", "Snapshot", "step", *(("EventRefused",) if kind == "event.refused" else ())}


def _place(moment: Moment) -> Iterator[str]:
    """Where the run stood and what came."""
    if moment.fact.kind == "run.started":
        yield f"DATA = {literal(moment.body['data'], used=7)}"
        yield ""
        return
    before, event = moment.before, _event(moment)
    yield "BEFORE = Snapshot("
    yield f"    active=frozenset({literal(sorted(before.active), 4, 19)}),"
    yield f"    data={literal(before.data, 4, 6)},"
    if before.history:
        history = ", ".join(f"{text(k)}: {_tuple(v)}" for k, v in before.history.items())
        yield f"    history={{{history}}},"
    if before.done:
        yield "    done=True,"
    yield ")"
    arguments = list(_arguments(event))
    flat = f"EVENT = Event({', '.join(arguments)})"
    if len(flat) > WIDTH or "\n" in flat:
        flat = "EVENT = Event(\n" + "".join(f"    {one},\n" for one in arguments) + ")"
    yield flat
    yield ""


def _arguments(event: Event) -> Iterator[str]:
    yield text(event.name)
    if event.data or event.patch is not None:
        yield literal(event.data, 4, 1)
    if event.patch is not None:
        yield f"patch={literal(event.patch, 4, 7)}"


def _event(moment: Moment) -> Event:
    fact, body = moment.fact, moment.body
    if fact.kind == "event.refused":
        return Event(fact.name, body["data"] or {})
    event = came_in(fact.kind, fact.name, body)
    assert event is not None
    return event


def _taken(trail: Trail, moment: Moment, done: Step) -> Iterator[str]:
    """What is expected of a step."""
    after, starting = done.snapshot, moment.fact.kind == "run.started"
    call = "start(CHART, DATA)" if starting else "step(CHART, BEFORE, EVENT)"
    base = "**CHART.data, **DATA" if starting else "**BEFORE.data"
    known = {**trail.chart.data, **moment.body["data"]} if starting else moment.before.data
    new = changed(known, after.data) or {}
    yield f'"""{_story(trail, moment, after)}"""'
    yield f"after = {call}"
    yield ""
    yield f"assert sorted(after.snapshot.active) == {literal(sorted(after.active), 4, 40)}"
    entries = "".join(
        f"        {text(k)}: {literal(v, 8, len(k) + 5)},\n" for k, v in sorted(new.items())
    )
    yield _expected_data(base, entries)
    yield f"assert list(after.taken) == {literal(list(done.taken), 4, 28)}"
    effects = [effect.to_spec() for effect in done.effects]
    yield f"assert [effect.to_spec() for effect in after.effects] == {literal(effects, 4, 56)}"
    raised = [event.name for event in done.raised]
    yield f"assert [event.name for event in after.raised] == {literal(raised, 4, 48)}"
    if after.history:
        history = {name: list(ids) for name, ids in after.history.items()}
        yield "history = {name: list(ids) for name, ids in after.snapshot.history.items()}"
        yield f"assert history == {literal(history, 4, 18)}"
    yield f"assert after.snapshot.done is {after.done}"


def _expected_data(base: str, entries: str) -> str:
    if not entries:
        return f"assert after.snapshot.data == {{{base}}}"
    opening = "".join(f"        {part},\n" for part in base.split(", "))
    return f"assert after.snapshot.data == {{\n{opening}{entries}    }}"


def _refused(trail: Trail, moment: Moment) -> Iterator[str]:
    """What is expected of a refusal."""
    body = moment.body
    kind = body.get("error", "EventRefused")
    if body["data"] is None or not isinstance(getattr(errors, kind, None), type):
        raise _not_the_machines(moment, body["reason"])
    try:
        step(trail.chart, moment.before, _event(moment))
    except LabError as error:
        if error.message != body["reason"]:
            raise _not_the_machines(moment, body["reason"]) from None
    else:
        raise _not_the_machines(moment, body["reason"])
    yield f'"""{_quiet(moment.fact.name)} was refused."""'
    yield f"reason = {text(body['reason'])}"
    yield f"with pytest.raises({kind}) as refused:"
    yield "    step(CHART, BEFORE, EVENT)"
    yield ""
    yield "assert refused.value.message == reason"


def _story(trail: Trail, moment: Moment, after: Snapshot) -> str:
    there = ", ".join(leaves(trail.chart, after))
    if moment.fact.kind == "run.started":
        return f"The run began in {there}."
    here = ", ".join(leaves(trail.chart, moment.before))
    return f"{here} --{_quiet(moment.fact.name)}--> {there}."


def _check(trail: Trail, moment: Moment, done: Step) -> None:
    """Raise `Diverged` where the chart in hand is not the one that made the record."""
    was = moment.body["step"]
    new = changed(moment.before.data, done.snapshot.data) or {}
    same = (
        sorted(was["state"]) == sorted(done.snapshot.active)
        and tuple(was["taken"]) == done.taken
        and ("check" in was or moment.fact.kind == "run.started" or was.get("set", {}) == new)
    )
    if not same:
        raise Diverged(
            f"Run {trail.run!r} did something else at seq {moment.fact.seq} than the chart does "
            f"now: it went to {', '.join(was['state'])} by {', '.join(was['taken']) or 'nothing'}.",
            hint="run.replay() says where they part. A test is made of what the record says.",
        )


def _no_step(trail: Trail, seq: int, kind: str) -> LabError:
    facts = trail.journal.read(trail.run, after=max(0, seq - NEAR), upto=seq + NEAR)
    steps = [f.seq for f in facts if b'"step":' in f.body or f.kind == "event.refused"]
    near = sorted(steps, key=lambda other: (abs(other - seq), other))[:4]
    return LabError(
        f"Seq {seq} of run {trail.run!r} is no step: it is a fact of kind {kind!r}.",
        hint=f"The steps nearest to it: {', '.join(map(str, sorted(near))) or 'there are none'}.",
    )


def _not_the_machines(moment: Moment, reason: str) -> LabError:
    return LabError(
        f"Seq {moment.fact.seq} was not refused by the machine: {reason}",
        hint="A test can be made of what the machine decides, not of what the engine does.",
    )


def _quiet(words: str) -> str:
    """Words of somebody's, made fit for a docstring."""
    seen = "".join(letter if letter.isprintable() else " " for letter in words)
    return seen.replace("\\", "/").replace('"', "'")[:60]


def _tuple(ids: tuple[str, ...]) -> str:
    return f"({', '.join(map(text, ids))}{',' if len(ids) == 1 else ''})"
