"""Perform `delay`: wait on the engine's clock."""

from __future__ import annotations

import asyncio

from traaviis_lab.effects import Delay
from traaviis_lab.runtime.interpreter import Scope


async def delay(effect: Delay, scope: Scope) -> None:
    """Return after the effect's seconds. A repeated delay waits only for what is left of it."""
    engine, pending = scope.engine, scope.run.pending.get(scope.path)
    began = pending.began if pending else engine.clock.now()
    woken = asyncio.Event()
    handle = engine.clock.call_at(began + round(float(effect.seconds) * 1e6), woken.set)
    try:
        await woken.wait()
    finally:
        handle.cancel()
