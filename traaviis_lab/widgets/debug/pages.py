"""Pages of details: what each fact says, and how the data went from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from traaviis_lab.errors import LabError
from traaviis_lab.journal import Fact
from traaviis_lab.travel import Moment, Trail
from traaviis_lab.widgets.portrait import MAX_DEPTH, MAX_FIELDS, portray_within

DETAIL = 256
"""Facts on a page."""
MAX_VALUE = 16_384
"""A value whose picture has more characters is cut harder."""
_COLUMNS = ("cause", "duration_us", "tokens_in", "tokens_out", "cost_usd")
_SAID = (
    "path", "owner", "result", "error", "reason", "hint", "recorded",
    "fraction", "message", "question", "answer", "occurrence",
)  # fmt: skip
_NESTED = 24
"""How deep the document of a composed effect is shown."""
_TOLD = frozenset({"stand", "step"})
"""Not in a note: the data and the columns say it."""
_EVENTS = frozenset({"event", "event.refused", "event.held"})
_NO_NOTES = ("run.", "effect.", "event", "human.")
_ASIDE = frozenset({"note", "debug", "run.done", "run.forked"})


def detail_page(trail: Trail, page: int, total: int) -> dict[str, Any]:
    """Page `page` (from 0) of a run of `total` facts: `{page, first, base, rows, trouble?}`."""
    first = page * DETAIL + 1
    last = min(total, first + DETAIL - 1)
    base: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    trouble = {}
    if first <= last:
        try:
            for moment in trail.walk(first - 1, last):
                if not rows:
                    base = _fields(moment.before.data)
                rows.append(_row(moment))
        except LabError as error:  # the chart is not the one of the record: it still says a lot
            trouble = {"trouble": f"{error.message} {error.hint}".strip()}
            rest = trail.journal.read(trail.run, after=first - 1 + len(rows), upto=last)
            rows += [_row_as_told(fact) for fact in rest]
    return {"page": page, "first": first, "base": base, "rows": rows, **trouble}


def shown(value: Any, depth: int = MAX_DEPTH) -> Any:
    """A value's picture, at most about `MAX_VALUE` characters."""
    return portray_within(value, MAX_VALUE, depth=depth)


def _row(moment: Moment) -> dict[str, Any]:
    before, after = moment.before.data, moment.after.data
    row: dict[str, Any] = {}
    if before is not after:
        changed = {
            key: shown(value)
            for key, value in list(after.items())[:MAX_FIELDS]
            if key not in before or (before[key] is not value and before[key] != value)
        }
        gone = [key for key in before if key not in after]
        row |= {"set": changed} if changed else {}
        row |= {"del": gone} if gone else {}
    if moment.step is not None and moment.step.effects:
        row["effects"] = [shown(one.to_spec()) for one in moment.step.effects]
    return {**row, **_words(moment.fact, moment.body)}


def _row_as_told(fact: Fact) -> dict[str, Any]:
    """A row from the record alone, where the step cannot be computed again."""
    body = orjson.loads(fact.body)
    step = body.get("step") or {}
    row: dict[str, Any] = {"set": _fields(step["set"])} if "set" in step else {}
    if "effects" in step:
        row["effects"] = [shown(one) for one in step["effects"]]
    return {**row, **_words(fact, body)}


def _words(fact: Fact, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the fact says, only the fields that are there."""
    row: dict[str, Any] = {}
    if fact.kind in _EVENTS and body.get("data"):
        row["event"] = shown(body["data"])
    elif fact.kind in ("effect.started", "effect.completed") and "effect" in body:
        row["effects"] = [shown(body["effect"], _NESTED)]
    elif fact.kind in _ASIDE or not fact.kind.startswith(_NO_NOTES):
        row["note"] = shown({key: value for key, value in body.items() if key not in _TOLD})
    for name in _SAID:
        if body.get(name) not in (None, ""):
            row[name] = shown(body[name])
    if raised := (body.get("step") or {}).get("raised"):
        row["raised"] = shown(raised)
    for name in _COLUMNS:
        if (value := getattr(fact, name)) is not None:
            row[name] = value
    if fact.model:
        row["model"] = fact.model
    return row


def _fields(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: shown(value) for key, value in list(data.items())[:MAX_FIELDS]}
