"""Where two JSON values differ, place by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .places import ABSENT, Place, write_place

MOST_ITEMS = 20
"""Lists that differ in more items than this are one difference, not hundreds."""
DEEPEST = 60


class Difference(NamedTuple):
    """A place where two values differ; `ABSENT` on the side that has nothing there."""

    path: str
    left: Any
    right: Any

    def mirrored(self) -> Difference:
        """The same difference seen from the other side."""
        return Difference(self.path, self.right, self.left)

    def to_json(self) -> dict[str, Any]:
        """`{path, left, right}`, without the side that has nothing there."""
        sides = {"left": self.left, "right": self.right}
        return {"path": self.path, **{k: v for k, v in sides.items() if v is not ABSENT}}


def alike(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same; `true` is not `1`, but `1.0` is."""
    if left is right:
        return True
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(alike(left[k], right[k]) for k in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(alike, left, right))
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return bool(left == right)


def differences(left: Any, right: Any, place: Place = ()) -> list[Difference]:
    """Every innermost place where two JSON values differ, in the order of their names."""
    return list(_differences(left, right, place))


def _differences(left: Any, right: Any, place: Place) -> Iterator[Difference]:
    if left is right:
        return
    if len(place) < DEEPEST:
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            for key in sorted(left.keys() | right.keys()):
                sides = left.get(key, ABSENT), right.get(key, ABSENT)
                yield from _differences(*sides, (*place, key))
            return
        if isinstance(left, list) and isinstance(right, list):
            yield from _items(left, right, place)
            return
    if not alike(left, right):
        yield Difference(write_place(place), left, right)


def _items(left: list[Any], right: list[Any], place: Place) -> Iterator[Difference]:
    sides = [
        (left[i] if i < len(left) else ABSENT, right[i] if i < len(right) else ABSENT)
        for i in range(max(len(left), len(right)))
    ]
    apart = [i for i, (one, other) in enumerate(sides) if not alike(one, other)]
    if len(apart) > MOST_ITEMS:
        yield Difference(write_place(place), left, right)
        return
    for i in apart:
        yield from _differences(*sides[i], (*place, i))
