"""Read LangSmith's runs (a tree of chain, model and tool runs) and the states of LangGraph.

The messages are those of the outermost run or of the last model call; its children say how long
models and tools took and what they used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .chat import read_messages
from .messages import Answer, Message, Transcript, count, no_transcript, when

Item = Mapping[str, Any]


def is_run_tree(document: Any) -> bool:
    """Whether a document is a LangSmith run, or a list of the runs of a trace."""
    if isinstance(document, list):
        return bool(document) and all(is_run_tree(one) for one in document)
    return isinstance(document, Mapping) and "run_type" in document


def read_run_tree(document: Any) -> Transcript:
    """The conversation of a trace. Raises `LabError` if no messages are in it."""
    if not is_run_tree(document):
        raise no_transcript("This is no LangSmith run: a `run_type` is missing.")
    runs = sorted(_flat(document), key=lambda run: when(run.get("start_time")) or 0)
    roots = [run for run in runs if not run.get("parent_run_id")] or runs
    root = roots[0]
    models = [run for run in runs if run["run_type"] in ("llm", "chat_model")]
    messages = _messages(root, models)
    if not messages:
        raise no_transcript(
            f"There are no messages in run {str(root.get('name', '?'))[:60]!r}.",
            "The run, or a model call in it, has `messages` among its inputs or outputs.",
        )
    tools = [run for run in runs if run["run_type"] == "tool"]
    outcome = "failed" if root.get("error") else None
    return Transcript(_timed(messages, models, tools), "langsmith", _about(root), outcome)


def _messages(root: Item, models: Sequence[Item]) -> list[Message]:
    told = _found(root.get("outputs"))
    asked = _found(root.get("inputs"))
    if told:
        # A graph's output is its whole state; a chain's only what is new.
        return told if told[: len(asked)] == asked else [*asked, *told]
    if models:
        last = models[-1]
        return [*_found(last.get("inputs")), *_generations(last.get("outputs"))]
    return asked


def _found(values: Any) -> list[Message]:
    """The messages in what a run was given or gave back."""
    if not isinstance(values, Mapping):
        return []
    listed = values.get("messages", values.get("output", values.get("input")))
    if isinstance(listed, Mapping):
        return _found(listed) if "messages" in listed else list(read_messages([listed]))
    if not isinstance(listed, list) or not listed:
        return []
    if isinstance(listed[0], list):  # a batch of one
        listed = listed[0]
    return list(read_messages([one for one in listed if isinstance(one, Mapping)]))


def _generations(values: Any) -> list[Message]:
    """The message a model answered with."""
    if not isinstance(values, Mapping):
        return []
    found = values.get("generations")
    while isinstance(found, list) and found:
        found = found[0]
    if isinstance(found, Mapping) and isinstance(found.get("message"), Mapping):
        return list(read_messages([found["message"]]))
    choices = values.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        return list(read_messages([choices[0].get("message")]))
    return _found(values)


def _timed(
    messages: Sequence[Message], models: Sequence[Item], tools: Sequence[Item]
) -> tuple[Message, ...]:
    """The messages with the times and tokens of the runs that made them, matched in order."""
    agents = sum(message.role == "agent" for message in messages)
    calls = iter(models[-agents:] if agents else ())
    known = len(models) >= agents
    left = list(tools)
    timed = []
    for message in messages:
        if message.role == "agent" and known:
            message = _by_model(message, next(calls))  # noqa: PLW2901
        elif message.answers:
            answers = tuple(_by_tool(answer, left) for answer in message.answers)
            message = replace(message, answers=answers, at=answers[-1].at)  # noqa: PLW2901
        timed.append(message)
    return tuple(timed)


def _by_model(message: Message, run: Item) -> Message:
    meta = _mapping(_mapping(run.get("extra")).get("metadata"))
    told = _generations(run.get("outputs"))
    inner = told[0] if told else message
    tokens = (
        _known(count(run.get("prompt_tokens")), inner.tokens_in, message.tokens_in),
        _known(count(run.get("completion_tokens")), inner.tokens_out, message.tokens_out),
    )
    model = meta.get("ls_model_name") or inner.model or message.model
    return replace(
        message,
        model=str(model),
        tokens_in=tokens[0],
        tokens_out=tokens[1],
        began=when(run.get("start_time")),
        at=when(run.get("end_time")),
    )


def _known(*values: int | None) -> int | None:
    return next((value for value in values if value is not None), None)


def _by_tool(answer: Answer, left: list[Item]) -> Answer:
    for run in left:
        if answer.tool in ("", run.get("name")):
            left.remove(run)
            return replace(
                answer,
                tool=answer.tool or str(run.get("name")),
                failed=answer.failed or bool(run.get("error")),
                began=when(run.get("start_time")),
                at=when(run.get("end_time")),
            )
    return answer


def _flat(document: Any) -> Iterator[Item]:
    for run in document if isinstance(document, list) else [document]:
        yield run
        children = run.get("child_runs")
        if isinstance(children, list):
            yield from _flat([one for one in children if is_run_tree(one)])


def _about(root: Item) -> dict[str, Any]:
    named = {key: root[key] for key in ("name", "id", "trace_id") if isinstance(root.get(key), str)}
    error = root.get("error")
    return {**named, "error": str(error)[:500]} if error else named


def _mapping(value: Any) -> Item:
    return value if isinstance(value, Mapping) else {}
