"""News of an effect under way, from any thread, written down a few times a second at most."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import EffectError, LabError

if TYPE_CHECKING:
    from .run import Run

_LOGGER = logging.getLogger("traaviis_lab")
GAP = 0.1
"""Seconds between two facts of one effect."""
LONGEST = 500


class Progress:
    """The news of one effect: the newest counts, and the last is always written.

    Args:
        run: whose effect it is.
        path: which effect.
    """

    def __init__(self, run: Run, path: str) -> None:
        self._run, self._path = run, path
        self._loop = run.engine.loop
        self._lock = threading.Lock()
        self._news: tuple[float | None, str] | None = None
        self._planned = False
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self.closed = False

    def tell(self, fraction: float | None, message: str = "") -> None:
        """Have news written. Called from any thread; what comes too late is left out.

        Raises `EffectError` for a fraction that is none.
        """
        text = str(message)[:LONGEST].encode(errors="replace").decode()
        news = (_checked(fraction), text)
        with self._lock:
            self._news = news
            if self._planned or self.closed:
                return
            self._planned = True
        try:
            self._loop.call_soon_threadsafe(self._plan)
        except RuntimeError:  # the loop is closed: nobody is left to tell
            self.closed = True

    def close(self) -> None:
        """Write what is left; the effect has ended. Called on the loop."""
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._write()

    def _plan(self) -> None:
        wait = self._next - self._loop.time()
        if wait <= 0 or self.closed:
            self._write()
        else:
            self._timer = self._loop.call_later(wait, self._write)

    def _write(self) -> None:
        with self._lock:
            news, self._news, self._planned = self._news, None, False
        if news is not None:
            self._next = self._loop.time() + GAP
            try:
                self._run.progress(self._path, *news)
            except LabError as error:
                _LOGGER.warning("run %s: news of %s is lost: %s", self._run.id, self._path, error)


def _checked(fraction: Any) -> float | None:
    if fraction is None:
        return None
    if (
        isinstance(fraction, bool)
        or not isinstance(fraction, int | float)
        or not 0 <= fraction <= 1
    ):
        raise EffectError(
            f"progress({fraction!r}): this is no fraction.",
            hint="Tell a number from 0 to 1, or None where it is not known.",
        )
    return float(fraction)
