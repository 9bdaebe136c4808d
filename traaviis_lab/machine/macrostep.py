"""Decide what a chart does with one event. A function of its arguments; no I/O.

`step(chart, snapshot, event)` answers with the next snapshot and the effects to perform. It
follows the SCXML algorithm (W3C Recommendation, Appendix D): one event runs to completion, a
macrostep, as a row of microsteps, each of which leaves, acts and enters. After each of them
eventless transitions come first, then events the machine raised itself, oldest first.

Which transitions are taken is decided in `select.py`, which states that touches in `plan.py`, and
`microstep.py` carries it out. Most steps never get there: their answer lies ready (`ready.py`).
"""

from __future__ import annotations

from typing import Any

from traaviis_lab.errors import RunawayChart

from .chart import Chart
from .draft import Draft
from .look import enabled, events_blocked, events_taken, leaves
from .microstep import enter, microstep
from .place import Place
from .ready import prepare
from .refuse import check_event, never_refused, refuse
from .select import select
from .tables import Tables
from .values import NOTHING, Data, Event, Move, Snapshot, Step

__all__ = [
    "MOST_MICROSTEPS",
    "enabled",
    "events_blocked",
    "events_taken",
    "leaves",
    "start",
    "start_by_algorithm",
    "step",
    "step_by_algorithm",
]

MOST_MICROSTEPS = 1_000
_START = Event("")
_make: Any = tuple.__new__  # what a NamedTuple's own __new__ does, without its frame


def start(chart: Chart, data: Data | None = None) -> Step:
    """Enter the chart's initial states. `data` is laid over the chart's own.

    Raises `RunawayChart` if it never settles.
    """
    row = chart.tables.begin
    if row is not None:
        mine = {**chart.data, **data} if data else chart.data
        try:
            effects = row.effects if row.fill is None else row.fill(mine, mine, _START)
        except Exception:
            return start_by_algorithm(chart, data)
        return Step(
            Snapshot(row.active, mine, NOTHING, row.done),
            effects,
            row.moves,
            (),
            row.raised,
            row.owners,
        )
    return start_by_algorithm(chart, data)


def step(chart: Chart, snapshot: Snapshot, event: Event) -> Step:
    """Take `event` and run until nothing more happens by itself.

    Raises `EventRefused` when nothing comes of it (its hint names what is taken), `RunawayChart`
    if the chart never settles, `Diverged` if the snapshot is not of this chart. Events of the
    engine (`done.*`, `error.*`, `after.*`, or with a patch) are never refused; one without a name
    only brings its patch.
    """
    active, data, history, _ = snapshot
    name, _, patch = event
    tables = chart.tables
    try:
        rows = tables.ready[active][name]
    except KeyError:
        rows = prepare(tables, active, name)
    if patch is None:
        try:
            for (
                when,
                update,
                fill,
                remembered,
                to,
                done,
                effects,
                moves,
                taken,
                raised,
                owners,
            ) in rows:
                if when is not None and not when(data, event, active):
                    continue
                new = data if update is None else update(data, event)
                if fill is not None:
                    effects = fill(data, new, event)  # noqa: PLW2901
                if remembered is not None:
                    history = {**history, **remembered}
                there = _make(Snapshot, (to, new, history, done))
                return _make(Step, (there, effects, moves, taken, raised, owners))  # type: ignore[no-any-return]
        except Exception:  # the algorithm makes an event of it, or the right refusal
            return step_by_algorithm(chart, snapshot, event)
    return step_by_algorithm(chart, snapshot, event)


def start_by_algorithm(chart: Chart, data: Data | None = None) -> Step:
    """`start` without what lies ready."""
    tables: Tables = chart.tables
    draft = Draft(tables, Place(tables, frozenset()), {**chart.data, **(data or {})}, NOTHING)
    assert tables.first is not None
    enter(draft, tables.first, "", ())
    settle(draft)
    return draft.finish()


def step_by_algorithm(chart: Chart, snapshot: Snapshot, event: Event) -> Step:
    """`step` without what lies ready: the SCXML algorithm in full."""
    tables: Tables = chart.tables
    place = tables.place(snapshot.active)
    data = snapshot.data if event.patch is None else {**snapshot.data, **event.patch}
    if not never_refused(event) and not place.ended:
        check_event(tables, place, data, event)
    draft = Draft(tables, place, data, snapshot.history)
    if not place.ended:
        draft.event = event
        chosen = select(draft, event.name) if event.name else ()
        if chosen:
            microstep(draft, chosen, event.name)
        settle(draft)
    if not draft.moves and not never_refused(event):
        refuse(draft, event, events_taken(chart, snapshot))
    return draft.finish()


def settle(draft: Draft) -> None:
    """Take eventless transitions and the machine's own events until the chart is at rest."""
    while not draft.place.ended:
        trigger: str = ""
        chosen = select(draft, None)
        if not chosen:
            if not draft.queue:
                return
            draft.event = draft.queue.popleft()
            draft.raised.append(draft.event)
            trigger = draft.event.name
            chosen = select(draft, trigger)
        if chosen:
            if len(draft.moves) >= MOST_MICROSTEPS:
                raise _runaway(draft)
            microstep(draft, chosen, trigger)


def _runaway(draft: Draft) -> RunawayChart:
    """The error for a chart that never rests, with the round it goes."""
    moves = draft.moves
    rounds: list[Move] = []
    for move in reversed(moves):
        if move.taken in (m.taken for m in rounds):
            break
        rounds.append(move)
    rounds.reverse()
    names = " -> ".join(t for move in rounds for t in move.taken)
    states = dict.fromkeys(s for move in rounds for s in move.entered)
    return RunawayChart(
        f"Chart {draft.tables.name!r} did not settle after {len(moves)} microsteps: "
        f"{names} went round and round"
        f"{' through ' + ', '.join(states) if states else ''}.",
        hint="Give one of these transitions a guard that becomes false, or an event to wait for.",
    )
