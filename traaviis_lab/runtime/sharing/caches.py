"""Caches: what was answered for a key is answered again, as long as that is fresh."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from traaviis_lab.errors import JournalError
from traaviis_lab.journal.encode import encode
from traaviis_lab.runtime.clock import Clock

from .line import Caller, Line, Row

MOST_ENTRIES = 10_000
MOST_BYTES = 64 * 2**20
MISS: Row = {"hit": False}

Key = tuple[str, str]
"""The tenant, and the hash of the key."""


class _Entry(NamedTuple):
    text: bytes
    stored: int


@dataclass(eq=False, slots=True)
class _Flight:
    """A value that is being fetched, and those who wait for it. None says: fetch it yourself."""

    key: Key
    holder: Caller
    line: Line[bytes | None] = field(default_factory=Line)


class Cache:
    """One cache. What was not used for longest goes first where there is too much.

    Who asks for a key that somebody is fetching already waits for that.
    """

    def __init__(
        self, name: str, clock: Clock, most: int = MOST_ENTRIES, most_bytes: int = MOST_BYTES
    ) -> None:
        self.name, self._clock = name, clock
        self._most, self._most_bytes = most, most_bytes
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        self._flights: dict[Key, _Flight] = {}
        self._fetching: dict[Caller, _Flight] = {}
        self.bytes, self.hits, self.misses, self.evicted = 0, 0, 0, 0

    async def ask(self, caller: Caller, key: Key, ttl: float) -> Row:
        """What is known, if it is not older than `ttl` seconds: `{hit, value, age}`.

        `{hit: false}` says that the caller has to fetch it.
        """
        now = self._clock.now()
        found = self._entries.get(key)
        if found is not None and 0 <= now - found.stored < ttl * 1e6:
            self._entries.move_to_end(key)
            return self._hit(found.text, now - found.stored)
        flight = self._flights.get(key)
        if flight is None:
            if ttl > 0:
                self._fetch(caller, key)
        elif ttl > 0 and not _is_within(caller, flight.holder):
            place = flight.line.join(caller)
            text = await flight.line.wait(place, lambda text: self._give_back(caller, text))
            if text is not None:
                return self._hit(text, 0)
        self.misses += 1
        return dict(MISS)

    def enter(self, caller: Caller, key: Key) -> None:
        """The caller is fetching a value already."""
        if key not in self._flights:
            self._fetch(caller, key)

    def leave(self, caller: Caller, outcome: str, value: Any) -> None:
        """What the caller fetched is here, or will not come; then the next one fetches it."""
        flight = self._fetching.pop(caller, None)
        if flight is None:
            return
        text = _text(value) if outcome == "completed" else None
        is_newest = self._flights.get(flight.key) is flight
        if text is None:
            if (after := flight.line.call(None)) is not None:
                flight.holder = after
                self._fetching[after] = flight
            elif is_newest:
                del self._flights[flight.key]
            return
        if is_newest:
            del self._flights[flight.key]
            self._keep(flight.key, text)
        while flight.line.call(text) is not None:
            pass

    def clear(self) -> int:
        """Forget every value, also those that are on their way; answers how many there were."""
        count = len(self._entries)
        self._entries.clear()
        self._flights.clear()
        self.bytes = 0
        return count

    def row(self) -> Row:
        """What one sees of it."""
        return {
            "name": self.name,
            "entries": len(self._entries),
            "bytes": self.bytes,
            "hits": self.hits,
            "misses": self.misses,
            "evicted": self.evicted,
            "fetching": len(self._fetching),
            "waiting": sum(len(one.line) for one in set(self._fetching.values())),
        }

    def _hit(self, text: bytes, age: int) -> Row:
        self.hits += 1
        return {"hit": True, "value": orjson.loads(text), "age": age / 1e6}

    def _fetch(self, caller: Caller, key: Key) -> None:
        self._fetching[caller] = self._flights[key] = _Flight(key, caller)

    def _give_back(self, caller: Caller, text: bytes | None) -> None:
        if text is None:
            self.leave(caller, "cancelled", None)

    def _keep(self, key: Key, text: bytes) -> None:
        old = self._entries.pop(key, None)
        self.bytes += len(text) - (len(old.text) if old is not None else 0)
        self._entries[key] = _Entry(text, self._clock.now())
        while len(self._entries) > self._most or self.bytes > self._most_bytes:
            _, gone = self._entries.popitem(last=False)
            self.bytes -= len(gone.text)
            self.evicted += 1


def _is_within(caller: Caller, holder: Caller) -> bool:
    """Whether the caller is a part of what the holder does, and would wait for itself."""
    return caller.run == holder.run and caller.path.startswith(f"{holder.path}/")


def _text(value: Any) -> bytes | None:
    """The value as JSON; None for what cannot be written, and so is not kept."""
    try:
        return encode(value, where="a value for a cache")
    except JournalError:
        return None
