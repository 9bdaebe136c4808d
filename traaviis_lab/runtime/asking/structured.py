"""Read an answer as the object that was asked for, and say exactly what does not fit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from .schema_door import Check

MOST_BEGINNINGS = 8
LONGEST = 4 * 2**20
_FENCE = re.compile(r"```[A-Za-z0-9_+-]*[ \t]*\n(.*?)```", re.DOTALL)
_NOTHING = object()


def read_object(text: str, check: Check | None = None) -> tuple[Any, list[str]]:
    """The JSON value in an answer and nothing, or None and what is wrong with it.

    Looked for as the whole text, then in fenced blocks, then from a brace or bracket on. The
    first is taken that fits `check`; where none does, what is wrong with the first is told.
    """
    if len(text) > LONGEST:
        return None, [f"The answer has {len(text):,} characters; at most {LONGEST:,} are read."]
    told: list[str] = []
    for value in _values(text):
        problems = check(value) if check is not None else []
        if not problems:
            return value, []
        told = told or problems
    return None, told or [f"It is no JSON: {_parsed(text.strip())[1] or 'it is empty'}."]


def _values(text: str) -> Iterator[Any]:
    """Every JSON value in it that may be meant."""
    for candidate in _candidates(text):
        found, _ = _parsed(candidate)
        if found is not _NOTHING:
            yield found
    end = 0
    for beginning in list(re.finditer(r"[{\[]", text))[:MOST_BEGINNINGS]:
        if beginning.start() < end:  # a part of one that was read
            continue
        try:
            _, end = _DECODER.raw_decode(text, beginning.start())
        except (ValueError, RecursionError):
            continue
        found, _ = _parsed(text[beginning.start() : end])
        if found is not _NOTHING:
            yield found


def _candidates(text: str) -> Iterator[str]:
    yield text.strip()
    for found in list(_FENCE.finditer(text))[:MOST_BEGINNINGS]:
        yield found[1].strip()


def _parsed(text: str) -> tuple[Any, str]:
    try:
        return orjson.loads(text), ""
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        return _NOTHING, str(error)


def _no_constant(name: str) -> Any:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def repair_text(problems: list[str]) -> str:
    """What a model is told whose answer does not fit."""
    listed = "\n".join(f"- {one}" for one in problems)
    return (
        f"Your answer does not fit what was asked for:\n{listed}\n"
        "Answer again, with the corrected JSON and nothing else."
    )


def excerpt(text: str, most: int = 300) -> str:
    """The beginning of an answer, for an error's message."""
    return repr(text if len(text) <= most else text[:most] + "...")
