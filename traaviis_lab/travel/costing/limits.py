"""The budgets that are about a run, as the books have them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from traaviis_lab.cost.budget import Budget, amount_of
from traaviis_lab.cost.ledger import Ledger


class Limit(NamedTuple):
    """One limit of a budget, and how much of it is used.

    `reserved` is set aside for calls under way; `own`: only calls of this run count in it.
    """

    budget: str
    unit: str
    limit: float
    spent: float
    reserved: float
    hard: bool
    own: bool


def limits_of(
    budgets: Iterable[Budget], ledger: Ledger, run: str = "", machine: str = "", tenant: str = ""
) -> list[Limit]:
    """The limits that are about a run, or without one those that several runs share."""
    found = []
    for budget in budgets:
        if run and not _is_about(budget, run, machine, tenant):
            continue
        if not run and budget.is_of_one_run:
            continue
        books = ledger.account(budget.account_of(run)) if run else ledger.account(budget.account)
        own = budget.is_of_one_run and not budget.state and not budget.agent
        for unit, limit in budget.limits.items():
            used, held = books.used(unit), books.held.get(unit, 0)
            amounts = amount_of(unit, used), amount_of(unit, held)
            found.append(Limit(budget.name, unit, limit, *amounts, budget.hard, own))
    return found


def _is_about(budget: Budget, run: str, machine: str, tenant: str) -> bool:
    return (
        budget.run in ("", run)
        and budget.machine in ("", machine)
        and budget.tenant in ("", tenant)
    )
