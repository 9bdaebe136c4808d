"""Requests as the Chat Completions API takes them. Nothing is sent from here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import orjson

from traaviis_lab.errors import DefinitionError

from .port import Message, Request

_ROLES = ("system", "developer", "user", "assistant", "tool")
_DEEPEST = 64
_SAYS = frozenset({"type", "enum", "const", "anyOf", "$ref"})
_NOT_STRICT = frozenset(
    {"allOf", "oneOf", "not", "if", "patternProperties", "prefixItems", "dependentRequired"}
)


class Dialect(NamedTuple):
    """What servers of this API do not agree on.

    Args:
        limit: what they call the number of tokens an answer may have.
        schema: how an answer is held to a schema: `json_schema` by the server, `json_object`
            for servers that know JSON but no schemas, `prompt` for those that know neither.
            With the last two the model is told of the schema in a system message.
        stream_usage: whether a stream is asked to end with the tokens that were used.
    """

    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    schema: Literal["json_schema", "json_object", "prompt"] = "json_schema"
    stream_usage: bool = True


def chat_body(request: Request, dialect: Dialect, *, stream: bool = False) -> dict[str, Any]:
    """The request's body. Raises `DefinitionError` for what no model could be asked."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(one, at) for at, one in enumerate(request.messages)],
    }
    if request.tools:
        body["tools"] = [_tool(one) for one in request.tools]
    if request.schema:
        _put_schema(body, request.schema, dialect)
    if request.max_tokens:
        body[dialect.limit] = _checked_limit(request.max_tokens)
    if request.temperature is not None:
        body["temperature"] = _checked_temperature(request.temperature)
    if request.stop:
        body["stop"] = list(request.stop)
    if request.seed is not None:
        body["seed"] = request.seed
    if stream:
        body["stream"] = True
        if dialect.stream_usage:
            body["stream_options"] = {"include_usage": True}
    return body


def as_bytes(body: Mapping[str, Any]) -> bytes:
    """The body as JSON. Raises `DefinitionError` for what JSON cannot hold."""
    try:
        return orjson.dumps(body, default=_plain)
    except TypeError as error:
        raise DefinitionError(
            f"A model cannot be asked this: it is no JSON ({error}).",
            hint="Messages, tools and schemas are texts, numbers, lists and objects.",
        ) from None


def is_strict(schema: Any, depth: int = 0) -> bool:
    """Whether a schema is of the kind that OpenAI enforces to the letter.

    Its objects allow nothing else than their properties, and require all of them.
    """
    if isinstance(schema, list):
        return all(is_strict(one, depth) for one in schema)
    if not isinstance(schema, Mapping) or depth > _DEEPEST or not _SAYS & schema.keys():
        return False
    kind, named = schema.get("type"), schema.get("properties", {})
    if _NOT_STRICT & schema.keys() or (depth == 0 and kind != "object"):
        return False
    if (kind == "object" or (isinstance(kind, list) and "object" in kind)) and (
        schema.get("additionalProperties") is not False
        or sorted(schema.get("required", ())) != sorted(named)
    ):
        return False
    parts = [*named.values(), *schema.get("$defs", {}).values()]
    parts += [schema[name] for name in ("items", "anyOf") if name in schema]
    return all(is_strict(one, depth + 1) for one in parts)


def told_schema(schema: Mapping[str, Any]) -> dict[str, str]:
    """The message that tells a model of a schema which its server does not hold it to."""
    text = orjson.dumps(schema, default=_plain).decode()
    said = "Answer with JSON alone, and nothing around it. It has to fit this JSON Schema:"
    return {"role": "system", "content": f"{said}\n{text}"}


def _put_schema(body: dict[str, Any], schema: Mapping[str, Any], dialect: Dialect) -> None:
    if dialect.schema == "json_schema":
        named = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
        return
    body["messages"] = [told_schema(schema), *body["messages"]]
    if dialect.schema == "json_object":
        body["response_format"] = {"type": "json_object"}


def _message(message: Message, at: int) -> Message:
    role = message.get("role")
    if role not in _ROLES:
        raise DefinitionError(
            f"messages[{at}]: the role is {role!r}.", hint=f"A role is one of: {', '.join(_ROLES)}."
        )
    if calls := message.get("tool_calls"):
        return {**message, "tool_calls": [_call(one) for one in calls]}
    return message


def _call(call: Mapping[str, Any]) -> Mapping[str, Any]:
    args = call.get("args", {})
    text = args if isinstance(args, str) else orjson.dumps(args, default=_plain).decode()
    function = {"name": call.get("name", ""), "arguments": text}
    return {"id": call.get("id", ""), "type": "function", "function": function}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    known = ("name", "description", "parameters")
    return {"type": "function", "function": {name: tool[name] for name in known if name in tool}}


def _checked_limit(count: int) -> int:
    if type(count) is not int or count < 0:
        raise DefinitionError(
            f"max_tokens={count!r} is no number of tokens.",
            hint="Use a whole number from 1, or 0 for as many as the model is used to.",
        )
    return count


def _checked_temperature(value: float) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= 2:
        raise DefinitionError(
            f"temperature={value!r} is none.", hint="Use a number from 0 to 2, or leave it out."
        )
    return value


def _plain(value: Any) -> Any:
    """Mappings and tuples of any kind, for orjson."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} stands in it")
