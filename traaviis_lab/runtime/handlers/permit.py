"""Perform `permit`: ask what effects share over the lab whether one may go on."""

from __future__ import annotations

from typing import Any

from traaviis_lab.effects import Permit
from traaviis_lab.runtime.interpreter import Scope


async def permit(effect: Permit, scope: Scope) -> dict[str, Any]:
    """How one may go on, once one may (see `Shared.ask`).

    Raises `CircuitOpen` and `BulkheadFull`. One that is cancelled while it waits steps out of
    the line.
    """
    asks_for = scope.path.rpartition("/")[0]  # the permit is a child of what asks for it
    return await scope.engine.shared.ask(scope.run.id, asks_for, effect, scope.run.tenant)
