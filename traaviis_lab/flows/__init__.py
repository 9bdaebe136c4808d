"""Charts as documents: YAML and JSON text read into charts and written back. No I/O."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from traaviis_lab.machine.problems import Problem
    from traaviis_lab.machine.schema import spec_schema

    from .documents import find_problems, read_chart
    from .reference import spec_page
    from .writing import write_chart

_HOMES = {
    "Problem": "traaviis_lab.machine.problems",
    "find_problems": "traaviis_lab.flows.documents",
    "read_chart": "traaviis_lab.flows.documents",
    "spec_page": "traaviis_lab.flows.reference",
    "spec_schema": "traaviis_lab.machine.schema",
    "write_chart": "traaviis_lab.flows.writing",
}

__all__ = [
    "Problem",
    "find_problems",
    "read_chart",
    "spec_page",
    "spec_schema",
    "write_chart",
]


def __getattr__(name: str) -> Any:
    """Open the file a name lives in when it is first asked for (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The room's names, also those not opened yet."""
    return sorted({*globals(), *__all__})
