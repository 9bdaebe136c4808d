"""The catalogue: every tool, known to server, widgets, docs and tests alike; no SDK in it."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from .tool import SETS, Params, Tool, tool

__all__ = ["SETS", "Params", "Tool", "catalogue", "tool"]

_FILES = (
    "core",
    "driving",
    "workflow",
    "thinking",
    "watch",
    "debug",
    "travel",
    "spending",
    "asking",
)


@cache
def catalogue() -> dict[str, Tool]:
    """Every tool there is by its name, set by set; what a lab lacks is sorted out by `listed`."""
    found: dict[str, Tool] = {}
    for name in _FILES:
        for one in import_module(f".{name}", __name__).TOOLS:
            found[one.name] = one
    return dict(sorted(found.items(), key=lambda pair: SETS.index(pair[1].set)))
