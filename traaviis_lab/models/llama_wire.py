"""Requests as llama.cpp reads them, and its pieces put together to an answer. Computes only."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from traaviis_lab.cost import Usage
from traaviis_lab.errors import ModelFailed

from .chat_format import Dialect, chat_body
from .port import Answer, Finish, Request

_FINISHES: dict[str, Finish] = {"stop": "stop", "length": "length", "tool_calls": "tool_calls"}
_JSON_STARTS = tuple('{["-0123456789tfn')
_VALUES = {"const", "enum", "default", "examples"}
_NO_GRAMMAR_HAS = re.compile(r"\(\?(?!:)|\\[bBAZzGkK1-9]")


def body_of(request: Request, *, most: int, again: bool) -> dict[str, Any]:
    """The request as the engine takes it, but for the schema: that becomes a grammar.

    Args:
        request: what is asked.
        most: how many tokens to answer with where the request does not say.
        again: whether what was computed for the last prompt may be used again.

    Raises `DefinitionError` for what no model could be asked.
    """
    said = chat_body(replace(request, schema={}), Dialect(), stream=True)
    usual = {"max_tokens": most, "temperature": 0.0, "seed": 0}
    return {**usual, **said, "cache_prompt": again, "return_progress": True}


def prompt_of(request: Request) -> dict[str, Any]:
    """The part of it that the model reads."""
    said = chat_body(replace(request, schema={}), Dialect())
    return {name: said[name] for name in ("messages", "tools") if name in said}


def plain(schema: Any) -> Any:
    """The schema without the patterns that no grammar can say; the others stay as they are."""
    if isinstance(schema, Mapping):
        return {
            key: value if key in _VALUES else plain(value)
            for key, value in schema.items()
            if not (key == "pattern" and isinstance(value, str) and not _can_say(value))
        }
    return [plain(one) for one in schema] if isinstance(schema, list | tuple) else schema


def _can_say(pattern: str) -> bool:
    try:
        re.compile(re.sub(r"\\[pP]\{\w+\}", "x", pattern))
    except re.error:
        return False
    return not _NO_GRAMMAR_HAS.search(pattern)


class Heard:
    """What has been heard of one answer so far."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._text: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self._finish = ""
        self._usage: Usage | None = None
        self.trouble: Mapping[str, Any] | None = None

    def take(self, piece: Mapping[str, Any]) -> str:
        """Take in a piece; answers with the text that came with it."""
        if "error" in piece:
            self.trouble = piece
            return ""
        if told := piece.get("usage"):
            self._usage = _usage(told)
        text = ""
        for choice in piece.get("choices", ()):
            self._finish = choice.get("finish_reason") or self._finish
            delta = choice.get("delta", {})
            text += delta.get("content") or ""
            for call in delta.get("tool_calls") or ():
                self._take_call(call)
        self._text.append(text)
        return text

    def _take_call(self, call: Mapping[str, Any]) -> None:
        kept = self._calls.setdefault(call.get("index", 0), {"id": "", "name": "", "args": ""})
        said = call.get("function", {})
        kept["id"] = call.get("id") or kept["id"]
        kept["name"] = said.get("name") or kept["name"]
        kept["args"] += said.get("arguments") or ""

    def answer(self, provenance: Mapping[str, Any]) -> Answer:
        """The whole answer. Raises `ModelFailed` where it broke off or the schema had no hold."""
        if not self._finish:
            raise ModelFailed(
                "The model's answer broke off before its end.", hint="Ask again, or open it anew."
            )
        text = "".join(self._text)
        if self._request.schema and text.strip() and not text.lstrip().startswith(_JSON_STARTS):
            raise ModelFailed(
                "The model's engine cannot hold an answer to this schema: "
                f"{json.dumps(self._request.schema, default=str)[:200]}",
                hint="Look for a `$ref` that leads nowhere and for types JSON Schema has not.",
            )
        return Answer(
            text=text,
            tool_calls=tuple(
                {**call, "args": _as_object(call["args"])}
                for _, call in sorted(self._calls.items())
            ),
            finish=_FINISHES.get(self._finish, "stop"),
            usage=self._usage,
            model=self._request.model,
            provenance=provenance,
        )


def _as_object(args: str) -> Any:
    try:
        found = json.loads(args or "{}")
    except ValueError:
        return args
    return found if isinstance(found, dict) else args


def _usage(told: Mapping[str, Any]) -> Usage:
    details = told.get("prompt_tokens_details") or {}
    return Usage(
        tokens_in=int(told.get("prompt_tokens", 0)),
        tokens_out=int(told.get("completion_tokens", 0)),
        cache_read=int(details.get("cached_tokens", 0)),
    )
