"""What a notebook shows: live widgets in a kernel, static pictures everywhere else.

A face is `face(thing) -> {mime type: content}`. ipywidgets is opened only where a widget can be
shown, so that a script that prints a run's face does not pay for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .faces import chart_face, costs_face, debug_face, lab_face, mcp_face, run_face

if TYPE_CHECKING:
    from .costs import CostsWidget
    from .debug import DebugWidget
    from .lab_widget import LabWidget
    from .run_widget import RunWidget
    from .serving import ServingWidget

__all__ = [
    "CostsWidget",
    "DebugWidget",
    "LabWidget",
    "RunWidget",
    "ServingWidget",
    "chart_face",
    "costs_face",
    "debug_face",
    "lab_face",
    "mcp_face",
    "run_face",
]

_HOMES = {
    "CostsWidget": "costs",
    "DebugWidget": "debug",
    "LabWidget": "lab_widget",
    "RunWidget": "run_widget",
    "ServingWidget": "serving",
}


def __getattr__(name: str) -> Any:
    """Open ipywidgets only when a widget class is asked for (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{home}", __name__), name)
