"""How a tool's description differs from the one that was known, in lines a person can read."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any

from .foreign import spelled

MOST_LINES = 40
_LONGEST = 160


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """A diff of two definitions, a field after the other; empty where they are the same."""
    lines: list[str] = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old != new:
            lines.append(f"{key}:")
            lines += _diff(_lines(old), _lines(new))
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"... and {len(lines) - MOST_LINES} lines more"]
    return "\n".join(lines)


def _lines(value: Any) -> list[str]:
    if value is None:
        return []
    text = value if isinstance(value, str) else json.dumps(value, indent=1, sort_keys=True)
    return text.splitlines()[:2000]


def _diff(old: list[str], new: list[str]) -> list[str]:
    found = difflib.unified_diff(old, new, lineterm="", n=1)
    kept = [line for line in found if not line.startswith(("---", "+++", "@@"))]
    return ["  " + line[:1] + " " + spelled(line[1:], _LONGEST) for line in kept]
