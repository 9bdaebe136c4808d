"""Find out which format a transcript has, and read it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .chat import read_messages
from .langsmith import is_run_tree, read_run_tree
from .messages import Transcript, amount, no_transcript
from .otel import is_spans, read_spans

FORMATS = ("chat", "langsmith", "otel")
LISTS = ("messages", "traj", "trajectory", "conversation", "items")
MAX_BYTES = 512 * 2**20
_SCALARS = (str, int, float, bool)


def read_transcripts(source: Any, format: str | None = None) -> list[Transcript]:
    """Every transcript in a source.

    Args:
        source: a list of messages, a document, a list of documents, or the path of a JSON or
            JSONL file with one of these.
        format: one of `FORMATS`; None: what it looks like.

    Raises `LabError` that says what is wrong with it, and where.
    """
    if format is not None and format not in FORMATS:
        raise no_transcript(
            f"There is no format {format!r} here.", f"Formats: {', '.join(FORMATS)}."
        )
    if isinstance(source, str | os.PathLike):
        source = _loaded(Path(source).expanduser())
    if format is None and _is_several(source):
        return [read_transcript(one) for one in source]
    return [read_transcript(source, format)]


def read_transcript(source: Any, format: str | None = None) -> Transcript:
    """The one transcript in a document. Raises `LabError` for what is none."""
    form = format or _looks_like(source)
    if form == "otel":
        found = read_spans(source)
    elif form == "langsmith":
        found = read_run_tree(source)
    else:
        found = _read_chat(source)
    if not any(message.role != "system" for message in found.messages):
        raise no_transcript("Nobody says anything in this transcript.")
    return found


def _looks_like(source: Any) -> str:
    if is_spans(source):
        return "otel"
    return "langsmith" if is_run_tree(source) else "chat"


def _is_several(source: Any) -> bool:
    """Whether a list holds transcripts rather than the messages of one."""
    if not isinstance(source, list | tuple) or not source:
        return False
    if is_spans(source) or is_run_tree(source):
        return False
    return all(
        isinstance(one, list)
        or (isinstance(one, Mapping) and _list_of(one) is not None)
        or is_spans(one)
        for one in source
    )


def _read_chat(source: Any) -> Transcript:
    if isinstance(source, list | tuple):
        return Transcript(read_messages(source), "chat")
    if not isinstance(source, Mapping):
        raise no_transcript(f"{str(source)[:60]!r} is no transcript.")
    listed = _list_of(source)
    if listed is None:
        raise no_transcript(
            f"There is no list of messages in an object with {', '.join(map(str, source))[:120]}.",
            f"It stands under one of these names: {', '.join(LISTS)}.",
        )
    messages = read_messages([*listed, *_answered(source)])
    found = Transcript(messages, "chat", _about(source), tools=_tools(source.get("tools")))
    return _judged(found, source)


def _list_of(source: Mapping[str, Any]) -> Sequence[Any] | None:
    """The list of messages in a document: also a LangGraph state's or an API request's."""
    for name in LISTS:
        if isinstance(source.get(name), list):
            found: list[Any] = source[name]
            return found
    for name in ("values", "request", "input", "body"):
        inner = source.get(name)
        if isinstance(inner, Mapping) and (deeper := _list_of(inner)) is not None:
            return deeper
        if name == "input" and isinstance(inner, list):
            return inner
    if isinstance(source.get("output"), list):
        asked = source.get("input")
        return [{"role": "user", "content": asked}] if isinstance(asked, str) else []
    return None


def _answered(source: Mapping[str, Any]) -> list[Any]:
    """What the model answered to a request, where the document holds both."""
    response = source.get("response", source)
    if not isinstance(response, Mapping):
        return []
    choices = response.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        rest = {key: response[key] for key in ("model", "usage") if key in response}
        message = choices[0].get("message")
        return [{**rest, **message}] if isinstance(message, Mapping) else []
    output = response.get("output")
    return output if isinstance(output, list) else []


def _about(source: Mapping[str, Any]) -> dict[str, Any]:
    """The short facts beside the messages: a task's number, a title."""
    return {
        key: value
        for key, value in source.items()
        if isinstance(key, str)
        and isinstance(value, _SCALARS)
        and key not in ("reward", "outcome", "score", "passed")
        and len(str(value)) <= 200
    }


def _judged(found: Transcript, source: Mapping[str, Any]) -> Transcript:
    """With what the document says of how it went."""
    reward = amount(source.get("reward", source.get("score")))
    outcome = source.get("outcome")
    if isinstance(source.get("passed"), bool):
        outcome = "passed" if source["passed"] else "failed"
    if not isinstance(outcome, str) and reward is not None:
        outcome = "passed" if reward >= 1 else "failed"
    return replace(found, reward=reward, outcome=outcome if isinstance(outcome, str) else None)


def _tools(listed: Any) -> tuple[str, ...]:
    return tool_names(listed) if isinstance(listed, list) else ()


def tool_names(listed: Sequence[Any]) -> tuple[str, ...]:
    """The names of tools given as names or as their descriptions for a model."""
    found = []
    for one in listed:
        inner = one.get("function", one) if isinstance(one, Mapping) else {"name": one}
        name = inner.get("name") if isinstance(inner, Mapping) else None
        if isinstance(name, str) and name:
            found.append(name)
    return tuple(found)


def _loaded(path: Path) -> Any:
    """What is in a JSON or JSONL file."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise no_transcript(f"{str(path)!r} is larger than {MAX_BYTES:,} bytes.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise no_transcript(
            f"{str(path)!r} cannot be read: {error.strerror or error}.", "Name a JSON file."
        ) from error
    except UnicodeDecodeError as error:
        raise no_transcript(f"{str(path)!r} is no text: byte {error.start} is no UTF-8.") from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise no_transcript(f"{str(path)!r} is no JSON: {error}") from None
    return [_line(path, number, line) for number, line in enumerate(lines, 1)]


def _line(path: Path, number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise no_transcript(f"Line {number} of {str(path)!r} is no JSON: {error}") from None
