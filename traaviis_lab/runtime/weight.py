"""How many bytes of JSON a value makes at least, found without writing it.

A value may hold the same part many times: `[x, x]` assigned sixty times over is a few lists in
memory and more text than any disk has. Each part is looked at once, however often it is held.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_CONTAINERS = frozenset({list, tuple, dict})
_HEAVY = _CONTAINERS | {str}
_DEEPEST = 255
"""What is nested deeper cannot be written at all, which `encode` says better."""


def is_heavier(values: Iterable[Any], most: int) -> bool:
    """Whether these values make more than `most` bytes together."""
    known: dict[int, int] = {}
    total = 0
    for value in values:
        if type(value) in _HEAVY:
            total += _weight(value, known, 0)
            if total > most:
                return True
    return False


def _weight(value: Any, known: dict[int, int], depth: int) -> int:
    if type(value) is str:
        return len(value)
    found = known.get(id(value))
    if found is not None:
        return found
    total = 2 * len(value)
    if depth < _DEEPEST:
        if type(value) is dict:
            total += sum(map(len, value))
            parts: Iterable[Any] = value.values()
        else:
            parts = value
        total += sum([_weight(one, known, depth + 1) for one in parts if type(one) in _HEAVY])
    known[id(value)] = total
    return total
