"""Pair what was foreseen with what came: by call, state, run and batch, from the journal only."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from traaviis_lab.journal import Journal

LEVELS = ("call", "state", "run", "batch")
UNITS = ("usd", "tokens", "seconds")
BATCH = 50
"""Runs of a machine that are added up to a batch, in the order in which they began."""

_CALLS = """
select c.run_id, c.seq, c."at", coalesce(nullif(r.machine, ''), '') as machine, c.model,
       c.tokens_in, c.tokens_out, c.cost_usd, c.duration_us, c.body
from events c left join runs r on r.run_id = c.run_id
where c.kind = 'model.called' order by c."at", c.seq
"""
_RUNS = """
select r.run_id, r.machine, r.started, r."at", r.done, e.seq, e."at" as made, e.body,
       s.body->>'$.parent.run' as parent
from runs r
left join (select run_id, min(seq) as seq, arg_min("at", seq) as "at", arg_min(body, seq) as body
           from events where kind = 'estimate.made' group by run_id) e on e.run_id = r.run_id
left join (select run_id, arg_min(body, seq) as body from events where kind = 'run.started'
           group by run_id) s on s.run_id = r.run_id
order by r.started, r.run_id
"""


class Pair(NamedTuple):
    """What was foreseen of something, and what came of it.

    `error` is the estimate's, as a share of what came: 0.1 foresaw a tenth too much; None where
    nothing came.
    """

    level: str
    machine: str
    run: str
    seq: int
    at: int
    state: str
    node: str
    model: str
    unit: str
    estimate: float
    p90: float | None
    actual: float

    @property
    def error(self) -> float | None:
        """By how much the estimate was off, as a share of what came."""
        if self.actual:
            return (self.estimate - self.actual) / self.actual
        return 0.0 if not self.estimate else None


class Actual(NamedTuple):
    """One call as it came: where, and its amounts by unit (None: not known)."""

    run: str
    seq: int
    at: int
    machine: str
    state: str
    node: str
    model: str
    units: dict[str, float | None]
    foreseen: Mapping[str, Any] | None


def pairs_of(journal: Journal, machine: str = "") -> list[Pair]:
    """All pairs in a journal, or those of one machine's runs."""
    calls = [_actual(row) for row in _rows(journal, _CALLS)]
    runs = _rows(journal, _RUNS)
    found = list(_by_call([c for c in calls if not machine or c.machine == machine]))
    whole = list(_by_run(calls, runs, machine))
    return [*found, *whole, *_by_batch(whole)]


def _actual(row: Mapping[str, Any]) -> Actual:
    body = orjson.loads(row["body"])
    node = str(body.get("node") or "")
    usd = _number(row["cost_usd"])
    if body.get("source") == "recorded":
        usd = _number((body.get("cost") or {}).get("recorded_usd"))
    read, said = _number(row["tokens_in"]), _number(row["tokens_out"])
    took = None if body.get("source") == "recorded" else _number(row["duration_us"])
    units = {
        "usd": usd,
        "tokens": None if read is None or said is None else read + said,
        "seconds": None if took is None else took / 1e6,
    }
    estimate = None if body.get("error") else body.get("estimate")
    state = node.partition("/")[2].partition("#")[0]
    return Actual(
        row["run_id"], int(row["seq"]), int(row["at"]), row["machine"] or "", state, node,
        row["model"] or "", units, estimate,
    )  # fmt: skip


def _by_call(calls: list[Actual]) -> Iterator[Pair]:
    for call in calls:
        if call.foreseen is None:
            continue
        for unit in UNITS:
            came, told = call.units[unit], _told_of_call(call.foreseen, unit)
            if came is not None and told is not None:
                yield Pair(
                    "call", call.machine, call.run, call.seq, call.at, call.state, call.node,
                    call.model, unit, told[0], told[1], came,
                )  # fmt: skip


def _told_of_call(estimate: Mapping[str, Any], unit: str) -> tuple[float, float | None] | None:
    if unit == "tokens":
        out = estimate.get("tokens_out") or {}
        read = _number(estimate.get("tokens_in"))
        p50, p90 = _number(out.get("p50")), _number(out.get("p90"))
        if read is None or p50 is None:
            return None
        return read + p50, None if p90 is None else read + p90
    spread = estimate.get(unit)
    p50 = _number((spread or {}).get("p50"))
    return None if p50 is None else (p50, _number(spread.get("p90")))  # type: ignore[union-attr]


def _by_run(calls: list[Actual], runs: list[Mapping[str, Any]], machine: str) -> Iterator[Pair]:
    """What was foreseen of a run against its own calls and those of its children."""
    root = _roots(runs)
    by_root: dict[str, list[Actual]] = defaultdict(list)
    for call in calls:
        by_root[root.get(call.run, call.run)].append(call)
    for row in runs:
        if row["body"] is None or not row["done"] or (machine and row["machine"] != machine):
            continue
        body = orjson.loads(row["body"])
        after = [c for c in by_root.get(row["run_id"], ()) if c.at >= row["made"]]
        head = (row["machine"], row["run_id"], int(row["seq"]), int(row["made"]))
        yield from _of_whole(head, body, after, (row["at"] - row["made"]) / 1e6)
        own = [c for c in after if c.run == row["run_id"]]
        yield from _of_states(head, body, own)


def _of_whole(
    head: tuple[str, str, int, int], body: Mapping[str, Any], calls: list[Actual], took: float
) -> Iterator[Pair]:
    for unit in UNITS:
        told = _told(body, unit)
        came = took if unit == "seconds" else _sum(calls, unit)
        if told is not None and came is not None:
            yield Pair("run", *head, "", "", "", unit, told[0], told[1], came)


def _of_states(
    head: tuple[str, str, int, int], body: Mapping[str, Any], calls: list[Actual]
) -> Iterator[Pair]:
    for row in body.get("states", ()):
        here = [c for c in calls if c.state == row["state"]]
        if not row.get("calls") and not here:
            continue
        for unit in ("usd", "tokens"):
            told = row.get("usd") if unit == "usd" else row["tokens_in"] + row["tokens_out"]
            came = _sum(here, unit)
            if told is not None and came is not None:
                yield Pair("state", *head, row["state"], "", "", unit, float(told), None, came)


def _by_batch(pairs: list[Pair]) -> Iterator[Pair]:
    """The runs of a machine added up, so many at a time, in order."""
    groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.level == "run":
            groups[pair.machine, pair.unit].append(pair)
    for (machine, unit), several in groups.items():
        for start in range(0, len(several) - BATCH + 1, BATCH):
            group = several[start : start + BATCH]
            yield Pair(
                "batch", machine, group[0].run, start // BATCH + 1, group[-1].at, "", "", "", unit,
                sum(one.estimate for one in group), None, sum(one.actual for one in group),
            )  # fmt: skip


def _told(body: Mapping[str, Any], unit: str) -> tuple[float, float | None] | None:
    """What is expected of a run, and its p90."""
    if unit == "tokens":
        read, said = body["tokens_in"], body["tokens_out"]
        return read["expected"] + said["expected"], read["p90"] + said["p90"]
    spread = body.get(unit)
    return None if spread is None else (spread["expected"], spread["p90"])


def _sum(calls: list[Actual], unit: str) -> float | None:
    """All together; None where one of them is not known."""
    amounts = [call.units[unit] for call in calls]
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None


def _roots(runs: list[Mapping[str, Any]]) -> dict[str, str]:
    """The run that each run belongs to in the end, over its parents."""
    parent = {row["run_id"]: row["parent"] for row in runs if isinstance(row["parent"], str)}
    found = {}
    for row in runs:
        one = row["run_id"]
        for _ in range(32):
            if one not in parent:
                break
            one = parent[one]
        found[row["run_id"]] = one
    return found


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(number) else number


def _rows(journal: Journal, query: str) -> list[Mapping[str, Any]]:
    frame = journal.sql(query, ())
    frame = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
