"""Perform `invoke_fsm` and `spawn_fsm`: another machine, as a child of this run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects import InvokeFsm, SpawnFsm
from traaviis_lab.errors import EffectError, LabError
from traaviis_lab.runtime.breach import breach_that_ended
from traaviis_lab.runtime.children import Parent, is_finished
from traaviis_lab.runtime.interpreter import Scope
from traaviis_lab.runtime.told import told

if TYPE_CHECKING:
    from traaviis_lab.runtime.run import Run


async def invoke_fsm(effect: InvokeFsm, scope: Scope) -> dict[str, Any]:
    """How the child came to its end: `{run, state, data}`.

    Cancelled, it stops the child. Raises `EffectError` if somebody else stops it, and what a
    budget refused, if that did.
    """
    child, kept = _start(effect, scope)
    try:
        await kept
        await scope.engine.children.ended(child)
    except asyncio.CancelledError:
        _stop(child, scope)
        raise
    if not is_finished(child):
        journal = scope.engine.journal
        if (breach := breach_that_ended(journal, child.id, child.seq)) is not None:
            raise told(breach)
        raise EffectError(
            f"The child {child.id!r} ({effect.machine}) was stopped from outside, in "
            f"{_state(child)!r}.",
            hint=f"lab.recording({child.id!r}) shows how it came there.",
        )
    return {"run": child.id, "state": _state(child), "data": dict(child.snapshot.data)}


async def spawn_fsm(effect: SpawnFsm, scope: Scope) -> dict[str, Any]:
    """The machine that goes on by itself, as it begins: `{run, state}`."""
    child, kept = _start(effect, scope)
    await kept
    return {"run": child.id, "state": _state(child)}


def _start(effect: InvokeFsm | SpawnFsm, scope: Scope) -> tuple[Run, asyncio.Future[None]]:
    parent = Parent(scope.run.id, scope.path)
    return scope.engine.children.start(parent, effect.machine, dict(effect.data), effect.id)


def _stop(child: Run, scope: Scope) -> None:
    """End the child with its parent's wish; a parent that is only let go leaves it as it is."""
    runs = scope.engine.runs
    alive = runs.get(scope.run.id) is scope.run and runs.get(child.id) is child
    if alive and not child.snapshot.done:
        try:
            child.stop()
        except LabError as error:
            scope.engine.trouble(child, error)


def _state(child: Run) -> str:
    return child.texts.state(child.snapshot.active)[0]
