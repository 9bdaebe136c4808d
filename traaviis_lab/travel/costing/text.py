"""Costs as plain text: a line for the whole, a table by state, and what is unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .words import UNKNOWN, amount, money, off, took

if TYPE_CHECKING:
    from .costs import Costs
    from .many import ManyCosts

HEAD = ("", "calls", "tokens in", "tokens out", "cost", "estimate", "off by", "time")
MOST_ROWS = 30


def costs_text(costs: Costs) -> str:
    """The table by state with the whole below it."""
    if not costs.calls and not costs.account.plan:
        return " ".join(["No model was asked yet.", *costs.notes()])
    unit = unit_of(costs.total)
    rows = costs.states()
    lines = [row_words(str(row["state"]) or "(start)", row, unit) for row in rows[:MOST_ROWS]]
    if len(rows) > MOST_ROWS:
        lines.append((f"and {len(rows) - MOST_ROWS:,} more", *[""] * (len(HEAD) - 1)))
    table = aligned([HEAD, *lines, row_words("all", costs.total, unit)])
    return "\n".join([table, *costs.notes()])


def many_text(costs: ManyCosts, by: str) -> str:
    """The table by machine, tenant, model, state or run, with the whole below it."""
    if not costs.runs:
        return "No model was asked yet."
    total, rows = costs.total, costs.rows(by)
    unit = unit_of(total)
    lines = [row_words(str(row[by]), row, unit) for row in rows[:MOST_ROWS]]
    if len(rows) > MOST_ROWS:
        lines.append((f"and {len(rows) - MOST_ROWS:,} more", *[""] * (len(HEAD) - 1)))
    table = aligned([(by, *HEAD[1:]), *lines, row_words("all", total, unit)])
    return "\n".join([table, *notes(total)])


def unit_of(total: Mapping[str, Any]) -> str:
    """What estimate and actual are compared in: dollars where any were spent, else tokens."""
    return "usd" if total["usd"] or total["estimate"]["usd"] else "tokens"


def row_words(name: str, row: Mapping[str, Any], unit: str) -> tuple[str, ...]:
    """One group in words, as `HEAD` names them."""
    asked = bool(row["calls"])
    cost = money(row["usd"], row["unpriced"] if row["usd"] is not None else 0) if asked else ""
    estimate = row["estimate"][unit]
    return (
        name,
        f"{row['calls']:,}",
        f"{row['tokens_in']:,}" if asked else "",
        f"{row['tokens_out']:,}" if asked else "",
        cost,
        amount(unit, estimate) + (" tokens" if unit == "tokens" and estimate is not None else ""),
        off(row["error"][unit]),
        took(row["seconds"]) if asked else "",
    )


def notes(total: Mapping[str, Any]) -> list[str]:
    """What one must know to read the sums right."""
    found = []
    if total["unpriced"]:
        calls = "1 call has" if total["unpriced"] == 1 else f"{total['unpriced']:,} calls have"
        found.append(f"{calls} an {UNKNOWN} cost: it is not in the sum. lab.prices.set(...)")
    if total["recorded_usd"]:
        found.append(
            f"Recorded answers were played again; they cost {money(total['recorded_usd'])} once."
        )
    if total["failed"]:
        found.append(f"{total['failed']:,} of the calls failed.")
    if total["reasoning"] or total["cache_read"] or total["cache_write"]:
        found.append(
            f"Of the tokens {total['cache_read']:,} were read from a cache, "
            f"{total['cache_write']:,} written to one, {total['reasoning']:,} were reasoning."
        )
    return found


def below(calls: int) -> list[str]:
    """That calls of runs which this one started are not in the sums."""
    if not calls:
        return []
    said = "1 call of a run" if calls == 1 else f"{calls:,} calls of runs"
    return [f"Not in here: {said} that this one started. children=True counts them too."]


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """The rows as columns, the first to the left and the others to the right."""
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    keep = [at for at, width in enumerate(wide) if width]
    lines = []
    for row in rows:
        cells = [row[at].rjust(wide[at]) if at else row[at].ljust(wide[at]) for at in keep]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
