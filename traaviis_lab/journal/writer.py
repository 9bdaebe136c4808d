"""Group commit: whoever appends leaves facts here, one thread writes what is pending and tells.

An append checks and queues under one short lock. The thread takes all that is pending, encodes
and chains it, writes once and syncs once, then acknowledges. What nobody waits for lingers
20 ms, so that it shares its sync. After a failed write or sync nothing more is taken: the page
cache cannot be trusted then, only what a new opening reads back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from traaviis_lab.errors import JournalError

from .batch import ENQUEUED, FED, HEAVY, MANY, SYNCED, WRITTEN, Batch, Extra, Wait
from .lines import FactEncoder, write_snapshot
from .lump import COLUMNS, Lump
from .port import Acknowledge, Durability, Fact, Keep
from .refusals import again, check_run, check_text, conflict, failure
from .tape import Tape

LINGER = 0.02  # seconds that facts nobody waits for may wait for company
LAZY_SYNC = 0.04  # seconds after which written facts are synced without being asked
SLICE = 500  # facts encoded at once: more would wake the garbage collector
ALONE = 3  # steps of one run in a row after which its own thread writes
TOO_SOON = 15_000  # nanoseconds after a write in which nobody can have waited for it
LARGE = 2_000  # bytes from which a body counts by its size
_LOGGER = logging.getLogger("traaviis_lab.journal")
# An interrupt may come anywhere in the main thread: it never writes by itself.
_MAIN = threading.main_thread().ident
# In a journal on disk "memory" is kept like "async": a run with holes could not be chained.
_WANT = {"disk": SYNCED, "process": WRITTEN, "async": ENQUEUED, "memory": ENQUEUED}


class Reader(Protocol):
    """Who gets what was written: `tell` once it is acknowledged, `feed` once it is on disk."""

    def tell(self, lump: Lump) -> None:
        """For subscribers."""

    def feed(self, lump: Lump) -> None:
        """For the index."""


class Writer:
    """Owns the tape and its thread. `admit(run)` is asked for the last seq and hash of a run that
    is not live here, under the lock; it claims the run or raises."""

    def __init__(
        self,
        tape: Tape,
        reader: Reader,
        admit: Callable[[str], tuple[int, bytes]],
        durability: Durability = "disk",
    ) -> None:
        self._want = wanted(durability)
        self._tape = tape
        self._reader = reader
        self._admit = admit
        self._encoder = FactEncoder()
        # two flat dicts instead of one object per run: 200 bytes a run
        self._seqs: dict[str, int] = {}
        self._heads: dict[str, bytes] = {}
        self.gate = threading.Lock()
        self._bell = threading.Lock()
        self._bell.acquire()
        self._asleep = 0  # 1: until anything comes; 2: until somebody waits for it
        self._urgent = False
        self._closing = self._broken = False
        self._lately, self._streak, self._ended = "", 0, 0
        self._room = threading.Event()
        self._batch = self._busy = Batch()
        self._unfed: list[Lump] = []
        self._sync_due = 0.0
        self.refusal: JournalError | None = None
        self.lost: JournalError | None = None  # facts that nobody waits for are lost
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    # --- any thread -------------------------------------------------------------------------

    def append(  # noqa: C901, PLR0912, PLR0915 - in one piece: a call more is a tenth of its time
        self,
        facts: Sequence[Fact],
        *,
        durability: Durability | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> None:
        """Queue all of these facts or none."""
        want = self._want if durability is None else wanted(durability)
        with self.gate:
            if self.refusal is not None:
                raise again(self.refusal)
            batch = self._batch
            if len(facts) == 1:
                fact = facts[0]
                run, seq, body = fact[0], fact[1], fact[7]
                if self._seqs.get(run) != seq - 1:
                    self._check(facts)
                if b"\n" in body or not fact[5].isascii():
                    check_text(fact)
                # an interrupt must not come between these two: no call between them
                self._seqs[run] = seq
                batch.facts.append(fact)
                if len(body) > LARGE:
                    batch.large += len(body)
            else:
                self._append_many(facts)
            if want != SYNCED:
                batch.loose = True
            if want:
                self._urgent = True
                if acknowledge is not None:
                    batch.waits.append(Wait(want, acknowledge))
                else:
                    batch.unheard = True
            mine = None
            if self._asleep and (want or self._asleep == 1 or batch.is_bulk()):
                if want == SYNCED and acknowledge is not None and self._is_alone(facts[0][0]):
                    self._asleep, mine = 0, self._swap()
                else:
                    self._wake()
        if mine is not None:
            self._commit_here(mine)
        elif acknowledge is not None and not want:
            acknowledge(None)
        if len(batch.facts) > MANY or batch.large > HEAVY:
            self._wait_for_room()

    def _is_alone(self, run: str) -> bool:
        """Whether one run, and nobody else, has been sending and waiting, step after step.

        Then its own thread writes sooner than the writer's could be woken. Who sends faster than
        anybody could wait is not alone with itself: there the steps share their syncs.
        """
        if run != self._lately:
            self._lately, self._streak = run, 0
            return False
        if time.perf_counter_ns() - self._ended < TOO_SOON:
            self._streak = 0
        self._streak += 1
        return (
            self._streak > ALONE
            and self._asleep == 1
            and not self._unfed
            and threading.get_ident() != _MAIN
        )

    def _commit_here(self, batch: Batch) -> None:
        """Write in the caller's thread; the writer sleeps and is woken for what came meanwhile."""
        try:
            self._commit(batch)
        except Exception as error:
            self._broken = True
            self._fail(batch, error)
        with self.gate:
            self._busy = self._batch
            if self._batch or self._unfed or self._closing or self._broken:
                self._bell.release()
            else:
                self._asleep = 1
        self._ended = time.perf_counter_ns()

    def _wake(self) -> None:
        self._asleep = 0
        self._bell.release()

    def _append_many(self, facts: Sequence[Fact]) -> None:
        ends = self._check(facts)
        for fact in facts:
            check_text(fact)
        self._seqs.update(ends)
        self._batch.facts.extend(facts)
        self._batch.large += sum(len(fact.body) for fact in facts)

    def _check(self, facts: Sequence[Fact]) -> dict[str, int]:
        """The last seq of each run after these facts; raises when one is taken or skipped."""
        ends: dict[str, int] = {}
        for fact in facts:
            run, seq = fact.run, fact.seq
            last = ends.get(run)
            if last is None:
                last = self._seqs.get(run)
                if last is None:
                    last = self.admit(run)
            if seq != last + 1:
                raise conflict(run, seq, last)
            ends[run] = seq
        return ends

    def admit(self, run: str) -> int:
        """Make a run live here (the gate is held); answers its last seq."""
        last = self._seqs.get(run)
        if last is None:
            check_run(run)
            last, head = self._admit(run)
            self._seqs[run], self._heads[run] = last, head
        return last

    def pending(self, run: str) -> bool:
        """Whether facts of this run are still to be written (the gate is held)."""
        return any(fact.run == run for batch in (self._batch, self._busy) for fact in batch.facts)

    def dismiss(self, run: str) -> tuple[int, bytes]:
        """Forget a live run of which nothing is pending (the gate is held); its last seq, hash."""
        return self._seqs.pop(run), self._heads.pop(run)

    def live(self) -> dict[str, int]:
        """The last seq of every run that is live here; not a copy."""
        return self._seqs

    def put(self, extra: Extra | Keep) -> None:
        """Queue a chart, a blob or a snapshot; it rides with the next batch."""
        with self.gate:
            if self.refusal is not None:
                raise again(self.refusal)
            if isinstance(extra, Keep):
                self._batch.keeps.append(extra)
                self._batch.large += len(extra.body)
            else:
                self._batch.extras.append(extra)
                self._batch.large += len(extra[0])
            if self._asleep == 1:
                self._wake()

    def flush(self) -> None:
        """Return when everything queued before is on disk and handed to the reader."""
        done = threading.Event()
        failed: list[BaseException] = []

        def tell(error: BaseException | None) -> None:
            if error is not None:
                failed.append(error)
            done.set()

        with self.gate:
            if self.refusal is not None:
                raise again(self.refusal)
            if self._asleep == 1 and not self._batch and not self._unfed:
                return
            self._batch.waits.append(Wait(FED, tell))
            self._urgent = True
            if self._asleep:
                self._wake()
        done.wait()
        if failed:
            raise failed[0]

    def _wait_for_room(self) -> None:
        while self._batch.is_full() and self.refusal is None:
            self._room.clear()
            if self._batch.is_full():
                self._room.wait(0.1)

    def close(self, refusal: JournalError) -> None:
        """Write what is pending, end the thread and the tape. Later appends are refused."""
        with self.gate:
            self._closing = True
            if self.refusal is None:
                self.refusal = refusal
            if self._asleep:
                self._wake()
        self._thread.join()

    # --- the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        whole = True
        while whole and (batch := self._next()) is not None:
            try:
                self._commit(batch)
            except Exception as error:
                self._fail(batch, error)
                whole = False
        whole = whole and not self._broken
        try:
            self._tape.close(whole=whole)
        except OSError:
            self._tape.close(whole=False)

    def _next(self) -> Batch | None:
        due = 0.0
        while True:
            now = time.monotonic()
            with self.gate:
                if self._broken:
                    return None
                pending = self._busy = self._batch
                wait = -1.0
                if pending:
                    due = due or now + LINGER
                    if self._urgent or self._closing or pending.is_bulk() or now >= due:
                        return self._swap()
                    self._asleep, wait = 2, due - now
                elif self._unfed:
                    if self._closing or now >= self._sync_due:
                        return self._swap()
                    self._asleep, wait = 1, self._sync_due - now
                elif self._closing:
                    return None
                else:
                    self._asleep = 1
            self._bell.acquire(timeout=wait)

    def _swap(self) -> Batch:
        batch, self._batch = self._batch, Batch()
        self._busy = batch
        self._urgent = False
        self._room.set()
        return batch

    def _commit(self, batch: Batch) -> None:
        lump = self._write(batch) if batch.facts or batch.extras or batch.keeps else None
        if batch.loose:
            _tell(batch.waits, WRITTEN)
        asked = not batch.waits or any(wait.want >= SYNCED for wait in batch.waits)
        synced = asked or time.monotonic() >= self._sync_due
        if synced:
            self._sync(batch, lump)
        _tell(batch.waits, SYNCED)
        if synced:  # after telling: nobody waits for the index but who flushes
            unfed, self._unfed = self._unfed, []
            for done in unfed:
                self._reader.feed(done)
        _tell(batch.waits, FED)
        if lump is not None:
            self._reader.tell(lump)

    def _write(self, batch: Batch) -> Lump:
        lines = [extra[0] for extra in batch.extras]
        columns: list[list[Any]] = [[] for _ in COLUMNS]
        for begin in range(0, len(batch.facts), SLICE):
            part = batch.facts[begin : begin + SLICE]
            made, hashes = self._encoder.encode(part, self._heads)
            lines += made
            for column, values in zip(columns, zip(*part, strict=True), strict=True):
                column.extend(values)
            columns[-1][begin:] = hashes
        lines += [write_snapshot(kept) for kept in batch.keeps]
        count = len(batch.facts) + len(batch.extras) + len(batch.keeps)
        since, upto = self._tape.write(lines, count)
        if not self._unfed:
            self._sync_due = time.monotonic() + LAZY_SYNC
        lump = Lump(self._tape.stream, since, upto, *columns)
        for _, kind, key, body in batch.extras:
            (lump.charts if kind == "chart" else lump.blobs).append((key, body))
        lump.snapshots.extend(batch.keeps)
        self._unfed.append(lump)
        return lump

    def _sync(self, batch: Batch, lump: Lump | None) -> None:
        try:
            self._tape.sync()
        except OSError:
            # what somebody was told is there stays; a batch that nobody was told of goes
            if lump is not None and not batch.loose and self._tape.take_back(lump.since):
                self._unfed.pop()
            else:
                batch.facts = []
            raise

    def _fail(self, batch: Batch, error: Exception) -> None:
        """Nothing of this batch nor of what is queued behind it will ever be written."""
        with self.gate:
            behind = self._swap()
            failed = [*batch.facts, *behind.facts]
            doubt = sum(map(len, self._unfed))
            told = failure(error, self._tape.path, failed, doubt)
            self.refusal = told
            if batch.loose or behind.loose or batch.unheard or behind.unheard:
                self.lost = told
        for wait in (*batch.waits, *behind.waits):
            _call(wait.tell, again(told))


def wanted(durability: Durability) -> int:
    """How far facts of this durability must be before they are acknowledged."""
    want = _WANT.get(durability)
    if want is None:
        raise JournalError(
            f"Durability {durability!r} is not known.", hint=f"Use one of {', '.join(_WANT)}."
        )
    return want


def _tell(waits: Sequence[Wait], want: int) -> None:
    for wait in waits:
        if wait.want == want:
            _call(wait.tell, None)


def _call(tell: Acknowledge, error: BaseException | None) -> None:
    try:
        tell(error)
    except Exception:
        _LOGGER.exception("An acknowledgement of the journal failed")
