"""Tools that send events to runs, and that say what an event would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from traaviis_lab.errors import EventRefused, LabError, RunawayChart
from traaviis_lab.machine import Event, Step
from traaviis_lab.machine import step as decide
from traaviis_lab.machine.look import leaves
from traaviis_lab.machine.patience import patient
from traaviis_lab.mcp.call import Call
from traaviis_lab.mcp.wording import for_agents
from traaviis_lab.runtime.stopwatch import stopwatch

from . import shown
from .core import FsmId
from .tool import Params, Tool, tool

EventName = Annotated[str, Field(min_length=1, max_length=200)]
EventData = Annotated[dict[str, Any], Field(default_factory=dict, description="What it carries.")]
ExpectSeq = Annotated[int | None, Field(ge=0, description="Only if the run stands at this seq.")]


class SendEvent(Params):
    """What `send_event` takes."""

    fsm_id: FsmId
    event: EventName
    data: EventData
    expect_seq: ExpectSeq = None


@tool("core", "write", quotes=True, app="ui://traaviis/diagram.html")
def send_event(call: Call, params: SendEvent) -> Mapping[str, Any]:
    """Send an event to a live run. Answers where it stands then; refused, why and what it takes."""
    return _sent(call, params.fsm_id, params.event, params.data, params.expect_seq)


def _sent(
    call: Call, fsm_id: str, name: str, data: Mapping[str, Any], expect_seq: int | None
) -> dict[str, Any]:
    run = call.live(fsm_id)
    before, seq = run.snapshot, run.seq
    event = Event(name, dict(data))
    try:
        if expect_seq is None:
            step = run.send_event(event)
        else:
            step = call.lab.send_at(run, event, expect_seq)
    except EventRefused as refusal:
        raise EventRefused(refusal.message, hint=_what_now(run, refusal)) from None
    call.wrote(run, max(1, run.seq - seq))
    told = {"fsm_id": run.id, **_step(run.chart, before, step), "seq": run.seq}
    told |= {"done": run.done, "events": list(run.events)}
    if (held := run.held) is not None:
        told["held"] = held.reason
    return told


def _what_now(run: Any, refusal: LabError) -> str:
    """The hint, with the events that are taken now where it does not name them."""
    if run.done or "Events taken here" in refusal.hint:
        return refusal.hint
    return f"{refusal.hint} Events taken now: {', '.join(run.events) or 'none'}.".strip()


def _step(chart: Any, before: Any, step: Step) -> dict[str, Any]:
    """What a step did, or would do."""
    after = step.snapshot
    there = leaves(chart, after)
    told: dict[str, Any] = {
        "state": there[0] if len(there) == 1 else sorted(there),
        "taken": [_arrow(chart, one) for one in step.taken[:50]],
        "changed": shown.value(_changed(before.data, after.data)),
    }
    if step.effects:
        told["effects"] = shown.bounded([shown.effect(one) for one in step.effects[:21]], 20)
    if step.raised:
        told["raised"] = shown.bounded([one.name for one in step.raised], 20)
    return told


def _arrow(chart: Any, name: str) -> dict[str, Any]:
    arrow = chart.transitions[name]
    told = {"id": name, "from": arrow.source, "to": list(arrow.targets)}
    return {**told, **({"when": arrow.when.text} if arrow.when is not None else {})}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    gone = object()
    return {k: v for k, v in after.items() if before.get(k, gone) is not v}


class OneEvent(Params):
    """An event of a batch."""

    event: EventName
    data: EventData
    fsm_id: Annotated[str | None, Field(max_length=200)] = None
    expect_seq: ExpectSeq = None


class BatchSendEvents(Params):
    """What `batch_send_events` takes."""

    events: Annotated[list[OneEvent], Field(min_length=1, max_length=100)]
    fsm_id: Annotated[
        str | None, Field(max_length=200, description="The run of events that name none.")
    ] = None
    on_refusal: Literal["stop", "go_on"] = "stop"


@tool("core", "write", quotes=True)
def batch_send_events(call: Call, params: BatchSendEvents) -> Mapping[str, Any]:
    """Send up to 100 events in order, to one run or several. Answers what came of each."""
    told: list[dict[str, Any]] = []
    for n, one in enumerate(params.events):
        fsm_id = one.fsm_id or params.fsm_id
        try:
            if fsm_id is None:
                raise LabError("This event names no run.", hint="Give fsm_id, here or for all.")
            said = _sent(call, fsm_id, one.event, one.data, one.expect_seq)
            told.append({"n": n, "ok": True, **_short(said)})
        except LabError as error:
            said = {
                "kind": type(error).__name__,
                "message": error.message,
                "hint": for_agents(error.hint),
            }
            told.append({"n": n, "ok": False, "fsm_id": fsm_id, "error": said})
            if params.on_refusal == "stop":
                break
    sent = sum(one["ok"] for one in told)
    rest = len(params.events) - len(told)
    answer = {"outcomes": told, "sent": sent, "refused": len(told) - sent}
    return {**answer, **({"not_tried": rest} if rest else {})}


def _short(said: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("fsm_id", "state", "seq", "done", "held")
    return {name: said[name] for name in kept if name in said}


class ValidateTransition(Params):
    """What `validate_transition` takes."""

    fsm_id: FsmId
    event: EventName
    data: EventData


@tool("core", "read", read_only=True, quotes=True)
def validate_transition(call: Call, params: ValidateTransition) -> Mapping[str, Any]:
    """Say what an event would do to a run, or why it would be refused. Nothing happens."""
    thing = call.past(params.fsm_id)
    here = thing.snapshot
    told: dict[str, Any] = {"fsm_id": thing.id, "event": params.event, "seq": thing.seq}
    told["from"] = shown.state(thing)
    events = list(thing.events)
    if here.done:
        return {**told, "would": False, "why": "The run is done; it takes no more events."}
    if params.event.startswith(("done.", "error.", "after.")):
        why = "Events that begin with done., error. or after. are for the engine to send."
        return {**told, "would": False, "why": why, "events": events}
    try:
        with patient(stopwatch):
            step = decide(thing.chart, here, Event(params.event, dict(params.data)))
    except (EventRefused, RunawayChart) as refusal:
        hint = for_agents(refusal.hint)
        return {**told, "would": False, "why": refusal.message, "hint": hint, "events": events}
    told |= {"would": True, **_step(thing.chart, here, step), "done": step.snapshot.done}
    if getattr(thing, "held", None) is not None:
        told["note"] = "The run is held: the event would wait in its mailbox."
    return told


TOOLS: tuple[Tool, ...] = (send_event, batch_send_events, validate_transition)
