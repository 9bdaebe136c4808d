"""Where a run stands, as the browser is told: states, events taken and blocked, arrows to take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traaviis_lab.machine import Chart, Snapshot, events_blocked, events_taken, leaves
from traaviis_lab.runtime import WallClock

from .drawing import is_internal

if TYPE_CHECKING:
    from traaviis_lab.lab import Run

MAX_TIMERS = 6


def place(chart: Chart, here: Snapshot) -> dict[str, Any]:
    """`{state, active, takes, blocked, arrows}`; events only the engine sends are left out."""
    takes = [] if here.done else list(events_taken(chart, here))
    blocked = {} if here.done else dict(events_blocked(chart, here))
    return {
        "state": ",".join(leaves(chart, here)),
        "active": [name for name in chart.states if name in here.active],
        "takes": [name for name in takes if not is_internal(name)],
        "blocked": {k: v for k, v in blocked.items() if not is_internal(k) and k not in takes},
        "arrows": _arrows(chart, here.active, takes, blocked),
    }


def timers(run: Run) -> list[dict[str, Any]]:
    """The run's timers, the next one first: `{event, state, due}`, `due` in milliseconds.

    Empty where the lab's time is not that of the browser's clock.
    """
    if run.done or not isinstance(run.lab.clock, WallClock):
        return []
    found = sorted(run.timers.items(), key=lambda item: item[1])
    return [
        {"event": name, "state": name.removeprefix("after.").rpartition(".")[0], "due": due // 1000}
        for name, due in found[:MAX_TIMERS]
    ]


def _arrows(
    chart: Chart, active: frozenset[str], takes: list[str], blocked: dict[str, str]
) -> dict[str, str]:
    """Transitions that leave an active state: id to the event that takes it; "!" if it is blocked.

    The event is "" where only the engine sends it (timers, outcomes).
    """
    found = {}
    for state in active:
        for one in chart.states[state].transitions:
            if ready := [name for name in one.events if name in takes]:
                found[one.id] = "" if is_internal(ready[0]) else ready[0]
            elif any(name in blocked for name in one.events):
                found[one.id] = "!"
    return found
