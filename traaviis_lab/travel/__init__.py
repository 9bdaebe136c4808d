"""Looking back and going another way: what a run's record says, without performing anything."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .trail import Moment, Trail

if TYPE_CHECKING:
    from .explaining.explain import Explanation, Finding
    from .reasoning.alternatives import Otherwise
    from .reasoning.links import Link
    from .reasoning.why import Why
    from .replaying.replay import Replay, replay

_HOMES = {
    "Explanation": "explaining.explain",
    "Finding": "explaining.explain",
    "Link": "reasoning.links",
    "Otherwise": "reasoning.alternatives",
    "Replay": "replaying.replay",
    "Why": "reasoning.why",
    "replay": "replaying.replay",
}

__all__ = [
    "Explanation",
    "Finding",
    "Link",
    "Moment",
    "Otherwise",
    "Replay",
    "Trail",
    "Why",
    "replay",
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
