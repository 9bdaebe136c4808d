"""Bring acknowledgements from the journal's thread to the loop, many at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from .asides import Acknowledge


class Acks:
    """Futures of one loop that are woken from another thread: one wake-up for a whole batch."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ready: deque[tuple[asyncio.Future[None], BaseException | None]] = deque()
        self._planned = False

    def waking(self, future: asyncio.Future[None]) -> Callable[[BaseException | None], None]:
        """What to call, from any thread, to set the future."""

        def acknowledge(error: BaseException | None) -> None:
            self._ready.append((future, error))
            if not self._planned:
                self._planned = True
                try:
                    self._loop.call_soon_threadsafe(self._wake)
                except RuntimeError:  # the loop is closed, and nobody waits on it any more
                    self._ready.clear()

        return acknowledge

    def _wake(self) -> None:
        # Set before draining: an acknowledgement that comes in between plans one more wake-up.
        self._planned = False
        while self._ready:
            future, error = self._ready.popleft()
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)


def both(first: Acknowledge, second: Acknowledge | None) -> Acknowledge:
    """What acknowledges two at once."""
    if second is None:
        return first

    def both(error: BaseException | None) -> None:
        first(error)
        second(error)

    return both
