"""Where time comes from: the wall clock, and one that moves only when it is told to.

Both answer `now()` in microseconds since the epoch and call back on the engine's loop.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol

Callback = Callable[[], None]


class Handle(Protocol):
    """A callback that is still to come."""

    def cancel(self) -> None:
        """Forget it; after it has come this does nothing."""


class Clock(Protocol):
    """What the runtime needs to know about time. `call_at` is called on the engine's loop."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Learn the loop that callbacks run on."""

    def now(self) -> int:
        """Microseconds since the epoch."""

    def call_at(self, at: int, callback: Callback) -> Handle:
        """Call back at `at` microseconds, at once if that is past."""


class WallClock:
    """Time as it passes."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Learn the loop that callbacks run on."""
        self._loop = loop

    def now(self) -> int:
        """Microseconds since the epoch."""
        return time.time_ns() // 1000

    def call_at(self, at: int, callback: Callback) -> Handle:
        """Call back at `at` microseconds, at once if that is past.

        A loop's own clock stops in suspended laptops and drifts from the wall's, so a callback
        that comes too early by the wall waits for the rest.
        """
        return _WallHandle(self._loop, self, at, callback)


class _WallHandle:
    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: WallClock, at: int, callback: Callback
    ) -> None:
        self._loop, self._clock, self._at, self._callback = loop, clock, at, callback
        self._plan()

    def _plan(self) -> None:
        wait = max(0.0, (self._at - self._clock.now()) / 1e6)
        # A day at most per sleep: loops refuse waits of many years.
        self._timer = self._loop.call_later(min(wait, 86_400.0), self._come)

    def _come(self) -> None:
        if self._clock.now() < self._at:
            self._plan()
        else:
            self._callback()

    def cancel(self) -> None:
        """Forget it."""
        self._timer.cancel()


class ToldClock:
    """A clock for tests, demos and replays: it stands still until it is told to go on.

    Args:
        now: microseconds since the epoch to begin with.
    """

    def __init__(self, now: int = 1_767_225_600_000_000) -> None:
        self._now = now
        self._heap: list[_ToldHandle] = []
        self._order = itertools.count()
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Learn the loop that callbacks run on."""
        self._loop = loop

    def now(self) -> int:
        """Microseconds since the epoch."""
        return self._now

    def call_at(self, at: int, callback: Callback) -> Handle:
        """Call back when the clock is told to go past `at`, in order of `at`."""
        handle = _ToldHandle(at, next(self._order), callback)
        heapq.heappush(self._heap, handle)
        if at <= self._now and self._loop is not None:
            self._loop.call_soon(self._catch_up)
        return handle

    def advance(self, seconds: float) -> None:
        """Go on by `seconds` and return when every timer on the way has been answered.

        Called from any thread but the engine's own. Raises ValueError for negative seconds.
        """
        if seconds < 0:
            raise ValueError(f"A clock cannot go back: advance({seconds}).")
        self.advance_to(self._now + round(seconds * 1e6))

    def advance_to(self, at: int) -> None:
        """Go on to `at` microseconds since the epoch; a time that is past changes nothing."""
        if self._loop is None or self._loop.is_closed():
            self._now = max(self._now, at)
            return
        asyncio.run_coroutine_threadsafe(self._walk(at), self._loop).result()

    async def _walk(self, to: int) -> None:
        await asyncio.sleep(0)
        while self._heap and self._heap[0].at <= to:
            self._now = max(self._now, self._heap[0].at)
            self._catch_up()
            # What was called back may plan more: give tasks that woke up a few turns of the loop.
            for _ in range(5):
                await asyncio.sleep(0)
        self._now = max(self._now, to)

    def _catch_up(self) -> None:
        while self._heap and self._heap[0].at <= self._now:
            handle = heapq.heappop(self._heap)
            if handle.callback is not None:
                handle.callback()


class _ToldHandle:
    __slots__ = ("at", "callback", "order")

    def __init__(self, at: int, order: int, callback: Callback) -> None:
        self.at, self.order = at, order
        self.callback: Callback | None = callback

    def __lt__(self, other: _ToldHandle) -> bool:
        return (self.at, self.order) < (other.at, other.order)

    def cancel(self) -> None:
        """Forget it."""
        self.callback = None
