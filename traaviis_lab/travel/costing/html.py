"""Costs as HTML that needs no script: the shaded diagram, bars by state, and the dearest calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import NotInstalled
from traaviis_lab.views.shade import Shade, shaded_svg
from traaviis_lab.views.text import one_line, xml

from .text import MOST_ROWS, costs_text, unit_of
from .words import UNKNOWN, amount, money, off, took

if TYPE_CHECKING:
    from .costs import Costs

MOST_CALLS = 8
MAX_PICTURE = 1_000_000
STYLE = """
<style>
.tl-costs { font-size: 13px; max-width: 1100px; }
.tl-costs table { border-collapse: collapse; margin: 6px 0; }
.tl-costs th, .tl-costs td { padding: 2px 10px; text-align: right; }
.tl-costs td { font-variant-numeric: tabular-nums; }
.tl-costs th:first-child, .tl-costs td:first-child { text-align: left; }
.tl-costs .tl-unknown { color: #b45309; font-weight: 600; }
.tl-costs .tl-bar { display: block; height: 6px; border-radius: 3px; min-width: 1px; }
.tl-costs .tl-bar { background: #e8830c; }
.tl-costs .tl-bar.tl-was { background: #94a3b8; margin-bottom: 2px; }
.tl-costs .tl-bars { width: 160px; }
.tl-costs caption { text-align: left; font-weight: 600; padding: 2px 0; }
</style>
"""


def costs_html(costs: Costs) -> str:
    """A self-contained piece of HTML."""
    if not costs.calls and not costs.account.plan:
        return f"<p>{xml(costs_text(costs))}</p>"
    unit = unit_of(costs.total)
    return "".join([STYLE, '<div class="tl-costs">', *_parts(costs, unit), "</div>"])


def _parts(costs: Costs, unit: str) -> Iterator[str]:
    yield f"<p><b>{cost_cell(costs.total)}</b> for {costs.tokens:,} tokens in "
    yield f"{len(costs.calls):,} calls, {xml(took(costs.account.total.seconds))}; "
    yield f"run <code>{xml(costs.run)}</code> up to seq {costs.seq:,}</p>"
    states = costs.states()
    yield _picture(costs, states, unit)
    yield table_html("By state", "state", states, unit)
    if len(costs.account.models) > 1:
        yield table_html("By model", "model", costs.account.by_model(), unit)
    yield from _dearest(costs)
    yield from (f"<p>{xml(note)}</p>" for note in costs.notes())


def shades_of(states: Sequence[Mapping[str, Any]], unit: str) -> dict[str, Shade]:
    """How dark each state is and its label: what was foreseen, and what came."""
    most = max((actual(row, unit) or 0.0 for row in states), default=0.0)
    return {
        str(row["state"]): Shade(
            (actual(row, unit) or 0.0) / most if most else 0.0, _label(row, unit)
        )
        for row in states
    }


def actual(row: Mapping[str, Any], unit: str) -> float | None:
    """What a group took; None where that is not known."""
    if unit == "tokens":
        return float(row["tokens_in"] + row["tokens_out"])
    found = row[unit]
    return None if found is None else float(found)


def table_html(title: str, name: str, rows: Sequence[Mapping[str, Any]], unit: str) -> str:
    """Groups as a table with two bars each: the estimate above, what came below."""
    values = [
        value for row in rows for value in (actual(row, unit), row["estimate"][unit]) if value
    ]
    most = max(values, default=0.0)
    head = (name, "calls", "tokens in", "tokens out", "cost", "estimate", "off by", "")
    lines = "".join(_line(name, row, unit, most) for row in rows[:MOST_ROWS])
    more = len(rows) - MOST_ROWS
    if more > 0:
        lines += f'<tr><td colspan="{len(head)}">and {more:,} more</td></tr>'
    ths = "".join(f"<th>{word}</th>" for word in head)
    head_row = f"<caption>{title}</caption><thead><tr>{ths}</tr></thead>"
    return f"<table>{head_row}<tbody>{lines}</tbody></table>"


def cost_cell(row: Mapping[str, Any]) -> str:
    """Dollars, with what is unknown marked."""
    if row["usd"] is None:
        return f'<span class="tl-unknown">{UNKNOWN}</span>'
    known = money(row["usd"])
    if not row["unpriced"]:
        return known
    return f'{known} <span class="tl-unknown">+ {row["unpriced"]:,} {UNKNOWN}</span>'


def _line(name: str, row: Mapping[str, Any], unit: str, most: float) -> str:
    label = one_line(str(row[name])) or "(start)"
    estimate = amount(unit, row["estimate"][unit])
    cells = (
        *(f"{row['calls']:,}", f"{row['tokens_in']:,}", f"{row['tokens_out']:,}"),
        *(cost_cell(row) if row["calls"] else "", xml(estimate), xml(off(row["error"][unit]))),
    )
    bars = _bar(row["estimate"][unit], most, "tl-bar tl-was") + _bar(
        actual(row, unit), most, "tl-bar"
    )
    tds = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><td>{xml(label[:80])}</td>{tds}<td class="tl-bars">{bars}</td></tr>'


def _bar(value: float | None, most: float, words: str) -> str:
    if not value or not most:
        return ""
    return f'<span class="{words}" style="width:{100 * value / most:.1f}%"></span>'


def _label(row: Mapping[str, Any], unit: str) -> str:
    was, came = row["estimate"][unit], actual(row, unit)
    said = UNKNOWN if came is None else amount(unit, came) if row["calls"] else "–"
    if row["unpriced"] and came is not None and unit == "usd":
        said += " + ?"
    return said if was is None else f"≈{amount(unit, was)} → {said}"


def _picture(costs: Costs, states: Sequence[Mapping[str, Any]], unit: str) -> str:
    if costs.chart is None:
        return ""
    try:
        svg = shaded_svg(costs.chart, shades_of(states, unit), standalone=False)
    except NotInstalled:
        return ""
    from traaviis_lab.views import style_css

    return "" if len(svg) > MAX_PICTURE else f"<style>{style_css()}</style>{svg}"


def _dearest(costs: Costs) -> Iterator[str]:
    calls = costs.account.dearest()[:MOST_CALLS]
    if len(costs.calls) < 2:
        return
    yield "<table><caption>Most expensive calls</caption><thead><tr><th>seq</th><th>state</th>"
    yield "<th>model</th><th>tokens in</th><th>tokens out</th><th>cost</th></tr></thead><tbody>"
    for call in calls:
        cost = (
            money(call.usd)
            if call.usd is not None
            else f'<span class="tl-unknown">{UNKNOWN}</span>'
        )
        where = f"{call.seq:,}" if call.run == costs.run else f"{xml(call.run)}, {call.seq:,}"
        yield f"<tr><td>{where}</td><td>{xml(one_line(call.state))}</td>"
        yield f"<td>{xml(one_line(call.model))}</td><td>{call.tokens_in:,}</td>"
        yield f"<td>{call.tokens_out:,}</td><td>{cost}</td></tr>"
    yield "</tbody></table>"
