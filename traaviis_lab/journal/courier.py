"""Carry what is written to the index and to subscribers, behind the writer's back.

Two threads, so that neither DuckDB nor a slow subscriber holds up an acknowledgement or the
other: one feeds the index in lumps and looks after other processes' streams, one calls back.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Protocol

from traaviis_lab.errors import JournalError

from .lump import Lump
from .port import Fact
from .refusals import again

LINGER = 0.04  # seconds that facts wait for company before they go into the index
BULK = 20_000  # facts that end the wait
RETRY = 1.0  # seconds between tries while the index cannot be fed
TOO_MANY = 500_000  # facts that are not held any longer then; they are in the log
_LOGGER = logging.getLogger("traaviis_lab.journal")

Callback = Callable[[Sequence[Fact]], None]


class Fed(Protocol):
    """What the courier needs of the index."""

    def feed_all(self, lumps: Sequence[Lump]) -> None:
        """Take in lumps in one transaction."""


class Courier:
    """`look` is called now and then on the feeding thread; it answers after how many seconds it
    wants to be called again, and may `feed` and `tell` what it found."""

    def __init__(self, index: Fed, look: Callable[[], float]) -> None:
        self._index = index
        self._look = look
        self._queue: list[Lump] = []
        self._rows = 0
        self._queued = self._fed = 0
        self._urgent = self._closing = False
        self._error: JournalError | None = None
        self._failures = 0
        self._gave_up = False
        self._changed = threading.Condition()
        self._callbacks: dict[object, Callback] = {}
        self._mail: SimpleQueue[Lump | None] = SimpleQueue()
        self._teller: threading.Thread | None = None
        self._feeder = threading.Thread(target=self._run, name="journal-index", daemon=True)

    def start(self) -> None:
        """Begin to carry."""
        self._feeder.start()

    def feed(self, lump: Lump) -> None:
        """Put this into the index soon; called in the order of each stream."""
        with self._changed:
            self._queue.append(lump)
            self._queued += 1
            self._rows += len(lump)
            if len(self._queue) == 1 or self._rows > BULK:
                self._changed.notify_all()

    def tell(self, lump: Lump) -> None:
        """Hand this to subscribers, if there are any."""
        if self._callbacks and lump.run:
            self._mail.put(lump)

    def settle(self) -> None:
        """Return when all that was fed before can be asked for; raises if it never will."""
        if threading.current_thread() is self._feeder:
            return
        with self._changed:
            target, failures = self._queued, self._failures
            while self._fed < target and self._failures == failures:
                self._urgent = True
                self._changed.notify_all()
                self._changed.wait()
            if self._fed < target and self._error is not None:
                raise again(self._error)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call back with every lump told from now on; answers what ends it."""
        token = object()
        with self._changed:
            self._callbacks = {**self._callbacks, token: callback}
            if self._teller is None:
                self._teller = threading.Thread(
                    target=self._call_back, name="journal-tell", daemon=True
                )
                self._teller.start()

        def unsubscribe() -> None:
            with self._changed:
                self._callbacks = {k: v for k, v in self._callbacks.items() if k is not token}

        return unsubscribe

    def close(self) -> None:
        """Feed what is left, call back for what is left, and end both threads."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        current = threading.current_thread()
        if self._feeder.ident is not None and current is not self._feeder:
            self._feeder.join()
        self._mail.put(None)
        if self._teller is not None and current is not self._teller:
            self._teller.join()

    def _run(self) -> None:
        period = 0.0
        while True:
            with self._changed:
                if not (self._closing or self._urgent or (self._queue and self._error is None)):
                    self._changed.wait(period)
                if self._queue:
                    self._changed.wait_for(self._due, LINGER)
                self._urgent = False
                lumps, self._queue, self._rows = self._queue, [], 0
                closing = self._closing
            if lumps:
                self._take_in(lumps)
            if closing:
                return
            period = self._guarded_look() if self._error is None else RETRY

    def _due(self) -> bool:
        return self._urgent or self._closing or self._rows > BULK

    def _take_in(self, lumps: list[Lump]) -> None:
        error = None
        try:
            if self._gave_up:
                raise JournalError("Too many facts were waiting for it.")
            self._index.feed_all(lumps)
        except Exception as failed:
            if self._error is None:
                _LOGGER.warning("The index could not take in facts: %s", failed)
            error = JournalError(
                f"The index could not be fed: {failed} The log has everything.",
                hint="Once the cause is gone it goes on by itself, at the latest when this Lab is"
                " closed and opened again.",
            )
        with self._changed:
            if error is None:
                self._fed += len(lumps)
            else:
                self._failures += 1
                self._gave_up = self._gave_up or sum(map(len, lumps)) > TOO_MANY
                if not self._gave_up:
                    self._queue[:0] = lumps
            self._error = error
            self._changed.notify_all()

    def _guarded_look(self) -> float:
        try:
            return self._look()
        except Exception:
            _LOGGER.exception("Other processes' streams could not be read")
            return 1.0

    def _call_back(self) -> None:
        while (lump := self._mail.get()) is not None:
            facts = lump.facts()
            for callback in list(self._callbacks.values()):
                try:
                    callback(facts)
                except Exception:
                    _LOGGER.exception("A subscriber of the journal failed on %d facts", len(facts))
