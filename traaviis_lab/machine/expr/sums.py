"""Closures of `+ - * / %`: whole numbers in one go, all else by `arithmetic`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from . import arithmetic
from .limits import MAX_INT, MIN_INT
from .source import Source
from .work import Evaluate

SLOW: Final[Mapping[str, Callable[[Source, Any, Any], Any]]] = {
    "+": arithmetic.add,
    "-": arithmetic.subtract,
    "*": arithmetic.multiply,
    "/": arithmetic.divide,
    "%": arithmetic.remainder,
}


def sums(source: Source, sign: str, left: Evaluate, right: Evaluate) -> Evaluate:
    """`left + right` and the other four."""
    return _SUMS.get(sign, _any_sum)(source, SLOW[sign], left, right)


def _any_sum(source: Source, slow: Callable[..., Any], left: Evaluate, right: Evaluate) -> Evaluate:
    def compute(data: Any, event: Any, active: Any) -> Any:
        return slow(source, left(data, event, active), right(data, event, active))

    return compute


def _plus(source: Source, slow: Callable[..., Any], left: Evaluate, right: Evaluate) -> Evaluate:
    def compute(data: Any, event: Any, active: Any) -> Any:
        a = left(data, event, active)
        b = right(data, event, active)
        if type(a) is int and type(b) is int:
            total = a + b
            if MIN_INT <= total <= MAX_INT:
                return total
        return slow(source, a, b)

    return compute


def _minus(source: Source, slow: Callable[..., Any], left: Evaluate, right: Evaluate) -> Evaluate:
    def compute(data: Any, event: Any, active: Any) -> Any:
        a = left(data, event, active)
        b = right(data, event, active)
        if type(a) is int and type(b) is int:
            total = a - b
            if MIN_INT <= total <= MAX_INT:
                return total
        return slow(source, a, b)

    return compute


def _times(source: Source, slow: Callable[..., Any], left: Evaluate, right: Evaluate) -> Evaluate:
    def compute(data: Any, event: Any, active: Any) -> Any:
        a = left(data, event, active)
        b = right(data, event, active)
        if type(a) is int and type(b) is int:
            total = a * b
            if MIN_INT <= total <= MAX_INT:
                return total
        return slow(source, a, b)

    return compute


_SUMS: Final = {"+": _plus, "-": _minus, "*": _times}


def plus_whole(source: Source, left: Evaluate, number: int, shown: str) -> Evaluate:
    """`left + 1` and `left - 1`: `number` is what to add, `shown` the sign as written."""
    slow, other = SLOW[shown], number if shown == "+" else -number

    def compute(data: Any, event: Any, active: Any) -> Any:
        a = left(data, event, active)
        if type(a) is int:
            total = a + number
            if MIN_INT <= total <= MAX_INT:
                return total
        return slow(source, a, other)

    return compute


def field_plus_whole(source: Source, left: Evaluate, key: str, number: int, shown: str) -> Evaluate:
    """`data.key + 1` and `data.key - 1` in one closure; `left` is `data.key`."""
    slow, other = SLOW[shown], number if shown == "+" else -number

    def compute(data: Any, event: Any, active: Any) -> Any:
        try:
            a = data[key]
        except KeyError:
            a = left(data, event, active)
        if type(a) is int:
            total = a + number
            if MIN_INT <= total <= MAX_INT:
                return total
        return slow(source, a, other)

    return compute
