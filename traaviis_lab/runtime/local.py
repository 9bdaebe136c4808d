"""Effects that stay inside their run: performed at once, in the turn that asked for them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects import GetData, Log, MergeData, PutData, UpdateData
from traaviis_lab.errors import EffectError, NoHandler
from traaviis_lab.machine import Event, Snapshot
from traaviis_lab.machine.chart import Formula
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.expr import compile_expression

if TYPE_CHECKING:
    from .run import Run

Answer = tuple[Any, Mapping[str, Any] | None]
_LOGGER = logging.getLogger("traaviis_lab.run")
# Who configures logging sees these lines; who does not has them in the journal and the widget,
# and does not want Python's last resort to print them into a cell.
_LOGGER.addHandler(logging.NullHandler())
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


def perform_locally(effect: Effect, here: Snapshot, run: Run) -> Answer:
    """The effect's result, and the data fields it replaces (None: none).

    Raises `EffectError` if the data is not of the shape the effect needs.
    """
    handler = _HANDLERS.get(type(effect))
    if handler is None:
        raise NoHandler(
            f"Effect {effect.kind!r} says it stays inside its run, but nobody performs it here.",
            hint="Only log and what reads or changes data do; give it `outward = True`.",
        )
    return handler(effect, here, run)


def _log(effect: Log, here: Snapshot, run: Run) -> Answer:
    level = _LEVELS.get(effect.level, logging.INFO)
    _LOGGER.log(level, "%s %s: %s", run.chart.name, run.id, effect.message)
    return effect.message, None


def _put(effect: PutData, here: Snapshot, run: Run) -> Answer:
    return effect.value, put_path(here.data, effect.key, effect.value, effect)


def _get(effect: GetData, here: Snapshot, run: Run) -> Answer:
    value = read_path(here.data, effect.key)
    return value, put_path(here.data, effect.into, value, effect) if effect.into else None


def _merge(effect: MergeData, here: Snapshot, run: Run) -> Answer:
    if not effect.key:
        return dict(effect.values), dict(effect.values)
    old = read_path(here.data, effect.key)
    if old is not None and not isinstance(old, Mapping):
        raise EffectError(
            f"merge_data: data.{effect.key} is {old!r}, not an object.",
            hint="Merge into an object, or replace the field with put_data.",
        )
    merged = {**(old or {}), **effect.values}
    return merged, put_path(here.data, effect.key, merged, effect)


def _update(effect: UpdateData, here: Snapshot, run: Run) -> Answer:
    value = _formula(effect.value).compute(here.data, Event(""), here.active)
    return value, put_path(here.data, effect.key, value, effect)


@lru_cache(maxsize=1024)
def _formula(text: str) -> Formula:
    return compile_expression(text, where="update_data.value")


def read_path(data: Mapping[str, Any], key: str) -> Any:
    """The value at a dotted path, None where there is none."""
    found: Any = data
    for part in key.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def put_path(
    data: Mapping[str, Any], key: str, value: Any, effect: Effect, above: str = ""
) -> dict[str, Any]:
    """The patch that puts `value` at a dotted path; objects on the way are made, never changed.

    `above` is the path that `data` stands at, with a dot at its end.
    """
    head, _, rest = key.partition(".")
    if not rest:
        return {head: value}
    inner = data.get(head)
    if inner is not None and not isinstance(inner, Mapping):
        raise EffectError(
            f"{effect.kind}: cannot put {above + key!r}, since {above + head!r} is {inner!r}, "
            "not an object.",
            hint=f"Choose another key, or make {above + head!r} an object first.",
        )
    within = put_path(inner or {}, rest, value, effect, f"{above}{head}.")
    return {head: {**(inner or {}), **within}}


_HANDLERS: dict[type[Effect], Callable[[Any, Snapshot, Run], Answer]] = {
    Log: _log,
    PutData: _put,
    GetData: _get,
    MergeData: _merge,
    UpdateData: _update,
}
