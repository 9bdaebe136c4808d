"""TRAAVIIS Lab: build, run, watch and debug agent workflows as statecharts, in Jupyter."""

from __future__ import annotations

import importlib as _importlib
import typing as _typing

from . import effects
from ._version import __version__
from .machine.mixing.registry import add_shelf as _add_shelf

if _typing.TYPE_CHECKING:
    from .errors import DefinitionError, EventRefused, LabError
    from .flows import read_chart
    from .lab import Lab, Run
    from .machine import Chart, Event, Machine, Snapshot, State, Step, start, step
    from .magics import load_ipython_extension
    from .runtime import ToldClock

_HOMES = {
    "Chart": "machine",
    "DefinitionError": "errors",
    "Event": "machine",
    "EventRefused": "errors",
    "Lab": "lab",
    "LabError": "errors",
    "Machine": "machine",
    "Run": "lab",
    "Snapshot": "machine",
    "State": "machine",
    "Step": "machine",
    "ToldClock": "runtime",
    "load_ipython_extension": "magics",
    "read_chart": "flows",
    "start": "machine",
    "step": "machine",
}

__all__ = [
    "Chart",
    "DefinitionError",
    "Event",
    "EventRefused",
    "Lab",
    "LabError",
    "Machine",
    "Run",
    "Snapshot",
    "State",
    "Step",
    "ToldClock",
    "__version__",
    "effects",
    "load_ipython_extension",
    "read_chart",
    "start",
    "step",
]


# The components that come with the lab are there for documents when the first one is asked for.
_add_shelf(lambda: _importlib.import_module(".flows.components", __name__).register_all())


def __getattr__(name: str) -> _typing.Any:
    """Open the room a name lives in when it is first asked for (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The front door's names, also those not opened yet."""
    return sorted({*globals(), *__all__})
