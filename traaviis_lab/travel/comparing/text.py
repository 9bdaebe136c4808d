"""The differences of two runs as text: the first one, two columns of steps, data, effects, sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from traaviis_lab.views.text import columns, counted, shorten

from .words import (
    LEGEND,
    SIGNS,
    asked_words,
    folded,
    parting_words,
    seq_words,
    stride_words,
    total_words,
    totals_shown,
    value_words,
)

if TYPE_CHECKING:
    from .diff import Answer, Diff, Row

MOST_ROWS = 60
MOST_CHANGES = 5
_WIDEST = 44


def diff_text(diff: Diff, context: int = 2) -> str:
    """The whole text; around each difference `context` steps that are the same are shown."""
    return "\n".join(_lines(diff, context))


def _lines(diff: Diff, context: int) -> Iterator[str]:
    yield f"{diff.left} | {diff.right}"
    yield verdict(diff)
    if diff.charts[0] != diff.charts[1]:
        yield f"Their charts differ: {chart_words(diff)}."
    if diff.undrawn:
        yield f"Not in the chart of {diff.left}: {shorten(', '.join(diff.undrawn), 200)}."
    if not diff.exact:
        yield "The paths are too long to lay them side by side in the best way; this is a good one."
    if diff.first is not None:
        yield ""
        yield from _path(diff, context)
    for title, rows in (
        ("Data", [(one.path, value_words(one.left), value_words(one.right)) for one in diff.data]),
        ("Effects", [effect_words(one) for one in diff.effects]),
        ("Sums", [total_words(one) for one in totals_shown(diff)]),
    ):
        if rows:
            yield ""
            yield from _table(title, rows)


def verdict(diff: Diff) -> str:
    """What came out, in one sentence."""
    if diff.first is not None:
        return parting_words(diff, diff.first)
    if diff.same:
        return f"They are the same: {counted(len(diff.path), 'step')}."
    return f"All steps are the same ({len(diff.path):,}), but not all that came of them."


def chart_words(diff: Diff) -> str:
    """What is otherwise in the right run's chart, the first few of it."""
    told = diff.chart_changes
    more = [f"{len(told) - MOST_CHANGES} more"] if len(told) > MOST_CHANGES else []
    shown = [shorten(one, 90) for one in told[:MOST_CHANGES]]
    return "; ".join([*shown, *more]) or "only in what does not matter to a run"


def _path(diff: Diff, context: int) -> Iterator[str]:
    rows = list(folded(diff.path, context, MOST_ROWS))
    shown = [row for row in rows if not isinstance(row, int)]
    wide = max((columns(stride_words(row.left, _WIDEST)) for row in shown), default=0)
    seqs = [_seqs(diff, row) for row in shown]
    digits = max(3, *(len(seq) for both in seqs for seq in both))
    yield f"  {'seq':>{digits}}  {_pad('left', wide)}      {'seq':>{digits}}  right"
    for row in rows:
        if isinstance(row, int):
            yield f"  {'':>{digits}}  ... {row:,} more"
        else:
            left, right = (f"{seq:>{digits}}" for seq in _seqs(diff, row))
            mine = _pad(stride_words(row.left, _WIDEST), wide)
            yours = stride_words(row.right, _WIDEST)
            yield f"  {left}  {mine}  {SIGNS[row.how]}   {right}  {yours}".rstrip()
    signs = dict.fromkeys(row.how for row in shown if row.how != "same")
    told = [f"{SIGNS[how]} {LEGEND[how]}" for how in signs]
    if any(seq.startswith("(") for both in seqs for seq in both):
        told.append("(seq) a fact of its parent")
    yield "  " + "; ".join(told)


def _seqs(diff: Diff, row: Row) -> tuple[str, str]:
    return seq_words(row.left, diff.left), seq_words(row.right, diff.right)


def effect_words(one: Answer, limit: int = 60) -> tuple[str, str, str]:
    """An effect by its kind and place, and how it ended on both sides."""
    asked = one.left or one.right
    name = f"{one.kind} {asked.path if asked is not None else ''}".strip()
    return name, asked_words(one.left, limit), asked_words(one.right, limit)


def _table(title: str, rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    yield title
    wide = max(columns(row[0]) for row in rows)
    for name, left, right in rows[:MOST_ROWS]:
        yield f"  {_pad(name, wide)}  {left} | {right}"
    if len(rows) > MOST_ROWS:
        yield f"  ... {len(rows) - MOST_ROWS:,} more"


def _pad(text: str, wide: int) -> str:
    return text + " " * (wide - columns(text))
