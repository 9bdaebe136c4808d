"""Closures of `== != < <= > >=`: two scalars of one type in one go, all else in full."""

from __future__ import annotations

from typing import Any, Final

from . import arithmetic
from .arithmetic import ORDERINGS
from .source import Source
from .values import equal
from .work import Evaluate, spend

_ATOMS: Final = frozenset({int, str, bool, float})


def ordered(source: Source, sign: str, left: Evaluate, right: Evaluate) -> Evaluate:
    """`left < right` and the other three."""
    compare, slow = ORDERINGS[sign], arithmetic.order

    def compute(data: Any, event: Any, active: Any) -> bool:
        a = left(data, event, active)
        b = right(data, event, active)
        if type(a) is int and type(b) is int:
            return compare(a, b)
        return slow(source, sign, a, b)

    return compute


def ordered_constant(source: Source, sign: str, left: Evaluate, constant: Any) -> Evaluate:
    """`left < 10`, for a constant of a type that Python orders as CEL does."""
    compare, slow, like = ORDERINGS[sign], arithmetic.order, type(constant)

    def compute(data: Any, event: Any, active: Any) -> bool:
        a = left(data, event, active)
        if type(a) is like:
            return compare(a, constant)
        return slow(source, sign, a, constant)

    return compute


def field_ordered_constant(
    source: Source, sign: str, left: Evaluate, key: str, constant: Any
) -> Evaluate:
    """`data.key < 10` in one closure; `left` is `data.key`."""
    compare, slow, like = ORDERINGS[sign], arithmetic.order, type(constant)

    def compute(data: Any, event: Any, active: Any) -> bool:
        try:
            a = data[key]
        except KeyError:
            a = left(data, event, active)
        if type(a) is like:
            return compare(a, constant)
        return slow(source, sign, a, constant)

    return compute


def same(sign: str, left: Evaluate, right: Evaluate) -> Evaluate:
    """`left == right`, or `!=`."""
    wanted = sign == "=="

    def compute(data: Any, event: Any, active: Any) -> bool:
        a = left(data, event, active)
        b = right(data, event, active)
        if type(a) is type(b) and type(a) in _ATOMS:
            return (a == b) is wanted
        return equal(a, b) is wanted

    return compute


def same_constant(sign: str, left: Evaluate, constant: Any) -> Evaluate:
    """`left == "x"`, or `!=`, for a constant that is int, string, bool or double."""
    wanted, like = sign == "==", type(constant)

    def compute(data: Any, event: Any, active: Any) -> bool:
        a = left(data, event, active)
        if type(a) is like:
            return (a == constant) is wanted
        return equal(a, constant) is wanted

    return compute


def field_same_constant(sign: str, left: Evaluate, key: str, constant: Any) -> Evaluate:
    """`data.key == "x"`, or `!=`, in one closure; `left` is `data.key`."""
    wanted, like = sign == "==", type(constant)

    def compute(data: Any, event: Any, active: Any) -> bool:
        try:
            a = data[key]
        except KeyError:
            a = left(data, event, active)
        if type(a) is like:
            return (a == constant) is wanted
        return equal(a, constant) is wanted

    return compute


def same_null(sign: str, left: Evaluate) -> Evaluate:
    """`left == null`, or `!=`."""
    wanted = sign == "=="

    def compute(data: Any, event: Any, active: Any) -> bool:
        return (left(data, event, active) is None) is wanted

    return compute


def same_metered(source: Source, sign: str, left: Evaluate, right: Evaluate) -> Evaluate:
    """`left == right` where every container visited is paid for."""
    wanted = sign == "=="

    def compute(data: Any, event: Any, scope: Any) -> bool:
        a = left(data, event, scope)
        b = right(data, event, scope)
        if type(a) is type(b) and type(a) in _ATOMS:
            if type(a) is str:
                spend(source, scope, len(a) >> 5)
            return (a == b) is wanted
        return equal(a, b, lambda steps: spend(source, scope, steps)) is wanted

    return compute
