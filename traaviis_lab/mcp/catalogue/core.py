"""Tools that create, end, look at and list runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from traaviis_lab.errors import DefinitionError, LabError
from traaviis_lab.mcp.call import Call

from . import shown
from .costly import why_ask
from .modules import get_available_modules
from .specs import Spec, chart_of
from .stats import get_fsm_metrics, get_server_stats
from .tool import Params, Tool, tool

FsmId = Annotated[str, Field(max_length=200, description="The run.")]
NewId = Annotated[
    str | None,
    Field(max_length=200, description="Its name; absent: one is made. The answer has its id."),
]

Data = Annotated[dict[str, Any] | None, Field(description="Data it starts with.")]


class CreateFsm(Params):
    """What `create_fsm` takes."""

    machine: Annotated[str | None, Field(description="A known machine; or spec.")] = None
    spec: Annotated[Spec | None, Field(description="A chart, as object or YAML.")] = None
    fsm_id: NewId = None
    data: Data = None


def _asks(call: Call, params: CreateFsm) -> str:
    return why_ask(call, chart_of(call, params.machine, params.spec), params.data)


@tool("core", "write", quotes=True, asks=_asks, app="ui://traaviis/diagram.html")
def create_fsm(call: Call, params: CreateFsm) -> Mapping[str, Any]:
    """Start a run of a machine, by name or from a spec. Answers its fsm_id, state, data and the
    events it takes."""
    chart = chart_of(call, params.machine, params.spec)
    if params.spec is not None:
        call.charts.keep(call.tenant, chart)
    run = begin(call, chart, params.fsm_id, params.data)
    return shown.run(run)


def begin(call: Call, chart: Any, fsm_id: str | None, data: Mapping[str, Any] | None) -> Any:
    """Start a run in the call's tenant. Raises `LabError` where the id is taken."""
    run = call.lab.start_guest(
        chart,
        tenant=call.tenant,
        id=call.new_id(fsm_id),
        data=data,
        estimate=call.kept.get("estimate"),
    )
    call.about = run.id
    return run


class OneRun(Params):
    """The id of a run."""

    fsm_id: FsmId


@tool("core", "admin", destructive=True, idempotent=True)
def destroy_fsm(call: Call, params: OneRun) -> Mapping[str, Any]:
    """End a run for good and cancel its timers and effects. Its history stays."""
    info = call.info(params.fsm_id)
    if info.done:
        return {"fsm_id": info.run, "done": True, "was_done": True, "seq": info.seq}
    run = call.live(params.fsm_id)
    was_done = run.done
    run.stop()
    return {
        "fsm_id": run.id, "state": shown.state(run), "seq": run.seq,
        "done": run.done, "was_done": was_done,
    }  # fmt: skip


class GetFsmState(OneRun):
    """What `get_fsm_state` takes."""

    fields: Annotated[list[str] | None, Field(description="Fields of data; absent: all.")] = None


@tool("core", "read", read_only=True, quotes=True, app="ui://traaviis/diagram.html")
def get_fsm_state(call: Call, params: GetFsmState) -> Mapping[str, Any]:
    """Where a run stands: state, data, seq, the events it takes now and why others are blocked."""
    info = call.info(params.fsm_id)
    try:
        return shown.run(call.past(params.fsm_id), params.fields)
    except DefinitionError as error:  # its chart holds Python of another process
        return {**shown.info(info, False), "data": None, "why_no_data": error.message}


class ListTenantFsms(Params):
    """What `list_tenant_fsms` takes."""

    machine: Annotated[str | None, Field(description="Of this machine only.")] = None
    state: Annotated[str | None, Field(description="In this state only.")] = None
    done: Annotated[bool | None, Field(description="Over, or not.")] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: Annotated[str | None, Field(description="`next` of the page before.")] = None
    order: Annotated[Literal["newest", "oldest"], Field()] = "newest"


@tool("core", "read", read_only=True, quotes=True)
def list_tenant_fsms(call: Call, params: ListTenantFsms) -> Mapping[str, Any]:
    """List runs, live and past. With more than `limit`, pass `next` as `after`."""
    live = call.lab.live()
    listed = [one for one in call.lab.journal.runs() if one.tenant == call.tenant]
    if params.order == "newest":
        listed.reverse()
    if params.after is not None:
        places = [n for n, one in enumerate(listed) if one.run == params.after]
        if not places:
            raise LabError(f"after={params.after!r} is no run of this list.", hint="Begin anew.")
        listed = listed[places[0] + 1 :]
    fitting = [one for one in listed if _fits(one, params)]
    page = fitting[: params.limit]
    told: dict[str, Any] = {"runs": [shown.info(one, one.run in live) for one in page]}
    if len(fitting) > len(page):
        told |= {"more": True, "next": page[-1].run}
    return told


def _fits(one: Any, params: ListTenantFsms) -> bool:
    return (
        params.machine in (None, one.machine)
        and params.done in (None, one.done)
        and (params.state is None or params.state in one.state.split(","))
    )


TOOLS: tuple[Tool, ...] = (
    create_fsm,
    destroy_fsm,
    get_fsm_state,
    list_tenant_fsms,
    get_fsm_metrics,
    get_server_stats,
    get_available_modules,
)
