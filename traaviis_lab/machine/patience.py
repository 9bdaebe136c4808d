"""Who says that a macrostep has gone on for too long, since the pure rooms have no clock.

A chart that settles after its thousandth microstep may still take minutes where each of them
computes as much as an expression may. Whoever has others to serve hands in a watch for its own
thread; where there is none, a macrostep takes as long as it takes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Watch = Callable[[], Callable[[], bool]]
"""Called when a macrostep begins: answers a function that says whether it has been too long."""


class _Patience(threading.local):
    watch: Watch | None = None


PATIENCE = _Patience()


@contextmanager
def patient(watch: Watch) -> Iterator[None]:
    """Have macrosteps on this thread watched by `watch` for as long as this lasts."""
    before, PATIENCE.watch = PATIENCE.watch, watch
    try:
        yield
    finally:
        PATIENCE.watch = before
