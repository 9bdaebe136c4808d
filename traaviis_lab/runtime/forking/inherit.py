"""What a fork has from its parent where it begins: state, data, timers, effects under way."""

from __future__ import annotations

from collections.abc import Mapping

from immutables import Map

from traaviis_lab.errors import Diverged, LabError
from traaviis_lab.machine import Chart, Snapshot
from traaviis_lab.machine.place import check_legal
from traaviis_lab.runtime.recall import Recall
from traaviis_lab.runtime.standing import root_of

from .stage import Stage
from .tape import INHERITED


def stand_on(stage: Stage, here: Recall, shift: int) -> None:
    """Let the stage stand where the parent stood; times move by `shift`.

    What was under way goes by its parent's path with a caret, so that the fork's own paths stay
    free. Raises `LabError` if the stage's chart has no such place.
    """
    stage.snapshot = here.snapshot
    stage.timers = {name: due + shift for name, due in here.timers.items()}
    stage.pending = Map(
        (INHERITED + path, one._replace(seq=1, began=one.began + shift))
        for path, one in here.pending.items()
        if root_of(path)[0] in here.trees or not one.owner or one.owner in here.snapshot.active
    )
    stage.trees = Map(
        (INHERITED + root, tree._replace(seq=1, began=tree.began + shift))
        for root, tree in here.trees.items()
    )
    stage.asked = {INHERITED + path: 1 for path in here.asked}
    stage.calls, stage.visited = here.calls, here.visited
    if stage.chart.hash != here.chart.hash:
        _move_to_other_chart(stage, here)


def _move_to_other_chart(stage: Stage, here: Recall) -> None:
    chart, snapshot = stage.chart, here.snapshot
    _check_place(chart, here)
    stage.snapshot = Snapshot(
        snapshot.active,
        {**chart.data, **snapshot.data},
        _history(chart, snapshot.history),
        snapshot.done,
    )
    stage.visited = frozenset(name for name in here.visited if name in chart.states)
    if snapshot.done:
        return
    timers = {
        timer.event: stage.clock.now() + round(timer.seconds * 1e6)
        for name in chart.states
        if name in snapshot.active
        for timer in chart.states[name].timers
    }
    known = {timer.event for node in here.chart.states.values() for timer in node.timers}
    stage.timers = {
        name: stage.timers.get(name, due)
        for name, due in timers.items()
        if name in stage.timers or name not in known
    }


def _check_place(chart: Chart, here: Recall) -> None:
    unknown = sorted(name for name in here.snapshot.active if name not in chart.states)
    if unknown:
        raise LabError(
            f"The fork would stand in {', '.join(map(repr, unknown))} at seq {here.seq}, and chart "
            f"{chart.name!r} {chart.version} has no such state.",
            hint="Fork at a place whose states the new chart has, or leave `at` out: then the "
            "whole history is worked out on the new chart.",
        )
    try:
        check_legal(chart.tables, here.snapshot.active)
    except Diverged as error:
        raise LabError(
            f"A fork at seq {here.seq} cannot go on with chart {chart.name!r}: {error.message}",
            hint="Fork at another place, or leave `at` out: then the whole history is worked out "
            "on the new chart.",
        ) from error


def _history(chart: Chart, history: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {
        marker: states
        for marker, states in history.items()
        if marker in chart.states and all(state in chart.states for state in states)
    }
