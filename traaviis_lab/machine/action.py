"""Make the effects of a state or an arrow ready to be asked for: which fields hold templates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final, NamedTuple

from .chart import Compute
from .effect import Effect, names_in, shape_of
from .expr.formula import NAMES, compile_expression
from .template import compile_template
from .values import Data, Event

_EVENT: Final = re.compile(r"\b(event|result)\b")


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


def compile_filler(value: Any, names: Sequence[str] = NAMES) -> Compute | None:
    """How to fill in the templates inside an effect or a plain value; None: there are none.

    What is put together from other effects is filled in when each of them starts; here it only
    takes along the event it is asked by. Raises `DefinitionError` for a bad template.
    """
    if not isinstance(value, Effect):
        return compile_template(value, names=names)
    if value.composed:
        return _taking_along(value, names)
    return _effect_filler(value, names)


def fill_block(block: Block, data: Data, event: Event, active: frozenset[str]) -> list[Effect]:
    """The block's effects with their templates filled in. Lets an error in a template out."""
    return [a.effect if a.fill is None else a.fill(data, event, active) for a in block]


def _effect_filler(effect: Effect, names: Sequence[str]) -> Compute | None:
    kind, effect = type(effect), effect.sealed()
    fixed: dict[str, Any] = {}
    open_fields: dict[str, Compute] = {}
    for item in fields(effect):  # type: ignore[arg-type]
        value = getattr(effect, item.name)
        is_text = shape_of(item) != "expression"
        whose = effect.of if effect.internal and hasattr(effect, "of") else effect.kind
        where = f"{whose}.{item.name}"
        fill = compile_template(value, where=where, names=names) if is_text else None
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


def _taking_along(effect: Effect, names: Sequence[str]) -> Compute | None:
    """Check all that is below, and hand the event on where something below reads it."""
    if not _check_below(effect, names):
        return None

    def filled(data: Data, event: Event, active: frozenset[str]) -> Effect:
        given = {"name": event.name, "data": dict(event.data)}
        return replace(effect, given=given)  # type: ignore[type-var]

    return filled


def _check_below(effect: Effect, names: Sequence[str]) -> bool:
    """Whether anything in an effect depends on the event. Raises `DefinitionError`."""
    reads = False
    for item in fields(effect):  # type: ignore[arg-type]
        value, shape = getattr(effect, item.name), shape_of(item)
        if isinstance(value, Effect) or shape in ("effects", "steps"):
            within = (*names, *names_in(item))
            for one in (value,) if isinstance(value, Effect) else value:
                reads |= _check_below(one, within)
        elif shape == "expression":
            if isinstance(value, str) and effect.composed:
                compile_expression(value, where=f"{effect.kind}.{item.name}", names=names)
            reads = reads or (isinstance(value, str) and _reads_event(value))
        elif compile_template(value, where=item.name, names=names) is not None:
            reads = reads or _mentions_event(value)
    return reads


def _mentions_event(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_mentions_event(one) for one in value.values())
    if isinstance(value, list | tuple):
        return any(_mentions_event(one) for one in value)
    return isinstance(value, str) and "{{" in value and _reads_event(value)


def _reads_event(text: str) -> bool:
    """Whether an expression may read the event. A word too many only costs some bytes."""
    return _EVENT.search(text) is not None
