"""Pack what happened in a run into the small JSON that the report carries with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from traaviis_lab.machine.chart import Chart

from .labels import arrow_words, name

EVERY = 256
"""After this many steps the data is written in full, so that any step is near (as report.js)."""
_LONGEST = 4_000
_DEEPEST = 20

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReportRun:
    """One run as the report shows it; all values are plain JSON.

    steps: mappings with `seq` (int), `at` (microseconds since 1970, or text), `event` (name),
    `event_data`, `state` (ids of all active states), `taken` (transition ids), `effects` (texts
    or mappings), `data` (after the step). facts: rows of the journal with `seq, at, kind, name,
    body`. refused: `seq, at, event` (or `name`), `reason`, `data`. about: facts shown on top.
    """

    title: str
    chart: Chart
    steps: Sequence[Record] = ()
    facts: Sequence[Record] = ()
    refused: Sequence[Record] = ()
    about: Mapping[str, Any] = field(default_factory=dict)


def pack(run: ReportRun, *, facts_limit: int) -> str:
    """The run as JSON text that is safe inside a `<script>` element."""
    chart = run.chart
    places: dict[tuple[str, ...], int] = {}
    steps, full = _steps(run.steps, places)
    packed = {
        "leaves": [one.id for one in chart.states.values() if not one.children],
        "names": {one: name(chart, one) for one in chart.states if name(chart, one) != one},
        "arrows": {
            one.id: _cut(arrow_words(chart, one), 300) for one in chart.transitions.values()
        },
        "steps": steps,
        "places": [list(place) for place in places],
        "full": full,
        "facts": [_fact(fact) for fact in _ends(run.facts, facts_limit)],
        "refused": [_refused(fact) for fact in _ends(run.refused, facts_limit)],
    }
    return script_json(packed)


def script_json(value: Any) -> str:
    """JSON in which no `<`, `>` or `&` occurs, so that nothing in it can end the element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _steps(
    steps: Sequence[Record], places: dict[tuple[str, ...], int]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    packed: list[dict[str, Any]] = []
    full: list[dict[str, Any]] = []
    before: Mapping[str, Any] = {}
    known: dict[str, Any] = {}
    for number, step in enumerate(steps):
        data = step.get("data") or {}
        place = tuple(map(str, step.get("state") or ()))
        one = {
            "s": step.get("seq", number),
            "a": plain(step.get("at")),
            "e": str(step.get("event") or ""),
            "p": places.setdefault(place, len(places)),
        }
        changed = {key: value for key, value in data.items() if _differs(before, key, value)}
        small = {str(key): plain(value) for key, value in changed.items()}
        gone = [str(key) for key in before if key not in data]
        known = {key: value for key, value in {**known, **small}.items() if key not in gone}
        rest = {"v": plain(step.get("event_data")), "t": list(map(str, step.get("taken") or ()))}
        rest |= {"f": plain(list(step.get("effects") or ())), "d": small, "x": gone}
        one |= {key: value for key, value in rest.items() if value}
        if number % EVERY == 0:
            full.append(known)
        packed.append(one)
        before = data
    return packed, full


def _differs(before: Record, key: str, value: Any) -> bool:
    if key not in before:
        return True
    old = before[key]
    return old is not value and (type(old) is not type(value) or old != value)


def _fact(fact: Record) -> list[Any]:
    """A fact as the list in the report has it: seq, at, kind, name, body."""
    body = fact.get("body")
    text = body if isinstance(body, str) else "" if not body else _text(body)
    head = [fact.get("seq", ""), plain(fact.get("at")), str(fact.get("kind") or "")]
    return [*head, str(fact.get("name") or ""), _cut(text, 1_000)]


def _refused(fact: Record) -> list[Any]:
    called = fact.get("event") or fact.get("name") or ""
    data = fact.get("data") or fact.get("event_data")
    text = str(fact.get("reason") or "") + (f"  {_text(data)}" if data else "")
    return [fact.get("seq", ""), plain(fact.get("at")), "refused", str(called), _cut(text, 1_000)]


def _text(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False)


def _ends(rows: Sequence[Record], limit: int) -> list[Record]:
    """All rows, or the first and the last ones where there are too many."""
    if len(rows) <= limit:
        return list(rows)
    half = limit // 2
    gap = {"seq": "…", "name": f"{len(rows) - 2 * half:,} more in the journal"}
    return [*rows[:half], gap, *rows[len(rows) - half :]]


def plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON can hold it: long texts cut, odd numbers and unknown objects as text."""
    if isinstance(value, str):
        return _cut(value, _LONGEST)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {_cut(str(key), 200): plain(one, depth + 1) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one, depth + 1) for one in value]
    return _cut(str(value), _LONGEST)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"
