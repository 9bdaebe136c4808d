"""Those who wait until others have settled: first come, first served, in each account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from traaviis_lab.cost.budget import Budget

About = Sequence[tuple[Budget, str]]
"""Budgets that are about a call, each with the account it counts in."""


@dataclass(eq=False, slots=True)
class Waiter:
    """A call that waits; `turn` is done when it is set aside for, or fails when it is refused."""

    about: About
    turn: asyncio.Future[None]
    attempt: Callable[[], bool]

    def accounts(self) -> set[str]:
        """The hard accounts it waits for."""
        return {account for budget, account in self.about if budget.hard}


class Line:
    """The calls that wait, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: list[Waiter] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def is_before(self, about: About) -> bool:
        """Whether somebody who came earlier waits for one of these accounts."""
        mine = {account for budget, account in about if budget.hard}
        return any(not mine.isdisjoint(one.accounts()) for one in self._waiting)

    def join(self, waiter: Waiter) -> None:
        """Wait at the end."""
        self._waiting.append(waiter)

    def leave(self, waiter: Waiter) -> None:
        """Wait no longer."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)

    def move(self) -> None:
        """Something was settled: let those through for whom there is room now."""
        blocked: set[str] = set()
        for waiter in list(self._waiting):
            mine = waiter.accounts()
            if waiter.turn.done():
                self.leave(waiter)
            elif not blocked.isdisjoint(mine):
                blocked |= mine
            else:
                self._try(waiter, blocked, mine)

    def _try(self, waiter: Waiter, blocked: set[str], mine: set[str]) -> None:
        try:
            through = waiter.attempt()
        except Exception as refused:
            self.leave(waiter)
            waiter.turn.set_exception(refused)
            return
        if through:
            self.leave(waiter)
            waiter.turn.set_result(None)
        else:
            blocked |= mine
