"""How effects that ask models and agents are spelled in Python: `fx.call_llm("m", "Hello")`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from traaviis_lab.machine.effect import Effect

from .judging import CRITERIA, ValidateQuality
from .thinking import CallLlm, CoordinateAgents, EmbedText, InvokeAgent, RagPipeline, VectorSearch


def call_llm(  # noqa: PLR0913 - all but the first two have names
    model: str = "",
    prompt: str = "",
    *,
    system: str = "",
    messages: Sequence[Mapping[str, Any]] | str | None = None,
    tools: Sequence[str | Callable[..., Any] | Mapping[str, Any]] | None = None,
    schema: Any = None,
    repairs: int = 1,
    max_tokens: int = 0,
    temperature: float | None = None,
    stop: Sequence[str] = (),
    seed: int | None = None,
    stream: bool | None = None,
    timeout: float | str = "120s",
    labels: Sequence[str] = (),
    into: str = "",
    repeat: str = "",
) -> CallLlm:
    """Ask a language model, with a prompt or with messages; `schema` asks for an object.

    A schema is a JSON Schema or a model of pydantic's; tools are names of registered functions
    (the function stands for its name) or descriptions `{name, description, parameters}`.
    """
    listed: Any = tools
    if isinstance(tools, list | tuple):
        listed = [getattr(one, "__name__", one) for one in tools]
    texts: Any = {"stop": stop, "labels": labels}
    return CallLlm(
        model, prompt, system, messages, listed, _plain(schema), repairs, max_tokens, temperature,
        texts["stop"], seed, stream, timeout, texts["labels"], into, repeat,
    )  # fmt: skip


def validate_quality(  # noqa: PLR0913 - all but the first have names
    value: Any,
    *,
    criteria: str = CRITERIA,
    threshold: float = 0.7,
    model: str = "",
    function: str | Callable[..., Any] = "",
    event: str = "",
    labels: Sequence[str] = (),
    into: str = "",
    repeat: str = "",
) -> Effect:
    """Score a text or a value from 0 to 1; `event` is raised where it is below `threshold`.

    With `event` this is a sequence of two effects: the score, and the event.
    """
    name: Any = getattr(function, "__name__", function)
    marks: Any = labels
    made = ValidateQuality(value, criteria, threshold, model, name, event, marks, into, repeat)
    return made.spelled_out()


def _plain(schema: Any) -> Any:
    if schema is None:
        return {}
    return dict(schema) if isinstance(schema, Mapping) else schema


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
    filter: Mapping[str, Any] | None = None,
    rerank: bool = False,
    rerank_model: str = "",
    min_relevance: float = 0.0,
    context_tokens: int = 1_500,
    retrieve_only: bool = False,
    system: str = "",
    max_tokens: int = 0,
    temperature: float | None = None,
    timeout: float | str = "120s",
    event: str = "",
    labels: Sequence[str] = (),
    into: str = "",
    repeat: str = "",
) -> Effect:
    """Answer a question from a body of knowledge; `event` is raised where nothing is relevant.

    With `event` this is a sequence of two effects: the answer, and the event.
    """
    marks: Any = labels
    made = RagPipeline(
        knowledge, question, model, top, dict(filter or {}), rerank, rerank_model, min_relevance,
        context_tokens, retrieve_only, system, max_tokens, temperature, timeout, event, marks,
        into, repeat,
    )  # fmt: skip
    return made.spelled_out()


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
