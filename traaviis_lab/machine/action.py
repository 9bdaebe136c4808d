"""Make the effects of a state or an arrow ready to be asked for: which fields hold templates."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, NamedTuple

from .chart import Compute
from .effect import Effect, shape_of
from .template import compile_template
from .values import Data, Event


class Action(NamedTuple):
    """One effect of a list. `fill` is None when nothing in it depends on the run."""

    effect: Effect
    fill: Compute | None
    raises: bool


Block = tuple[Action, ...]
"""Effects that are asked for together; when one fails, the rest of its block is skipped."""


def compile_block(effects: tuple[Effect, ...]) -> Block:
    """Compile the templates of `effects` once. Raises `DefinitionError` for a bad template."""
    return tuple(Action(e, compile_filler(e), e.kind == "raise") for e in effects)


def compile_filler(value: Any) -> Compute | None:
    """How to fill in the templates inside an effect, a list of effects or a plain value."""
    if isinstance(value, Effect):
        return _effect_filler(value)
    if isinstance(value, (tuple, list)) and any(isinstance(item, Effect) for item in value):
        return _list_filler(tuple(value))
    return compile_template(value)


def fill_block(block: Block, data: Data, event: Event, active: frozenset[str]) -> list[Effect]:
    """The block's effects with their templates filled in. Lets an error in a template out."""
    return [a.effect if a.fill is None else a.fill(data, event, active) for a in block]


def _effect_filler(effect: Effect) -> Compute | None:
    kind = type(effect)
    fixed: dict[str, Any] = {}
    open_fields: dict[str, Compute] = {}
    for item in fields(effect):  # type: ignore[arg-type]
        value = getattr(effect, item.name)
        fill = None if shape_of(item) == "expression" else compile_filler(value)
        if fill is None:
            fixed[item.name] = value
        else:
            open_fields[item.name] = fill
    if not open_fields:
        return None
    pairs = tuple(open_fields.items())

    def filled(data: Data, event: Event, active: frozenset[str]) -> Effect:
        return kind(**fixed, **{name: fill(data, event, active) for name, fill in pairs})

    return filled


def _list_filler(items: tuple[Any, ...]) -> Compute | None:
    pairs = tuple((item, compile_filler(item)) for item in items)
    if all(fill is None for _, fill in pairs):
        return None

    def filled(data: Data, event: Event, active: frozenset[str]) -> tuple[Any, ...]:
        return tuple(item if f is None else f(data, event, active) for item, f in pairs)

    return filled
