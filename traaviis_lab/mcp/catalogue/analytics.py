"""The tool that counts over a tenant's runs: where they stand, for how long, what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from traaviis_lab.mcp.call import Call

from . import shown
from .tool import Params, Tool, tool

MOST_ROWS = 25
"""Rows of one kind that are shown of a machine."""
_LATEST = """
select run_id, machine, state, done from runs
where tenant = $tenant and ($machine is null or machine = $machine)
order by "at" desc, run_id limit $limit
"""
_TIMES = """
select r.machine, s.state, count(*) as stays, count(distinct s.run_id) as runs,
       quantile_cont(s.duration_us, 0.5) as p50, quantile_cont(s.duration_us, 0.95) as p95
from states s join ({runs}) r on r.run_id = s.run_id group by all order by stays desc
"""
_LOOPS = """
select machine, state, max(many) as most, count(*) filter (many > 1) as runs from (
    select r.machine, s.state, s.run_id, count(*) as many
    from states s join ({runs}) r on r.run_id = s.run_id group by all)
group by all having max(many) > 1 order by most desc
"""
_REFUSED = """
select r.machine, e.event, e.state, count(*) as times
from refused e join ({runs}) r on r.run_id = e.run_id group by all order by times desc
"""
_FAILED = """
select r.machine, e.effect, count(*) filter (e.kind = 'effect.failed') as failed,
       count(*) filter (e.kind = 'effect.completed') as completed
from events e join ({runs}) r on r.run_id = e.run_id
where e.kind in ('effect.failed', 'effect.completed') group by all having failed > 0
order by failed desc
"""
_COSTS = """
select r.machine, sum(c.calls) as calls, coalesce(sum(c.tokens_in), 0) as tokens_in,
       coalesce(sum(c.tokens_out), 0) as tokens_out, sum(c.cost_usd) as usd,
       sum(c.unpriced) as unpriced
from costs c join ({runs}) r on r.run_id = c.run_id group by all
"""


class GetWorkflowAnalytics(Params):
    """What `get_workflow_analytics` takes."""

    machine: Annotated[str | None, Field(max_length=200, description="Absent: all.")] = None
    limit: Annotated[int, Field(ge=1, le=10_000, description="Latest runs.")] = 1_000


@tool("watch", "read", read_only=True, quotes=True)
def get_workflow_analytics(call: Call, params: GetWorkflowAnalytics) -> Mapping[str, Any]:
    """Count over the latest runs, per machine: where they stand, time in states (seconds, p50 and
    p95), loops, refused events, failed effects, tokens and cost."""
    counted = _Counting(call, params)
    return {"runs": counted.total, "machines": counted.machines()}


class _Counting:
    def __init__(self, call: Call, params: GetWorkflowAnalytics) -> None:
        self._lab = call.lab
        self._asked = {
            "tenant": call.tenant, "machine": params.machine, "limit": params.limit,
        }  # fmt: skip
        self._runs = self._rows(_LATEST)
        self.total = len(self._runs)

    def machines(self) -> list[dict[str, Any]]:
        """A row per machine, the one with most runs first."""
        by_name: dict[str, list[dict[str, Any]]] = {}
        for run in self._runs:
            by_name.setdefault(run["machine"], []).append(run)
        times, loops = self._grouped(_TIMES, _time), self._grouped(_LOOPS, _plain)
        refused, failed = self._grouped(_REFUSED, _plain), self._grouped(_FAILED, _plain)
        costs = {row["machine"]: shown.of_costs(row) for row in self._rows(_COSTS)}
        found: list[dict[str, Any]] = [
            {
                "machine": name,
                "runs": len(runs),
                "done": sum(1 for run in runs if run["done"]),
                "standing": _counts(run["state"] for run in runs if not run["done"]),
                "states": times.get(name, []),
                "loops": loops.get(name, []),
                "refused": refused.get(name, []),
                "failed_effects": failed.get(name, []),
                **({"costs": costs[name]} if name in costs else {}),
            }
            for name, runs in by_name.items()
        ]
        return sorted(found, key=lambda row: -int(row["runs"]))[: 2 * MOST_ROWS]

    def _grouped(self, query: str, told: Any) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self._rows(query):
            rows = found.setdefault(row.pop("machine"), [])
            if len(rows) < MOST_ROWS:
                rows.append(told(row))
        return found

    def _rows(self, query: str) -> list[dict[str, Any]]:
        frame = self._lab.sql(query.format(runs=_LATEST), self._asked)
        return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def _counts(states: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in states:
        found[state] = found.get(state, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: -pair[1])[:MOST_ROWS])


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {word: one if isinstance(one, str) else int(one) for word, one in row.items()}


def _time(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {"state": row["state"], "stays": int(row["stays"]), "runs": int(row["runs"])}
    known = {word: row[word] for word in ("p50", "p95") if row[word] == row[word]}  # no NaN
    return {**told, **{word: shown.seconds(float(one)) for word, one in known.items()}}


TOOLS: tuple[Tool, ...] = (get_workflow_analytics,)
