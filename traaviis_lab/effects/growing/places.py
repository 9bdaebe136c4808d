"""Places in a composed effect: which effect stands there, and what its templates may read.

A path is the numbers of the children on the way, as in `0/3/1`; the root's is "".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never, cast

from traaviis_lab.effects.composed import (
    Batch,
    Bulkhead,
    Cache,
    CircuitBreaker,
    Composed,
    Fallback,
    ForEach,
    Parallel,
    Race,
    RateLimit,
    Retry,
    Saga,
    Sequence,
    Timeout,
    When,
    WithCompensation,
)
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.expr.fields import scope_key

from .values import Node

ITEM, INDEX, ERROR = scope_key("item"), scope_key("index"), scope_key("error")
INTO = "into"
"""The child that puts a composed effect's result into the data."""


def below(path: str, child: int | str) -> str:
    """The path of a child."""
    return f"{path}/{child}" if path else str(child)


def above(path: str) -> tuple[str, str]:
    """The path of the place around it, and which child of that it is."""
    head, _, last = path.rpartition("/")
    return head, last


def is_under(path: str, place: str) -> bool:
    """Whether a path is at a place or below it."""
    return not place or path == place or path.startswith(place + "/")


def child_of(effect: Effect, number: int) -> Effect:
    """The child of a composed effect. Waits, clocks and permits are asked for elsewhere."""
    match cast("Composed", effect):
        case Sequence() | Parallel() | Race() | Fallback() as several:
            return several.effects[number]
        case Saga() as saga:
            return saga.steps[number]
        case WithCompensation() as pair:
            return pair.undo if number else pair.effect
        case When() as choice:
            return choice.otherwise if number and choice.otherwise else choice.effect
        case Retry() | Timeout() | ForEach() | Batch() as one:
            return one.effect
        case CircuitBreaker() | RateLimit() | Bulkhead() | Cache() as gate:
            return gate.effect
        case other:
            assert_never(other)


def effect_at(root: Effect, path: str) -> Effect:
    """The effect at a path below a root, as written."""
    effect = root
    for part in path.split("/") if path else ():
        effect = child_of(effect, int(part))
    return effect


def environment(root: Any, nodes: Any, path: str) -> dict[str, Any]:
    """What the templates at a path may read as the event's data.

    `result` is that of the step before; `item`, `index` and `error` are handed in under keys of
    their own (`machine.expr.fields.scope_key`).
    """
    env = dict(root.given.get("data", {}))
    here, effect = "", root
    for part in path.split("/") if path else ():
        if not part.isdigit():
            break
        number = int(part)
        env = _within(effect, nodes, here, number, env)
        effect, here = child_of(effect, number) if effect.composed else effect, below(here, part)
    return env


def _within(
    effect: Effect, nodes: Any, here: str, number: int, env: dict[str, Any]
) -> dict[str, Any]:
    """What a child may read beside what is known around it."""
    if isinstance(effect, Sequence | Saga) and number:
        return _with(env, "result", nodes.get(below(here, number - 1)))
    if isinstance(effect, Fallback) and number:
        return _with(env, ERROR, nodes.get(below(here, number - 1)))
    if isinstance(effect, Retry) and number > 1 and number % 2 == 0:
        return _with(env, ERROR, nodes.get(below(here, number - 2)))
    node: Node | None = nodes.get(here)
    if isinstance(effect, ForEach | Batch) and node is not None and node.items is not None:
        return {**env, ITEM: node.items[number], INDEX: number}
    if isinstance(effect, WithCompensation) and number and node is not None and node.env:
        return dict(node.env)
    return env


def _with(env: Mapping[str, Any], name: str, before: Node | None) -> dict[str, Any]:
    known = before is not None and before.outcome is not None
    return {**env, name: before.outcome.value} if known else dict(env)  # type: ignore[union-attr]
