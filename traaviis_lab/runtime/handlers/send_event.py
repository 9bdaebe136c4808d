"""Perform `send_event`: hand an event to another run of this lab, acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from traaviis_lab.effects import SendEvent
from traaviis_lab.errors import EffectError, EventRefused
from traaviis_lab.machine import Event
from traaviis_lab.runtime.ids import guest_id
from traaviis_lab.runtime.interpreter import Scope

if TYPE_CHECKING:
    from traaviis_lab.runtime.run import Run


async def send_event(effect: SendEvent, scope: Scope) -> dict[str, object]:
    """Where the other run stands after it took the event: `{run, seq, state}`.

    Raises `EffectError` if it refuses, or if there is no such live run. One of another tenant,
    where this lab does not let the one send to the other, is as one that never was.
    """
    target = _target(effect.to, scope)
    if target is None:
        raise EffectError(
            f"send_event: there is no live run {effect.to!r} that takes events of the tenant "
            f"{scope.run.tenant!r}.",
            hint=f"lab.resume({effect.to!r}) makes one live; lab.allow_events(sender, receiver) "
            "lets runs of one tenant send to another's.",
        )
    try:
        step = await target.send(Event(effect.event, dict(effect.data)))
    except EventRefused as refusal:
        raise EffectError(
            f"send_event: run {effect.to!r} refused: {refusal}", hint=refusal.hint
        ) from refusal
    state = target.texts.state(step.snapshot.active)[0]
    return {"run": target.id, "seq": target.seq, "state": state}


def _target(to: str, scope: Scope) -> Run | None:
    """The live run of this id, or of the one it has as a run that was made from outside."""
    sender, engine = scope.run.tenant, scope.engine
    for name in (to, guest_id(sender, to)):
        run: Run | None = engine.runs.get(name)
        if run is not None and (run.tenant == sender or (sender, run.tenant) in engine.senders):
            return run
    return None
