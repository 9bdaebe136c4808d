"""The pure statechart: what is drawn, what is active, and what happens next. No I/O."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .chart import Chart
    from .dsl import Machine, State
    from .macrostep import events_blocked, events_taken, leaves, start, step
    from .values import Event, Move, Snapshot, Step

_HOMES = {
    "Chart": "chart",
    "Event": "values",
    "Machine": "dsl",
    "Move": "values",
    "Snapshot": "values",
    "State": "dsl",
    "Step": "values",
    "events_blocked": "macrostep",
    "events_taken": "macrostep",
    "leaves": "macrostep",
    "start": "macrostep",
    "step": "macrostep",
}

__all__ = [
    "Chart",
    "Event",
    "Machine",
    "Move",
    "Snapshot",
    "State",
    "Step",
    "events_blocked",
    "events_taken",
    "leaves",
    "start",
    "step",
]


def __getattr__(name: str) -> Any:
    """Open the file a name lives in when it is first asked for (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The room's names, also those not opened yet."""
    return sorted({*globals(), *__all__})
