"""The differences of two runs as HTML for a cell: the drawing, and tables that can be opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from traaviis_lab.errors import NotInstalled
from traaviis_lab.views import style_css
from traaviis_lab.views.assets import asset
from traaviis_lab.views.text import one_line, xml

from .text import chart_words, effect_words, verdict
from .words import (
    LEGEND,
    SIGNS,
    folded,
    seq_words,
    stride_words,
    total_words,
    totals_shown,
    value_words,
)

if TYPE_CHECKING:
    from .diff import Diff, Row

MOST_ROWS = 200
_LONGEST = 400


def diff_html(diff: Diff, context: int = 3) -> str:
    """One `div`, without scripts and without anything to fetch; everything is escaped."""
    return "\n".join(_parts(diff, context))


def _parts(diff: Diff, context: int) -> Iterator[str]:
    sides = (xml(one_line(diff.left)), xml(one_line(diff.right)))
    yield f'<div class="tl-diff"><style>{style_css()}{asset("diff.css")}</style>'
    yield (
        f'<p class="tl-diff-head"><b class="tl-diff-left">{sides[0]}</b> and '
        f'<b class="tl-diff-right">{sides[1]}</b></p><p>{xml(verdict(diff))}</p>'
    )
    if diff.charts[0] != diff.charts[1]:
        yield f"<p>Their charts differ: {xml(chart_words(diff))}.</p>"
    if diff.undrawn:
        yield f"<p>Not in the chart of {sides[0]}: {xml(', '.join(diff.undrawn)[:_LONGEST])}.</p>"
    if diff.charts[0].states:
        yield from _drawing(diff)
    if diff.first is not None:
        yield from _path(diff, sides, context)
    data = [
        (one.path, value_words(one.left, 120), value_words(one.right, 120)) for one in diff.data
    ]
    yield from _table("Data where they stand now", ("path", *sides), data, is_open=True)
    effects = [effect_words(one, 120) for one in diff.effects]
    yield from _table("Effects with another answer", ("effect", *sides), effects, is_open=True)
    sums = [total_words(one) for one in totals_shown(diff)]
    yield from _table("Sums", ("", *sides), sums, is_open=not diff.same)
    yield "</div>"


def _drawing(diff: Diff) -> Iterator[str]:
    try:
        yield f'<div class="tl-diff-picture">{diff.svg(standalone=False)}</div>'
    except NotInstalled as error:
        yield f"<p>No drawing: {xml(str(error))}</p>"


def _path(diff: Diff, sides: tuple[str, str], context: int) -> Iterator[str]:
    yield "<details open><summary>Steps around the differences</summary><table>"
    yield f"<tr><th>seq</th><th>{sides[0]}</th><th></th><th>seq</th><th>{sides[1]}</th></tr>"
    for row in folded(diff.path, context, MOST_ROWS):
        if isinstance(row, int):
            yield f'<tr class="tl-diff-fold"><td></td><td colspan="4">{row:,} more</td></tr>'
        else:
            yield _row(diff, row)
    yield "</table>"
    if diff.has_parents:
        yield "<p>A seq in parentheses is a fact of the fork's parent.</p>"
    yield "</details>"


def _row(diff: Diff, row: Row) -> str:
    left, right = (
        f"<td>{seq_words(one, run)}</td><td>{xml(stride_words(one, 90))}</td>"
        for one, run in ((row.left, diff.left), (row.right, diff.right))
    )
    sign = f'<td title="{LEGEND[row.how]}">{xml(SIGNS[row.how])}</td>'
    return f'<tr class="tl-diff-{row.how}">{left}{sign}{right}</tr>'


def _table(
    title: str, head: Sequence[str], rows: Sequence[tuple[str, str, str]], *, is_open: bool
) -> Iterator[str]:
    if not rows:
        return
    yield f"<details{' open' if is_open else ''}><summary>{xml(title)}</summary><table><tr>"
    yield "".join(f"<th>{word}</th>" for word in head) + "</tr>"
    for row in rows[:MOST_ROWS]:
        yield f"<tr>{''.join(f'<td>{xml(word)}</td>' for word in row)}</tr>"
    if len(rows) > MOST_ROWS:
        yield f'<tr class="tl-diff-fold"><td colspan="3">{len(rows) - MOST_ROWS:,} more</td></tr>'
    yield "</table></details>"
