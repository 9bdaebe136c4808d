"""One acknowledgement for many writes: it comes when the last of them is durable."""

from __future__ import annotations

import threading
from collections.abc import Callable

Acknowledge = Callable[[BaseException | None], None]


class Gate:
    """Calls `acknowledge` once, after `close`, when every write it stood for is acknowledged.

    Writes are acknowledged from any thread.
    """

    def __init__(self, acknowledge: Acknowledge) -> None:
        self._acknowledge = acknowledge
        self._lock = threading.Lock()
        self._open = 1
        self._told = False

    def one(self) -> Acknowledge:
        """What to hand to one more write."""
        with self._lock:
            self._open += 1
        return self._came

    def close(self, error: BaseException | None = None) -> None:
        """No more writes will come."""
        self._came(error)

    def _came(self, error: BaseException | None) -> None:
        """One less to wait for; an error is told at once, since the others may never come."""
        with self._lock:
            self._open -= 1
            last = not self._told and (self._open == 0 or error is not None)
            self._told = self._told or last
        if last:
            self._acknowledge(error)
