"""The threads that plain functions run on; one that nobody waits for any more is made up for."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import Any

MOST = 32


class Workers(ThreadPoolExecutor):
    """At most `MOST` threads that somebody waits for.

    A thread cannot be taken from a function that hangs. Were it counted all the same, a few dozen
    such functions would keep all others from ever running.
    """

    def __init__(self) -> None:
        super().__init__(max_workers=MOST, thread_name_prefix="traaviis-call")
        self._changing = Lock()

    def give_up(self, future: Future[Any]) -> None:
        """Nobody waits for this any more: drop it, or let another thread stand in for its own."""
        if future.cancel():
            return
        self._allow(1)
        future.add_done_callback(lambda _: self._allow(-1))
        with suppress(RuntimeError):  # of a pool that is shut down
            self.submit(int)  # a thread is made for it, and what waits longer goes before it

    def _allow(self, more: int) -> None:
        with self._changing:
            self._max_workers += more
