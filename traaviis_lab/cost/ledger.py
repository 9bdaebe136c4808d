"""The books of all budgets: what is spent, what is set aside, and whether a call still fits.

Amounts are whole parts of their units (`budget.parts_of`), so that sums are exact. Nothing here
waits or writes: whoever keeps the books does that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from .budget import SCALES, Budget, parts_of

Amounts = Mapping[str, int]
"""Whole parts by unit."""


@dataclass(slots=True)
class Account:
    """One budget's books. `lost` was set aside by processes that ended before they settled.

    `unknown` counts, by unit, the calls of which nobody knows what they used.
    """

    spent: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    holds: int = 0

    def used(self, unit: str) -> int:
        """What is spent and what must be taken for spent."""
        return self.spent.get(unit, 0) + self.lost.get(unit, 0)


class Hold(NamedTuple):
    """What is set aside for one call: where, and how much. `lost`: nobody here will settle it."""

    accounts: tuple[str, ...]
    amounts: Amounts
    lost: bool = False


class Short(NamedTuple):
    """The first budget that does not cover a call.

    `why` is "held" (it may, once others have settled), "spent" (it never will) or "unknown" (it
    cannot be told, since the call's need of that unit is not known).
    """

    budget: Budget
    account: str
    unit: str
    why: Literal["held", "spent", "unknown"]


class Ledger:
    """The accounts by name, and what is set aside by the id of its reservation."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.holds: dict[str, Hold] = {}

    def take(self, other: Ledger) -> None:
        """Have the books of another ledger from now on."""
        self.accounts, self.holds = other.accounts, other.holds

    def account(self, name: str) -> Account:
        """The account of this name; a new one where there is none."""
        found = self.accounts.get(name)
        if found is None:
            found = self.accounts[name] = Account()
        return found

    def left(self, budget: Budget, account: str, unit: str) -> int:
        """What a budget has left of a unit: neither spent, nor lost, nor set aside."""
        books = self.accounts.get(account)
        limit = parts_of(unit, budget.limits[unit])
        return limit if books is None else limit - books.used(unit) - books.held.get(unit, 0)

    def short(self, budgets: Iterable[tuple[Budget, str]], need: Amounts) -> Short | None:
        """Why these hard budgets do not cover a call; None where all of them do.

        What never will fit is told before what may fit later.
        """
        waits: Short | None = None
        for budget, account in budgets:
            for unit in budget.limits if budget.hard else ():
                wanted = need.get(unit)
                if wanted is None:
                    return Short(budget, account, unit, "unknown")
                left = self.left(budget, account, unit)
                if wanted <= left:
                    continue
                held = self.account(account).held.get(unit, 0)
                if wanted > left + held:
                    return Short(budget, account, unit, "spent")
                waits = waits or Short(budget, account, unit, "held")
        return waits

    def hold(self, id: str, hold: Hold) -> None:
        """Set aside for one call, in all its accounts."""
        self.holds[id] = hold
        for name in hold.accounts:
            account = self.account(name)
            account.holds += not hold.lost
            _add(account.lost if hold.lost else account.held, hold.amounts)

    def settle(self, id: str, spent: Amounts) -> Hold | None:
        """The call is over: what it used is spent, the rest is free; None if it is not known."""
        hold = self.holds.pop(id, None)
        if hold is None:
            return None
        for name in hold.accounts:
            account = self.accounts.get(name)
            if account is None:  # its budget was removed meanwhile
                continue
            account.holds -= not hold.lost
            _add(account.lost if hold.lost else account.held, hold.amounts, -1)
            _add(account.spent, spent)
            if spent and len(spent) < len(SCALES):
                _add(account.unknown, {unit: 1 for unit in SCALES if unit not in spent})
        return hold

    def forget(self, account: str) -> None:
        """A budget is removed: its books, and those of each run under it, are closed."""
        below = f"{account}/"
        for name in [n for n in self.accounts if n == account or n.startswith(below)]:
            del self.accounts[name]


def _add(sums: dict[str, int], amounts: Amounts, times: int = 1) -> None:
    for unit, parts in amounts.items():
        sums[unit] = sums.get(unit, 0) + times * parts
