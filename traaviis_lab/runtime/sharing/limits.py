"""Rate limits: so many may start within any stretch of time; the others wait for their turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from traaviis_lab.runtime.clock import Clock, Handle

from .line import Caller, Line, Row


class Limit:
    """One rate limit: a window that slides, exact to the microsecond, first come first served."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name, self._clock = name, clock
        self._limit, self._per = 1, 0
        self._starts: deque[int] = deque()
        self._line: Line[int] = Line()
        self._timer: Handle | None = None
        self._wakes_at: int | None = None
        self.calls, self.waits = 0, 0

    def follow(self, rules: Mapping[str, Any]) -> None:
        """Go by these numbers from now on; who waits already may get on sooner by them."""
        self._limit, self._per = int(rules["limit"]), max(1, round(float(rules["per"]) * 1e6))
        self._let_in()

    async def ask(self, caller: Caller) -> Row:
        """Wait for the caller's turn to start: `{waited}` in seconds."""
        asked = self._clock.now()
        if not self._line and self._next() <= asked:
            self.enter(caller)
            return {"waited": 0.0}
        self.waits += 1
        place = self._line.join(caller)
        self._plan()
        try:
            started = await self._line.wait(place, self._give_back)
        finally:
            self._plan()
        return {"waited": max(0, started - asked) / 1e6}

    def enter(self, caller: Caller) -> None:
        """Count a start now, whether or not there is room for it."""
        self.calls += 1
        self._starts.append(self._clock.now())

    def leave(self, caller: Caller, outcome: str, value: Any) -> None:
        """How it ends is nothing to a rate limit."""

    def row(self) -> Row:
        """What one sees of it."""
        self._look()
        return {
            "kind": "rate_limit",
            "name": self.name,
            "limit": self._limit,
            "per": self._per / 1e6,
            "in_use": len(self._starts),
            "waiting": len(self._line),
            "calls": self.calls,
            "waits": self.waits,
            "refused": 0,
        }

    def _look(self) -> int:
        """The time now; starts that are out of the window are forgotten."""
        now, starts = self._clock.now(), self._starts
        if starts and starts[-1] > now:  # the clock was set back: nobody waits for that
            self._starts = starts = deque(min(at, now) for at in starts)
        while starts and starts[0] <= now - self._per:
            starts.popleft()
        return now

    def _next(self) -> int:
        """When the next one may start."""
        now = self._look()
        if len(self._starts) < self._limit:
            return now
        return self._starts[-self._limit] + self._per

    def _let_in(self) -> None:
        while self._line and self._next() <= (now := self._clock.now()):
            if self._line.call(now) is not None:
                self.calls += 1
                self._starts.append(now)
        self._plan()

    def _give_back(self, started: int) -> None:
        """A start that never was: its caller was cancelled before it could go on."""
        self.calls -= 1
        if started in self._starts:
            self._starts.remove(started)
        self._let_in()

    def _plan(self) -> None:
        """Wake up when the next of those who wait may start."""
        at = self._next() if self._line else None
        if at == self._wakes_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._wakes_at = at
        self._timer = None if at is None else self._clock.call_at(at, self._wake)

    def _wake(self) -> None:
        self._timer = self._wakes_at = None
        self._let_in()
