"""What a difference of two runs is called, for people: in texts and in tables alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import dropwhile
from typing import TYPE_CHECKING, Any

import orjson

from traaviis_lab.travel.places import ABSENT
from traaviis_lab.views.text import shorten

from .strides import Asked, Stride

if TYPE_CHECKING:
    from .diff import Diff, Parting, Row, Total

SIGNS = {"same": "=", "changed": "~", "apart": "≠", "left": "<", "right": ">"}
LEGEND = {
    "same": "the same step",
    "changed": "the same event and state, but other data, transitions or effects",
    "apart": "each does something else",
    "left": "only in the left run",
    "right": "only in the right run",
}


def folded(path: Sequence[Row], context: int, most: int) -> Iterator[Row | int]:
    """The rows that differ with `context` rows around each, at most `most` rows; numbers stand
    for so many rows left out."""
    near = [False] * len(path)
    for number, row in enumerate(path):
        if row.how != "same":
            for i in range(max(0, number - context), min(len(path), number + context + 1)):
                near[i] = True
    skipped = shown = 0
    for number, row in enumerate(path):
        if shown >= most:
            yield len(path) - number + skipped
            return
        if not near[number]:
            skipped += 1
            continue
        if skipped:
            yield skipped
            skipped = 0
        yield row
        shown += 1
    if skipped:
        yield skipped


def value_words(value: Any, limit: int = 60) -> str:
    """A value as short JSON; `—` where there is none."""
    if value is ABSENT:
        return "—"
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, ValueError):  # a number too large for JSON text
        text = str(value)
    return shorten(text, limit)


def stride_words(stride: Stride | None, limit: int = 60) -> str:
    """A step in a line: `open_command → opening`."""
    if stride is None:
        return ""
    return shorten(f"{stride.via or 'start'} → {stride.state}", limit)


def seq_words(stride: Stride | None, run: str) -> str:
    """The seq of a step; in parentheses where it is a fact of the run's parent."""
    if stride is None:
        return ""
    return str(stride.seq) if stride.run == run else f"({stride.seq})"


def asked_words(asked: Asked | None, limit: int = 60) -> str:
    """How an effect ended: `completed 12`, `failed EffectTimeout: ...`, `not asked`."""
    if asked is None:
        return "not asked"
    if asked.status == "failed" and isinstance(asked.answer, dict):
        told = f"{asked.answer.get('kind')}: {asked.answer.get('message')}"
        return shorten(f"failed {told}", limit)
    if asked.status == "completed":
        return shorten(f"completed {value_words(asked.answer, limit)}", limit)
    return asked.status


def parting_words(diff: Diff, part: Parting) -> str:
    """Where two runs part, in one sentence."""
    left, right = _parted(diff, 0), _parted(diff, 1)
    if part.what == "end":
        longer, seq = (diff.left, left) if part.left_seq else (diff.right, right)
        shorter = diff.right if part.left_seq else diff.left
        event = part.left if part.left is not ABSENT else part.right
        return f"{longer} goes on at seq {seq} with {event}; {shorter} has come no further."
    seqs = f"seq {left} | {right}"
    sides = (part.left, part.right)
    if part.what in ("event", "state"):
        said = [side or "start" for side in sides]
    elif part.what == "taken":
        said = [", ".join(side) or "nothing" for side in sides]
    elif part.what in ("data", "event data"):
        places = list(dict.fromkeys([place for side in sides for place in side]))
        told = [_place_words(place, part) for place in places[:3]]
        return f"They part at {seqs}: {', '.join(told)}{', ...' if len(places) > 3 else ''}."
    else:
        said = [value_words(side) for side in sides]
    return f"They part at {seqs}: {part.what} {said[0]} | {said[1]}."


def _parted(diff: Diff, side: int) -> str:
    """The seq at which a side parts, in parentheses where it is a fact of the run's parent."""
    rest = dropwhile(lambda row: row.how == "same", diff.path)
    stride = next((one for row in rest if (one := row.side(side)) is not None), None)
    return seq_words(stride, diff.right if side else diff.left)


def _place_words(place: str, part: Parting) -> str:
    left, right = (value_words(side.get(place, ABSENT)) for side in (part.left, part.right))
    return f"{place} {left} | {right}"


def total_words(total: Total) -> tuple[str, str, str]:
    """A sum by its name with its unit, and both sides."""
    name = {"cost_usd": "cost", "tokens_in": "tokens in", "tokens_out": "tokens out"}
    sides = [_number(total.name, side) for side in (total.left, total.right)]
    return name.get(total.name, total.name), sides[0], sides[1]


def totals_shown(diff: Diff) -> list[Total]:
    """The sums that say something: no tokens and costs where no model and no tool was called."""
    called = any(one.left or one.right for one in diff.sums if one.name == "calls")
    always = ("steps", "effects", "duration")
    shown = [one for one in diff.sums if called or one.name in always]
    return [one for one in shown if one.name != "unpriced" or one.left or one.right]


def _number(name: str, value: float | None) -> str:
    if value is None:
        return "unknown"
    if name == "duration":
        return _time(value)
    return f"${value:,.4f}" if name == "cost_usd" else f"{value:,}"


def _time(micros: float) -> str:
    seconds = micros / 1e6
    if seconds < 1:
        return f"{micros / 1e3:.3g} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:,.1f} h"
