"""How each leaf effect is performed."""

from __future__ import annotations

from traaviis_lab.effects import Call, Delay, SendEvent
from traaviis_lab.machine.effect import Effect
from traaviis_lab.runtime.interpreter import Handler

from .call import call
from .delay import delay
from .send_event import send_event

LEAVES: dict[type[Effect], Handler] = {Call: call, Delay: delay, SendEvent: send_event}

__all__ = ["LEAVES"]
