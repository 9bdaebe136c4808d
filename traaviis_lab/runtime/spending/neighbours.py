"""What other living processes write about budgets in the same journal, taken in as it comes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import orjson

from traaviis_lab.cost.budget import Budget
from traaviis_lab.cost.ledger import Hold, Ledger
from traaviis_lab.journal import Fact

from .book import BOOK, follow
from .past import hold_of, parts

if TYPE_CHECKING:
    from traaviis_lab.runtime.engine import Engine


class Neighbours:
    """Follows them, on the engine's loop. Nothing is decided here: their calls are theirs."""

    def __init__(self, engine: Engine, budgets: dict[str, Budget], ledger: Ledger) -> None:
        self._engine, self._budgets, self._ledger = engine, budgets, ledger
        self._era = 0
        engine.journal.overhear(self._overhear)

    def begin_anew(self) -> None:
        """The books are read from the journal, which has all that was heard until now."""
        self._era += 1

    def _overhear(self, facts: Sequence[Fact]) -> None:
        """Called on any thread."""
        told = [fact for fact in facts if fact.kind.startswith("budget.")]
        if told:
            try:
                self._engine.loop.call_soon_threadsafe(partial(self._hear, told, self._era))
            except RuntimeError:  # the loop is closed: nobody asks any more
                return

    def _hear(self, facts: Sequence[Fact], era: int) -> None:
        for fact in facts:
            if fact.kind == "budget.set" and fact.run == BOOK:
                closed = follow(self._budgets, fact)
                if closed:
                    self._ledger.forget(closed)
            elif era == self._era:
                self._count(fact)

    def _count(self, fact: Fact) -> None:
        """Their spending counts in budgets that are shared, and is not for this process to end."""
        body = orjson.loads(fact.body)
        if fact.kind == "budget.reserved":
            id, hold = hold_of(body)
            if id not in self._ledger.holds:
                self._ledger.hold(id, hold._replace(lost=True))
        elif fact.kind == "budget.settled":
            spent, id = parts(body["spent"]), str(body["id"])
            if self._ledger.settle(id, spent) is None:
                self._ledger.hold(id, Hold(tuple(body["budgets"]), {}, lost=True))
                self._ledger.settle(id, spent)
