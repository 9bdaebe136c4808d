"""The book of budgets: facts of no run, in which budgets are set and removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from traaviis_lab.cost.budget import Budget
from traaviis_lab.errors import JournalLocked
from traaviis_lab.journal import Fact
from traaviis_lab.journal.encode import encode
from traaviis_lab.journal.port import OWN

if TYPE_CHECKING:
    from traaviis_lab.runtime.asides import Acknowledge
    from traaviis_lab.runtime.engine import Engine

BOOK = f"{OWN}budgets"
"""What the facts of the book are filed under; no run can be called so."""


class Book:
    """One journal's book. Only one living process at a time may write in it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seq = 0
        self.is_mine = False

    def take(self) -> bool:
        """Own the book; whether it was not owned before.

        Raises `JournalLocked` while another living process owns it.
        """
        if self.is_mine:
            return False
        try:
            self._engine.journal.claim(BOOK)
        except JournalLocked as error:
            raise JournalLocked(
                "The budgets of this journal are kept by another process: "
                + error.message.replace(f"Run {BOOK!r} is", "the book is"),
                hint="Hard budgets hold because one process at a time keeps them. Close the Lab "
                "there, or make the calls there.",
            ) from None
        info = self._engine.journal.info(BOOK)
        self._seq = info.seq if info is not None else 0
        self.is_mine = True
        return True

    def write(
        self,
        kind: str,
        name: str,
        body: Mapping[str, Any],
        acknowledge: Acknowledge | None = None,
    ) -> None:
        """Write a fact into the book, which is owned."""
        engine = self._engine
        text, now = encode(body, where=name), engine.clock.now()
        fact = Fact(BOOK, self._seq + 1, now, "", kind, name, None, text)
        engine.journal.append((fact,), durability=engine.safest, acknowledge=acknowledge)
        self._seq += 1

    def read(self) -> dict[str, Budget]:
        """The budgets there are, by name."""
        budgets: dict[str, Budget] = {}
        if self._engine.journal.info(BOOK) is None:
            return budgets
        for fact in self._engine.journal.read(BOOK, hashed=False):
            follow(budgets, fact)
        return budgets


def follow(budgets: dict[str, Budget], fact: Fact) -> str:
    """Change the budgets as a fact of the book says; the account that it closes, or ""."""
    if fact.kind != "budget.set":
        return ""
    told = orjson.loads(fact.body)
    before = budgets.pop(fact.name, None)
    if not told.get("removed"):
        budgets[fact.name] = Budget.from_json(told)
        return ""
    return before.account if before is not None else ""
