"""How good estimates were: `lab.calibration()`."""

from __future__ import annotations

import statistics
from html import escape
from typing import TYPE_CHECKING, Any, cast

from traaviis_lab.errors import LabError

from .pairing import BATCH, LEVELS, UNITS, Pair, pairs_of
from .strangers import meant_by

if TYPE_CHECKING:
    import pandas as pd

    from .lab import Lab

_COLUMNS = ["level", "unit", "pairs", "median_error", "bias", "within_p90", "trend"]


class Calibrating:
    """The part of `Lab` that compares what was foreseen with what came."""

    def calibration(self, machine: Any = None, level: str | None = None) -> Calibration:
        """What was foreseen against what came, from the journal.

        Args:
            machine: only runs of this machine: its name, a `Machine` class or a chart.
            level: only "call", "state", "run" or "batch" (of 50 runs); None: all of them.

        Raises `LabError` for another level.
        """
        if level is not None and level not in LEVELS:
            raise LabError(f"Level {level!r} is not known.", hint=f"One of: {', '.join(LEVELS)}.")
        chart = getattr(machine, "chart", machine)
        name = "" if machine is None else str(getattr(chart, "name", chart))
        lab = cast("Lab", self)
        pairs = [p for p in pairs_of(lab.journal, name) if level is None or p.level == level]
        meant = ""
        if name and not pairs:
            recorded = lab.journal.sql("select distinct machine from runs")["machine"]
            meant = meant_by(name, {*recorded, *lab.machines()})
        return Calibration(pairs, name, meant)


class Calibration:
    """What was foreseen against what came: errors by level and unit, and where they go.

    `median_error` is the median of the errors without their sign, as a share of what came;
    `bias` the sum of all errors as a share of all that came (above 0: too much was foreseen);
    `within_p90` the share of what came that was no more than the estimate's p90; `trend` the
    median error of the newer half less that of the older (below 0: it gets better).
    """

    def __init__(self, pairs: list[Pair], machine: str = "", meant: str = "") -> None:
        self.pairs, self.machine = pairs, machine
        self._meant = meant  # the machine that was probably meant, where this one is not known

    def table(self) -> pd.DataFrame:
        """A row per level and unit: how many pairs, and how good they are."""
        import pandas as pd

        return pd.DataFrame(self._rows(), columns=_COLUMNS)

    def frame(self, level: str | None = None) -> pd.DataFrame:
        """A row per pair, in order of time: machine, run, state, unit, estimate, actual, error."""
        import pandas as pd

        chosen = [one for one in self.pairs if level is None or one.level == level]
        rows = [{**one._asdict(), "error": one.error} for one in chosen]
        return pd.DataFrame(rows, columns=[*Pair._fields, "error"])

    def trend(self, level: str = "call", unit: str = "tokens", window: int = 20) -> pd.DataFrame:
        """The median error over time: a row per pair, over the `window` pairs up to it."""
        for what, said, known in (("Level", level, LEVELS), ("Unit", unit, UNITS)):
            if said not in known:
                raise LabError(
                    f"{what} {said!r} is not known.", hint=f"One of: {', '.join(known)}."
                )
        frame = self.frame(level)
        frame = frame[frame["unit"] == unit].sort_values(["at", "seq"], ignore_index=True)
        error = frame["error"].astype(float).abs()
        frame["median_error"] = error.rolling(window, min_periods=1).median()
        return frame[["at", "machine", "run", "estimate", "actual", "error", "median_error"]]

    def _rows(self) -> list[dict[str, Any]]:
        found = []
        for level in LEVELS:
            for unit in UNITS:
                several = [p for p in self.pairs if p.level == level and p.unit == unit]
                if several:
                    found.append({"level": level, "unit": unit, **_judged(several)})
        return found

    def __repr__(self) -> str:
        rows = self._rows()
        if not rows:
            of = f" of {self.machine}" if self.machine else ""
            meant = f". Did you mean {self._meant!r}?" if self._meant else ""
            return f"<Calibration{of}: nothing was foreseen yet that has come{meant}>"
        lines = [f"Calibration{' of ' + self.machine if self.machine else ''}", _line(_COLUMNS)]
        return "\n".join([*lines, *(_line(_shown(row)) for row in rows)])

    def _repr_html_(self) -> str:
        rows = self._rows()
        if not rows:
            return f"<div>{escape(repr(self).strip('<>'))}</div>"
        head = "".join(f"<th>{escape(one)}</th>" for one in _COLUMNS)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _shown(row))}</tr>"
            for row in rows
        )
        whose = f" of {self.machine}" if self.machine else ""
        title = f"Calibration{whose}; a batch is {BATCH} runs"
        return (
            f"<div><b>{escape(title)}</b><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table></div>"
        )


def _judged(pairs: list[Pair]) -> dict[str, Any]:
    ordered = sorted(pairs, key=lambda one: (one.at, one.seq))
    errors = [abs(one.error) for one in ordered if one.error is not None]
    came = sum(one.actual for one in ordered)
    off = sum(one.estimate - one.actual for one in ordered)
    told = [one for one in ordered if one.p90 is not None]
    half = len(errors) // 2
    return {
        "pairs": len(ordered),
        "median_error": statistics.median(errors) if errors else None,
        "bias": off / came if came else None,
        "within_p90": sum(one.actual <= (one.p90 or 0.0) * (1 + 1e-9) for one in told) / len(told)
        if told
        else None,
        "trend": statistics.median(errors[half:]) - statistics.median(errors[:half])
        if half
        else None,
    }


def _shown(row: dict[str, Any]) -> list[str]:
    cells = [row["level"], row["unit"], f"{row['pairs']:,}"]
    for name in ("median_error", "bias", "within_p90", "trend"):
        value = row[name]
        sign = "+" if name in ("bias", "trend") else ""
        cells.append("" if value is None else f"{value:{sign}.1%}")
    return cells


def _line(cells: list[str]) -> str:
    padded = (f"{cell:<14}" if n < 2 else f"{cell:>14}" for n, cell in enumerate(cells))
    return "".join(padded).rstrip()
