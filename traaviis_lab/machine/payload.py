"""Check an event's data against what the chart declares: a small subset of JSON Schema.

Known: `type` (a name or a list of names), `enum`, `minimum`, `maximum`, `properties`, `required`,
`items`. `default` and `title` are for forms and check nothing. Unknown fields are allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .values import Data

Check = Callable[[Any], str | None]

_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, (list, tuple)),
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
TYPE_NAMES = tuple(_TYPES)


def compile_payload(schema: Mapping[str, Any]) -> Callable[[Data], str | None]:
    """A function that says what is wrong with an event's data, or None if nothing is."""
    return _compile({"type": "object", **schema}, "")


def _compile(schema: Mapping[str, Any], where: str) -> Check:
    """All checks of one value; the first complaint wins."""
    checks: list[Check] = []
    types = schema.get("type", ())
    if types:
        checks.append(_type_check((types,) if isinstance(types, str) else tuple(types), where))
    if "enum" in schema:
        checks.append(_enum_check(tuple(schema["enum"]), where))
    if "minimum" in schema or "maximum" in schema:
        checks.append(_range_check(schema.get("minimum"), schema.get("maximum"), where))
    if "properties" in schema or "required" in schema:
        checks.append(_fields_check(schema, where))
    if "items" in schema:
        checks.append(_items_check(schema["items"], where))

    def check(value: Any) -> str | None:
        return next((problem for c in checks if (problem := c(value))), None)

    return check


def _type_check(types: tuple[str, ...], where: str) -> Check:
    tests = [_TYPES[name] for name in types]

    def check(value: Any) -> str | None:
        if any(test(value) for test in tests):
            return None
        return f"{_subject(where)} must be {_either(types)}, not {_show(value)}"

    return check


def _enum_check(allowed: tuple[Any, ...], where: str) -> Check:
    def check(value: Any) -> str | None:
        if any(value == a and isinstance(value, bool) == isinstance(a, bool) for a in allowed):
            return None
        return (
            f"{_subject(where)} must be one of {', '.join(map(repr, allowed))}, not {_show(value)}"
        )

    return check


def _range_check(low: float | None, high: float | None, where: str) -> Check:
    def check(value: Any) -> str | None:
        if not _TYPES["number"](value):
            return None
        if low is not None and not value >= low:
            return f"{_subject(where)} must be at least {low}, not {_show(value)}"
        if high is not None and not value <= high:
            return f"{_subject(where)} must be at most {high}, not {_show(value)}"
        return None

    return check


def _fields_check(schema: Mapping[str, Any], where: str) -> Check:
    required = tuple(schema.get("required", ()))
    inner = {
        name: _compile(sub, f"{where}.{name}" if where else name)
        for name, sub in schema.get("properties", {}).items()
    }

    def check(value: Any) -> str | None:
        if not isinstance(value, Mapping):
            return None
        missing = [name for name in required if name not in value]
        if missing:
            names = ", ".join(repr(name) for name in missing)
            return f"{_subject(where)} lacks {names}"
        found = (c(value[name]) for name, c in inner.items() if name in value)
        return next((problem for problem in found if problem), None)

    return check


def _items_check(schema: Mapping[str, Any], where: str) -> Check:
    each = _compile(schema, f"an item of {where}" if where else "an item")

    def check(value: Any) -> str | None:
        if not isinstance(value, (list, tuple)):
            return None
        return next((problem for item in value if (problem := each(item))), None)

    return check


def _subject(where: str) -> str:
    if not where:
        return "it"
    return where if where.startswith("an item") else repr(where)


def _either(types: tuple[str, ...]) -> str:
    names = [f"{'an' if name[0] in 'aeiou' else 'a'} {name}" for name in types if name != "null"]
    return " or ".join([*names, *(["null"] if "null" in types else [])])


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
