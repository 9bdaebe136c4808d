"""How each leaf effect is performed."""

from __future__ import annotations

from traaviis_lab.effects import Call, CallApi, Delay, InvokeFsm, Permit, SendEvent, SpawnFsm
from traaviis_lab.machine.effect import Effect
from traaviis_lab.runtime.interpreter import Handler

from .call import call
from .call_api import call_api
from .delay import delay
from .machines import invoke_fsm, spawn_fsm
from .permit import permit
from .send_event import send_event

LEAVES: dict[type[Effect], Handler] = {
    Call: call,
    CallApi: call_api,
    Delay: delay,
    InvokeFsm: invoke_fsm,
    Permit: permit,
    SendEvent: send_event,
    SpawnFsm: spawn_fsm,
}

__all__ = ["LEAVES"]
