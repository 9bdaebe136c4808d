"""How costs are spread over runs, and how they drift from batch to batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .sums import error_of

Seen = tuple[int, float | None, float | None]
"""One run: when it was started, what was foreseen of it, what it took (None: unknown)."""

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of them lies, between two where it falls there.

    `values` are sorted and at least one.
    """
    at = share * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def spread(machines: Mapping[str, Sequence[Seen]]) -> list[dict[str, Any]]:
    """A row per machine: runs, unknown, mean, quantiles and the most."""
    return [{"machine": name, **_numbers(seen)} for name, seen in machines.items()]


def drift(machines: Mapping[str, Sequence[Seen]], batch: int) -> list[dict[str, Any]]:
    """A row per machine and batch of so many runs in the order they were started."""
    rows = []
    for name, seen in machines.items():
        ordered = sorted(seen, key=lambda one: one[0])
        for first in range(0, len(ordered), batch):
            some = ordered[first : first + batch]
            row = {"machine": name, "batch": first // batch + 1, "started": some[0][0]}
            rows.append({**row, **_numbers(some), "error": _off(some)})
    return rows


def histogram(values: Sequence[float], bins: int) -> dict[str, Any]:
    """`{edges, counts}` of equally wide bins from the least to the most."""
    if not values:
        return {"edges": [], "counts": []}
    low, high = min(values), max(values)
    if low == high:
        return {"edges": [low, high], "counts": [len(values)]}
    wide = (high - low) / bins
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / wide))] += 1
    return {"edges": [low + wide * at for at in range(bins + 1)], "counts": counts}


def _numbers(seen: Sequence[Seen]) -> dict[str, Any]:
    known = sorted(took for _, _, took in seen if took is not None)
    row: dict[str, Any] = {"runs": len(seen), "unknown": len(seen) - len(known)}
    names = [f"p{round(share * 100)}" for share in QUANTILES]
    if not known:
        return {**row, "mean": None, **dict.fromkeys(names), "max": None}
    quantiles = [quantile(known, share) for share in QUANTILES]
    mean = sum(known) / len(known)
    return {**row, "mean": mean, **dict(zip(names, quantiles, strict=True)), "max": known[-1]}


def _off(seen: Sequence[Seen]) -> float | None:
    """By how much what was foreseen of all of them was off; None where it is not known of all."""
    foreseen = [one for _, one, _ in seen if one is not None]
    took = [one for _, _, one in seen if one is not None]
    if len(foreseen) < len(seen) or len(took) < len(seen):
        return None
    return error_of(sum(foreseen), sum(took))
