"""How long a macrostep may hold up everybody else on the engine's loop."""

from __future__ import annotations

import time
from collections.abc import Callable

MOST_SECONDS = 5.0


def stopwatch() -> Callable[[], bool]:
    """Whether more than `MOST_SECONDS` have gone by since this was called."""
    ends = time.monotonic() + MOST_SECONDS
    return lambda: time.monotonic() > ends
