"""Tools that start workflows and answer at once, look at them, and wait for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from traaviis_lab.errors import LabError
from traaviis_lab.mcp.call import Call
from traaviis_lab.mcp.lanes import aside
from traaviis_lab.runtime.breach import breach_that_ended
from traaviis_lab.runtime.children import is_finished

from . import shown
from .core import Data, FsmId, NewId, begin
from .costly import estimate_of, why_ask
from .modules import templates
from .specs import Spec, chart_of, problems_of
from .tool import Params, Tool, tool
from .waiting import LONGEST_WAIT, until

MOST_PROBLEMS = 50


class CreateAiWorkflow(Params):
    """What `create_ai_workflow` takes."""

    template: Annotated[str | None, Field(description="A template or known machine; or spec.")] = (
        None
    )
    spec: Annotated[Spec | None, Field(description="A chart, as object or YAML.")] = None
    data: Data = None
    fsm_id: NewId = None
    start: Annotated[bool, Field(description="false: only check and estimate.")] = True


def _chart(call: Call, params: CreateAiWorkflow) -> Any:
    known = call.charts.of(call.tenant)
    if params.template is None or params.spec is not None or params.template in known:
        return chart_of(call, params.template, params.spec)
    found = templates().get(params.template)
    if found is None:
        raise LabError(
            f"There is no template {params.template!r}.",
            hint=f"There are: {', '.join(sorted({**known, **templates()}))}.",
        )
    return found


def _asks(call: Call, params: CreateAiWorkflow) -> str:
    if not params.start or (params.spec is not None and problems_of(call, params.spec)):
        return ""
    return why_ask(call, _chart(call, params), params.data)


@tool("workflow", "write", quotes=True, asks=_asks, open_world=True)
def create_ai_workflow(call: Call, params: CreateAiWorkflow) -> Mapping[str, Any]:
    """Check a workflow (template or chart spec), estimate it, and start it. Answers every mistake
    at once, or the estimate and a run to wait for."""
    if params.spec is not None and (found := problems_of(call, params.spec)):
        told = [one.to_json() for one in found[:MOST_PROBLEMS]]
        more = {"more": True} if len(found) > MOST_PROBLEMS else {}
        return {"valid": False, "problems": told, **more}
    chart = _chart(call, params)
    answer: dict[str, Any] = {"valid": True, **shown.chart(chart)}
    answer["estimate"] = shown.estimate(estimate_of(call, chart, params.data))
    if params.spec is not None:
        call.charts.keep(call.tenant, chart)
    if not params.start:
        return answer
    return {**answer, "run": shown.run(begin(call, chart, params.fsm_id, params.data))}


class GetRun(Params):
    """What `get_run` takes."""

    fsm_id: FsmId


@tool("workflow", "read", read_only=True, quotes=True)
def get_run(call: Call, params: GetRun) -> Mapping[str, Any]:
    """How a workflow stands: state, result or error, what it works on, what it spent."""
    call.info(params.fsm_id)
    return handle(call, call.past(params.fsm_id))


def handle(call: Call, thing: Any) -> dict[str, Any]:
    """A run with what it spent, and why it was stopped if a budget did that."""
    told = {**shown.run(thing), "spent": shown.spent(call.lab, thing.id)}
    if told["done"] and not is_finished(thing):
        breach = breach_that_ended(call.lab.journal, thing.id, thing.seq)
        told["stopped_by"] = "from outside" if breach is None else shown.value(breach)
    return told


class WaitForRun(Params):
    """What `wait_for_run` takes."""

    fsm_id: FsmId
    state: Annotated[str | None, Field(description="Wait for this state; absent: its end.")] = None
    seconds: Annotated[float, Field(ge=0, le=LONGEST_WAIT)] = 30.0


@tool("workflow", "read", read_only=True, quotes=True)
async def wait_for_run(call: Call, params: WaitForRun) -> Mapping[str, Any]:
    """Wait up to 60 s until a run is done or in a state. Late, it answers where it stands: call
    again."""
    thing = await aside(_waited_for, call, params)

    def holds() -> bool:
        if params.state is None or thing.done:
            return bool(thing.done)
        return params.state in thing.active

    met = await until(call, thing, holds, params.seconds)
    told: dict[str, Any] = await aside(handle, call, thing)
    reached = params.state is None or params.state in thing.active
    return {**told, "met": met and reached}


def _waited_for(call: Call, params: WaitForRun) -> Any:
    thing = call.past(params.fsm_id)
    if params.state is not None and params.state not in thing.chart.states:
        raise LabError(
            f"{thing.chart.name} has no state {params.state!r}.",
            hint=f"Its states: {', '.join(list(thing.chart.states)[:50])}.",
        )
    return thing


TOOLS: tuple[Tool, ...] = (create_ai_workflow, get_run, wait_for_run)
