"""What the functions of the language do with their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

from .limits import MAX_INT, MAX_UINT, MIN_INT
from .matching import matches
from .source import Source
from .values import TYPES, Uint, kind, show

_INT: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)[ \t\n\v\f\r]*", re.ASCII)
_DOUBLE: Final = re.compile(
    r"[ \t\n\v\f\r]*([+-]?(?:[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?"
    r"|inf(?:inity)?|nan))[ \t\n\v\f\r]*",
    re.ASCII | re.IGNORECASE,
)
_TRUE: Final = frozenset({"true", "True", "TRUE", "t", "1"})
_FALSE: Final = frozenset({"false", "False", "FALSE", "f", "0"})


def size(source: Source, value: Any) -> int:
    """Code points of a string, bytes of bytes, items of a list, entries of a map."""
    if kind(value) in ("string", "list", "map", "bytes"):
        return len(value)
    raise _refused(source, "size", value, "a string, a list or a map")


def starts_with(source: Source, value: Any, prefix: Any) -> bool:
    """Whether the text begins with `prefix`."""
    _strings(source, "startsWith", value, prefix)
    return bool(value.startswith(prefix))


def ends_with(source: Source, value: Any, suffix: Any) -> bool:
    """Whether the text ends with `suffix`."""
    _strings(source, "endsWith", value, suffix)
    return bool(value.endswith(suffix))


def contains(source: Source, value: Any, part: Any) -> bool:
    """Whether `part` stands somewhere in the text."""
    _strings(source, "contains", value, part)
    return part in value


def to_int(source: Source, value: Any) -> int:
    """A number without its fraction, or the number that a text spells."""
    what = kind(value)
    number: int | None = None
    if what == "string":
        number = _spelled(value)
    elif what in ("int", "uint") or (what == "double" and abs(value) < 2.0**63):
        number = int(value)
    if number is not None and MIN_INT <= number <= MAX_INT:
        return number
    raise _refused(source, "int", value, "a number of 64 bits or a text that spells one")


def to_uint(source: Source, value: Any) -> Uint:
    """Like `int()`, for numbers from 0 to 2**64 - 1."""
    what = kind(value)
    number: int | None = None
    if what == "string":
        number = _spelled(value)
    elif what in ("int", "uint") or (what == "double" and 0 <= value < 2.0**64):
        number = int(value)
    signed = what == "string" and "-" in value
    if number is not None and 0 <= number <= MAX_UINT and not signed:
        return Uint(number)
    raise _refused(source, "uint", value, "a number from 0 to 2^64-1 or a text that spells one")


def _spelled(text: str) -> int | None:
    found = _INT.fullmatch(text) if len(text) <= 100 else None
    return int(found.group(1)) if found else None


def to_double(source: Source, value: Any) -> float:
    """The nearest double of a number, or of the one a text spells."""
    what = kind(value)
    if what in ("uint", "double") or (what == "int" and MIN_INT <= value <= MAX_INT):
        return float(value)
    if what == "string" and len(value) <= 1000 and (found := _DOUBLE.fullmatch(value)):
        return float(found.group(1))
    raise _refused(source, "double", value, "a number or a text that spells one")


def to_string(source: Source, value: Any) -> str:
    """A scalar as text."""
    what = kind(value)
    if what == "string":
        return str(value)
    if what == "bool":
        return "true" if value else "false"
    if what in ("int", "uint") and MIN_INT <= value <= MAX_UINT:
        return str(int(value))
    if what == "double":
        return double_text(value)
    if what == "bytes":
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            raise source.fail("string() is given bytes that are not UTF-8.") from None
    raise _refused(source, "string", value, "a number, a bool, bytes or a string")


def double_text(value: float) -> str:
    """A double as CEL writes it: the fewest digits that name it, `1e+06` from a million on."""
    if not isfinite(value):
        return str(float(value))
    sign, digits, exponent = _digits(float(value))
    if -4 <= exponent < 6:
        if exponent < 0:
            return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
        padded = digits.ljust(exponent + 1, "0")
        fraction = padded[exponent + 1 :]
        return f"{sign}{padded[: exponent + 1]}" + (f".{fraction}" if fraction else "")
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _digits(value: float) -> tuple[str, str, int]:
    """The sign, the significant digits, and the power of ten of the first of them."""
    mantissa, _, power = repr(abs(value)).partition("e")
    units, _, fraction = mantissa.partition(".")
    digits = (units + fraction).lstrip("0")
    lead = len(units) - 1 if units != "0" else -1 - (len(fraction) - len(fraction.lstrip("0")))
    sign = "-" if str(value).startswith("-") else ""
    if not digits.strip("0"):
        return sign, "0", 0
    return sign, digits.rstrip("0"), lead + int(power or 0)


def to_bytes(source: Source, value: Any) -> bytes:
    """A string as UTF-8."""
    if kind(value) == "bytes":
        return bytes(value)
    if kind(value) == "string":
        return str(value).encode()
    raise _refused(source, "bytes", value, "a string")


def to_bool(source: Source, value: Any) -> bool:
    """A bool, or the one that a text spells: true, True, TRUE, t, 1 and their opposites."""
    if kind(value) == "bool":
        return bool(value)
    if kind(value) == "string" and (value in _TRUE or value in _FALSE):
        return value in _TRUE
    raise _refused(source, "bool", value, "a bool or one of the texts true and false")


def type_of(source: Source, value: Any) -> Any:
    """The type of the value, as a value."""
    what = kind(value)
    if what:
        return TYPES[what]
    raise _refused(source, "type", value, "a JSON value")


def dyn(source: Source, value: Any) -> Any:
    """The value itself; it only makes the checker forget its type."""
    return value


def _strings(source: Source, name: str, value: Any, other: Any) -> None:
    for text in (value, other):
        if not isinstance(text, str):
            raise _refused(source, name, text, "strings")


def _refused(source: Source, name: str, value: Any, wanted: str) -> Exception:
    return source.fail(f"{name}() cannot take {show(value)}; it needs {wanted}.")


ONE: Final[Mapping[str, Callable[[Source, Any], Any]]] = {
    "size": size,
    "int": to_int,
    "uint": to_uint,
    "double": to_double,
    "string": to_string,
    "bytes": to_bytes,
    "bool": to_bool,
    "type": type_of,
    "dyn": dyn,
}
TWO: Final[Mapping[str, Callable[[Source, Any, Any], bool]]] = {
    "matches": matches,
    "startsWith": starts_with,
    "endsWith": ends_with,
    "contains": contains,
}
