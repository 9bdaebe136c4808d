"""How effects that ask models and agents are spelled in Python: `fx.call_llm("m", "Hello")`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .thinking import CallLlm, CoordinateAgents, EmbedText, InvokeAgent, RagPipeline, VectorSearch


def call_llm(  # noqa: PLR0913 - all but the first two have names
    model: str,
    prompt: str = "",
    *,
    system: str = "",
    messages: Sequence[Mapping[str, Any]] | str | None = None,
    tools: Sequence[str | Mapping[str, Any]] | None = None,
    schema: Mapping[str, Any] | None = None,
    max_tokens: int = 0,
    temperature: float | None = None,
    into: str = "",
    repeat: str = "",
) -> CallLlm:
    """Ask a language model, with a prompt or with messages; `schema` asks for an object."""
    return CallLlm(
        model, prompt, system, messages, tools, dict(schema or {}), max_tokens, temperature, into,
        repeat,
    )  # fmt: skip


def embed_text(
    model: str,
    text: str = "",
    *,
    texts: Sequence[str] | str | None = None,
    into: str = "",
    repeat: str = "",
) -> EmbedText:
    """Turn one text, or several, into vectors."""
    return EmbedText(model, text, texts, into, repeat)


def vector_search(
    index: str,
    query: Any,
    *,
    top: int = 5,
    filter: Mapping[str, Any] | None = None,
    into: str = "",
    repeat: str = "",
) -> VectorSearch:
    """Find the `top` nearest to a text or a vector; `filter`: what their fields must be."""
    return VectorSearch(index, query, top, dict(filter or {}), into, repeat)


def rag_pipeline(  # noqa: PLR0913 - all but the first two have names
    knowledge: str,
    question: str,
    *,
    model: str = "",
    top: int = 5,
    rerank: bool = False,
    min_relevance: float = 0.0,
    max_tokens: int = 0,
    into: str = "",
    repeat: str = "",
) -> RagPipeline:
    """Answer a question from a body of knowledge."""
    return RagPipeline(
        knowledge, question, model, top, rerank, min_relevance, max_tokens, into, repeat
    )


def invoke_agent(
    agent: str,
    task: str,
    *,
    tools: Sequence[str | Mapping[str, Any]] | None = None,
    max_steps: int = 20,
    budget: Mapping[str, Any] | None = None,
    into: str = "",
    repeat: str = "",
) -> InvokeAgent:
    """Give an agent a task; `budget`: what it may spend, as `usd`, `tokens`, `seconds`."""
    return InvokeAgent(agent, task, tools, max_steps, dict(budget or {}), into, repeat)


def coordinate_agents(
    agents: Sequence[str] | str,
    task: str,
    *,
    mode: str = "sequential",
    rounds: int = 1,
    budget: Mapping[str, Any] | None = None,
    into: str = "",
    repeat: str = "",
) -> CoordinateAgents:
    """Give agents one task; `mode`: sequential, parallel, debate, vote or supervisor."""
    return CoordinateAgents(agents, task, mode, rounds, dict(budget or {}), into, repeat)
