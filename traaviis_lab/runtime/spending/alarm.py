"""Warn where a budget is nearly used up, and where a soft one is: a fact, and an event."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from traaviis_lab.cost.budget import Budget, amount_of, parts_of
from traaviis_lab.cost.ledger import Ledger
from traaviis_lab.errors import LabError
from traaviis_lab.machine import Event
from traaviis_lab.machine.look import events_taken
from traaviis_lab.machine.matching import matches

if TYPE_CHECKING:
    from traaviis_lab.runtime.engine import Engine
    from traaviis_lab.runtime.interpreter import Scope
    from traaviis_lab.runtime.run import Run

WARNING = "budget.warning"


class Alarm:
    """Told after each call that was settled."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def look(
        self,
        scope: Scope,
        budgets: Mapping[str, Budget],
        ledger: Ledger,
        before: Mapping[str, Mapping[str, int]],
    ) -> None:
        """Warn once about each limit that was crossed; `before` is what was spent until now."""
        for account, spent in before.items():
            budget = next((one for one in budgets.values() if one.has(account)), None)
            if budget is None or account not in ledger.accounts:
                continue
            for unit in budget.limits:
                now = ledger.accounts[account].spent.get(unit, 0)
                kind = crossed(budget, unit, spent.get(unit, 0), now)
                if kind:
                    self._warn(scope, budget, unit, now, kind)

    def _warn(self, scope: Scope, budget: Budget, unit: str, spent: int, kind: str) -> None:
        body = {
            "budget": budget.name,
            "unit": unit,
            "limit": budget.limits[unit],
            "spent": amount_of(unit, spent),
            "hard": budget.hard,
        }
        scope.tell(kind, budget.name, body)
        self._engine.loop.call_soon(partial(self._send, scope.run, body))

    def _send(self, run: Run, body: dict[str, Any]) -> None:
        """The event goes to a machine that listens for it; `*` alone is no listening."""
        if self._engine.runs.get(run.id) is not run or run.snapshot.done:
            return
        heard = [e for e in events_taken(run.chart, run.snapshot) if e != "*"]
        if any(matches(name, WARNING) for name in heard):
            try:
                run.deliver(Event(WARNING, body))
            except LabError:  # a guard did not let it through; that is written down
                return


def crossed(budget: Budget, unit: str, before: int, now: int) -> str:
    """The fact that tells of a limit which was met between two sums; "" where none was."""
    limit = parts_of(unit, budget.limits[unit])
    if before <= limit < now:
        return "budget.exceeded"
    mark = parts_of(unit, budget.limits[unit] * budget.warn_at)
    return "budget.warned" if limit and before < mark <= now else ""
