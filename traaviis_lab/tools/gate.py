"""Judge what a server sends beside its answers: how much of it, and what of that is listened to."""

from __future__ import annotations

import time
from collections.abc import Callable

MOST_MESSAGES = 2_000
MOST_BYTES = 64 * 2**20
MOST_WRONG = 100
WINDOW = 10.0
"""Seconds in which a server may send so many messages and bytes."""
_HEARD = "notifications/progress"
_CHANGED = "notifications/tools/list_changed"


class Gate:
    """One connection's gate. `lost` is why nothing goes through any more, "" as long as it does.

    Args:
        on_lost: told when the connection is of no use any more.
        clock: seconds that only go up.
    """

    def __init__(
        self, on_lost: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._on_lost, self._clock = on_lost, clock
        self._since, self._messages, self._bytes = clock(), 0, 0
        self._wrong = 0
        self.lost = ""
        self.changed = False
        self.status = 0

    def lose(self, why: str) -> None:
        """Let nothing through any more; the first reason counts."""
        if not self.lost:
            self.lost = why
            self._on_lost()

    def over(self) -> None:
        """Nothing comes any more; why, whoever holds the connection finds out."""
        self._on_lost()

    def count(self, size: int) -> bool:
        """Count bytes that came in; whether that many may."""
        self._turn()
        self._bytes += size
        if self._bytes > MOST_BYTES:
            self.lose(f"It sent more than {MOST_BYTES:,} bytes within {WINDOW:g} seconds.")
        return not self.lost

    def wrong(self) -> None:
        """Count a message that is no JSON-RPC; some servers write logs where they should not."""
        self._wrong += 1
        if self._wrong >= MOST_WRONG:
            self.lose("What it writes is no MCP.")

    def lets(self, method: str | None) -> bool:
        """Whether a message goes through: `method` is None for an answer."""
        self._turn()
        self._messages += 1
        if self._messages > MOST_MESSAGES:
            self.lose(f"It sent more than {MOST_MESSAGES:,} messages within {WINDOW:g} seconds.")
        if self.lost:
            return False
        if method == _CHANGED:
            self.changed = True
            return False
        return method is None or method == _HEARD or not method.startswith("notifications/")

    def _turn(self) -> None:
        now = self._clock()
        if now - self._since > WINDOW:
            self._since, self._messages, self._bytes = now, 0, 0
