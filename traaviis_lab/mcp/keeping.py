"""Arguments as they are written down: short in all, and such that JSON holds every one of them."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

LONGEST = 2_000
"""Characters of one text in the arguments that are written down."""
WHOLE = 16_000
"""Characters of all of them, names and all; a flood of refused calls must not fill the disk."""
_DEEPEST = 20
_LEAST = 8  # of a value beside its text
_LARGEST = 2**63


def kept(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call with what is too long, too deep or too much left out, and said so."""
    told: dict[str, Any] = _Keeping().shown(arguments, 0)
    return told


def writable(text: str) -> str:
    """The text without halves of characters, which UTF-8 cannot hold."""
    return text.encode(errors="replace").decode()


class _Keeping:
    def __init__(self) -> None:
        self._left = WHOLE

    def shown(self, value: Any, depth: int) -> Any:
        self._left -= _LEAST
        if isinstance(value, str):
            return self._text(value, LONGEST)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            # Said as text: a call whose record cannot be written would be one that nobody sees.
            return value if -_LARGEST <= value < _LARGEST else "[a number above 64 bits]"
        if isinstance(value, float):
            return value if isfinite(value) else str(value)
        if depth > _DEEPEST:
            return "[too deep to be kept]"
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, list | tuple):
            return self._list(value, depth)
        return self._text(str(value), LONGEST)

    def _text(self, text: str, most: int) -> str:
        most = min(most, max(self._left, 0))
        self._left -= min(len(text), most)
        short = writable(text[:most])
        return short if len(text) <= most else f"{short}... ({len(text)} characters)"

    def _mapping(self, whole: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for key, one in whole.items():
            if self._left <= 0:
                told["..."] = f"{len(whole) - len(told):,} more"
                break
            told[self._text(str(key), 200)] = self.shown(one, depth + 1)
        return told

    def _list(self, whole: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        told: list[Any] = []
        for one in whole:
            if self._left <= 0:
                told.append(f"... {len(whole) - len(told):,} more")
                break
            told.append(self.shown(one, depth + 1))
        return told
