"""Stop a question when its time is over, and end the process if it does not stop."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from time import monotonic

GRACE = 1.0
"""Seconds after its time within which a question has to stop; else the process ends."""
ENDED = 3


class Watchdog:
    """One thread that is there from the start: where memory is short, no other could be begun."""

    def __init__(self, interrupt: Callable[[], object]) -> None:
        self._interrupt = interrupt
        self._changed = threading.Condition()
        self._due: float | None = None
        self.late = False  # whether the question was stopped
        threading.Thread(target=self._work, name="watchdog", daemon=True).start()

    def begin(self, seconds: float) -> None:
        """A question begins that may take so long."""
        with self._changed:
            self._due, self.late = monotonic() + seconds, False
            self._changed.notify()

    def end(self) -> None:
        """It has ended."""
        with self._changed:
            self._due = None
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due is not None)
                due = self._due or 0.0
                if self._over(due, due - monotonic()):
                    continue
                self.late = True
                self._interrupt()
                if not self._over(due, GRACE):
                    os._exit(ENDED)

    def _over(self, due: float, seconds: float) -> bool:
        """Whether the question that is due then ends within so many seconds."""
        return self._changed.wait_for(lambda: self._due != due, max(0.0, seconds))
