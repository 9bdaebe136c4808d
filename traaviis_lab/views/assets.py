"""Read the style sheets and scripts that ship inside the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def asset(name: str) -> str:
    """The text of a file in `traaviis_lab/static`."""
    return (files("traaviis_lab") / "static" / name).read_text(encoding="utf-8")
