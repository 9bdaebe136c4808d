"""What one run cost up to a fact: calls, sums by state, model and place, as text, HTML and CSV."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traaviis_lab.machine import Chart
from traaviis_lab.views.text import counted

from .account import Account
from .call import Call
from .frames import calls_frame, sums_frame
from .text import below, costs_text, notes
from .words import money

if TYPE_CHECKING:
    import pandas as pd


class Costs:
    """What a run's calls of models and tools cost, beside what was foreseen of them.

    Print it, ask its tables, or let it be the last value of a cell: there it is live. A cost that
    nobody knows is *unknown* (None in tables) and counted in `unpriced`; it is never taken for 0.
    `left_out` counts the calls of runs that this one started, where they are not in here.
    """

    def __init__(
        self,
        run: str,
        chart: Chart | None,
        seq: int,
        account: Account,
        calls: Sequence[Call],
        left_out: int = 0,
    ) -> None:
        self.run, self.chart, self.seq = run, chart, seq  # without a chart nothing is drawn
        self.account, self.calls = account, tuple(calls)
        self.left_out = left_out

    @property
    def usd(self) -> float | None:
        """The sum of the costs that are known; None where there are calls and none is known."""
        return self.account.total.usd

    @property
    def unpriced(self) -> int:
        """How many calls have an unknown cost, which is not in the sum."""
        return self.account.total.unpriced

    @property
    def tokens(self) -> int:
        """The tokens that were read and written."""
        return self.account.total.tokens_in + self.account.total.tokens_out

    @property
    def total(self) -> Mapping[str, Any]:
        """All sums by name: calls, tokens_in, tokens_out, cache_read, cache_write, reasoning,
        usd, unpriced, recorded_usd, seconds, failed, and `estimate` and `error` by unit.
        """
        return self.account.sums()

    def table(self) -> pd.DataFrame:
        """A row per call, in order: what asked, which model, tokens, usd, seconds, the estimate
        at send time (`estimate_usd`, `estimate_tokens`, `estimate_seconds`) and why it failed.
        """
        return calls_frame(self.calls)

    def by_state(self) -> pd.DataFrame:
        """A row per state: sums, the estimate and by how much it was off (0.1: a tenth too much).

        `foreseen` says what the estimate is: "before" the run, or "at send" of each call.
        """
        return sums_frame("state", self.states())

    def by_model(self) -> pd.DataFrame:
        """A row per model, the one with most tokens first; columns as in `by_state`."""
        return sums_frame("model", self.account.by_model())

    def by_effect(self) -> pd.DataFrame:
        """A row per place in the machine that asks a model; columns as in `by_state`."""
        return sums_frame("node", self.account.by_effect(), ("state", "model"))

    def states(self) -> list[dict[str, Any]]:
        """What `by_state` answers, as rows."""
        return self.account.by_state(self.chart.states if self.chart is not None else ())

    def dearest(self, most: int = 10) -> pd.DataFrame:
        """The calls that cost most, the dearest first; columns as in `table`."""
        return calls_frame(self.account.dearest()[:most])

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write `table()` as CSV; answers the text where no path is given."""
        text = self.table().to_csv(index=False)
        if path is None:
            return text
        Path(path).write_text(text, encoding="utf-8")
        return None

    def notes(self) -> list[str]:
        """What one must know to read the sums right, a sentence each."""
        return [*notes(self.total), *below(self.left_out)]

    def to_json(self) -> dict[str, Any]:
        """All of it for a script."""
        return {
            "run": self.run,
            "seq": self.seq,
            "left_out": self.left_out,
            "total": self.total,
            "states": self.states(),
            "models": self.account.by_model(),
            "effects": self.account.by_effect(),
            "calls": [call._asdict() for call in self.calls],
        }

    def __str__(self) -> str:
        return costs_text(self)

    def __repr__(self) -> str:
        if not self.calls:
            return f"<Costs of run {self.run}: no model was asked yet>"
        calls = counted(len(self.calls), "call")
        said = money(self.usd, self.unpriced if self.usd is not None else 0)
        return f"<Costs of run {self.run}: {said}, {self.tokens:,} tokens in {calls}>\n{self}"

    def _repr_html_(self) -> str:
        from .html import costs_html

        return costs_html(self)
