"""An estimate as people see it: a table, a text, a page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from traaviis_lab.cost.estimate import (
    AMOUNTS,
    Estimated,
    EstimateLine,
    estimated_from_json,
)
from traaviis_lab.cost.foreseen import Spread

if TYPE_CHECKING:
    import pandas as pd

TITLES = {"calls": "calls", "tokens_in": "tokens in", "tokens_out": "tokens out",
           "usd": "US dollars", "seconds": "seconds"}  # fmt: skip


class Estimate:
    """What a run will probably take, before it is started.

    `usd`, `seconds`, `tokens_in`, `tokens_out` and `calls` are amounts with `expected` (the
    average), `p50`, `p90` and `most`; `usd` is None where a price is not known, `seconds`
    where a time is not, `most` where nothing bounds it. `table()` says it by place and why;
    `unknowns` and `guesses` say what the numbers know nothing about.
    """

    def __init__(self, told: Estimated, data: bytes = b"") -> None:
        self.told = told
        self.data = data  # what the run would be started with, as canonical JSON

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Estimate:
        """The estimate in a fact `estimate.made`."""
        return cls(estimated_from_json(body))

    def to_json(self) -> dict[str, Any]:
        """The estimate as JSON, as its fact has it."""
        return self.told.to_json()

    @property
    def calls(self) -> Spread:
        """Calls of models."""
        return self.told.calls

    @property
    def tokens_in(self) -> Spread:
        """Tokens that models read."""
        return self.told.tokens_in

    @property
    def tokens_out(self) -> Spread:
        """Tokens that models write."""
        return self.told.tokens_out

    @property
    def usd(self) -> Spread | None:
        """US dollars; None where a price is not known."""
        return self.told.usd

    @property
    def seconds(self) -> Spread | None:
        """Seconds; what people take is not counted. None where nobody knows how long one takes."""
        return self.told.seconds

    @property
    def unknowns(self) -> list[str]:
        """What is not known, a sentence each."""
        return list(self.told.unknowns)

    @property
    def guesses(self) -> list[str]:
        """What was taken to be so, for want of anything better, a sentence each."""
        return list(self.told.guesses)

    def table(self) -> pd.DataFrame:
        """A row per place that calls a model or takes time: the amounts, and why so much."""
        import pandas as pd

        rows = [
            {
                "machine": line.machine, "state": line.state, "node": line.node,
                "effect": line.kind, "model": line.model, "reached": line.reached,
                "calls": line.calls.expected,
                "tokens_in": line.tokens_in.expected, "tokens_out": line.tokens_out.expected,
                "usd": None if line.usd is None else line.usd.expected,
                "usd_p90": None if line.usd is None else line.usd.p90,
                "seconds": None if line.seconds is None else line.seconds.expected,
                "why": line.why,
            }
            for line in self.told.lines
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=_COLUMNS).astype(
            dict.fromkeys(("usd", "usd_p90", "seconds"), float)
        )

    def by_state(self) -> pd.DataFrame:
        """A row per state of the machine: what it is expected to take."""
        import pandas as pd

        return pd.DataFrame(self.told.states(), columns=["state", *AMOUNTS])

    def __repr__(self) -> str:
        head = "".join(f"{one:>12}" for one in ("expected", "p50", "p90", "most"))
        lines = [about(self.told), f"{'':12}{head}"]
        for name, cells in amounts_of(self.told):
            lines.append(f"{TITLES[name]:12}{''.join(f'{cell:>12}' for cell in cells)}")
        for line in self.told.lines:
            if line.model:
                calls = _number("calls", line.calls.expected)
                lines.append(
                    f"  {_place(self.told, line)}: {line.model}, {calls} calls, "
                    f"{_money(line.usd)}; {line.why}"
                )
        lines += [f"  not known: {one}" for one in self.told.unknowns]
        lines += [f"  guessed: {one}" for one in self.told.guesses]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("", "expected", "p50", "p90", "most"))
        rows = "".join(
            f"<tr><th>{TITLES[name]}</th>"
            + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            + "</tr>"
            for name, cells in amounts_of(self.told)
        )
        places = "".join(_place_row(self.told, line) for line in self.told.lines)
        titles = ("state", "effect", "model", "reached", "calls", "tokens in", "tokens out",
                  "US dollars", "seconds", "why")  # fmt: skip
        notes = [f"Not known: {one}" for one in self.told.unknowns]
        notes += [f"Guessed: {one}" for one in self.told.guesses]
        return (
            f"<div><b>{escape(about(self.told))}</b>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            f"<table><thead><tr>{''.join(f'<th>{one}</th>' for one in titles)}</tr></thead>"
            f"<tbody>{places}</tbody></table>"
            f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in notes)}</ul></div>"
        )


_COLUMNS = ["machine", "state", "node", "effect", "model", "reached", "calls", "tokens_in",
            "tokens_out", "usd", "usd_p90", "seconds", "why"]  # fmt: skip


def amounts_of(told: Estimated) -> list[tuple[str, list[str]]]:
    """Each amount by name, with its expected, p50, p90 and most as texts."""
    return [(name, _cells(name, getattr(told, name))) for name in AMOUNTS]


def cells_of(told: Estimated, line: EstimateLine) -> tuple[str, ...]:
    """A place as texts: state, effect, model, reached, the amounts expected, and why."""
    return (
        _place(told, line), line.kind, line.model, f"{line.reached:.0%}",
        _number("calls", line.calls.expected), _number("tokens_in", line.tokens_in.expected),
        _number("tokens_out", line.tokens_out.expected), _money(line.usd),
        "unknown" if line.seconds is None else _number("seconds", line.seconds.expected),
        line.why,
    )  # fmt: skip


def _place_row(told: Estimated, line: EstimateLine) -> str:
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells_of(told, line))}</tr>"


def _place(told: Estimated, line: EstimateLine) -> str:
    """The state; of a machine that is started on the way, with its machine."""
    return line.state if line.machine == told.machine else f"{line.machine}.{line.state}"


def about(told: Estimated) -> str:
    """What an estimate is of, and what it is made from."""
    whose = f"run {told.run} of {told.machine}" if told.run else f"a run of {told.machine}"
    base = f"{told.runs} run{'s' * (told.runs != 1)} before it" if told.runs else "no run before it"
    return f"Estimate of {whose} ({told.walks} walks, {base})"


def _cells(name: str, spread: Spread | None) -> list[str]:
    if spread is None:
        return ["unknown"] * 4
    shown = [_number(name, one) for one in (spread.expected, spread.p50, spread.p90)]
    return [*shown, "no limit" if spread.most is None else _number(name, spread.most)]


def _money(spread: Spread | None) -> str:
    return "unknown price" if spread is None else f"${_number('usd', spread.expected)}"


def _number(name: str, value: float) -> str:
    if name == "usd":
        return f"{value:.6f}" if 0 < value < 0.01 else f"{value:,.4f}" if value else "0"
    if name in ("tokens_in", "tokens_out"):
        return f"{value:,.0f}"
    return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"
