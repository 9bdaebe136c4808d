"""The costs of many runs as HTML that needs no script: by machine, tenant and model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from traaviis_lab.views.text import counted, xml

from .html import STYLE, cost_cell, table_html
from .text import notes, unit_of
from .words import UNKNOWN, amount

if TYPE_CHECKING:
    from .many import ManyCosts


def many_html(costs: ManyCosts) -> str:
    """A self-contained piece of HTML."""
    if not costs.runs:
        return "<p>No model was asked yet.</p>"
    total = costs.total
    unit = unit_of(total)
    parts = [
        STYLE,
        f'<div class="tl-costs"><p><b>{cost_cell(total)}</b> in ',
        f"{counted(len(costs.runs), 'run')}, {counted(total['calls'], 'call')}</p>",
        *(
            table_html(f"By {by}", by, costs.rows(by), unit)
            for by in ("machine", "tenant", "model")
        ),
        _spread(costs, unit),
        *(f"<p>{xml(note)}</p>" for note in notes(total)),
        "</div>",
    ]
    return "".join(parts)


def _spread(costs: ManyCosts, unit: str) -> str:
    rows = costs.spread_rows(unit)
    names = ("mean", "p10", "p50", "p90", "max")
    head = "".join(f"<th>{name}</th>" for name in ("machine", "runs", *names))
    lines = ""
    for row in rows[:20]:
        cells = "".join(f"<td>{amount(unit, row[name]) or UNKNOWN}</td>" for name in names)
        lines += f"<tr><td>{xml(str(row['machine']))}</td><td>{row['runs']:,}</td>{cells}</tr>"
    title = {"usd": "Dollars", "tokens": "Tokens", "seconds": "Seconds"}[unit]
    return (
        f"<table><caption>{title} a run</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{lines}</tbody></table>"
    )
