"""How budgets stand, for people: a table with bars, and a DataFrame."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from traaviis_lab.cost.budget import UNITS, Budget, amount_of
from traaviis_lab.cost.ledger import Account, Ledger
from traaviis_lab.errors import LabError
from traaviis_lab.machine.names import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "budget", "tenant", "machine", "run", "state", "agent", "per", "hard", "unit", "limit",
    "spent", "lost", "reserved", "left", "share", "calls", "unknown",
)  # fmt: skip
BAR = 20


@dataclass(frozen=True, slots=True)
class Row:
    """How one budget stands. By unit: `limits`, `spent`, `lost`, `reserved`, `left`.

    `lost` was set aside by processes that ended before they settled, and counts as spent.
    `unknown` counts the calls that are in no sum, since nobody knows what they used.
    `of` is the run, where each run has a budget of its own; empty, if none has used it yet.
    """

    budget: Budget
    of: str
    spent: dict[str, float]
    lost: dict[str, float]
    reserved: dict[str, float]
    unknown: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def all_of(cls, budget: Budget, ledger: Ledger) -> Iterator[Row]:
        """Its rows: one, or one for each run that has used it."""
        if not budget.per:
            yield cls._of(budget, "", ledger.accounts.get(budget.account))
            return
        below = f"{budget.account}/"
        runs = sorted(name for name in ledger.accounts if name.startswith(below))
        if not runs:
            yield cls._of(budget, "", None)
        for name in runs:
            yield cls._of(budget, name.removeprefix(below), ledger.accounts[name])

    @classmethod
    def _of(cls, budget: Budget, run: str, books: Account | None) -> Row:
        books = books or Account()
        spent, lost, held = (
            {unit: amount_of(unit, kept.get(unit, 0)) for unit in UNITS}
            for kept in (books.spent, books.lost, books.held)
        )
        return cls(budget, run, spent, lost, held, dict(books.unknown))

    @property
    def name(self) -> str:
        """The budget's name."""
        return self.budget.name

    @property
    def limits(self) -> dict[str, float]:
        """What it allows, of each unit that it limits."""
        return dict(self.budget.limits)

    @property
    def left(self) -> dict[str, float]:
        """What it has left: neither spent nor lost nor set aside. Below 0 where more was spent."""
        return {
            unit: round(limit - self.spent[unit] - self.lost[unit] - self.reserved[unit], 9)
            for unit, limit in self.limits.items()
        }

    def used(self, unit: str) -> float:
        """The share of a limit that is spent or lost; more than 1 where more was spent."""
        gone, limit = self.spent[unit] + self.lost[unit], self.limits[unit]
        return gone / limit if limit else float(gone > 0)

    def records(self) -> Iterator[dict[str, Any]]:
        """A record per unit that it limits."""
        budget = self.budget
        for unit, limit in self.limits.items():
            yield {
                "budget": budget.name, "tenant": budget.tenant, "machine": budget.machine,
                "run": budget.run or self.of, "state": budget.state, "agent": budget.agent,
                "per": budget.per, "hard": budget.hard, "unit": unit, "limit": limit,
                "spent": self.spent[unit], "lost": self.lost[unit],
                "reserved": self.reserved[unit], "left": self.left[unit],
                "share": self.used(unit), "calls": int(self.spent["calls"]),
                "unknown": self.unknown.get(unit, 0),
            }  # fmt: skip

    def __repr__(self) -> str:
        lines = [f"{self.name}{f', run {self.of}' if self.of else ''}: {_kind(self.budget)}"]
        return "\n".join([*lines, *(f"  {self._line(unit)}" for unit in self.limits)])

    def _line(self, unit: str) -> str:
        spent, left = self.spent[unit] + self.lost[unit], self.left[unit]
        told = f"{_said(unit, spent)} of {_said(unit, self.limits[unit])} spent"
        held = self.reserved[unit]
        aside = f", {_said(unit, held)} set aside" if held else ""
        lost = f" ({_said(unit, self.lost[unit])} of it lost)" if self.lost[unit] else ""
        over = f", {_said(unit, -left)} too much" if left < 0 else ""
        return f"[{_bar(self.used(unit))}] {told}{lost}{aside}{over}{self._untold(unit)}"

    def _untold(self, unit: str) -> str:
        calls = self.unknown.get(unit, 0)
        return f", and what {calls} call{'' if calls == 1 else 's'} used, unknown" if calls else ""

    def _repr_html_(self) -> str:
        return Budgets((self,), None)._repr_html_()


class Budgets:
    """The budgets of a lab as they stood when they were asked for. Made by `lab.budgets()`."""

    def __init__(self, rows: Sequence[Row], remove: Callable[[str], None] | None) -> None:
        self._rows, self._remove = tuple(rows), remove

    def frame(self) -> pd.DataFrame:
        """A row per budget and unit: its limit, what is spent, lost, reserved and left."""
        import pandas as pd

        records = [record for row in self._rows for record in row.records()]
        return pd.DataFrame(records, columns=list(COLUMNS))

    def remove(self, name: str) -> None:
        """Forget a budget; one that is set under its name later begins anew.

        Raises `LabError` where there is none of this name.
        """
        if self._remove is not None:
            self._remove(name)

    def __getitem__(self, name: str) -> Row:
        for row in self._rows:
            if row.name == name:
                return row
        known = (row.name for row in self._rows)
        raise LabError(f"There is no budget {name!r}.", hint=did_you_mean(name, known))

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        if not self._rows:
            return "No budgets: lab.budget(usd=5) sets one."
        return "\n".join(map(repr, self._rows))

    def _repr_html_(self) -> str:
        if not self._rows:
            return f"<p>{html.escape(repr(self))}</p>"
        cells = "".join(_html_row(row, unit) for row in self._rows for unit in row.limits)
        heads = "".join(
            f"<th>{word}</th>" for word in ("budget", "", "spent", "", "of", "set aside", "left")
        )
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table>"


def _html_row(row: Row, unit: str) -> str:
    used = min(1.0, row.used(unit))
    colour = "#c0392b" if row.left[unit] < 0 or used >= 1 else "#2a7ab0"
    bar = (
        '<div style="width:8em;height:.8em;border:1px solid #8888">'
        f'<div style="width:{used:.0%};height:100%;background:{colour}"></div></div>'
    )
    name = row.name + (f", run {row.of}" if row.of else "")
    amounts = (row.spent[unit] + row.lost[unit], row.limits[unit], row.reserved[unit])
    spent, limit, held = (_said(unit, amount) for amount in amounts)
    spent += row._untold(unit)
    left = _said(unit, row.left[unit])
    texts = (name, _kind(row.budget), spent, bar, limit, held, left)
    cells = (text if text is bar else html.escape(text) for text in texts)
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _kind(budget: Budget) -> str:
    return "hard" if budget.hard else "soft"


def _said(unit: str, amount: float) -> str:
    if unit == "usd":
        text = f"{abs(amount):,.6f}".rstrip("0").rstrip(".")
        return f"{'-' if amount < 0 else ''}${text}"
    text = f"{amount:,.3f}".rstrip("0").rstrip(".")
    return f"{text} {unit[:-1] if text == '1' else unit}"


def _bar(share: float) -> str:
    full = min(BAR, round(share * BAR))
    return "#" * full + "." * (BAR - full)
