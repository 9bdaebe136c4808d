"""What states, events and durations may be called, and which names were probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_NOT_IN_IDS = r"\s\x00-\x20\x22\x27\x60\x7f.,:;#*(){}\[\]<>/\\|&="
_END = r"$(?!\n)"
ID_PATTERN = rf"^[^{_NOT_IN_IDS}]{{1,100}}{_END}"
EVENT_PATTERN = rf"^(?=.{{1,200}}{_END})[^\s.*]+(\.[^\s.*]+)*{_END}"
LISTENED_PATTERN = rf"^(?=.{{1,200}}{_END})(\*|[^\s.*]+(\.[^\s.*]+)*(\.\*)?){_END}"
DURATION_PATTERN = rf"^[0-9]{{1,12}}(\.[0-9]{{1,9}})?(ms|s|m|h){_END}"
TEMPLATE_PATTERN = r"\{\{"

LONGEST = 100 * 366 * 86_400.0
"""No wait is longer than a hundred years (in seconds): clocks and timers must hold it."""

_ID = re.compile(ID_PATTERN)
_EVENT = re.compile(EVENT_PATTERN)
_LISTENED = re.compile(LISTENED_PATTERN)
_DURATION = re.compile(DURATION_PATTERN)
_TEMPLATE = re.compile(TEMPLATE_PATTERN)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def is_state_id(text: str) -> bool:
    """Whether a state may be called this: no spaces, dots, `#`, quotes or brackets."""
    return _ID.search(text) is not None


def is_event(text: str) -> bool:
    """Whether an event may be called this: words without spaces or `*`, joined by dots."""
    return _EVENT.search(text) is not None


def is_listened(text: str) -> bool:
    """Whether a transition may listen for this: an event, `a.*` or `*`."""
    return _LISTENED.search(text) is not None


def has_template(value: Any) -> bool:
    """Whether this is a text with a `{{ ... }}` in it."""
    return isinstance(value, str) and _TEMPLATE.search(value) is not None


def parse_duration(value: Any) -> float | None:
    """Seconds from a number of seconds or `250ms`, `2s`, `5m`, `1h`; None if it is neither."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str):
        if _DURATION.search(value) is None:
            return None
        seconds = (
            float(value[:-2]) / 1000
            if value.endswith("ms")
            else float(value[:-1]) * _SECONDS[value[-1]]
        )
    elif not 0 <= value <= LONGEST:  # before float(): an int may be too large for one
        return None
    else:
        seconds = float(value)
    return seconds if seconds <= LONGEST else None


def write_duration(seconds: float) -> str | int | float:
    """The shortest exact text for people (`1h`, `90s`, `250ms`), or the number where none is."""
    for unit, size in (("h", 3600.0), ("m", 60.0), ("s", 1.0)):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds / size)}{unit}"
    text = f"{seconds * 1000:.0f}ms"
    if parse_duration(text) == seconds and seconds:
        return text
    return int(seconds) if seconds == int(seconds) else seconds


def did_you_mean(name: str, known: Iterable[str], what: str = "Known") -> str:
    """The cure for a name nobody knows: the nearest one, or the list of those there are."""
    from difflib import get_close_matches

    names = list(known)
    close = get_close_matches(name[:100], names[:2_000], n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    if not names:
        return f"{what}: none."
    shown = ", ".join(names[:12])
    return f"{what}: {shown}{', ...' if len(names) > 12 else '.'}"
