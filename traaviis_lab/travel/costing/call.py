"""One call of a model or a tool as its fact tells it: what it took, and what was foreseen."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import Any, NamedTuple

import orjson

KINDS = ("model.called", "tool.called")


class Foreseen(NamedTuple):
    """What was expected of a call when it was sent. None: nothing was known."""

    usd: float | None = None
    tokens: float | None = None
    seconds: float | None = None


class Call(NamedTuple):
    """A row of `run.costs().table()`. `usd` is None where the price is unknown, never 0 for that.

    `state` is the state whose effect asked; for an effect of a transition, where the run stood.
    """

    run: str
    seq: int
    at: int
    state: str
    model: str
    tokens_in: int
    tokens_out: int
    cache_read: int
    cache_write: int
    reasoning: int
    usd: float | None
    seconds: float
    how: str
    recorded_usd: float | None
    source: str
    path: str
    node: str
    purpose: str
    foreseen: Foreseen
    failed: str
    why: str

    @property
    def tokens(self) -> int:
        """Those it read and those it wrote."""
        return self.tokens_in + self.tokens_out


def call_of(row: Mapping[str, Any]) -> Call:
    """The call that a fact of `KINDS` tells of; `row` has its columns by name, `body` as JSON."""
    body = orjson.loads(row["body"])
    usage, cost = _object(body, "usage"), _object(body, "cost")
    node = str(body.get("node") or "")
    error = body.get("error")
    return Call(
        run=row["run"],
        seq=int(row["seq"]),
        at=int(row["at"]),
        state=owner_of(node) or row["state"] or "",
        model=row["model"] or row["name"] or "",
        tokens_in=_whole(row["tokens_in"]),
        tokens_out=_whole(row["tokens_out"]),
        cache_read=_whole(usage.get("cache_read")),
        cache_write=_whole(usage.get("cache_write")),
        reasoning=_whole(usage.get("reasoning")),
        usd=number(row["cost_usd"]),
        seconds=_whole(row["duration_us"]) / 1e6,
        how=str(cost.get("how") or ""),
        recorded_usd=number(cost.get("recorded_usd")),
        source=str(body.get("source") or ""),
        path=str(body.get("path") or ""),
        node=node,
        purpose=str(body.get("purpose") or ""),
        foreseen=_foreseen(_object(body, "estimate")),
        failed=_said(error) if error else "",
        why=str(_object(body, "estimate").get("why") or ""),
    )


def seen_from(home: str, call: Call) -> Call:
    """A call of a run below one of the machine `home`: its state with its machine before it."""
    machine = call.node.partition("/")[0] or call.run
    return call if machine == home else call._replace(state=f"{machine}.{call.state}")


def owner_of(node: str) -> str:
    """The state in the text that names a place in a machine: `Triage/answer#0` is of `answer`."""
    return node.rpartition("#")[0].partition("/")[2] if "#" in node else ""


def _foreseen(estimate: Mapping[str, Any]) -> Foreseen:
    reads, writes = number(estimate.get("tokens_in")), _middle(estimate, "tokens_out")
    tokens = None if reads is None or writes is None else reads + writes
    return Foreseen(_middle(estimate, "usd"), tokens, _middle(estimate, "seconds"))


def _middle(estimate: Mapping[str, Any], name: str) -> float | None:
    """The median of a foreseen number; one that is no range is taken as it is."""
    found = estimate.get(name)
    return number(found.get("p50") if isinstance(found, Mapping) else found)


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}


def _said(error: Any) -> str:
    return str(error.get("message") or error) if isinstance(error, Mapping) else str(error)


def number(value: Any) -> float | None:
    """A number; None for what is none, and for NaN, as tables write what is missing."""
    kind = type(value)
    if kind is float:
        return None if isnan(value) else value
    if kind is bool or not isinstance(value, int | float) or isnan(value):
        return None
    return float(value)


def _whole(value: Any) -> int:
    found = number(value)
    return 0 if found is None else int(found)
