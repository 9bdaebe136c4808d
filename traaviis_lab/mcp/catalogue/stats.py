"""Tools that count: what runs did and spent, and what the server is and did for this token."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

import traaviis_lab
from traaviis_lab.mcp.call import Call

from . import shown
from .tool import Params, tool

_MODELS = """
select model, count(*) as calls, coalesce(sum(tokens_in), 0)::bigint as tokens_in,
       coalesce(sum(tokens_out), 0)::bigint as tokens_out, sum(cost_usd) as usd,
       count(*) filter (cost_usd is null) as unpriced
from events where kind in ('model.called', 'tool.called') and {where}
group by model order by calls desc limit 50
"""
_EFFECTS = """
select effect, count(*) filter (kind = 'effect.completed') as completed,
       count(*) filter (kind = 'effect.failed') as failed,
       count(*) filter (kind = 'effect.cancelled') as cancelled,
       avg(duration_us) filter (kind = 'effect.completed') as mean_us
from events where kind in ('effect.completed', 'effect.failed', 'effect.cancelled')
      and effect <> '' and {where}
group by effect order by effect limit 50
"""
_COUNTS = """
select count(*) filter (kind = 'event') as events,
       count(*) filter (kind = 'event.refused') as refused,
       count(*) as facts, min("at") as first_at, max("at") as last_at
from events where {where}
"""
_STAYS = """
select s.state, count(*) as stays, sum(s.duration_us) as us
from states s where s.run_id = $run group by s.state order by us desc nulls last limit 50
"""
_CALLS = """
select count(*) as calls, count(*) filter (body->>'$.outcome' <> 'ok') as failed
from events where kind = 'mcp.called' and tenant = $tenant
"""


class GetFsmMetrics(Params):
    """What `get_fsm_metrics` takes."""

    fsm_id: Annotated[str | None, Field(description="One run; absent: all of them.")] = None


@tool("core", "read", read_only=True, quotes=True)
def get_fsm_metrics(call: Call, params: GetFsmMetrics) -> Mapping[str, Any]:
    """Count events, effects, tokens and US dollars of one run or all, with time per state."""
    if params.fsm_id is None:
        where, asked = "tenant = $tenant and not starts_with(run_id, '~')", {"tenant": call.tenant}
    else:
        where, asked = "run_id = $run", {"run": call.info(params.fsm_id).run}
    told = _counted(call, where, asked)
    if params.fsm_id is not None:
        stays = _rows(call, _STAYS, asked)
        told["states"] = [
            {"state": r["state"], "stays": int(r["stays"]), "seconds": _seconds(r["us"])}
            for r in stays
        ]
        return {"fsm_id": asked["run"], **told}
    mine = [one for one in call.lab.journal.runs() if one.tenant == call.tenant]
    return {"runs": len(mine), "done": sum(one.done for one in mine), **told}


def _counted(call: Call, where: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    counts = _rows(call, _COUNTS.format(where=where), asked)[0]
    first, last = _whole(counts["first_at"]), _whole(counts["last_at"])
    models = _rows(call, _MODELS.format(where=where), asked)
    effects = _rows(call, _EFFECTS.format(where=where), asked)
    costs = [{"model": row["model"] or "(tools)", **shown.of_costs(row)} for row in models]
    return {
        "facts": int(counts["facts"]),
        "events": int(counts["events"]),
        "refused": int(counts["refused"]),
        "first": shown.time(first),
        "last": shown.time(last),
        "seconds": None if first is None or last is None else shown.seconds(last - first),
        "effects": [
            {
                "effect": row["effect"],
                **{name: int(row[name]) for name in ("completed", "failed", "cancelled")},
                "mean_seconds": _seconds(row["mean_us"]),
            }
            for row in effects
        ],
        "models": costs,
        "tokens_in": sum(one["tokens_in"] for one in costs),
        "tokens_out": sum(one["tokens_out"] for one in costs),
        "usd": shown.usd(sum(one["usd"] or 0.0 for one in costs)),
        "unpriced": sum(one.get("unpriced", 0) for one in costs),
    }


class Nothing(Params):
    """No arguments."""


@tool("core", "read", read_only=True)
def get_server_stats(call: Call, params: Nothing) -> Mapping[str, Any]:
    """What this server is: version, your tenant and scopes, runs live and done, calls so far."""
    mine = [one for one in call.lab.journal.runs() if one.tenant == call.tenant]
    live = [one for one in call.lab.live().values() if one.tenant == call.tenant]
    calls = _rows(call, _CALLS, {"tenant": call.tenant})[0]
    return {
        "server": "traaviis-lab",
        "version": traaviis_lab.__version__,
        "protocol": call.client.protocol,
        "tenant": call.tenant,
        "scopes": sorted(call.grant.scopes),
        "time": shown.time(call.lab.clock.now()),
        "durability": call.lab.durability if call.lab.path else "memory",
        "runs": len(mine),
        "live": sum(not one.done for one in live),
        "held": sum(one.held is not None for one in live),
        "done": sum(one.done for one in mine),
        "machines": len(call.charts.of(call.tenant)),
        "calls": int(calls["calls"]),
        "calls_failed": int(calls["failed"]),
        "your_calls": call.client.calls,
    }


def _rows(call: Call, query: str, asked: Mapping[str, Any]) -> list[dict[Any, Any]]:
    return call.lab.sql(query, dict(asked)).to_dict("records")


def _whole(number: Any) -> int | None:
    return None if number is None or math.isnan(number) else int(number)


def _seconds(number: Any) -> float | None:
    return shown.seconds(_whole(number))
