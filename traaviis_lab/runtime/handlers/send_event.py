"""Perform `send_event`: hand an event to another run of this lab, acknowledged."""

from __future__ import annotations

from traaviis_lab.effects import SendEvent
from traaviis_lab.errors import EffectError, EventRefused, PermissionDenied
from traaviis_lab.machine import Event
from traaviis_lab.runtime.interpreter import Scope


async def send_event(effect: SendEvent, scope: Scope) -> dict[str, object]:
    """Where the other run stands after it took the event: `{run, seq, state}`.

    Raises `EffectError` if there is no such live run, or if it refuses, `PermissionDenied` if it
    is another tenant's and this lab does not let the one send to the other.
    """
    target = scope.engine.runs.get(effect.to)
    if target is None:
        raise EffectError(
            f"send_event: no live run {effect.to!r} in this lab.",
            hint=f"Start or resume it first: lab.resume({effect.to!r}).",
        )
    sender, receiver = scope.run.tenant, target.tenant
    if sender != receiver and (sender, receiver) not in scope.engine.senders:
        raise PermissionDenied(
            f"send_event: run {effect.to!r} is not one of the tenant {sender!r}.",
            hint="lab.allow_events(sender, receiver) lets runs of one tenant send to another's.",
        )
    try:
        step = await target.send(Event(effect.event, dict(effect.data)))
    except EventRefused as refusal:
        raise EffectError(
            f"send_event: run {effect.to!r} refused: {refusal}", hint=refusal.hint
        ) from refusal
    state = target.texts.state(step.snapshot.active)[0]
    return {"run": target.id, "seq": target.seq, "state": state}
