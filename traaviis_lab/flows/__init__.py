"""Charts as documents: YAML and JSON text read into charts and written back. No I/O."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from traaviis_lab.machine.mixing.component import Component
    from traaviis_lab.machine.mixing.parameters import Parameter
    from traaviis_lab.machine.mixing.registry import register_component
    from traaviis_lab.machine.problems import Problem
    from traaviis_lab.machine.schema import spec_schema

    from .components.document import read_component
    from .documents import find_problems, read_chart
    from .hooks import after, before, on_enter, on_exit
    from .reference import spec_page
    from .writing import write_chart

_HOMES = {
    "Component": "traaviis_lab.machine.mixing.component",
    "Parameter": "traaviis_lab.machine.mixing.parameters",
    "Problem": "traaviis_lab.machine.problems",
    "after": "traaviis_lab.flows.hooks",
    "before": "traaviis_lab.flows.hooks",
    "find_problems": "traaviis_lab.flows.documents",
    "on_enter": "traaviis_lab.flows.hooks",
    "on_exit": "traaviis_lab.flows.hooks",
    "read_chart": "traaviis_lab.flows.documents",
    "read_component": "traaviis_lab.flows.components.document",
    "register_component": "traaviis_lab.machine.mixing.registry",
    "spec_page": "traaviis_lab.flows.reference",
    "spec_schema": "traaviis_lab.machine.schema",
    "write_chart": "traaviis_lab.flows.writing",
}

__all__ = [
    "Component",
    "Parameter",
    "Problem",
    "after",
    "before",
    "find_problems",
    "on_enter",
    "on_exit",
    "read_chart",
    "read_component",
    "register_component",
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
