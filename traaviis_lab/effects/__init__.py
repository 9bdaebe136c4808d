"""Effects as data: what a machine may ask of the world. No I/O."""

from traaviis_lab.machine.effect import VOCABULARY, Effect

from .leaves import (
    Call,
    Delay,
    Log,
    MergeData,
    PutData,
    Raise,
    SendEvent,
    UpdateData,
)
from .spelling import (
    call,
    delay,
    log,
    merge_data,
    put_data,
    raise_event,
    read_effect,
    send_event,
    update_data,
)

__all__ = [
    "VOCABULARY",
    "Call",
    "Delay",
    "Effect",
    "Log",
    "MergeData",
    "PutData",
    "Raise",
    "SendEvent",
    "UpdateData",
    "call",
    "delay",
    "log",
    "merge_data",
    "put_data",
    "raise_event",
    "read_effect",
    "send_event",
    "update_data",
]
