"""Costs as pandas tables. What is unknown is missing there, never 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .call import Call
from .sums import UNITS

if TYPE_CHECKING:
    import pandas as pd

SUMS = (
    "calls", "tokens_in", "tokens_out", "cache_read", "cache_write", "reasoning", "usd",
    "unpriced", "recorded_usd", "seconds", "failed", "foreseen",
)  # fmt: skip
_ESTIMATES = tuple(f"estimate_{unit}" for unit in UNITS)
_ERRORS = tuple(f"error_{unit}" for unit in UNITS)
CALLS = (
    "run", "seq", "at", "state", "path", "node", "purpose", "model", "source", "tokens_in",
    "tokens_out", "cache_read", "cache_write", "reasoning", "usd", "how", "recorded_usd",
    "seconds", *_ESTIMATES, "failed",
)  # fmt: skip


def calls_frame(calls: Sequence[Call]) -> pd.DataFrame:
    """A row per call."""
    import pandas as pd

    rows = [{**call._asdict(), **_prefixed("estimate", call.foreseen._asdict())} for call in calls]
    frame = pd.DataFrame(rows, columns=list(CALLS))
    frame["at"] = pd.to_datetime(frame["at"], unit="us")
    return frame.astype(dict.fromkeys(("usd", "recorded_usd", "seconds", *_ESTIMATES), "float64"))


def sums_frame(
    first: str, rows: Sequence[Mapping[str, Any]], more: Sequence[str] = ()
) -> pd.DataFrame:
    """A row per group; `first` names the column that says which, `more` those that say more."""
    import pandas as pd

    flat = [flat_sums(row) for row in rows]
    names = [first, *more, *SUMS, *_ESTIMATES, *_ERRORS]
    frame = pd.DataFrame(flat, columns=names)
    return frame.astype(dict.fromkeys(("usd", "recorded_usd", *_ESTIMATES, *_ERRORS), "float64"))


def spread_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A row per machine, or per machine and batch with when it began."""
    import pandas as pd

    frame = pd.DataFrame(list(rows))
    if "started" in frame:
        frame["started"] = pd.to_datetime(frame["started"], unit="us")
    numbers = [name for name in frame if name in ("mean", "max", "error") or str(name)[0] == "p"]
    return frame.astype(dict.fromkeys(numbers, "float64"))


def flat_sums(row: Mapping[str, Any]) -> dict[str, Any]:
    """The sums of a group with a column per unit of its estimate and its error."""
    nested = {name: row[name] for name in ("estimate", "error")}
    plain = {name: value for name, value in row.items() if name not in nested}
    for name, units in nested.items():
        plain |= _prefixed(name, units)
    return plain


def _prefixed(name: str, units: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name}_{unit}": value for unit, value in units.items()}
