"""Whose call it is: that of the run which makes it, and of the runs that started this one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from traaviis_lab.cost.budget import Budget, Call
from traaviis_lab.runtime.children import DEEPEST, Parent, parent_of

if TYPE_CHECKING:
    from traaviis_lab.runtime.engine import Engine
    from traaviis_lab.runtime.interpreter import Scope
    from traaviis_lab.runtime.run import Run

MOST = 10_000
"""Runs whose parents are remembered; beyond that they are looked up again."""


class Whose:
    """Finds the budgets that are about a call, with their accounts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._parents: dict[str, Parent | None] = {}

    def about(self, scope: Scope, budgets: Iterable[Budget]) -> list[tuple[Budget, str]]:
        """Each budget with the account that the call counts in; what children call counts too."""
        run, agent = scope.run, getattr(scope.effect, "agent", "")
        calls = [Call(run.tenant, run.chart.name, run.id, _states(run, scope.path), agent)]
        above = self._parent(run.id)
        while above is not None and len(calls) <= DEEPEST:
            calls.append(self._call_of(above, run.tenant, agent))
            above = self._parent(above.run)
        found = {
            budget.account_of(call.run): budget
            for budget in budgets
            for call in calls
            if budget.is_about(call)
        }
        return [(budget, account) for account, budget in found.items()]

    def _call_of(self, above: Parent, tenant: str, agent: str) -> Call:
        """The call as a run above makes it: in the state that started the machine."""
        run = self._engine.runs.get(above.run)
        if run is not None:
            waits = above.path in run.pending
            states = _states(run, above.path) if waits else ()
            return Call(run.tenant, run.chart.name, run.id, states, agent)
        info = self._engine.journal.info(above.run)
        machine = "" if info is None else info.machine
        return Call(tenant, machine, above.run, None, agent)

    def _parent(self, run: str) -> Parent | None:
        known = self._parents
        if run not in known:
            if len(known) >= MOST:
                known.clear()
            known[run] = parent_of(self._engine.journal, run)
        return known[run]


def _states(run: Run, path: str) -> Collection[str]:
    """The states a call is made in: that of its effect and those around it."""
    pending = run.pending.get(path)
    if pending is None or not pending.owner:
        active: frozenset[str] = run.snapshot.active
        return active
    return {pending.owner, *run.chart.tables.ancestors[pending.owner]}
