"""Chance that is the same every time: what is drawn follows from the seed alone (SplitMix64)."""

from __future__ import annotations

from collections.abc import Sequence

from traaviis_lab.cost.foreseen import Spread

_MASK = 2**64 - 1


class Chance:
    """Draws numbers, one after the other."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def share(self) -> float:
        """A number from 0 up to, and without, 1."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((mixed ^ (mixed >> 31)) >> 11) / 2**53

    def happens(self, probability: float) -> bool:
        """Whether something of this probability happens. What is certain draws nothing."""
        if probability <= 0 or probability >= 1:
            return probability >= 1
        return self.share() < probability

    def one_of(self, weights: Sequence[float]) -> int:
        """The place of one of them, by their weights; even where all are 0."""
        if len(weights) == 1:
            return 0
        total = sum(weights)
        if total <= 0:
            return min(len(weights) - 1, int(self.share() * len(weights)))
        left = self.share() * total
        for place, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return place
        return len(weights) - 1


def drawn(spread: Spread, share: float) -> float:
    """The value of an amount at this share: on lines through its p50 and p90."""
    middle, high = spread.p50, spread.p90
    low = max(0.0, 2 * middle - high)
    if share <= 0.5:
        return low + (middle - low) * share * 2
    if share <= 0.9:
        return middle + (high - middle) * (share - 0.5) / 0.4
    top = high + (high - middle) * 0.5
    if spread.most is not None:
        top = min(top, spread.most)
    return high + (max(top, high) - high) * (share - 0.9) / 0.1
