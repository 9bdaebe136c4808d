"""Count tokens without a tokenizer: a rule for scripted models, and a bound for all others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

from .port import Request

PER_MESSAGE = 4
"""Tokens that frame one message, by the rule for scripted models."""
MOST_PER_MESSAGE, MOST_PER_TOOL = 16, 64
MOST_AROUND = 256
"""Tokens that a chat template may put around a talk: a system message of its own."""
MOST_FOR_TOOLS = 1024
"""Tokens that a provider may explain tools or a schema with; 530 is the most seen."""
MOST_PER_PART = 65536
"""Tokens for a picture or another part that is no text; 48,169 is the most seen."""

LONGEST_KNOWN = 8192
"""Characters of a text whose count is remembered: all of them are a few megabytes at most."""
_PIECE = re.compile(
    r"[^\S\n]?(?:[A-Za-z]{1,4}|[0-9]{1,3}|[^\W\d_]|\d|_+|[^\w\s]{1,2})|\n+|[^\S\n]+"
)


def split_text(text: str) -> list[str]:
    """The text in the tokens of the rule; put together they are the text again.

    The rule: letters of English by up to four, digits by up to three, any other letter alone,
    signs by up to two; a blank belongs to what follows it. Line ends that follow each other are
    one token, and so are blanks. No model's tokenizer cuts like this; it is about as fine as
    theirs for English, and the same on every machine.
    """
    return _PIECE.findall(text)


def count_text(text: str) -> int:
    """How many tokens of the rule a text has; see `split_text`. Exact for scripted models."""
    return _count_again(text) if len(text) <= LONGEST_KNOWN else len(_PIECE.findall(text))


@lru_cache(maxsize=256)
def _count_again(text: str) -> int:
    """As `count_text`; what a system says to its model, and a talk so far, are said many times."""
    return len(_PIECE.findall(text))


def count_messages(
    request: Request, count: Callable[[str], int], per_message: int = PER_MESSAGE
) -> int:
    """All that a model reads in a request, counted by `count`, and a frame for each message."""
    return sum(map(count, texts_of(request))) + per_message * len(request.messages)


def most_tokens(request: Request) -> int:
    """As many tokens as no byte-level tokenizer makes of a request, whatever its chat template.

    The UTF-8 bytes of all that is sent (no such tokenizer makes more tokens than bytes), and room
    for what providers put around messages, tools and schemas.
    """
    total = sum([len(text.encode("utf-8", "surrogatepass")) for text in texts_of(request)])
    total += MOST_AROUND + MOST_PER_MESSAGE * len(request.messages)
    total += MOST_PER_TOOL * len(request.tools)
    if request.tools or request.schema:
        total += MOST_FOR_TOOLS
    return total + MOST_PER_PART * sum(_parts_beside_text(m) for m in request.messages)


def texts_of(request: Request) -> Iterator[str]:
    """Every text that a model reads in a request: messages, tools and the schema as JSON."""
    for message in request.messages:
        for key, value in message.items():
            if key == "tool_calls":
                yield as_text(value)
            elif isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    for tool in request.tools:
        yield as_text(tool)
    if request.schema:
        yield as_text(request.schema)


def as_text(value: Any) -> str:
    """A JSON value as compact text; what is none as Python writes it, to be counted at least."""
    try:
        return orjson.dumps(value, default=dict).decode()
    except (TypeError, ValueError):
        return repr(value)


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list | tuple):
        for part in content:
            is_text = isinstance(part, Mapping) and isinstance(part.get("text"), str)
            yield part["text"] if is_text and len(part) <= 2 else as_text(part)
    elif content is not None:
        yield as_text(content)


def _parts_beside_text(message: Mapping[str, Any]) -> int:
    content = message.get("content")
    if not isinstance(content, list | tuple):
        return 0
    return sum(not (isinstance(part, Mapping) and part.get("type") == "text") for part in content)
