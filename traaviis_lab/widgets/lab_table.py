"""A lab's runs by machine and state as a plain HTML table: what is seen without a kernel."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .board import Board

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab

MAX_LINES = 40


def counts_html(lab: Lab) -> str:
    """One line per machine and state with the number of runs."""
    board = Board()
    board.load(lab.journal.runs(), lab.live())
    sums = board.sums()
    if not sums["groups"]:
        return "<p>No run yet.</p>"
    lines = [
        f"<tr><td>{escape(group['machine'])}</td><td>{escape(group['state'])}</td>"
        f"<td style='text-align:right'>{group['count']:,}</td></tr>"
        for group in sums["groups"][:MAX_LINES]
    ]
    if (rest := len(sums["groups"]) - MAX_LINES) > 0:
        lines.append(f"<tr><td colspan='3'>and {rest} more</td></tr>")
    head = "<tr><th>machine</th><th>state</th><th>runs</th></tr>"
    caption = f"<caption>{sums['total']:,} runs, {sums['running']:,} running</caption>"
    return f"<table>{caption}<thead>{head}</thead><tbody>{''.join(lines)}</tbody></table>"
