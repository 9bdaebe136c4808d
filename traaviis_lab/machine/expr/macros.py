"""Closures of the macros: `all exists exists_one filter map`, through a list or a map's keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from traaviis_lab.errors import ExpressionError

from .logic import not_bool
from .source import Source
from .values import keys_of, kind, show
from .work import Evaluate, spend, spend_on


def _items(source: Source, name: str, value: Any) -> Sequence[Any]:
    """What a macro goes through."""
    if type(value) is list:
        return value
    what = kind(value)
    if what == "list":
        return value  # type: ignore[no-any-return]
    if what == "map":
        return keys_of(value)
    problem = f"{name}() cannot go through {show(value)}; it needs a list or a map."
    raise source.fail(problem)


def quantified(
    source: Source, name: str, target: Evaluate, slot: int, test: Evaluate, cost: int
) -> Evaluate:
    """`all` and `exists`: like a chain of `&&` or `||`, errors are absorbed when one decides."""
    stop = name == "exists"
    go = not stop
    sign = "||" if stop else "&&"

    def compute(data: Any, event: Any, scope: Any) -> Any:
        items = _items(source, name, target(data, event, scope))
        spend(source, scope, cost * len(items))
        failure: ExpressionError | None = None
        for item in items:
            scope[slot] = item
            try:
                value = test(data, event, scope)
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


def chosen(
    source: Source, name: str, target: Evaluate, slot: int, test: Evaluate, cost: int
) -> Callable[[Any, Any, Any], list[Any]]:
    """`filter`: the items whose test is true."""

    def compute(data: Any, event: Any, scope: Any) -> list[Any]:
        items = _items(source, name, target(data, event, scope))
        spend(source, scope, cost * len(items))
        kept = []
        for item in items:
            scope[slot] = item
            value = test(data, event, scope)
            if value is True:
                kept.append(item)
            elif value is not False:
                raise not_bool(source, name, value)
        return kept

    return compute


def only_one(
    source: Source, name: str, target: Evaluate, slot: int, test: Evaluate, cost: int
) -> Evaluate:
    """`exists_one`: every item is tested, and exactly one is true."""
    choose = chosen(source, name, target, slot, test, cost)

    def compute(data: Any, event: Any, scope: Any) -> bool:
        return len(choose(data, event, scope)) == 1

    return compute


def mapped(
    source: Source, target: Evaluate, slot: int, keep: Evaluate | None, value: Evaluate, cost: int
) -> Evaluate:
    """`map`: the value for every item, or for every item that is kept."""

    def compute(data: Any, event: Any, scope: Any) -> list[Any]:
        items = _items(source, "map", target(data, event, scope))
        spend(source, scope, cost * len(items))
        made = []
        for item in items:
            scope[slot] = item
            if keep is not None:
                kept = keep(data, event, scope)
                if kept is False:
                    continue
                if kept is not True:
                    raise not_bool(source, "map", kept)
            found = value(data, event, scope)
            spend_on(source, scope, found)
            made.append(found)
        return made

    return compute


TESTS: Final = {
    "all": quantified,
    "exists": quantified,
    "exists_one": only_one,
    "filter": chosen,
}
