"""Closures of `! && || ? :`. There is no truthiness, and a decided `&&` or `||` absorbs errors."""

from __future__ import annotations

from typing import Any, Literal

from traaviis_lab.errors import ExpressionError

from .source import Source
from .values import show
from .work import Evaluate


def opposite(source: Source, operand: Evaluate) -> Evaluate:
    """`!operand`."""

    def compute(data: Any, event: Any, active: Any) -> bool:
        value = operand(data, event, active)
        if value is False:
            return True
        if value is True:
            return False
        raise not_bool(source, "!", value)

    return compute


def opposite_of_field(source: Source, operand: Evaluate, key: str) -> Evaluate:
    """`!data.key` in one closure; `operand` is `data.key`, for when it is not there."""

    def compute(data: Any, event: Any, active: Any) -> bool:
        try:
            value = data[key]
        except KeyError:
            value = operand(data, event, active)
        if value is False:
            return True
        if value is True:
            return False
        raise not_bool(source, "!", value)

    return compute


def pair(source: Source, sign: Literal["&&", "||"], left: Evaluate, right: Evaluate) -> Evaluate:
    """Two terms: the left one alone may decide, else the right one may in spite of an error."""
    stop = sign == "||"
    go = not stop

    def compute(data: Any, event: Any, active: Any) -> Any:
        try:
            value = left(data, event, active)
        except ExpressionError as failure:
            return settle(failure, data, event, active)
        if value is stop:
            return stop
        if value is not go:
            return settle(not_bool(source, sign, value), data, event, active)
        value = right(data, event, active)
        if value is go or value is stop:
            return value
        raise not_bool(source, sign, value)

    def settle(failure: ExpressionError, data: Any, event: Any, active: Any) -> Any:
        try:
            value = right(data, event, active)
        except ExpressionError:
            raise failure from None
        if value is stop:
            return stop
        raise failure

    return compute


def chain(source: Source, sign: Literal["&&", "||"], terms: tuple[Evaluate, ...]) -> Evaluate:
    """Three terms or more: the first that decides does, else the first error is the answer."""
    stop = sign == "||"
    go = not stop

    def compute(data: Any, event: Any, active: Any) -> Any:
        failure: ExpressionError | None = None
        for term in terms:
            try:
                value = term(data, event, active)
            except ExpressionError as error:
                failure = failure or error
                continue
            if value is stop:
                return stop
            if value is not go:
                failure = failure or not_bool(source, sign, value)
        if failure is not None:
            raise failure
        return go

    return compute


def choice(source: Source, test: Evaluate, yes: Evaluate, no: Evaluate) -> Evaluate:
    """`test ? yes : no`; only the chosen one is computed."""

    def compute(data: Any, event: Any, active: Any) -> Any:
        value = test(data, event, active)
        if value is True:
            return yes(data, event, active)
        if value is False:
            return no(data, event, active)
        raise not_bool(source, "?", value)

    return compute


def not_bool(source: Source, sign: str, value: Any) -> ExpressionError:
    """The error of a value that is neither true nor false where one of them is needed."""
    return source.fail(f"'{sign}' needs true or false, not {show(value)}.", cure(value))


def cure(value: Any) -> str:
    """How to make a test of a value that is none."""
    if value is None:
        return "Compare: x != null."
    if isinstance(value, str):
        return 'Compare: x != "".'
    return "Compare: x != 0." if isinstance(value, int | float) else "Ask for its size()."
