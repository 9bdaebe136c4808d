"""The book of tools: what each one was described as, and which of them a person allowed for good.

Facts of no run. They survive restarts, so that a description that changes meanwhile is noticed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from traaviis_lab.errors import JournalError, JournalLocked
from traaviis_lab.journal import Durability, Fact, Journal
from traaviis_lab.journal.encode import encode
from traaviis_lab.journal.port import OWN

from .changes import changes
from .definition import Definition
from .permission import Known

BOOK = f"{OWN}tools"
"""What the facts of the book are filed under; no run can be called so."""
Key = tuple[str, str, str]
"""The server's name, what stands for where it is, and the tool."""


class Entry(NamedTuple):
    """What is remembered of a tool: how it was described when it was last accepted."""

    fingerprint: str
    said: Mapping[str, Any]
    always: str = ""  # the fingerprint it was allowed for good with


class Book:
    """One journal's book of tools. Any thread may ask.

    One living process at a time writes in it; another one remembers for itself alone.
    """

    def __init__(self, journal: Journal, now: Callable[[], int], durability: Durability) -> None:
        self._journal, self._now, self._durability = journal, now, durability
        self._lock = threading.RLock()
        self._entries: dict[Key, Entry] | None = None
        self._seq = -1  # not mine

    def known(self, key: Key, definition: Definition) -> Known:
        """What is remembered of a tool that is described like this now."""
        entry = self._read().get(key)
        if entry is None:
            return Known()
        change = ""
        if entry.fingerprint != definition.fingerprint:
            change = changes(entry.said, definition.said) or "other JSON values in its schema"
        return Known(change, entry.always == definition.fingerprint)

    def see(self, key: Key, definition: Definition) -> bool:
        """Note a description; whether it is another than the one that was accepted."""
        with self._lock:
            entry = self._read().get(key)
            if entry is None:
                self._write("seen", key, definition)
            return entry is not None and entry.fingerprint != definition.fingerprint

    def accept(self, key: Key, definition: Definition, *, always: bool) -> None:
        """Take the description as it is now for the known one; `always`: allow it for good."""
        with self._lock:
            self._write("allowed" if always else "accepted", key, definition)

    def withdraw(self, key: Key, definition: Definition) -> None:
        """Take back that it was allowed for good."""
        with self._lock:
            self._write("withdrawn", key, definition)

    def _read(self) -> dict[Key, Entry]:
        with self._lock:
            if self._entries is None:
                found: dict[Key, Entry] = {}
                if self._journal.info(BOOK) is not None:
                    for fact in self._journal.read(BOOK, hashed=False):
                        _follow(found, fact)
                self._entries = found
            return self._entries

    def _write(self, change: str, key: Key, definition: Definition) -> None:
        server, origin, tool = key
        body = {
            "change": change,
            "server": server,
            "origin": origin,
            "tool": tool,
            "fingerprint": definition.fingerprint,
            "definition": definition.said,
        }
        seq = self._owned()
        text = encode(body, where=tool)
        fact = Fact(BOOK, seq + 1, self._now(), "", "tool.known", f"{server}.{tool}", None, text)
        if seq >= 0:
            with contextlib.suppress(JournalError):  # closed meanwhile: it is seen again next time
                self._journal.append((fact,), durability=self._durability)
                self._seq = seq + 1
        _follow(self._read(), fact)

    def _owned(self) -> int:
        """The last seq of the book where this process may write in it, else -1."""
        if self._seq < 0:
            try:
                self._journal.claim(BOOK)
            except JournalLocked:
                return -1
            info = self._journal.info(BOOK)
            self._seq = info.seq if info is not None else 0
            self._entries = None  # another process may have written meanwhile
        return self._seq


def _follow(entries: dict[Key, Entry], fact: Fact) -> None:
    if fact.kind != "tool.known":
        return
    told = orjson.loads(fact.body)
    key = (told["server"], told["origin"], told["tool"])
    mark, before = told["fingerprint"], entries.get(key)
    change = told["change"]
    if change == "withdrawn" and before is not None:
        entries[key] = before._replace(always="")
        return
    entries[key] = Entry(mark, told["definition"], mark if change == "allowed" else "")
