"""What the calls of each token may cost that no person was asked about, summed."""

from __future__ import annotations

import threading
from collections import defaultdict


class Tabs:
    """US dollars by token, since a person last said yes to it. Any thread may use it.

    A token keeps its tab whatever session or client it is used by.
    """

    def __init__(self) -> None:
        self._usd: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    def take(self, grant_id: str, usd: float, most: float) -> float | None:
        """Put a call on the tab, if the whole stays within `most`; else what it would come to."""
        with self._lock:
            whole = self._usd[grant_id] + usd
            if whole > most:
                return whole
            self._usd[grant_id] = whole
            return None

    def give_back(self, grant_id: str, usd: float) -> None:
        """Take a call off the tab that came to nothing."""
        with self._lock:
            self._usd[grant_id] = max(0.0, self._usd[grant_id] - usd)

    def clear(self, grant_id: str) -> None:
        """Begin anew: a person has said yes."""
        with self._lock:
            self._usd.pop(grant_id, None)
