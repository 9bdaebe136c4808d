"""Fork a run: work out where another way leads, then write that down and let it live.

`rehearse` reads the parent and performs nothing; it may be called on any thread. `go_live`
writes all of the fork's facts at once and makes it a run of the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from traaviis_lab.errors import JournalConflict
from traaviis_lab.journal import Fact, Journal
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Chart, Step
from traaviis_lab.runtime.acks import both
from traaviis_lab.runtime.asides import Acknowledge
from traaviis_lab.runtime.bodies import Texts
from traaviis_lab.runtime.clock import Clock
from traaviis_lab.runtime.engine import Engine, taken
from traaviis_lab.runtime.recall import Recall, recall
from traaviis_lab.runtime.run import Run

from .change import Change
from .inherit import stand_on
from .reel import Reel
from .rehearsal import Rehearsal
from .stage import Stage
from .tape import Source, Tape
from .turns import fact_at


class Parent(NamedTuple):
    """The run that is forked, as far as it was then."""

    journal: Journal
    run: str
    chart: Chart
    tenant: str
    last: int


class Forked(NamedTuple):
    """A fork that is worked out and not yet written."""

    stage: Stage
    tape: Tape
    chart: Chart


def rehearse(
    parent: Parent, run_id: str, change: Change, chart: Chart, clock: Clock, live: bool
) -> Forked:
    """Work out the fork `run_id` on `chart`.

    Raises `ResultMissing` if it needs a result that no record has and may not be performed,
    `EventRefused` if its new event is not taken, `LabError` if `chart` cannot stand there.
    """
    place, at = change.place, change.at
    here = _stood(parent, place.seq)
    reel = Reel(
        parent.journal, parent.run, lambda: parent.chart, place.seq, parent.last, here.copy()
    )
    timed = any(node.timers for node in parent.chart.states.values())
    reel.read(change.until, timers=timed)
    ends_at = max(reel.ends_at, place.at, at.at)
    shift = clock.now() - ends_at
    stage = Stage(run_id, Texts(chart), parent.tenant, place.at + shift)
    source = Source(parent.run, place.seq, parent.last, change.drop)
    tape = Tape(parent.journal, run_id, source, parent.chart, live, change.given)
    head = _head(parent, change, chart, live)
    if place.seq:
        stand_on(stage, here, shift)
        if here.hold is not None and here.hold.outcomes:
            head["held"] = dict(here.hold.outcomes)
            tape.keep_held(here.hold.outcomes)
    play = Rehearsal(stage, reel, tape, change, shift)
    if place.seq:
        stage.begin(head)
        if here.snapshot.done:  # the journal knows that a run is over by a fact of the run's own
            last = fact_at(parent.journal, parent.run, place.seq)
            status = last.name if last.kind == "run.done" else "done"
            stage.aside("run.done", status, {"status": status})
    else:
        more = {} if at.seq else change.data
        play.begin({**_started_with(parent), **more}, b"," + encode(_extra(head))[1:-1])
    play.play(ends_at)
    play.check_end()
    _note_what_waits(stage, tape)
    return Forked(stage, tape, chart)


def go_live(engine: Engine, made: Forked, acknowledge: Acknowledge | None = None) -> Run:
    """Write the fork and let it live: its timers run, its effects come home. On the loop.

    Raises `JournalConflict` if its id is taken.
    """
    stage = made.stage
    if stage.id in engine.runs:
        raise taken(stage.id)
    engine.journal.claim(stage.id)
    try:
        run = _standing(engine, made)
        engine.runs[run.id], engine.tapes[run.id] = run, made.tape
        gate: asyncio.Future[None] = engine.loop.create_future()
        engine.journal.append(
            stage.facts,
            durability=engine.safest if stage.pending else None,
            acknowledge=both(engine.acks.waking(gate), acknowledge),
        )
    except BaseException as error:
        engine.runs.pop(stage.id, None)
        engine.tapes.pop(stage.id, None)
        engine.journal.release(stage.id)
        raise (taken(stage.id) if isinstance(error, JournalConflict) else error) from None
    for kept in stage.keeps:
        engine.journal.keep(kept)
    run.set_timers(stage.timers)
    engine.carriers.carry_many(run, run.pending, gate)
    if run.snapshot.done:
        engine.ended(run)
    return run


def _standing(engine: Engine, made: Forked) -> Run:
    stage = made.stage
    run = Run(engine, stage.id, engine.texts(made.chart), stage.tenant)
    run.snapshot, run.seq, run.pending = stage.snapshot, stage.seq, stage.pending
    run.trees, run.asked = stage.trees, stage.asked
    run.calls, run.visited = stage.calls, stage.visited
    run.last = Step(run.snapshot)
    return run


def _stood(parent: Parent, place: int) -> Recall:
    """The parent at the place. A timer that waits in its mailbox there has come due, and runs."""
    if not place:
        return Recall(parent.chart)
    here = recall(parent.journal, parent.run, parent.chart, place)
    if here.hold is not None and here.hold.timers:
        came = {n: fact_at(parent.journal, parent.run, s).at for n, s in here.hold.timers.items()}
        here.timers = {**here.timers, **came}
    return here


def _started_with(parent: Parent) -> dict[str, Any]:
    """The data the parent was started with."""
    started = fact_at(parent.journal, parent.run, 1)
    data: dict[str, Any] = orjson.loads(started.body)["data"]
    return data


def _head(parent: Parent, change: Change, chart: Chart, live: bool) -> dict[str, Any]:
    """What the fork's first fact says of where it comes from."""
    head: dict[str, Any] = {
        "machine": chart.name,
        "version": chart.version,
        "chart": chart.hash,
        "forked_from": parent.run,
        "forked_at": change.place.seq,
        "until": change.until,
        "upto": parent.last,
        "live": live,
    }
    if change.drop:
        head["drop"] = sorted(change.drop)
    if change.given:
        head["results"] = {
            path: {"error": one.error} if one.error is not None else {"result": one.result}
            for path, one in change.given.items()
        }
    return head


def _extra(head: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in head.items() if k not in ("machine", "version", "chart")}


def _note_what_waits(stage: Stage, tape: Tape) -> None:
    """Which of the parent's effects those under way stand for, so that it is known another day."""
    awaits = {path: tape.aligned[path] for path in stage.pending if path in tape.aligned}
    if awaits:
        first: Fact = stage.facts[0]
        body = first.body[:-1] + b',"awaits":' + encode(awaits) + b"}"
        stage.facts[0] = first._replace(body=body)
