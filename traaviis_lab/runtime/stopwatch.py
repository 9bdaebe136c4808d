"""How long a macrostep may hold up everybody else on the engine's loop."""

from __future__ import annotations

import time
from collections.abc import Callable

MOST_SECONDS = 2.0


def stopwatch() -> Callable[[], bool]:
    """Whether this thread has computed for more than `MOST_SECONDS` since this was called.

    By processor time: on a machine that is busy elsewhere nothing is left too early.
    """
    ends = time.thread_time() + MOST_SECONDS
    return lambda: time.thread_time() > ends
