"""Sums of calls that do not take what is unknown for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .call import Call, Foreseen

UNITS = ("usd", "tokens", "seconds")


@dataclass(slots=True)
class Sum:
    """What several calls took together. `unpriced` counts those whose cost is unknown.

    `foreseen` sums what was expected when they were sent, by unit; `blind` counts, by unit, the
    calls of which nothing was expected: then the sum cannot be compared.
    """

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    known_usd: float = 0.0
    unpriced: int = 0
    recorded_usd: float = 0.0
    seconds: float = 0.0
    failed: int = 0
    foreseen: dict[str, float] = field(default_factory=lambda: dict.fromkeys(UNITS, 0.0))
    blind: dict[str, int] = field(default_factory=lambda: dict.fromkeys(UNITS, 0))

    @property
    def usd(self) -> float | None:
        """The costs that are known; None where there were calls and none has a known cost."""
        return None if self.calls and self.unpriced == self.calls else self.known_usd

    def add(self, call: Call) -> None:
        """Count one more call."""
        self.calls += 1
        self.tokens_in += call.tokens_in
        self.tokens_out += call.tokens_out
        self.cache_read += call.cache_read
        self.cache_write += call.cache_write
        self.reasoning += call.reasoning
        self.seconds += call.seconds
        self.known_usd += call.usd or 0.0
        self.unpriced += call.usd is None
        self.recorded_usd += call.recorded_usd or 0.0
        self.failed += bool(call.failed)
        for unit, value in zip(UNITS, call.foreseen, strict=True):
            if value is None:
                self.blind[unit] += 1
            else:
                self.foreseen[unit] += value

    def plus(self, other: Sum) -> None:
        """Count what another sum has counted too."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for unit in UNITS:
            self.foreseen[unit] += other.foreseen[unit]
            self.blind[unit] += other.blind[unit]

    def actual(self, unit: str) -> float | None:
        """What was taken of a unit; None where some of it is unknown."""
        if unit == "usd":
            return None if self.unpriced else self.known_usd
        return float(self.tokens_in + self.tokens_out) if unit == "tokens" else self.seconds

    def used(self) -> Foreseen:
        """What was taken, as something foreseen can be added to it."""
        return Foreseen(*(self.actual(unit) for unit in UNITS))

    def to_json(self, planned: Foreseen | None = None) -> dict[str, Any]:
        """The sums by name, with `estimate` and `error` by unit.

        Args:
            planned: what was foreseen before the run; else what was foreseen call by call.
        """
        estimate = self.estimate(planned)
        return {
            "calls": self.calls,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "cache_read": self.cache_read,
            "cache_write": self.cache_write,
            "reasoning": self.reasoning,
            "usd": self.usd,
            "unpriced": self.unpriced,
            "recorded_usd": self.recorded_usd,
            "seconds": self.seconds,
            "failed": self.failed,
            "estimate": estimate,
            "error": {unit: error_of(estimate[unit], self.actual(unit)) for unit in UNITS},
            "foreseen": "" if not any(estimate.values()) else "before" if planned else "at send",
        }

    def estimate(self, planned: Foreseen | None = None) -> Mapping[str, float | None]:
        """What was foreseen, by unit: before the run if that was said, else call by call."""
        if planned is not None:
            return planned._asdict()
        return {
            unit: self.foreseen[unit] if self.calls and not self.blind[unit] else None
            for unit in UNITS
        }


_COUNTS = (
    "calls", "tokens_in", "tokens_out", "cache_read", "cache_write", "reasoning", "known_usd",
    "unpriced", "recorded_usd", "seconds", "failed",
)  # fmt: skip


def error_of(estimate: float | None, actual: float | None) -> float | None:
    """By how much an estimate was off, as a share of what came: 0.1 foresaw a tenth too much."""
    if estimate is None or not actual:
        return None
    return (estimate - actual) / actual
