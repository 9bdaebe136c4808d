"""What to start from: a door, an alarm system, a timer, and transcripts of an agent."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .security_system import SecuritySystem
    from .smart_door import SmartDoor
    from .timer import Timer
    from .told import transcripts

_HOMES = {
    "SecuritySystem": "security_system",
    "SmartDoor": "smart_door",
    "Timer": "timer",
    "transcripts": "told",
}

__all__ = ["SecuritySystem", "SmartDoor", "Timer", "transcripts"]


def __getattr__(name: str) -> Any:
    """Open the file a machine is in when it is first asked for (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The gallery's names, also those not opened yet."""
    return sorted({*globals(), *__all__})
