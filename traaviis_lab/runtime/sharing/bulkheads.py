"""Bulkheads: so many may be under way at once; the others wait in a queue, which may be full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traaviis_lab.errors import BulkheadFull
from traaviis_lab.runtime.clock import Clock

from .line import Caller, Line, Row


class Bulkhead:
    """One bulkhead, first come first served."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name, self._clock = name, clock
        self._limit, self._queue = 1, -1
        self._inside: set[Caller] = set()
        self._line: Line[None] = Line()
        self.calls, self.waits, self.refused = 0, 0, 0

    def follow(self, rules: Mapping[str, Any]) -> None:
        """Go by these numbers from now on; nobody who is inside is sent out."""
        self._limit, self._queue = int(rules["limit"]), int(rules["queue"])
        self._let_in()

    async def ask(self, caller: Caller) -> Row:
        """Wait for a place: `{waited}` in seconds. Raises `BulkheadFull` if the queue is full."""
        if len(self._inside) < self._limit:  # then nobody waits
            self.enter(caller)
            return {"waited": 0.0}
        if 0 <= self._queue <= len(self._line):
            self.refused += 1
            raise self._refusal()
        self.waits += 1
        asked = self._clock.now()
        await self._line.wait(self._line.join(caller), lambda _: self._give_back(caller))
        return {"waited": max(0, self._clock.now() - asked) / 1e6}

    def enter(self, caller: Caller) -> None:
        """Take a place, whether or not there is one."""
        self.calls += 1
        self._inside.add(caller)

    def leave(self, caller: Caller, outcome: str, value: Any) -> None:
        """Give the place to the next in the queue."""
        self._inside.discard(caller)
        self._let_in()

    def row(self) -> Row:
        """What one sees of it."""
        return {
            "kind": "bulkhead",
            "name": self.name,
            "limit": self._limit,
            "per": None,
            "in_use": len(self._inside),
            "waiting": len(self._line),
            "calls": self.calls,
            "waits": self.waits,
            "refused": self.refused,
        }

    def _let_in(self) -> None:
        while len(self._inside) < self._limit and (caller := self._line.call(None)) is not None:
            self.enter(caller)

    def _give_back(self, caller: Caller) -> None:
        self.calls -= 1
        self.leave(caller, "cancelled", None)

    def _refusal(self) -> BulkheadFull:
        waiting = f"and {len(self._line)} wait, as many as may" if self._queue else "none may wait"
        return BulkheadFull(
            f"Bulkhead {self.name!r} is full: {len(self._inside)} of {self._limit} are under way, "
            f"{waiting}.",
            hint="Try again later (fx.retry), or let more wait: queue=-1 is any number. "
            "lab.limits() shows it.",
        )
