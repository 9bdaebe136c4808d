"""Answers as the Chat Completions API gives them, whole or in pieces, read with suspicion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from traaviis_lab.cost import Usage

from .port import Answer, Finish

_FINISHES: dict[Any, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
MOST_CALLS = 1000
"""Tool calls in one answer; no model makes so many."""


class _Unreadable(Exception):
    """What came is no answer of this API. The text says where it is not."""


def unreadable(why: str) -> Exception:
    """What to raise for what is no answer; `remote_failure` makes a `ModelFailed` of it."""
    return _Unreadable(why)


def is_unreadable(error: BaseException) -> bool:
    """Whether an error says that what came is no answer."""
    return isinstance(error, _Unreadable)


def read_answer(body: Any, provenance: Mapping[str, Any]) -> Answer:
    """The answer that a body holds. Raises `unreadable` for what is none."""
    choice = _choice(body)
    if choice is None:
        raise unreadable("it has no choices")
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise unreadable("its message is no object")
    text = _text(message.get("content"), "content")
    refusal = _text(message.get("refusal"), "refusal")
    calls = message.get("tool_calls") or ()
    if not isinstance(calls, list | tuple) or len(calls) > MOST_CALLS:
        raise unreadable("its tool_calls are no list")
    read = tuple(_call(one, at) for at, one in enumerate(calls))
    finish = _finish(choice.get("finish_reason"), bool(read), bool(refusal))
    return Answer(
        text or refusal, read, finish, read_usage(body.get("usage")), None,
        _name(body.get("model")), provenance,
    )  # fmt: skip


class Growing:
    """An answer that comes in pieces: `take` each of them, then ask for the `answer`."""

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.model = self.id = ""
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}
        self._finish: Any = None

    def take(self, piece: Any) -> str:
        """The new text in this piece. Raises `unreadable` for what is none."""
        choice = _choice(piece)
        self.model = self.model or _name(piece.get("model"))
        self.id = self.id or _name(piece.get("id"))
        if (usage := piece.get("usage")) is not None:
            self.usage = read_usage(usage)
        if choice is None:
            return ""
        if (finish := choice.get("finish_reason")) is not None:
            self._finish = finish
        delta = choice.get("delta")
        if delta is None:
            return ""
        if not isinstance(delta, Mapping):
            raise unreadable("its delta is no object")
        return self._add(delta)

    def check(self) -> None:
        """Raise `unreadable` unless the server has said why the answer ends."""
        if self._finish is None:
            raise unreadable("the stream was cut off before its end")

    def answer(self, provenance: Mapping[str, Any]) -> Answer:
        """The whole answer."""
        calls = tuple(
            {"id": one["id"], "name": one["name"], "args": _args(one["arguments"])}
            for _, one in sorted(self._calls.items())
        )
        text, refusal = "".join(self._texts), "".join(self._refusals)
        finish = _finish(self._finish, bool(calls), bool(refusal))
        return Answer(text or refusal, calls, finish, self.usage, None, self.model, provenance)

    def _add(self, delta: Mapping[str, Any]) -> str:
        text = _text(delta.get("content"), "content")
        self._texts.append(text)
        self._refusals.append(_text(delta.get("refusal"), "refusal"))
        calls = delta.get("tool_calls") or ()
        if not isinstance(calls, list | tuple):
            raise unreadable("its tool_calls are no list")
        for at, one in enumerate(calls):
            self._grow(one, at)
        return text

    def _grow(self, call: Any, at: int) -> None:
        if not isinstance(call, Mapping):
            raise unreadable(f"its tool_calls[{at}] is no object")
        index = call.get("index", at)
        index = at if index is None else index
        if type(index) is not int or not 0 <= index < MOST_CALLS:
            raise unreadable(f"its tool_calls[{at}] has the index {index!r}")
        made = self._calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
        function = call.get("function") or {}
        if not isinstance(function, Mapping):
            raise unreadable(f"its tool_calls[{at}] calls no function")
        made["id"] = made["id"] or _text(call.get("id"), "id")
        made["name"] = made["name"] or _text(function.get("name"), "name")
        made["arguments"] += _text(function.get("arguments"), "arguments")


def read_usage(told: Any) -> Usage | None:
    """The tokens a server tells of; None where it tells none, or what cannot be."""
    if not isinstance(told, Mapping):
        return None
    read, wrote = told.get("prompt_tokens_details"), told.get("completion_tokens_details")
    more = read if read and isinstance(read, Mapping) else {}
    less = wrote if wrote and isinstance(wrote, Mapping) else {}
    counts: Any = (
        told.get("prompt_tokens"),
        told.get("completion_tokens"),
        more.get("cached_tokens") or 0,
        told.get("cache_creation_input_tokens") or more.get("cache_creation_tokens") or 0,
        less.get("reasoning_tokens") or 0,
    )
    if set(map(type, counts)) != {int} or min(counts) < 0 or not 0 < max(counts) < 2**53:
        return None
    usage = Usage(*counts)
    possible = usage.cache_read + usage.cache_write <= usage.tokens_in
    return usage if possible and usage.reasoning <= usage.tokens_out else None


def _choice(body: Any) -> Mapping[str, Any] | None:
    if not isinstance(body, Mapping):
        raise unreadable("it is no object")
    choices = body.get("choices")
    if not isinstance(choices, list | tuple):
        raise unreadable("its choices are no list")
    if not choices:
        return None
    if not isinstance(choices[0], Mapping):
        raise unreadable("its first choice is no object")
    return choices[0]


def _call(call: Any, at: int) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise unreadable(f"its tool_calls[{at}] calls no function")
    args = _args(function.get("arguments"))
    return {"id": _text(call.get("id"), "id"), "name": function["name"], "args": args}


def _args(arguments: Any) -> Any:
    """The object that a tool is called with, or the text that is none."""
    if isinstance(arguments, Mapping):
        return dict(arguments)
    text = _text(arguments, "arguments")
    try:
        args = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return text
    return args if isinstance(args, dict) else text


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):  # parts, of which the texts are read
        parts = [one.get("text") for one in value if isinstance(one, Mapping)]
        if len(parts) == len(value) and all(isinstance(one, str) for one in parts):
            return "".join(str(one) for one in parts)
    raise unreadable(f"its {name} is no text")


def _name(value: Any) -> str:
    return value[:200] if isinstance(value, str) else ""


def _finish(said: Any, calls: bool, refused: bool) -> Finish:
    if refused:
        return "content_filter"
    known = _FINISHES.get(said) if isinstance(said, str) else None
    if calls and known in (None, "stop"):
        return "tool_calls"
    return known or "stop"
