"""Wake those who watch a resource when a fact of their tenant may have changed it; coalesced."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from traaviis_lab.journal import Fact
from traaviis_lab.journal.port import OWN

from .address import Address

EVERY = 0.1
"""Seconds between two wake-ups for the same address."""
_MAKERS = frozenset({"create_fsm", "create_ai_workflow"})
_LOGGER = logging.getLogger("traaviis_lab")


class Coalesced:
    """Calls `wake(key)` at once, and then at most every `every` seconds while there is news."""

    def __init__(self, wake: Callable[[str], None], every: float = EVERY) -> None:
        self._wake, self._every = wake, every
        self._last: dict[str, float] = {}
        self._waiting: set[str] = set()
        self._timer: threading.Timer | None = None
        self._ended = False
        self._lock = threading.Lock()

    def poke(self, key: str) -> None:
        """There is news of `key`."""
        with self._lock:
            if self._ended or key in self._waiting:
                return
            now = time.monotonic()
            if now - self._last.get(key, -self._every) < self._every:
                self._waiting.add(key)
                if self._timer is None:
                    self._timer = threading.Timer(self._every, self._flush)
                    self._timer.daemon = True
                    self._timer.start()
                return
            self._last[key] = now
        self._call((key,))

    def end(self) -> None:
        """Call no more."""
        with self._lock:
            self._ended = True
            if self._timer is not None:
                self._timer.cancel()

    def _flush(self) -> None:
        with self._lock:
            waiting, self._waiting, self._timer = tuple(self._waiting), set(), None
            self._last.update(dict.fromkeys(waiting, time.monotonic()))
        self._call(waiting)

    def _call(self, keys: Iterable[str]) -> None:
        for key in keys:
            if not self._ended:
                try:
                    self._wake(key)
                except Exception:  # whose loop is closed wants no news
                    _LOGGER.debug("A watcher of %s failed", key, exc_info=True)


class Watch:
    """What one client watches: which facts of its tenant are news of which addresses."""

    def __init__(
        self,
        tenant: str,
        addresses: Mapping[str, Address],
        hashes: Callable[[], Mapping[str, str]],
        wake: Callable[[str], None],
    ) -> None:
        self._tenant, self._hashes = tenant, hashes
        self._coalesced = Coalesced(wake)
        self._by_run: dict[str, list[str]] = {}
        self._runs: list[str] = []
        self._machines: dict[str, str] = {}
        for uri, address in addresses.items():
            if address.room == "machines":
                self._machines[uri] = address.name
            elif address.name:
                self._by_run.setdefault(address.name, []).append(uri)
            else:
                self._runs.append(uri)
        self._known = self._now() if self._machines else {}

    def hear(self, fact: Fact) -> None:
        """Look at a fact, on the thread that hands facts out."""
        if fact.tenant != self._tenant:
            return
        if not fact.run.startswith(OWN):
            for uri in (*self._by_run.get(fact.run, ()), *self._runs):
                self._coalesced.poke(uri)
        if self._machines and brings_machine(fact):
            before, self._known = self._known, self._now()
            for uri, seen in self._known.items():
                if before.get(uri) != seen:
                    self._coalesced.poke(uri)

    def end(self) -> None:
        """Wake nobody any more."""
        self._coalesced.end()

    def _now(self) -> dict[str, object]:
        hashes = self._hashes()
        return {
            uri: hashes.get(name) if name else tuple(sorted(hashes.items()))
            for uri, name in self._machines.items()
        }


def brings_machine(fact: Fact) -> bool:
    """Whether a machine may be new after this fact: a run began, or an agent made one."""
    return begins_run(fact) or (fact.kind == "mcp.called" and fact.name in _MAKERS)


def begins_run(fact: Fact) -> bool:
    """Whether it is the first fact of a run."""
    return fact.seq == 1 and not fact.run.startswith(OWN)
