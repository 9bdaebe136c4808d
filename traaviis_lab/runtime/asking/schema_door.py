"""The door to JSON Schema: say how a value does not fit one, in bounded time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import orjson

from traaviis_lab.errors import DefinitionError

MOST_PROBLEMS = 8
LONGEST_LOOK = 0.5
"""Seconds for one pattern and one text: `(a+)+$` would take for ever on the wrong answer. The
whole check may take as long: references can double what is to be looked at, again and again."""
Check = Callable[[Any], list[str]]


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
    words = {**kind.VALIDATORS, "pattern": _pattern, "patternProperties": _pattern_properties}
    bounded = jsonschema.validators.extend(kind, {w: _timed(look) for w, look in words.items()})
    judge = bounded(schema, registry=Registry())  # which fetches nothing

    def check(value: Any) -> list[str]:
        _until.set(time.monotonic() + LONGEST_LOOK)
        try:
            found = sorted(judge.iter_errors(value), key=lambda one: list(map(str, one.path)))
        except RecursionError:
            return ["It is nested too deep."]
        except TimeoutError:
            return [f"A pattern of the schema is not through with it within {LONGEST_LOOK} s."]
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


_until: ContextVar[float] = ContextVar("traaviis_schema_until")


def _timed(look: Callable[..., Any]) -> Callable[..., Any]:
    """A word of JSON Schema that is looked at as long as there is time."""

    def timed(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        if time.monotonic() > _until.get():
            raise TimeoutError
        return look(validator, value, instance, schema)

    return timed


def _matches(pattern: str, text: str) -> bool:
    """Whether a text has the pattern somewhere. Raises `TimeoutError` where that takes long."""
    import regex

    return regex.search(pattern, text, timeout=LONGEST_LOOK) is not None


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if validator.is_type(value, "string") and not _matches(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], value: Any, schema: Any
) -> Iterator[Any]:
    if not validator.is_type(value, "object"):
        return
    for pattern, part in patterns.items():
        for name, one in value.items():
            if _matches(pattern, name):
                yield from validator.descend(one, part, path=name, schema_path=pattern)
