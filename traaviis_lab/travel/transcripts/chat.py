"""Read lists of chat messages: OpenAI's chat and Responses, Anthropic's blocks, LangChain's.

All of them say the same in other words, so one reader takes them, also mixed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .messages import (
    Answer,
    Call,
    Message,
    Role,
    amount,
    count,
    no_transcript,
    read_value,
    says_failed,
    when,
)

ROLES: dict[str, Role] = {
    "system": "system", "developer": "system", "SystemMessage": "system",
    "user": "user", "human": "user", "HumanMessage": "user", "HumanMessageChunk": "user",
    "assistant": "agent", "ai": "agent", "model": "agent", "AIMessage": "agent",
    "AIMessageChunk": "agent", "tool": "tool", "function": "tool", "ToolMessage": "tool",
    "FunctionMessage": "tool",
}  # fmt: skip
_TEXTS = ("text", "input_text", "output_text", "refusal")
_UNSAID = ("thinking", "redacted_thinking", "reasoning", "item_reference")

Item = Mapping[str, Any]


def read_messages(items: Sequence[Any]) -> tuple[Message, ...]:
    """The messages of a list. Raises `LabError` that names the first entry which is none."""
    found = []
    for place, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise no_transcript(f"Message {place} is {str(item)[:60]!r}, not an object.")
        message = read_message(_unwrapped(item), place)
        if message is not None:
            found.append(message)
    return tuple(found)


def read_message(item: Item, place: int = 0) -> Message | None:
    """One message; None for what nobody said (a model's reasoning)."""
    kind = item.get("type")
    if kind in _UNSAID and "role" not in item:
        return None
    if kind in ("function_call", "custom_tool_call"):
        given = item.get("arguments", item.get("input"))
        return _agent(item, "", (_call(item.get("call_id"), item.get("name"), given),))
    if kind in ("function_call_output", "custom_tool_call_output"):
        return _tool(item, item.get("call_id"), item.get("output"))
    word = item.get("role") or kind
    role = ROLES.get(word) if isinstance(word, str) else None
    if role is None:
        raise no_transcript(
            f"Message {place} is of nobody known: its role is {str(word)[:40]!r}.",
            f"Roles: {', '.join(sorted({r for r in ROLES if r.islower()}))}.",
        )
    text, calls, answers = _content(item.get("content"))
    if role == "tool":
        return _tool(item, item.get("tool_call_id"), item.get("content"))
    if role == "agent":
        return _agent(item, text, (*calls, *_calls(item)))
    at = when(item.get("created_at", item.get("timestamp")))
    return Message(role, text, answers=answers, at=at)


def _agent(item: Item, text: str, calls: tuple[Call, ...]) -> Message:
    meta = item.get("response_metadata")
    meta = meta if isinstance(meta, Mapping) else {}
    used = item.get("usage_metadata") or item.get("usage") or meta.get("token_usage")
    used = used if isinstance(used, Mapping) else {}
    model = item.get("model") or meta.get("model_name") or meta.get("model")
    return Message(
        "agent",
        text,
        calls,
        model=model if isinstance(model, str) else "",
        tokens_in=_first(used, "input_tokens", "prompt_tokens"),
        tokens_out=_first(used, "output_tokens", "completion_tokens"),
        cost_usd=amount(item.get("cost_usd", used.get("cost_usd", used.get("cost")))),
        at=when(item.get("created_at", item.get("timestamp"))),
    )


def _tool(item: Item, call: Any, content: Any) -> Message:
    value = read_value(_plain(content))
    failed = item.get("status") == "error" or says_failed(value)
    name = item.get("name")
    at = when(item.get("created_at", item.get("timestamp")))
    answer = Answer(_id(call), name if isinstance(name, str) else "", value, failed, at=at)
    return Message("tool", answers=(answer,), at=at)


def _calls(item: Item) -> tuple[Call, ...]:
    """The tool calls beside a message's text, as OpenAI and as LangChain write them."""
    found = []
    for one in item.get("tool_calls") or ():
        if not isinstance(one, Mapping):
            continue
        inner = one.get("function") or one.get("custom") or one
        given = inner.get("arguments", inner.get("args", inner.get("input")))
        found.append(_call(one.get("id"), inner.get("name"), given))
    old = item.get("function_call")
    if isinstance(old, Mapping):
        found.append(_call("", old.get("name"), old.get("arguments")))
    return tuple(found)


def _content(content: Any) -> tuple[str, tuple[Call, ...], tuple[Answer, ...]]:
    """A message's text, and the calls and answers that stand in it as blocks."""
    texts, calls, answers = [], [], []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            texts.append(part)
        elif not isinstance(part, Mapping) or part.get("type") in _UNSAID:
            continue
        elif part.get("type") == "tool_use":
            calls.append(_call(part.get("id"), part.get("name"), part.get("input")))
        elif part.get("type") == "tool_result":
            value = read_value(_plain(part.get("content")))
            failed = bool(part.get("is_error")) or says_failed(value)
            answers.append(Answer(_id(part.get("tool_use_id")), "", value, failed))
        else:
            texts.append(_part(part))
    return "\n".join(text for text in texts if text), tuple(calls), tuple(answers)


def _plain(content: Any) -> Any:
    """A tool's answer: blocks of text are put together, all else stays as it is."""
    if isinstance(content, list) and content and all(_is_block(part) for part in content):
        return "\n".join(_part(part) for part in content)
    return "" if content is None else content


def _is_block(part: Any) -> bool:
    return isinstance(part, Mapping) and part.get("type") in (*_TEXTS, "image", "image_url")


def _part(part: Item) -> str:
    for word in ("text", "refusal"):
        if isinstance(part.get(word), str):
            return str(part[word])
    return f"[{str(part.get('type', 'part'))[:40]}]"


def _call(call: Any, tool: Any, given: Any) -> Call:
    if not isinstance(tool, str) or not tool:
        raise no_transcript(f"A tool call has no name: {str(tool)[:40]!r}.")
    return Call(_id(call), tool, {} if given in (None, "") else read_value(given))


def _id(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _first(found: Item, *names: str) -> int | None:
    return next((n for name in names if (n := count(found.get(name))) is not None), None)


def _unwrapped(item: Item) -> Item:
    """LangChain writes messages down as `{lc, id, kwargs}` or as `{type, data}`, too."""
    if "lc" in item and isinstance(item.get("kwargs"), Mapping):
        names = item.get("id")
        kind = names[-1] if isinstance(names, list) and names else None
        return {"type": kind, **item["kwargs"]} if kind in ROLES else item
    if isinstance(item.get("data"), Mapping) and "content" in item["data"]:
        return {**item["data"], "type": item.get("type")}
    return item
