"""Values of DuckDB's as JSON, each short enough to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite, isnan
from typing import Any

LONGEST = 4_000
"""Characters of a text, and items of a list."""
SHOWN_BYTES = 64
EXACT = 2**53
"""Whole numbers up to here are the same in every reader of JSON; larger ones go as text."""
DEEPEST = 30


def cell(value: Any, depth: int = 0) -> Any:
    """A value as JSON: times as ISO 8601 in UTC, bytes in hex, numbers JSON lacks as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return (
            value if len(value) <= LONGEST else f"{value[:LONGEST]}... ({len(value):,} characters)"
        )
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z" if value.tzinfo is None else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes(bytes(value[:SHOWN_BYTES]), len(value))
    return _nested(value, depth)


def _nested(value: Any, depth: int) -> Any:
    if depth >= DEEPEST:
        return "[too deep to be shown]"
    if isinstance(value, Mapping):
        pairs = list(value.items())[:LONGEST]
        return {str(cell(key, depth + 1)): cell(one, depth + 1) for key, one in pairs}
    if isinstance(value, list | tuple):
        shown = [cell(one, depth + 1) for one in value[:LONGEST]]
        return shown if len(value) <= LONGEST else [*shown, f"... ({len(value):,} items)"]
    return str(value)[:LONGEST]


def _number(value: float | Decimal) -> Any:
    if isinstance(value, int):
        return value if -EXACT <= value <= EXACT else str(value)
    if isinstance(value, float):
        return value if isfinite(value) else "NaN" if isnan(value) else f"{value:+}".title()
    near = float(value)
    return near if Decimal(repr(near)) == value else str(value)


def _bytes(head: bytes, size: int) -> str:
    return head.hex() if size <= SHOWN_BYTES else f"{head.hex()}... ({size:,} bytes)"
