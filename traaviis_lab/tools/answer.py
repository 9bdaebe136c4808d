"""Turn what a tool answered into plain JSON, or say why it cannot be used."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from traaviis_lab.errors import JournalError, ToolFailed
from traaviis_lab.journal.encode import encode

from .foreign import plain

SAID = 1_500
"""Characters of a failure's message that are kept."""


class Answered(NamedTuple):
    """What a tool answered, and how many bytes that was."""

    value: Any
    size: int


def read_answer(
    name: str, result: Mapping[str, Any], output: Mapping[str, Any], most: int
) -> Answered:
    """The answer: structured where there is such a one, else its one text, else its parts.

    Raises `ToolFailed` for an answer that says it failed, is too large, or is no JSON.
    """
    parts = [one for one in result.get("content") or () if isinstance(one, Mapping)]
    size = _size(name, result, parts)
    if result.get("isError"):
        said = "\n".join(str(one.get("text", "")) for one in parts if one.get("type") == "text")
        raise ToolFailed(
            f"{name} failed. Its server says: {plain(said, SAID) or '(nothing)'}",
            hint="What the server says is its own text; look at the arguments it was given.",
        )
    if size > most:
        raise ToolFailed(
            f"{name} answered with {size:,} bytes; {most:,} are taken.",
            hint="Ask for less, or allow more with lab.tools.add_mcp(..., max_bytes=...).",
        )
    structured = result.get("structuredContent")
    if structured is not None:
        return Answered(_unwrapped(structured, output), size)
    plain_parts = [_part(one) for one in parts]
    if len(plain_parts) == 1 and plain_parts[0].get("type") == "text":
        return Answered(plain_parts[0]["text"], size)
    return Answered(plain_parts or None, size)


def _size(name: str, result: Mapping[str, Any], parts: list[Mapping[str, Any]]) -> int:
    """Its bytes: what is written twice, as text and structured, counts as the larger of the two."""
    try:
        structured = len(encode(result.get("structuredContent"), where="structuredContent"))
        return max(structured, len(encode(parts, where="content")))
    except JournalError as error:
        raise ToolFailed(
            f"{name}: its answer cannot be kept: {plain(error.message, 300)}", hint=error.hint
        ) from None


def _unwrapped(structured: Any, output: Mapping[str, Any]) -> Any:
    """A value that a server had to wrap, since answers are objects: `{result: 4}` is 4."""
    wraps = output.get("required") == ["result"] and list(output.get("properties") or ()) == [
        "result"
    ]
    alone = isinstance(structured, Mapping) and list(structured) == ["result"]
    return structured["result"] if wraps and alone else structured


def _part(one: Mapping[str, Any]) -> dict[str, Any]:
    kind = one.get("type")
    if kind == "text":
        return {"type": "text", "text": str(one.get("text", ""))}
    if kind in ("image", "audio"):
        return {"type": kind, "mime": one.get("mimeType"), "data": one.get("data")}
    if kind == "resource_link":
        return {"type": "link", "uri": one.get("uri"), "name": one.get("name")}
    if kind == "resource" and isinstance(one.get("resource"), Mapping):
        inner = one["resource"]
        held = {key: inner[key] for key in ("text", "blob") if inner.get(key) is not None}
        return {"type": "resource", "uri": inner.get("uri"), "mime": inner.get("mimeType"), **held}
    return {"type": "unknown", "json": json.dumps(one, default=str)}
