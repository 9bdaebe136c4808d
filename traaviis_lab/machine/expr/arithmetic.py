"""What `+ - * / %`, minus and the orderings do with two values, in CEL's way and in full.

The closures of `sums` and `compare` do the everyday cases themselves and come here with all others.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import copysign, inf, isnan, nan
from typing import Any, Final

from .limits import MAX_INT, MAX_LIST, MAX_TEXT, MAX_UINT, MIN_INT
from .source import Source
from .values import Uint, kind, show

ORDERINGS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NUMBERS: Final = frozenset({"int", "uint", "double"})
_ORDERED: Final = frozenset({"bool", "string", "bytes"})


def add(source: Source, left: Any, right: Any) -> Any:
    """The sum of two numbers of one type, or two strings, bytes or lists in a row."""
    what = kind(left)
    if what == kind(right):
        if what in ("int", "uint"):
            return whole(source, what, left + right, "+", left, right)
        if what == "double":
            return left + right
        if what in ("string", "bytes", "list"):
            return _joined(source, what, left, right)
    raise mismatch(source, "+", left, right)


def _joined(source: Source, what: str, left: Any, right: Any) -> Any:
    most = MAX_LIST if what == "list" else MAX_TEXT
    length = len(left) + len(right)
    if length > most:
        raise source.fail(f"'+' would make a {what} of {length:,}; {most:,} is the most.")
    return [*left, *right] if what == "list" else left + right


def subtract(source: Source, left: Any, right: Any) -> Any:
    """The difference of two numbers of one type."""
    what = _number_type(source, "-", left, right)
    return left - right if what == "double" else whole(source, what, left - right, "-", left, right)


def multiply(source: Source, left: Any, right: Any) -> Any:
    """The product of two numbers of one type."""
    what = _number_type(source, "*", left, right)
    return left * right if what == "double" else whole(source, what, left * right, "*", left, right)


def divide(source: Source, left: Any, right: Any) -> Any:
    """The quotient; that of whole numbers is cut towards zero, that by 0.0 is infinite."""
    what = _number_type(source, "/", left, right)
    if what == "double":
        return left / right if right else _by_zero(left, right)
    if right == 0:
        raise source.fail(f"{show(left)} cannot be divided by zero.")
    quotient = abs(left) // abs(right)
    signed = quotient if (left < 0) == (right < 0) else -quotient
    return whole(source, what, signed, "/", left, right)


def _by_zero(left: float, right: float) -> float:
    if left == 0 or isnan(left):
        return nan
    return copysign(inf, left) * copysign(1.0, right)


def remainder(source: Source, left: Any, right: Any) -> Any:
    """The remainder of a division of whole numbers; its sign is that of `left`."""
    what = kind(left)
    if what not in ("int", "uint") or what != kind(right):
        raise mismatch(source, "%", left, right)
    if right == 0:
        raise source.fail(f"{show(left)} cannot be divided by zero.")
    if left == MIN_INT and right == -1:
        raise _overflow(source, what, "%", left, right)
    rest = abs(left) % abs(right)
    return whole(source, what, -rest if left < 0 else rest, "%", left, right)


def negative(source: Source, value: Any) -> Any:
    """The value with its sign turned; unsigned numbers have none."""
    what = kind(value)
    if what == "double":
        return -value
    if what == "int":
        return whole(source, what, -value, "-", 0, value)
    raise source.fail(f"'-' cannot take {show(value)}.")


def order(source: Source, sign: str, left: Any, right: Any) -> bool:
    """Whether `left sign right`: numbers across types, else two values of one type."""
    here, there = kind(left), kind(right)
    both_numbers = here in _NUMBERS and there in _NUMBERS
    if both_numbers or (here == there and here in _ORDERED):
        return ORDERINGS[sign](left, right)
    raise mismatch(source, sign, left, right)


def whole(source: Source, what: str, result: int, sign: str, left: Any, right: Any) -> int:
    """The result as an int or Uint, if 64 bits can hold it."""
    if what == "uint":
        if 0 <= result <= MAX_UINT:
            return Uint(result)
    elif MIN_INT <= result <= MAX_INT:
        return int(result)
    raise _overflow(source, what, sign, left, right)


def _number_type(source: Source, sign: str, left: Any, right: Any) -> str:
    what = kind(left)
    if what not in _NUMBERS or what != kind(right):
        raise mismatch(source, sign, left, right)
    return what


def _overflow(source: Source, what: str, sign: str, left: Any, right: Any) -> Exception:
    range_ = "0 to 2^64-1" if what == "uint" else "-2^63 to 2^63-1"
    problem = f"{show(left)} {sign} {show(right)} does not fit in 64 bits ({range_})."
    return source.fail(problem, "Count in doubles where numbers may grow that large.")


def mismatch(source: Source, sign: str, left: Any, right: Any) -> Exception:
    """The error of two values that a sign cannot take together."""
    hint = ""
    if {kind(left), kind(right)} == {"int", "double"} and sign != "%":
        hint = "Turn one into the other: double(x) or int(x)."
    elif sign == "+" and "string" in (kind(left), kind(right)):
        hint = "Turn the other one into text with string()."
    return source.fail(f"'{sign}' cannot take {show(left)} and {show(right)}.", hint)
