"""Which effects get a limit without asking, and why others do not."""

from __future__ import annotations

from traaviis_lab.effects import VOCABULARY

LIMITED = ("call", "call_llm", "embed_text", "vector_search", "rag_pipeline")
"""What answers within a moment or is broken."""

_LONG = {
    "invoke_fsm": "a child machine may wait for people: choose its limit yourself",
    "invoke_agent": "an agent may work for long: choose its limit yourself",
    "coordinate_agents": "agents may work for long: choose their limit yourself",
}


def why_not_limited(kind: str) -> str:
    """Why this kind of effect gets no limit by itself; "" where it does."""
    if kind in LIMITED:
        return ""
    if kind not in VOCABULARY:
        return f"{kind} is not known here (is it of a plugin?): choose its limit yourself"
    return _LONG.get(kind, f"how long {kind} takes is not known: choose its limit yourself")
