"""One thread brings changes to the browser, at most 30 times a second; the last value wins."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

MAX_HZ = 30.0
MAX_PER_SECOND = 600
"""Messages of all widgets together; Jupyter's own limit is 1,000 a second."""

_LOGGER = logging.getLogger("traaviis_lab.widgets")


class Flushable(Protocol):
    """Something whose changes are sent when the pump says so."""

    pause: float

    def flush(self) -> None:
        """Send what has changed since the last time."""


class UIPump:
    """Others mark what changed, from any thread and at any rate; only this thread sends.

    `mark` costs next to nothing and never waits. A marked thing is flushed at once if that has
    not happened lately, else when its turn comes. It is held weakly: what nobody looks at any
    more is never flushed.
    """

    def __init__(self, *, hz: float = MAX_HZ, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval, self._clock = 1.0 / hz, clock
        self._wake = threading.Condition()
        self._marked: dict[int, weakref.ref[Flushable]] = {}
        self._next: weakref.WeakKeyDictionary[Flushable, float] = weakref.WeakKeyDictionary()
        self._posts: deque[Callable[[], None]] = deque()
        self._not_before = 0.0
        self._working = False
        self._thread: threading.Thread | None = None

    def mark(self, thing: Flushable) -> None:
        """Have `thing` flushed soon."""
        # What is marked and not flushed yet will be: no lock, or every fact wakes a thread.
        ref = self._marked.get(id(thing))
        if ref is not None and ref() is thing and self._lives():
            return
        with self._wake:
            if id(thing) not in self._marked or self._marked[id(thing)]() is not thing:
                self._marked[id(thing)] = weakref.ref(thing)
            self._begin()

    def post(self, send: Callable[[], None]) -> None:
        """Have `send` called now, on the pump's thread: for answers a person waits for."""
        with self._wake:
            self._posts.append(send)
            self._begin()

    def settle(self, timeout: float = 10.0) -> bool:
        """Wait until nothing is left to send; whether that came to be in time."""
        with self._wake:
            return self._wake.wait_for(
                lambda: not (self._marked or self._posts or self._working), timeout
            )

    def _lives(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _begin(self) -> None:
        if not self._lives():
            self._thread = threading.Thread(target=self._work, name="traaviis-ui", daemon=True)
            self._thread.start()
        self._wake.notify_all()

    def _work(self) -> None:
        while True:
            with self._wake:
                self._working = False
                self._wake.notify_all()
                things, posts = self._take()
                while not things and not posts:
                    self._wake.wait(self._wait_time())
                    things, posts = self._take()
                self._working = True
            for post in posts:
                _carefully(post)
            for thing in things:
                _carefully(thing.flush)
            del things[:], posts[:]

    def _wait_time(self) -> float | None:
        """How long until the next marked thing is due; None: until somebody marks one."""
        due = [self._due(thing) for ref in self._marked.values() if (thing := ref()) is not None]
        return max(0.001, min(due) - self._clock()) if due else None

    def _due(self, thing: Flushable) -> float:
        return max(self._not_before, self._next.get(thing, 0.0))

    def _take(self) -> tuple[list[Flushable], list[Callable[[], None]]]:
        now = self._clock()
        posts = list(self._posts)
        self._posts.clear()
        things: list[Flushable] = []
        for key, ref in list(self._marked.items()):
            thing = ref()
            if thing is None:
                del self._marked[key]
            elif self._due(thing) <= now:
                del self._marked[key]
                self._next[thing] = now + thing.pause
                things.append(thing)
        if things:
            self._not_before = now + max(self._interval, len(things) / MAX_PER_SECOND)
        return things, posts


def _carefully(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:
        _LOGGER.exception("A widget could not be brought up to date.")


@lru_cache(maxsize=1)
def the_pump() -> UIPump:
    """The one pump of this process."""
    return UIPump()
