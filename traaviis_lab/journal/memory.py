"""The journal's twin in memory: the same promises, for as long as the process lives.

Good enough for a notebook, and what tests use. Nothing is hashed before somebody reads it, so
that an append costs next to nothing; DuckDB is imported with the first question in SQL.
"""

from __future__ import annotations

import logging
import threading
from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import JournalError

from .lines import FactEncoder
from .lump import Lump, Position
from .memory_run import MemoryRun
from .port import OWN, Acknowledge, Durability, Fact, Keep, RunInfo, Verdict
from .refusals import check_text, conflict

if TYPE_CHECKING:
    import pandas as pd

    from .index import DuckIndex

Callback = Callable[[Sequence[Fact]], None]
STREAM = "memory"
_LOGGER = logging.getLogger("traaviis_lab.journal")


class MemoryJournal:
    """A `Journal` in memory.

    `append` acknowledges at once. Subscribers are called by the thread that appends, outside of
    any lock, one lump at a time and in order: where two threads append, one of them delivers
    for both. So a callback may append, subscribe or wait for another thread without a deadlock.
    """

    path: str | None = None

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, MemoryRun] = {}
        self._encoder = FactEncoder()
        self._kept: dict[str, list[Keep]] = {}
        self._charts: dict[str, bytes] = {}
        self._blobs: dict[str, bytes] = {}
        self._mail = _Mail()
        self._asked: _Asked | None = None
        self._closed = False

    def append(
        self,
        facts: Sequence[Fact],
        *,
        durability: Durability | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> None:
        """Take in all of `facts` or none; `acknowledge(None)` is called before this returns.

        Raises `JournalConflict` if a seq is taken or skipped, `JournalError` if closed or if a
        body has a line break.
        """
        mail = self._mail
        with self._lock:
            self._check_open()
            self._take_in(facts)
            if self._asked is not None:
                self._asked.facts.extend(facts)
            if mail.wanted:
                mail.post(self._sealed(facts))
        if acknowledge is not None:
            acknowledge(None)
        if mail.posted:
            mail.deliver()

    def keep(self, snapshot: Keep) -> None:
        """Keep a snapshot, so that states after it are near."""
        with self._lock:
            self._check_open()
            insort(self._kept.setdefault(snapshot.run, []), snapshot, key=_seq)
            if self._asked is not None:
                self._asked.beside.snapshots.append(snapshot)

    def put_chart(self, chart_hash: str, spec: bytes) -> None:
        """Keep a chart's spec (JSON) under its hash, once."""
        with self._lock:
            self._check_open()
            if chart_hash not in self._charts:
                self._charts[chart_hash] = spec
                if self._asked is not None:
                    self._asked.beside.charts.append((chart_hash, spec))

    def put_blob(self, body: bytes) -> str:
        """Keep a large value once and answer its sha256 in hex."""
        digest = sha256(body).hexdigest()
        with self._lock:
            self._check_open()
            if digest not in self._blobs:
                self._blobs[digest] = body
                if self._asked is not None:
                    self._asked.beside.blobs.append((digest, body))
        return digest

    def claim(self, run: str) -> None:
        """Nothing: no other process can see this journal."""

    def release(self, run: str) -> None:
        """Nothing, as there are no claims."""

    def read(
        self, run: str, *, after: int = 0, upto: int | None = None, hashed: bool = True
    ) -> Iterator[Fact]:
        """The run's facts in order, `after` not included and `upto` included.

        The first who wants hashes has those of all facts before computed, 10 us each.
        """
        with self._lock:
            held = self._runs.get(run)
            if held is None:
                return iter(())
            if hashed:
                held.seal(self._encoder, upto)
            return iter(held.facts[after:upto])

    def near(self, run: str, seq: int) -> Keep | None:
        """The newest kept snapshot at or before `seq`."""
        with self._lock:
            kept = self._kept.get(run, ())
            place = bisect_right(kept, seq, key=_seq)
            return kept[place - 1] if place else None

    def chart(self, chart_hash: str) -> bytes | None:
        """A chart's spec by its hash."""
        return self._charts.get(chart_hash)

    def blob(self, digest: str) -> bytes | None:
        """A large value by its sha256 in hex."""
        return self._blobs.get(digest)

    def runs(self) -> list[RunInfo]:
        """Every run there is, oldest first."""
        with self._lock:
            known = [h.info() for run, h in self._runs.items() if not run.startswith(OWN)]
        return sorted(known, key=lambda info: (info.started, info.run))

    def info(self, run: str) -> RunInfo | None:
        """One run, or None."""
        with self._lock:
            held = self._runs.get(run)
            return held.info() if held is not None else None

    def sql(self, query: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> pd.DataFrame:
        """Ask in SQL; sees everything appended before. See docs/journal.md for tables and views.

        Raises `JournalError` with DuckDB's words and the nearest names.
        """
        with self._lock:
            self._check_open()
            if self._asked is None:
                self._asked = self._begin_asking()
            asked = self._asked
        asked.catch_up(self._take_unfed)
        return asked.index.query(query, params)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call back with every lump of facts appended from now on; answers what ends it."""
        return self._mail.subscribe(callback)

    def overhear(self, callback: Callback) -> None:
        """Nothing: no other process can write here."""

    def flush(self) -> None:
        """Nothing: what is appended is there."""

    def verify(self, run: str | None = None) -> Verdict:
        """Compute every chain (or one run's) again and compare."""
        with self._lock:
            chosen = self._runs if run is None else {run: self._runs.get(run) or MemoryRun()}
            size, problems = 0, []
            for name, held in chosen.items():
                held.seal(self._encoder)
                length, wrong = held.check(name)
                size += length
                problems += wrong
            facts = sum(len(held.facts) for held in chosen.values())
            runs = sum(1 for held in chosen.values() if held.facts)
        return Verdict(facts, runs, 0, size, tuple(problems), ("in memory: no disk to check",))

    def close(self) -> None:
        """Let go of the database. What was appended can still be read, not asked for in SQL."""
        with self._lock:
            self._closed = True
            asked, self._asked = self._asked, None
        if asked is not None:
            asked.index.close()

    def _check_open(self) -> None:
        if self._closed:
            raise JournalError("The journal is closed.", hint="Open a new lab.")

    def _take_in(self, facts: Sequence[Fact]) -> None:
        """Let every fact follow on the one before it in its run; all of them do, or none."""
        if not facts:
            return
        runs, seqs, _, _, _, names, _, bodies, states, *_ = zip(*facts, strict=True)
        run, count = runs[0], len(runs)
        held = self._runs.get(run) or MemoryRun()
        first = len(held.facts) + 1
        if runs.count(run) != count or seqs != tuple(range(first, first + count)):
            self._take_mixed(facts)
            return
        plain = "".join(names).isascii() and "".join(states).isascii()
        for body in bodies:
            if b"\n" in body:
                plain = False
        if not plain:
            for fact in facts:
                check_text(fact)
        held.facts += facts
        self._runs[run] = held

    def _take_mixed(self, facts: Sequence[Fact]) -> None:
        """The same for facts of several runs."""
        lengths: dict[str, int] = {}
        run, last = None, 0
        for fact in facts:
            if fact[0] != run:
                if run is not None:
                    lengths[run] = last
                run = fact[0]
                held = self._runs.get(run)
                last = lengths.get(run, len(held.facts) if held is not None else 0)
            if fact[1] != last + 1:
                raise conflict(run, fact[1], last)
            last += 1
            check_text(fact)
        for fact in facts:
            self._runs.setdefault(fact[0], MemoryRun()).facts.append(fact)

    def _sealed(self, facts: Sequence[Fact]) -> list[Fact]:
        for run in {fact.run for fact in facts}:
            self._runs[run].seal(self._encoder)
        return [self._runs[fact.run].facts[fact.seq - 1] for fact in facts]

    def _begin_asking(self) -> _Asked:
        asked = _Asked()
        for held in self._runs.values():
            asked.facts.extend(held.facts)
        asked.beside.charts.extend(self._charts.items())
        asked.beside.blobs.extend(self._blobs.items())
        asked.beside.snapshots.extend(s for kept in self._kept.values() for s in kept)
        return asked

    def _take_unfed(self, asked: _Asked) -> Lump:
        with self._lock:
            lump, asked.beside = asked.beside, _next_lump(asked.beside)
            facts, asked.facts = self._sealed(asked.facts), []
        for column, values in zip(lump.columns(), zip(*facts, strict=True), strict=False):
            column.extend(values)
        return lump


class _Asked:
    """The DuckDB side: an index in memory, and what is not in it yet."""

    def __init__(self) -> None:
        from .index import DuckIndex

        self.index: DuckIndex = DuckIndex()
        self.facts: list[Fact] = []
        self.beside = Lump(STREAM, Position(0, 0), Position(0, 1))
        self._lock = threading.Lock()

    def catch_up(self, take: Callable[[_Asked], Lump]) -> None:
        with self._lock:
            lump = take(self)
            if lump.run or lump.charts or lump.blobs or lump.snapshots:
                self.index.feed(lump)


class _Mail:
    """Lumps on their way to subscribers, in order."""

    def __init__(self) -> None:
        self.wanted: dict[object, Callback] = {}
        self.posted: deque[tuple[tuple[object, ...], Sequence[Fact]]] = deque()
        self._delivering = threading.Lock()

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        token = object()
        self.wanted = {**self.wanted, token: callback}

        def unsubscribe() -> None:
            self.wanted = {key: kept for key, kept in self.wanted.items() if key is not token}

        return unsubscribe

    def post(self, facts: Sequence[Fact]) -> None:
        self.posted.append((tuple(self.wanted), facts))

    def deliver(self) -> None:
        """Hand out all that is posted, unless another thread is doing that already."""
        while self.posted and self._delivering.acquire(blocking=False):
            try:
                while self.posted:
                    self._hand_out(*self.posted.popleft())
            finally:
                self._delivering.release()

    def _hand_out(self, tokens: Sequence[object], facts: Sequence[Fact]) -> None:
        for token in tokens:
            callback = self.wanted.get(token)
            if callback is None:
                continue
            try:
                callback(facts)
            except Exception:
                _LOGGER.exception("A subscriber of the journal failed on %d facts", len(facts))


def _next_lump(lump: Lump) -> Lump:
    return Lump(STREAM, lump.upto, Position(0, lump.upto.offset + 1))


def _seq(kept: Keep) -> int:
    return kept.seq
