"""Facts of a run as answers show them, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import orjson

from traaviis_lab.journal import Fact, Journal

from . import shown

LARGEST = 120_000
"""Bytes of JSON in one page; the rest is on the next."""
MOST_OF_ONE = 300
LONGEST = 2_000
Field = Literal[
    "time", "kind", "name", "state", "cause", "took", "data", "taken", "changed", "effects",
    "raised", "result", "error", "reason", "path", "body", "tokens", "usd",
]  # fmt: skip
_AS_USUAL = frozenset(Field.__args__) - {"body", "raised", "cause"}  # type: ignore[attr-defined]
_SAID = ("data", "patch", "result", "error", "reason", "hint", "path", "answer", "question")


def page(
    facts: Iterable[Fact], limit: int, fields: Iterable[str] | None = None
) -> tuple[list[dict[str, Any]], bool]:
    """The first facts as rows, and whether there are more of them."""
    wanted = _AS_USUAL if fields is None else frozenset(fields)
    rows: list[dict[str, Any]] = []
    size = 0
    for fact in facts:
        row = row_of(fact, wanted)
        size += len(orjson.dumps(row, default=str))
        if rows and (len(rows) == limit or size > LARGEST):
            return rows, True
        rows.append(row)
    return rows, False


def row_of(fact: Fact, wanted: frozenset[str] = _AS_USUAL) -> dict[str, Any]:
    """One fact: its seq, and of the wanted fields those that it has."""
    body = orjson.loads(fact.body)
    told = {
        "time": shown.time(fact.at),
        "kind": fact.kind,
        "name": fact.name,
        "state": fact.state,
        "cause": fact.cause,
        "took": shown.seconds(fact.duration_us),
        **_of_step(body.get("step")),
        **{word: body[word] for word in _SAID if word in body},
        **_of_call(fact),
        "body": body,
    }
    if "patch" in told:
        told["data"] = told.pop("patch")
    row = {word: one for word, one in told.items() if word in wanted and one not in ("", None, {})}
    return {"seq": fact.seq, **shown.value(row, MOST_OF_ONE, LONGEST)}


def _of_step(step: Mapping[str, Any] | None) -> dict[str, Any]:
    if step is None:
        return {}
    told: dict[str, Any] = {"taken": step.get("taken", [])}
    if "set" in step:
        told["changed"] = step["set"]
    if step.get("effects"):
        told["effects"] = [one.get("kind") for one in step["effects"]]
    if step.get("raised"):
        told["raised"] = step["raised"]
    return told


def _of_call(fact: Fact) -> dict[str, Any]:
    if not fact.model:
        return {}
    tokens = (fact.tokens_in or 0) + (fact.tokens_out or 0)
    return {"tokens": tokens, "usd": shown.usd(fact.cost_usd)}


def facts_after(journal: Journal, run: str, after: int, limit: int) -> list[Fact]:
    """The next facts of a run, at most so many."""
    return list(journal.read(run, after=after, upto=after + limit, hashed=False))
