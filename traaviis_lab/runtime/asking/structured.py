"""Read an answer as the object that was asked for, and say exactly what does not fit."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

from traaviis_lab.errors import DefinitionError

MOST_PROBLEMS = 8
MOST_BEGINNINGS = 8
LONGEST = 4 * 2**20
_FENCE = re.compile(r"```[A-Za-z0-9_+-]*[ \t]*\n(.*?)```", re.DOTALL)
_NOTHING = object()
Check = Callable[[Any], list[str]]


def read_object(text: str) -> tuple[Any, str]:
    """The JSON value in an answer and "", or None and what is wrong with it.

    Looked for as the whole text, then in a fenced block, then from the first brace or bracket.
    """
    if len(text) > LONGEST:
        return None, f"The answer has {len(text):,} characters; at most {LONGEST:,} are read."
    why = ""
    for candidate in _candidates(text):
        found, fault = _parsed(candidate)
        if found is not _NOTHING:
            return found, ""
        why = why or fault
    for beginning in list(re.finditer(r"[{\[]", text))[:MOST_BEGINNINGS]:
        try:
            found, _ = _DECODER.raw_decode(text, beginning.start())
        except (ValueError, RecursionError):
            continue
        return found, ""
    return None, f"It is no JSON: {why or 'it is empty'}."


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


async def checker(schema: Mapping[str, Any]) -> Check:
    """What tells how a value does not fit the schema. Raises `DefinitionError` for what is none.

    The library that knows JSON Schema is imported on a worker thread when it is first needed.
    """
    text = orjson.dumps(schema, option=orjson.OPT_SORT_KEYS)
    if "jsonschema" not in _loaded:
        await asyncio.to_thread(_checker, text)
        _loaded.add("jsonschema")
    return _checker(text)


_loaded: set[str] = set()


@lru_cache(maxsize=256)
def _checker(text: bytes) -> Check:
    import jsonschema
    from referencing import Registry

    schema = orjson.loads(text)
    kind = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as error:
        where = "/".join(str(part) for part in error.absolute_path) or "its top"
        raise DefinitionError(
            f"schema: this is no JSON Schema at {where}: {error.message[:300]}",
            hint="Mend it there; a model of pydantic's has a right one.",
        ) from None
    judge = kind(schema, registry=Registry())  # which fetches nothing

    def check(value: Any) -> list[str]:
        try:
            found = sorted(judge.iter_errors(value), key=lambda one: list(map(str, one.path)))
        except RecursionError:
            return ["It is nested too deep."]
        except Exception as error:
            raise DefinitionError(
                f"schema: it cannot be checked: {str(error)[:300]}",
                hint="It may refer to parts of itself only, which have to be there.",
            ) from None
        told = [f"{_place(one.absolute_path)}: {one.message[:300]}" for one in found]
        more = len(told) - MOST_PROBLEMS
        return [*told[:MOST_PROBLEMS], *([f"and {more} more"] if more > 0 else [])]

    return check


def _place(path: Any) -> str:
    return ".".join(str(part) for part in path) or "the answer"


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
