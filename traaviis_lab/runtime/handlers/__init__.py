"""How each leaf effect is performed."""

from __future__ import annotations

from traaviis_lab.effects import (
    Call,
    CallApi,
    CallLlm,
    CallTool,
    Delay,
    EmbedText,
    InvokeFsm,
    Permit,
    RagPipeline,
    SendEvent,
    SpawnFsm,
    ValidateQuality,
    VectorSearch,
)
from traaviis_lab.machine.effect import Effect
from traaviis_lab.runtime.interpreter import Handler

from .call import call
from .call_api import call_api
from .call_llm import call_llm
from .call_tool import call_tool
from .delay import delay
from .embed_text import embed_text
from .machines import invoke_fsm, spawn_fsm
from .permit import permit
from .rag_pipeline import rag_pipeline
from .send_event import send_event
from .validate_quality import validate_quality
from .vector_search import vector_search

LEAVES: dict[type[Effect], Handler] = {
    Call: call,
    CallApi: call_api,
    CallLlm: call_llm,
    CallTool: call_tool,
    Delay: delay,
    EmbedText: embed_text,
    InvokeFsm: invoke_fsm,
    Permit: permit,
    RagPipeline: rag_pipeline,
    SendEvent: send_event,
    SpawnFsm: spawn_fsm,
    ValidateQuality: validate_quality,
    VectorSearch: vector_search,
}

__all__ = ["LEAVES"]
