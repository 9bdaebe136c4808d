"""Closures of `in`: among the items of a list, the keys of a map, the active states."""

from __future__ import annotations

from typing import Any

from .source import Source
from .values import equal, kind, show, to_key
from .work import ACTIVE, Evaluate, spend


def member(source: Source, item: Any, container: Any) -> bool:
    """`item in container`: among the items of a list or the keys of a map."""
    what = kind(container)
    if what == "list":
        if type(item) is str:
            return item in container
        return any(equal(item, other) for other in container)
    if what != "map":
        raise source.fail(f"'in' cannot look into {show(container)}; it needs a list or a map.")
    key = to_key(item)
    if key is None:
        raise source.fail(f"{show(item)} cannot be the key of a map.")
    return key in container


def within(source: Source, item: Evaluate, container: Evaluate) -> Evaluate:
    """`item in container`."""

    def compute(data: Any, event: Any, active: Any) -> bool:
        return member(source, item(data, event, active), container(data, event, active))

    return compute


def within_metered(source: Source, item: Evaluate, container: Evaluate) -> Evaluate:
    """`item in container` where every item visited is paid for."""

    def compute(data: Any, event: Any, scope: Any) -> bool:
        a = item(data, event, scope)
        b = container(data, event, scope)
        if kind(b) != "list":
            return member(source, a, b)
        spend(source, scope, len(b))
        return any(equal(a, other, lambda steps: spend(source, scope, steps)) for other in b)

    return compute


def active_state(name: Any) -> Evaluate:
    """`"open" in state`, without making the list."""

    def compute(data: Any, event: Any, active: Any) -> bool:
        return name in active

    return compute


def active_state_in_scope(name: Any) -> Evaluate:
    """`"open" in state` in an expression whose work is counted."""

    def compute(data: Any, event: Any, scope: Any) -> bool:
        return name in scope[ACTIVE]

    return compute
