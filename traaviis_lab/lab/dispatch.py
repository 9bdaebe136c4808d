"""Call back with facts, in order, on a thread where a callback may do as it likes."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence

from traaviis_lab.journal import Fact, Journal

Callback = Callable[[Fact], object]
_LOGGER = logging.getLogger("traaviis_lab")


class Dispatcher:
    """Hands every acknowledged fact to those who asked for it.

    Callbacks may block, raise, send events and subscribe: they hold up only each other.
    """

    def __init__(self, journal: Journal, loop: asyncio.AbstractEventLoop) -> None:
        self._journal, self._loop = journal, loop
        self._wants: dict[int, tuple[Callback, str | None, str | None, str | None]] = {}
        self._ends: dict[int, Callable[[], None]] = {}
        self._queue: queue.SimpleQueue[Sequence[Fact] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._next = 0

    def subscribe(
        self,
        callback: Callback,
        *,
        run: str | None = None,
        kind: str | None = None,
        name: str | None = None,
        at_end: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """Call back with every later fact that fits; answers a function that ends it.

        `at_end` is called after the last fact, while the journal can still be asked.
        """
        with self._lock:
            number, self._next = self._next, self._next + 1
            if at_end is not None:
                self._ends = {**self._ends, number: at_end}
            self._wants = {**self._wants, number: (callback, run, kind, name)}
            if self._thread is None:
                self._begin()

        def unsubscribe() -> None:
            with self._lock:
                self._wants = {k: v for k, v in self._wants.items() if k != number}
                self._ends = {k: v for k, v in self._ends.items() if k != number}

        return unsubscribe

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._work, name="traaviis-dispatch", daemon=True)
        self._thread.start()
        self._end = self._journal.subscribe(self._pass_on)

    def _pass_on(self, facts: Sequence[Fact] | None) -> None:
        """Queue facts behind the turn that wrote them, by way of the engine's loop.

        The journal may tell of a fact while its turn still runs; who hears of it must find the
        run where the fact says.
        """
        try:
            self._loop.call_soon_threadsafe(self._queue.put, facts)
        except RuntimeError:  # the loop is closed: no turn runs any more
            self._queue.put(facts)

    def _work(self) -> None:
        while (facts := self._queue.get()) is not None:
            for fact in facts:
                self._hand_out(fact)
        for at_end in list(self._ends.values()):
            try:
                at_end()
            except Exception:
                _LOGGER.exception("A subscriber failed at the end")

    def _hand_out(self, fact: Fact) -> None:
        for callback, run, kind, name in list(self._wants.values()):
            if (run is None or run == fact.run) and (kind is None or kind == fact.kind):
                if name is not None and name != fact.name:
                    continue
                try:
                    callback(fact)
                except Exception:
                    _LOGGER.exception("A subscriber failed on %s of run %s", fact.kind, fact.run)

    def close(self) -> None:
        """Hand out what is left and end. Closing twice does nothing."""
        if self._thread is None:
            return
        self._end()
        self._pass_on(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=5)
        self._thread = None
        self._wants, self._ends = {}, {}
