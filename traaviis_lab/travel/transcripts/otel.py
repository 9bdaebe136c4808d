"""Read OpenTelemetry spans of generative AI (`gen_ai.*`): OTLP's JSON, or spans as SDKs print them.

What was said stands in the attributes `gen_ai.input.messages` and `gen_ai.output.messages`, or in
older spans in events (`gen_ai.user.message`, `gen_ai.choice`). Each model call repeats what was
said before; only what is new in it is taken. Tools are spans of their own, with real times.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .chat import ROLES, read_message
from .messages import (
    Answer,
    Call,
    Message,
    Transcript,
    count,
    no_transcript,
    read_value,
    says_failed,
    when,
)

_EVENTS = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_CALLS = ("chat", "text_completion", "generate_content")


@dataclass(frozen=True, slots=True)
class Span:
    """A span, its attributes as plain values, times in microseconds."""

    name: str
    attributes: Mapping[str, Any]
    events: tuple[tuple[str, Mapping[str, Any]], ...]
    began: int | None
    at: int | None
    failed: bool

    @property
    def operation(self) -> str:
        """`chat`, `execute_tool`, `invoke_agent`, ..."""
        return str(self.attributes.get("gen_ai.operation.name", "")) or self.name.partition(" ")[0]


def is_spans(document: Any) -> bool:
    """Whether a document is made of spans."""
    if isinstance(document, Mapping):
        return "resourceSpans" in document or "resource_spans" in document
    return (
        isinstance(document, list)
        and bool(document)
        and all(isinstance(one, Mapping) for one in document)
        and any(is_spans(one) or ("attributes" in one and "name" in one) for one in document)
    )


def read_spans(document: Any) -> Transcript:
    """The conversation that the spans tell of, in order of time.

    Raises `LabError` if no model was called and no tool.
    """
    spans = sorted(_spans(document), key=lambda span: (span.began or 0, span.at or 0))
    tools = [span for span in spans if span.operation == "execute_tool"]
    talk = _Talk(tools)
    for span in spans:
        if span.operation in _CALLS or "gen_ai.output.messages" in span.attributes:
            talk.model(span)
    if not talk.messages and not tools:
        raise no_transcript("There is no model call and no tool call in these spans.")
    talk.rest()
    failed = any(span.failed and span.operation == "invoke_agent" for span in spans)
    about = {
        word: span.attributes[key]
        for span in spans
        for word, key in (("agent", "gen_ai.agent.name"), ("conversation", _CONVERSATION))
        if isinstance(span.attributes.get(key), str)
    }
    return Transcript(tuple(talk.messages), "otel", about, "failed" if failed else None)


_CONVERSATION = "gen_ai.conversation.id"


class _Talk:
    """The messages so far. A call's span repeats them; what comes after is new."""

    def __init__(self, tools: Sequence[Span]) -> None:
        self.messages: list[Message] = []
        self.tools = list(tools)
        self._said: list[tuple[Any, ...]] = []

    def model(self, span: Span) -> None:
        """Take a model call: what it was given that is new, and what it answered."""
        given, told = _given(span), _told(span)
        for message in _new(given, self._said):
            self._add(replace(message, at=span.began), message)
        if not told:  # content was not recorded: all we know is that it answered
            told = [Message("agent")]
        for message in told:
            self._add(_priced(message, span), message)

    def rest(self) -> None:
        """Tools that no message tells of, because content was not recorded: by their time."""
        for span in self.tools:
            began, at = span.began or 0, span.at or 0
            later = (i for i, m in enumerate(self.messages) if m.at is not None and m.at > at)
            place = next(later, len(self.messages))
            self.messages[place:place] = [
                Message("agent", calls=(_call_of(span),), at=began),
                Message("tool", answers=(_answer_of(span),), at=at),
            ]
        self.tools = []

    def _add(self, message: Message, known: Message) -> None:
        self._said.append(_key(known))
        if message.answers:
            message = replace(message, answers=tuple(map(self._timed, message.answers)))
        self.messages.append(message)

    def _timed(self, answer: Answer) -> Answer:
        """The answer with the times of its span."""
        for span in self.tools:
            if answer.id and span.attributes.get("gen_ai.tool.call.id") == answer.id:
                self.tools.remove(span)
                return replace(
                    answer,
                    tool=answer.tool or _call_of(span).tool,
                    failed=answer.failed or span.failed,
                    began=span.began,
                    at=span.at,
                )
        return answer


def _priced(message: Message, span: Span) -> Message:
    found = span.attributes
    model = found.get("gen_ai.response.model") or found.get("gen_ai.request.model") or ""
    return replace(
        message,
        model=str(model),
        tokens_in=count(found.get("gen_ai.usage.input_tokens", found.get(_OLD_IN))),
        tokens_out=count(found.get("gen_ai.usage.output_tokens", found.get(_OLD_OUT))),
        began=span.began,
        at=span.at,
    )


_OLD_IN, _OLD_OUT = "gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"


def _new(given: list[Message], said: list[tuple[Any, ...]]) -> list[Message]:
    """Those of the given messages that were not said before."""
    keys = [_key(message) for message in given]
    if keys[: len(said)] == said:
        return given[len(said) :]
    known = set(said)
    return [m for m, key in zip(given, keys, strict=True) if key not in known]


def _key(message: Message) -> tuple[Any, ...]:
    calls = tuple((call.id, call.tool) for call in message.calls)
    return message.role, message.text, calls, tuple(a.id for a in message.answers)


def _given(span: Span) -> list[Message]:
    found: list[Message] = []
    told = _json(span.attributes.get("gen_ai.system_instructions"))
    if told:
        parts = told if isinstance(told, list) else [told]
        found.append(Message("system", "\n".join(_text(part) for part in parts)))
    for item in _list(_json(span.attributes.get("gen_ai.input.messages"))):
        found.append(_parts(item))
    for name, attributes in span.events:
        if name in _EVENTS:
            found.extend(_event(_EVENTS[name], attributes))
        elif name == "gen_ai.client.inference.operation.details":
            found.extend(
                _parts(item) for item in _list(_json(attributes.get("gen_ai.input.messages")))
            )
    return found


def _told(span: Span) -> list[Message]:
    found = [_parts(item) for item in _list(_json(span.attributes.get("gen_ai.output.messages")))]
    for name, attributes in span.events:
        if name == "gen_ai.choice":
            inner = _json(attributes.get("message"))
            found.extend(_event("assistant", inner if isinstance(inner, Mapping) else attributes))
        elif name == "gen_ai.client.inference.operation.details":
            found.extend(
                _parts(item) for item in _list(_json(attributes.get("gen_ai.output.messages")))
            )
    return [replace(message, role="agent") for message in found]


def _event(role: str, attributes: Mapping[str, Any]) -> Iterator[Message]:
    """A message that is an event of a span."""
    item = {
        key: _json(value) if key == "tool_calls" else value for key, value in attributes.items()
    }
    message = read_message({"tool_call_id": item.get("id"), **item, "role": role})
    if message is not None:
        yield message


def _parts(item: Any) -> Message:
    """A message of `gen_ai.input.messages`: `{role, parts: [{type, ...}]}`."""
    role = ROLES.get(str(item.get("role")), "user") if isinstance(item, Mapping) else "user"
    texts, calls, answers = [], [], []
    for part in item.get("parts", ()) if isinstance(item, Mapping) else ():
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "tool_call":
            given = part.get("arguments")
            name = str(part.get("name") or "tool")
            calls.append(Call(str(part.get("id") or ""), name, read_value(given or {})))
        elif kind == "tool_call_response":
            value = read_value(part.get("response", part.get("result", "")))
            answers.append(Answer(str(part.get("id") or ""), "", value, says_failed(value)))
        elif kind not in ("reasoning", "thinking"):
            texts.append(_text(part))
    return Message(role, "\n".join(texts), tuple(calls), tuple(answers))


def _text(part: Any) -> str:
    if not isinstance(part, Mapping):
        return str(part)
    content = part.get("content", part.get("text"))
    return content if isinstance(content, str) else f"[{str(part.get('type', 'part'))[:40]}]"


def _call_of(span: Span) -> Call:
    found = span.attributes
    name = found.get("gen_ai.tool.name") or span.name.removeprefix("execute_tool ")
    given = read_value(found.get("gen_ai.tool.call.arguments", {}))
    return Call(str(found.get("gen_ai.tool.call.id", "")), str(name), given)


def _answer_of(span: Span) -> Answer:
    call = _call_of(span)
    value = read_value(span.attributes.get("gen_ai.tool.call.result"))
    return Answer(call.id, call.tool, value, span.failed or says_failed(value), span.began, span.at)


def _spans(document: Any) -> Iterator[Span]:
    if isinstance(document, list):
        for one in document:
            yield from _spans(one)
    elif isinstance(document, Mapping):
        inner = [
            document[key]
            for key in ("resourceSpans", "resource_spans", "scopeSpans", "scope_spans", "spans")
            if isinstance(document.get(key), list)
        ]
        for listed in inner:
            yield from _spans(listed)
        if not inner and "name" in document:
            yield _span(document)


def _span(item: Mapping[str, Any]) -> Span:
    status = item.get("status")
    code = status.get("code", status.get("status_code")) if isinstance(status, Mapping) else None
    events = tuple(
        (str(event.get("name", "")), _attributes(event.get("attributes")))
        for event in item.get("events") or ()
        if isinstance(event, Mapping)
    )
    return Span(
        str(item["name"]),
        _attributes(item.get("attributes")),
        events,
        when(item.get("startTimeUnixNano", item.get("start_time"))),
        when(item.get("endTimeUnixNano", item.get("end_time"))),
        code in (2, "2", "ERROR", "STATUS_CODE_ERROR"),
    )


def _attributes(found: Any) -> Mapping[str, Any]:
    """Attributes as a mapping; OTLP writes them as `[{key, value: {stringValue: ...}}]`."""
    if isinstance(found, Mapping):
        return found
    return {
        str(one["key"]): _value(one.get("value")) for one in found or () if isinstance(one, Mapping)
    }


def _value(value: Any) -> Any:
    if not isinstance(value, Mapping) or len(value) != 1:
        return value
    kind, inner = next(iter(value.items()))
    if kind == "intValue":
        return int(inner)
    if kind == "arrayValue":
        return [_value(one) for one in inner.get("values", ())]
    if kind == "kvlistValue":
        return {one["key"]: _value(one.get("value")) for one in inner.get("values", ())}
    return inner


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
