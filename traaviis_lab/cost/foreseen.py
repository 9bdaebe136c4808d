"""What is foreseen of one call of a model: its tokens, money and seconds, and why so much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class Spread(NamedTuple):
    """An amount that is not known yet.

    `p50` and `p90` are what it stays below with these chances, `expected` is the average,
    `most` what it never exceeds; None: nothing bounds it.
    """

    p50: float
    p90: float
    most: float | None
    expected: float

    def to_json(self) -> dict[str, Any]:
        """The amount by name."""
        return {
            "p50": tidy(self.p50),
            "p90": tidy(self.p90),
            "most": tidy(self.most),
            "expected": tidy(self.expected),
        }


@dataclass(frozen=True, slots=True)
class CallEstimate:
    """What is foreseen of one call.

    Args:
        counted: the prompt's tokens as they were counted.
        tokens_in: as they are foreseen: counted exactly, or corrected by what was charged before.
        tokens_out: of the answer.
        usd: US dollars; None where the price is not known.
        seconds: from asking to the whole answer; None where nothing tells.
        why: where these numbers come from.
    """

    counted: int
    tokens_in: Spread
    tokens_out: Spread
    usd: Spread | None
    seconds: Spread | None
    why: str

    def to_json(self) -> dict[str, Any]:
        """The estimate as it stands in the fact of the call."""
        return {
            "counted": self.counted,
            "tokens_in": round(self.tokens_in.p50),
            "tokens_in_most": self.tokens_in.most,
            "tokens_out": self.tokens_out.to_json(),
            "usd": None if self.usd is None else self.usd.to_json(),
            "seconds": None if self.seconds is None else self.seconds.to_json(),
            "why": self.why,
        }


def spread_from_json(told: Mapping[str, Any] | None) -> Spread | None:
    """The amount that `to_json` wrote."""
    if told is None:
        return None
    return Spread(told["p50"], told["p90"], told["most"], told.get("expected", told["p50"]))


def tidy(value: float | None) -> float | None:
    """The value with six digits that count, as a whole number where it is one."""
    if value is None or isinstance(value, int):
        return value
    if value.is_integer() and -1e6 < value < 1e6:  # it has no more than six digits
        return int(value)
    short = float(f"{value:.6g}")
    return int(short) if short.is_integer() and -1e15 < short < 1e15 else short
