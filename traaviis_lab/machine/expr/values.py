"""The values an expression computes with: JSON values, and the few that only live inside.

JSON values are plain Python (a list, a dict with string keys, `True` is never the number 1).
Inside an expression there are also unsigned numbers, bytes, types, and maps whose keys are not
strings; none of them can leave it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from typing import Any, Final

from .source import Source, shorten


class Uint(int):
    """An unsigned number. Its class is not `int`, so that no fast path mistakes it for one."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class CelType:
    """What `type(x)` answers: the name of a type as a value."""

    name: str


@dataclass(frozen=True, slots=True)
class BoolKey:
    """A boolean as the key of a map: Python's dict would take `True` for 1."""

    value: bool


TYPES: Final = {
    name: CelType(name)
    for name in (
        "bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint",
    )
}  # fmt: skip

_KINDS: dict[type, str] = {
    bool: "bool",
    int: "int",
    float: "double",
    str: "string",
    list: "list",
    dict: "map",
    type(None): "null_type",
    Uint: "uint",
    bytes: "bytes",
    CelType: "type",
    tuple: "list",
}
_BASES: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    (list, "list"),
    (tuple, "list"),
    (Mapping, "map"),
    (bytes, "bytes"),
)


def kind(value: Any) -> str:
    """The CEL type of a value, "" for what is none; subclasses count as what they derive from."""
    known = _KINDS.get(type(value))
    if known is not None:
        return known
    return next((name for base, name in _BASES if isinstance(value, base)), "")


def show(value: Any) -> str:
    """A value for an error message: short, whatever it is."""
    what = kind(value)
    if what == "list":
        return f"a list of {len(value)}"
    if what == "map":
        names = ", ".join(shorten(str(key), 20) for key in islice(value, 8))
        return shorten(f"a map of {len(value)} ({names})", 80) if value else "an empty map"
    if what == "string":
        return '"' + shorten(value, 60) + '" (string)'
    if value is None:
        return "null"
    if what == "bool":
        return "true (bool)" if value else "false (bool)"
    if what == "type":
        return f"the type {value.name}"
    if what == "int" and abs(value) >= 2**256:
        return f"an int of {value.bit_length()} bits"
    return f"{shorten(str(value), 60)} ({what or type(value).__name__})"


def to_key(value: Any) -> Any:
    """The dict key for a CEL map key, or None where a value of this type cannot be one."""
    what = kind(value)
    if what in ("string", "int", "uint"):
        return value
    if what == "bool":
        return BoolKey(bool(value))
    if what == "double" and abs(value) < 2.0**64:
        return int(value) if value == int(value) else value
    return value if what == "double" else None


def keys_of(value: Mapping[Any, Any]) -> list[Any]:
    """The keys of a map as CEL values."""
    return [key.value if type(key) is BoolKey else key for key in value]


_SCALARS: Final = frozenset({bool, int, float, str, type(None), bytes, CelType})
_NUMBERS: Final = frozenset({"int", "uint", "double"})


def equal(left: Any, right: Any, spend: Callable[[int], None] | None = None) -> bool:
    """CEL equality: numbers across types, no boolean is a number, lists and maps by content.

    Deep values are walked with a stack, not by recursion. `spend` is told of every container.
    """
    stack = [(left, right)]
    while stack:
        a, b = stack.pop()
        if type(a) is type(b) and type(a) in _SCALARS:
            if a == b:
                continue
            return False
        more = _compare(a, b)
        if more is None:
            return False
        pairs = list(more)
        if spend is not None:
            spend(len(pairs))
        stack.extend(pairs)
    return True


def _compare(a: Any, b: Any) -> Iterable[tuple[Any, Any]] | None:
    """The pairs that must be equal for two values to be so; None where they cannot be."""
    here, there = kind(a), kind(b)
    if here == there == "list":
        return zip(a, b, strict=True) if len(a) == len(b) else None
    if here == there == "map":
        if len(a) != len(b) or any(key not in b for key in a):
            return None
        return ((value, b[key]) for key, value in a.items())
    same = here == there or (here in _NUMBERS and there in _NUMBERS)
    return () if same and a == b else None


def to_json(source: Source, value: Any) -> Any:
    """The value as it may leave an expression; what JSON has no word for is an error."""
    try:
        return _plain(source, value)
    except RecursionError:
        raise source.fail("The result is nested too deeply to be kept.") from None


def _plain(source: Source, value: Any) -> Any:
    what = kind(value)
    if what == "double" and not isfinite(value):
        raise source.fail(f"The result is {value}, which JSON has no number for.")
    if what == "list":
        return [_plain(source, item) for item in value]
    if what == "map":
        return {_text_key(source, key): _plain(source, item) for key, item in value.items()}
    if what == "uint":
        return int(value)
    if what in ("bytes", "type", ""):
        hint = "Turn it into text with string()." if what == "bytes" else ""
        raise source.fail(f"The result {show(value)} is no JSON value.", hint)
    return value


def _text_key(source: Source, key: Any) -> str:
    if isinstance(key, str):
        return key
    shown = key.value if type(key) is BoolKey else key
    raise source.fail(f"The result is a map with the key {show(shown)}; JSON keys are strings.")
