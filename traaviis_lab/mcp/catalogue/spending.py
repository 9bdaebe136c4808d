"""Tools that foresee what a run costs, and compare it with what it did cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from traaviis_lab.cost.estimate import EstimateLine
from traaviis_lab.errors import LabError
from traaviis_lab.lab.estimate import Estimate
from traaviis_lab.lab.estimating import _from_run
from traaviis_lab.mcp.call import Call
from traaviis_lab.travel.costing import Call as Priced
from traaviis_lab.travel.costing.sums import UNITS

from . import shown
from .specs import Spec, chart_of
from .tool import Params, Tool, tool

MOST_PLACES = 40
_SUMS = ("calls", "tokens_in", "tokens_out", "usd", "unpriced", "seconds", "failed")
Run = Annotated[str | None, Field(max_length=200, description="A run.")]


class EstimateCost(Params):
    """What `estimate_cost` takes."""

    fsm_id: Annotated[str | None, Field(max_length=200, description="A live run; or")] = None
    machine: Annotated[str | None, Field(description="a known machine; or")] = None
    spec: Annotated[Spec | None, Field(description="a chart.")] = None
    data: Annotated[dict[str, Any] | None, Field(description="Data it starts with.")] = None


@tool("debug", "read", read_only=True, quotes=True)
def estimate_cost(call: Call, params: EstimateCost) -> Mapping[str, Any]:
    """What a run will take in calls of models, tokens, US dollars and seconds before it is started,
    or from where a live run stands; by place, with why. Performs nothing."""
    if params.fsm_id is None:
        chart = chart_of(call, params.machine, params.spec)
        made = call.lab.estimate_guest(chart, tenant=call.tenant, data=params.data)
        return _told(made, {"machine": chart.name})
    if params.machine is not None or params.spec is not None:
        raise LabError(
            "An estimate is of a run or of a machine, not of both.", hint="fsm_id=, or machine=."
        )
    run = call.live(params.fsm_id)
    # `lab.estimate(run=run)` writes into the run, and looks at what other tenants did.
    start = _from_run(run, params.data)
    told = call.lab._foretold(run.chart, start, call.tenant, 10, run, own=True)
    return _told(Estimate(told), {"fsm_id": run.id, "machine": run.chart.name})


class CompareCosts(Params):
    """What `compare_costs` takes."""

    fsm_id: Annotated[str | None, Field(max_length=200, description="Absent: many runs.")] = None
    machine: Annotated[str | None, Field(description="Of this machine only.")] = None
    by: Annotated[Literal["state", "model", "machine", "run"], Field()] = "state"
    limit: Annotated[int, Field(ge=1, le=500, description="Latest runs, and rows.")] = 100


@tool("debug", "read", read_only=True, quotes=True)
def compare_costs(call: Call, params: CompareCosts) -> Mapping[str, Any]:
    """What calls of models did cost beside what was foreseen, by state: `estimate` and `error` (0.1
    is a tenth too much). Of one run, or of the latest ones."""
    if params.fsm_id is not None:
        return _of_run(call, params)
    rows = call.lab.sql(
        "select run_id from runs where tenant = $tenant "
        "and ($machine is null or machine = $machine) "
        'order by "at" desc limit $limit',
        {"tenant": call.tenant, "machine": params.machine, "limit": params.limit},
    )
    ids = [str(one) for one in rows["run_id"]]
    if not ids:
        return {"runs": 0, "total": {}, "rows": []}
    costs = call.lab.costs(runs=ids)
    found = [_row(row, params.by) for row in costs.rows(params.by)]  # type: ignore[union-attr]
    return {
        "runs": len(costs.runs),  # type: ignore[union-attr]
        "total": _row(costs.total, ""),
        "rows": shown.bounded(found, params.limit),
    }


def _of_run(call: Call, params: CompareCosts) -> dict[str, Any]:
    run = call.past(str(params.fsm_id))
    costs = run.costs()
    found: dict[str, list[dict[str, Any]]] = {
        "state": costs.states(),
        "model": costs.account.by_model(),
        "machine": [{"machine": run.chart.name, **costs.total}],
        "run": [{"run": run.id, **costs.total}],
    }
    return {
        "fsm_id": run.id,
        "machine": run.chart.name,
        "total": _row(costs.total, ""),
        "rows": shown.bounded([_row(row, params.by) for row in found[params.by]], params.limit),
        "dearest": [_dear(one) for one in costs.account.dearest()[:10]],
    }


def _dear(one: Priced) -> dict[str, Any]:
    foreseen = _units(one.foreseen._asdict())
    told = {"seq": one.seq, "state": one.state, "model": one.model, "tokens": one.tokens}
    return {**told, "usd": shown.usd(one.usd), "seconds": one.seconds, "foreseen": foreseen}


def _row(row: Mapping[str, Any], by: str) -> dict[str, Any]:
    told: dict[str, Any] = {by: row[by]} if by else {}
    told |= {word: row[word] for word in _SUMS if row.get(word) not in (None, 0) or word == "usd"}
    told["usd"] = shown.usd(told["usd"])
    for word in ("estimate", "error"):
        if found := _units(row.get(word) or {}):
            told[word] = found
    return told


def _units(amounts: Mapping[str, Any]) -> dict[str, Any]:
    return {unit: round(float(amounts[unit]), 9) for unit in UNITS if amounts.get(unit) is not None}


def _told(made: Estimate, about: dict[str, Any]) -> dict[str, Any]:
    lines = [_place(line) for line in made.told.lines]
    return {
        **about,
        **shown.estimate(made),
        "places": shown.bounded(lines, MOST_PLACES),
        "guesses": shown.bounded(made.told.guesses, 10),
    }


def _place(line: EstimateLine) -> dict[str, Any]:
    told = {"state": line.state, "effect": line.kind, "model": line.model, "why": line.why}
    return {
        **{word: one for word, one in told.items() if one},
        "reached": round(line.reached, 4),
        "calls": line.calls.expected,
        "usd": None if line.usd is None else shown.usd(line.usd.expected),
        "seconds": None if line.seconds is None else round(line.seconds.expected, 3),
    }


TOOLS: tuple[Tool, ...] = (estimate_cost, compare_costs)
