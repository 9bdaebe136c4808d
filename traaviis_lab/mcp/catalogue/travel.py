"""Tools that look back: history, places, differences, replays and reasons; and forks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from traaviis_lab.errors import Diverged, LabError
from traaviis_lab.machine.macrostep import events_taken, leaves
from traaviis_lab.mcp.call import Call
from traaviis_lab.travel.explaining.usual import FEWEST, MOST_RUNS

from . import pages, shown
from .core import FsmId
from .forking import fork_run
from .pages import facts_after, page
from .specs import Spec, chart_of
from .tool import Params, Tool, tool

MOST_DIFFERENT = 60


class GetHistory(Params):
    """What `get_history` takes."""

    fsm_id: FsmId
    after_seq: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    fields: Annotated[list[pages.Field] | None, Field(description="Absent: the usual.")] = None


@tool("debug", "read", read_only=True, quotes=True)
def get_history(call: Call, params: GetHistory) -> Mapping[str, Any]:
    """What happened in a run, fact by fact: events, steps, effects and their results. Pages: go on
    with after_seq = `next` while there is `more`."""
    info = call.info(params.fsm_id)
    found = facts_after(call.lab.journal, info.run, params.after_seq, params.limit)
    rows, cut = page(found, params.limit, params.fields)
    last = rows[-1]["seq"] if rows else params.after_seq
    told = {"fsm_id": info.run, "machine": info.machine, "seq": info.seq, "facts": rows}
    return {**told, "more": True, "next": last} if cut or (last < info.seq and rows) else told


class GetStateAt(Params):
    """What `get_state_at` takes."""

    fsm_id: FsmId
    seq: Annotated[int, Field(ge=1)]


@tool("debug", "read", read_only=True, quotes=True)
def get_state_at(call: Call, params: GetStateAt) -> Mapping[str, Any]:
    """Where a run stood after fact `seq`: states, data, and the events it took then."""
    run = call.past(params.fsm_id)
    there = run.at(params.seq)
    fact = facts_after(call.lab.journal, run.id, params.seq - 1, 1)[0]
    found = leaves(run.chart, there)
    return {
        "fsm_id": run.id,
        "seq": params.seq,
        "time": shown.time(fact.at),
        "after": f"{fact.kind} {fact.name}".strip(),
        "state": found[0] if len(found) == 1 else list(found),
        "active": sorted(there.active),
        "data": shown.value(there.data),
        "done": there.done,
        "events": [] if there.done else list(events_taken(run.chart, there)),
    }


class DiffRuns(Params):
    """What `diff_runs` takes."""

    left: FsmId
    right: FsmId
    limit: Annotated[int, Field(ge=1, le=500, description="Rows of each list.")] = 60


@tool("debug", "read", read_only=True, quotes=True)
def diff_runs(call: Call, params: DiffRuns) -> Mapping[str, Any]:
    """How two runs differ: the first step in which they part, steps side by side ([left seq, right
    seq, 1 if same]), data, effects with other results, and sums."""
    left, right = call.past(params.left), call.past(params.right)
    found = left.diff(right).to_json()
    told = {
        **{word: found[word] for word in ("left", "right", "same", "first", "sums", "text")},
        **{
            word: shown.bounded(found[word], params.limit)
            for word in ("rows", "data", "effects", "chart")
        },
    }
    return _kept(told)


class ReplayRun(Params):
    """What `replay_run` takes."""

    fsm_id: FsmId
    upto: Annotated[int | None, Field(ge=1, description="Absent: all of it.")] = None
    machine: Annotated[str | None, Field(description="Another machine to replay on; or")] = None
    spec: Annotated[Spec | None, Field(description="another chart.")] = None


@tool("debug", "debug", read_only=True, quotes=True)
def replay_run(call: Call, params: ReplayRun) -> Mapping[str, Any]:
    """Compute a run again from its record, performing nothing, and say where it parts from it and
    why. On another chart: whether that would have done the same."""
    run = call.past(params.fsm_id)
    chart = None
    if params.machine is not None or params.spec is not None:
        chart = chart_of(call, params.machine, params.spec)
        _check_name(run.chart.name, chart.name)
    try:
        told = run.replay(chart, upto=params.upto)
    except Diverged as parted:
        found = {
            "fsm_id": run.id,
            "same": False,
            "seq": parted.seq,
            "told": parted.message,
            "cause": parted.cause,
            "expected": parted.expected,
            "actual": parted.actual,
            "differences": shown.bounded(parted.differences, MOST_DIFFERENT),
        }
        return _kept(found)
    return {
        "fsm_id": run.id, "same": True, "same_chart": told.same_chart, "facts": told.facts,
        "steps": told.steps, "seconds": round(told.seconds, 6),
    }  # fmt: skip


class ExplainRun(Params):
    """What `explain_run` takes."""

    fsm_id: FsmId
    against: Annotated[
        list[str] | None,
        Field(max_length=100, description="Runs to compare with; absent: the machine's latest."),
    ] = None


@tool("debug", "read", read_only=True, quotes=True)
def explain_run(call: Call, params: ExplainRun) -> Mapping[str, Any]:
    """What stands out in a run, most important first: failures, refusals, loops, waiting, and what
    is unusual for its machine."""
    run = call.past(params.fsm_id)
    against = [call.info(one).run for one in params.against or ()]
    told = run.explain(against or others(call, run.id, run.chart.name)).to_json()
    call.about = run.id
    told["findings"] = shown.bounded(told["findings"], MOST_DIFFERENT)
    return _kept({"fsm_id": told.pop("run"), **told})


class WhyParams(Params):
    """What `why` takes."""

    fsm_id: FsmId
    what: Annotated[
        str, Field(max_length=500, description="data.x, a state, an event, a transition, or state")
    ] = "state"
    seq: Annotated[int | None, Field(ge=1, description="As of this fact; absent: now.")] = None


@tool("debug", "read", read_only=True, quotes=True)
def why(call: Call, params: WhyParams) -> Mapping[str, Any]:
    """Why a value or a state is what it is, or an event was or was not taken: the causes with the
    seqs of their facts, and what would have to differ."""
    run = call.past(params.fsm_id)
    told = run.why(params.what, params.seq).to_json()
    return _kept({"fsm_id": told.pop("run"), **told})


def others(call: Call, run: str, machine: str) -> list[str]:
    """The tenant's latest other runs of a machine; where they are too few, the run alone, for
    nobody is compared with what another tenant does."""
    rows = call.lab.sql(
        "select run_id from runs where tenant = $tenant and machine = $machine and run_id <> $run "
        "order by started desc limit $most",
        {"tenant": call.tenant, "machine": machine, "run": run, "most": MOST_RUNS},
    )
    found = [str(one) for one in rows["run_id"]]
    return found if len(found) >= FEWEST else [run]


def _check_name(mine: str, other: str) -> None:
    if mine != other:
        raise LabError(
            f"The run is one of {mine}, and the chart is of {other}.",
            hint=f"Replay it on a chart with the name {mine}.",
        )


def _kept(told: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = shown.value(dict(told), 3_000, 6_000)
    return found


TOOLS: tuple[Tool, ...] = (
    get_history, get_state_at, diff_runs, fork_run, replay_run, explain_run, why,
)  # fmt: skip
