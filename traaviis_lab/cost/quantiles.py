"""Quantiles that keep their promise from few values: order statistics, corrected for how few."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Sequence

MOST_KEPT = 256
"""How many of the latest values are looked at."""


def at_share(ordered: Sequence[float], share: float) -> float:
    """The quantile of sorted values as it is usually drawn: between neighbours, in proportion."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def conformal(ordered: Sequence[float], share: float) -> float:
    """What the next value stays below with this chance, whatever the distribution is.

    The `ceil((n + 1) * share)`-th smallest of `n` values of the same kind holds that (split
    conformal prediction). Where there are too few values for it, the largest is widened by
    their spread, and by one part in `n + 1`: that is a guess and no guarantee.
    """
    count = len(ordered)
    rank = math.ceil((count + 1) * share)
    if rank <= count:
        return ordered[rank - 1]
    largest = ordered[-1]
    return largest + max(largest - ordered[0], abs(largest)) / (count + 1)


class Values:
    """The latest values of one kind, kept sorted so that a quantile is looked up."""

    __slots__ = ("_latest", "ordered", "total")

    def __init__(self, values: Iterable[float] = ()) -> None:
        self._latest: deque[float] = deque()
        self.ordered: list[float] = []
        self.total = 0.0
        for value in values:
            self.add(value)

    def __len__(self) -> int:
        return len(self.ordered)

    def add(self, value: float) -> None:
        """One more; the oldest goes where there are too many."""
        if len(self._latest) >= MOST_KEPT:
            old = self._latest.popleft()
            del self.ordered[bisect_left(self.ordered, old)]
            self.total -= old
        self._latest.append(value)
        insort(self.ordered, value)
        self.total += value

    @property
    def median(self) -> float:
        """The middle one, as `at_share` draws it; asked several times with every call."""
        ordered = self.ordered
        count = len(ordered)
        low = ordered[(count - 1) // 2]
        return low + (ordered[count // 2] - low) * 0.5

    @property
    def mean(self) -> float:
        """The average."""
        return self.total / len(self.ordered)

    def upper(self, share: float = 0.9) -> float:
        """What the next one stays below with this chance."""
        return conformal(self.ordered, share)
