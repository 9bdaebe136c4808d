"""Every effect that stands alone. This vocabulary is open: a class derived from Effect joins it.

Texts in them may hold `{{ ... }}` templates, which are filled in when the effect is asked for.
Effects that are put together from others are a closed union, in `composed.py`.
"""

from __future__ import annotations

from .calling import Call, CallApi
from .data import LEVELS, GetData, Log, MergeData, PutData, UpdateData
from .judging import ValidateQuality
from .machines import InvokeFsm, Raise, SendEvent, SpawnFsm
from .thinking import CallLlm, CoordinateAgents, EmbedText, InvokeAgent, RagPipeline, VectorSearch
from .tooling import CallTool
from .waiting import Delay

__all__ = [
    "LEVELS",
    "Call",
    "CallApi",
    "CallLlm",
    "CallTool",
    "CoordinateAgents",
    "Delay",
    "EmbedText",
    "GetData",
    "InvokeAgent",
    "InvokeFsm",
    "Log",
    "MergeData",
    "PutData",
    "RagPipeline",
    "Raise",
    "SendEvent",
    "SpawnFsm",
    "UpdateData",
    "ValidateQuality",
    "VectorSearch",
]
