"""The tool that goes another way from any place of a run, in a run of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from traaviis_lab.errors import EffectError, LabError
from traaviis_lab.machine import Chart, Event
from traaviis_lab.mcp.call import Call
from traaviis_lab.runtime.forking.change import Asked

from . import shown
from .core import FsmId, NewId
from .costly import why_ask
from .specs import Spec, chart_of
from .tool import Params, tool

if TYPE_CHECKING:
    from traaviis_lab.lab import Recording, Run


class ForkRun(Params):
    """What `fork_run` takes."""

    fsm_id: FsmId
    at: Annotated[int | None, Field(ge=0, description="After this fact; absent: the end.")] = None
    event: Annotated[str | None, Field(max_length=200, description="An event to send there.")] = (
        None
    )
    event_data: Annotated[dict[str, Any] | None, Field(description="Its data.")] = None
    data: Annotated[dict[str, Any] | None, Field(description="Laid over the data there.")] = None
    drop: Annotated[
        tuple[int, ...], Field(max_length=1_000, description="Inputs to leave out.")
    ] = ()
    results: Annotated[
        dict[str, Any] | None, Field(description="Other results of effects, by path.")
    ] = None
    failures: Annotated[
        dict[str, str] | None, Field(description="Effects to fail, with what they say.")
    ] = None
    machine: Annotated[str | None, Field(description="Another machine to go on with; or")] = None
    spec: Annotated[Spec | None, Field(description="another chart.")] = None
    until: Annotated[
        int | str | None, Field(description='Take recorded inputs along to this seq, or "end".')
    ] = None
    new_id: NewId = None
    live: Annotated[bool, Field(description="May perform effects that nobody recorded.")] = False


def _asks(call: Call, params: ForkRun) -> str:
    """Only what may be performed can cost anything; what is recorded is taken from the record."""
    if not params.live:
        return ""
    run = call.past(params.fsm_id)
    return why_ask(call, _chart(call, params) or run.chart, {**run.data, **(params.data or {})})


@tool("debug", "debug", asks=_asks, quotes=True)
def fork_run(call: Call, params: ForkRun) -> Mapping[str, Any]:
    """Go another way from any place of a run, in a new run: with an event, other data, inputs left
    out, other results, or another chart. The run itself stays as it is."""
    run = call.past(params.fsm_id)
    made = _fork(call, run, params)
    call.about = made.id
    told = shown.run(made)
    refused = shown.bounded(made.refused_inputs, 20)
    told |= {"forked_from": run.id, "forked_at": made.forked_at}
    return {**told, **({"refused": refused} if refused else {})}


def _fork(call: Call, run: Run | Recording, params: ForkRun) -> Run:
    onto = _chart(call, params)
    if params.event is None and params.event_data is not None:
        raise LabError("event_data needs an event.", hint="Name the event it belongs to.")
    event = None if params.event is None else Event(params.event, params.event_data or {})
    asked = Asked(
        params.at, _number(params.until), params.data, event, params.drop, _results(params), onto,
        params.live,
    )  # fmt: skip
    id = call.new_id(params.new_id)
    return call.lab.fork_guest(run, asked, tenant=call.tenant, id=id)


def _chart(call: Call, params: ForkRun) -> Chart | None:
    if params.machine is None and params.spec is None:
        return None
    return chart_of(call, params.machine, params.spec)


def _results(params: ForkRun) -> dict[str, Any] | None:
    given: dict[str, Any] = dict(params.results or {})
    failed = {path: EffectError(text) for path, text in (params.failures or {}).items()}
    if both := given.keys() & failed.keys():
        raise LabError(
            f"Effect {min(both)!r} has a result and a failure.", hint="It can have one of them."
        )
    return {**given, **failed} or None


def _number(until: int | str | None) -> int | str | None:
    if isinstance(until, str) and until.isdecimal() and len(until) < 20:
        return int(until)
    return until
