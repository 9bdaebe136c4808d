"""The journal on disk: a log that is written first, and an index that is asked."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import ChainBroken, JournalError

from .courier import Courier
from .duck import stranger
from .lines import ZERO, write_blob, write_chart
from .lock import Door, Lane
from .lump import Lump
from .port import Acknowledge, Durability, Fact, Keep, RunInfo, Verdict
from .recover import Opened, Progress, Recovery
from .segments import SEGMENT_BYTES, Disk, Files
from .streams import Tail
from .tape import Tape
from .verify import Review
from .writer import Writer, wanted

if TYPE_CHECKING:
    import pandas as pd

MAGIC = b"DUCK"
"""What stands at byte 8 of a DuckDB file."""
_REMEMBERED = 65_536  # digests of charts and blobs that need not be written again
_LOGGER = logging.getLogger("traaviis_lab.journal")
_CLOSED = JournalError("The journal is closed.", hint="Open a new Lab on the same path.")
_OPEN: weakref.WeakSet[DiskJournal] = weakref.WeakSet()


class DiskJournal:
    """A `Journal` in `<path>` (DuckDB, for questions) and `<path>.log/` (the truth).

    Opening takes a free stream, reads what the index does not have yet, and raises `ChainBroken`
    if anything that was whole is lost; `salvage=True` goes on with what is safe and says so in
    `notes`. `progress(rows, bytes, total)` is called while the index is rebuilt.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durability: Durability = "disk",
        salvage: bool = False,
        progress: Progress | None = None,
        segment_bytes: int = SEGMENT_BYTES,
        files: Files | None = None,
    ) -> None:
        self.path: str | None = os.path.abspath(path)
        self._log = Path(f"{self.path}.log")
        wanted(durability)
        self._durability = durability
        _check_file(Path(self.path), self._log)
        self._door = Door(self._log)
        try:
            self._lane = Lane(self._door)
            try:
                opened = Recovery(
                    Path(self.path),
                    self._log,
                    self._lane.stream,
                    salvage=salvage,
                    progress=progress,
                ).open()
            except BaseException:
                self._lane.close()
                raise
        except BaseException:
            self._door.close()
            raise
        self.notes: list[str] = opened.notes
        self._begin(opened, files or Disk(), segment_bytes)
        _OPEN.add(self)

    def _begin(self, opened: Opened, files: Files, segment_bytes: int) -> None:
        self._index = opened.index
        self._known = opened.heads
        self._written: dict[str, None] = {}
        self._listening: tuple[Callable[[Sequence[Fact]], None], ...] = ()
        self._closing = threading.Lock()
        self._closed = False
        self._forked = False
        places = self._index.positions()
        self._tail = Tail(self._door, self._lane.stream, places, self._deliver, self.notes.append)
        self._courier = Courier(self._index, self._tail.look)
        tape = Tape(
            self._lane.folder,
            opened.last,
            files,
            self._tail.sync,
            segment_bytes=segment_bytes,
        )
        self._tail.look()
        self._writer = Writer(tape, self._courier, self._admit, self._durability)
        self.__dict__["append"] = self._writer.append  # saves a call on the hottest way
        self._courier.start()

    # --- writing ----------------------------------------------------------------------------

    def append(
        self,
        facts: Sequence[Fact],
        *,
        durability: Durability | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> None:
        """Write all of `facts` or none, in order; see the port for what is raised when."""
        self._writer.append(facts, durability=durability, acknowledge=acknowledge)

    def keep(self, snapshot: Keep) -> None:
        """Keep a snapshot, so that states after it are near."""
        self._writer.put(snapshot)

    def put_chart(self, chart_hash: str, spec: bytes) -> None:
        """Keep a chart's spec (JSON) under its hash, once."""
        if self._is_new(chart_hash):
            self._writer.put((write_chart(chart_hash, spec), "chart", chart_hash, spec))

    def put_blob(self, body: bytes) -> str:
        """Keep a large value once and answer its sha256 in hex."""
        digest = sha256(body).hexdigest()
        if self._is_new(digest):
            self._writer.put((write_blob(digest, body), "blob", digest, body))
        return digest

    def _is_new(self, key: str) -> bool:
        """Whether this process has not written it yet; the index keeps doubles apart."""
        written = self._written
        if key in written:
            return False
        if len(written) >= _REMEMBERED:
            written.clear()
        written[key] = None
        return True

    # --- owning runs ------------------------------------------------------------------------

    def claim(self, run: str) -> None:
        """Own this run in this process; `JournalLocked` says who else does."""
        self._check()
        with self._writer.gate:
            self._writer.admit(run)

    def _admit(self, run: str) -> tuple[int, bytes]:
        """Claim a run and answer its last seq and hash; the writer's gate is held."""
        self._lane.claim(run)
        self._tail.look()
        if run not in self._known:
            return 0, ZERO
        self._tail.sync()
        return self._known.pop(run)

    def release(self, run: str) -> None:
        """Give a claimed run back, once everything appended to it is on disk."""
        if run not in self._writer.live():
            return
        while True:
            self._writer.flush()
            with self._writer.gate:
                live = self._writer.live()
                if run in live and self._writer.pending(run):
                    continue
                if run in live:
                    self._known[run] = self._writer.dismiss(run)
                    self._lane.release(run, live)
                return

    def _deliver(self, lump: Lump) -> None:
        """Take in what another process wrote."""
        self._known.update(zip(lump.run, zip(lump.seq, lump.hash, strict=True), strict=True))
        self._courier.feed(lump)
        self._courier.tell(lump)
        if self._listening and lump.run:
            facts = lump.facts()
            for callback in self._listening:
                callback(facts)

    # --- reading ----------------------------------------------------------------------------

    def read(
        self, run: str, *, after: int = 0, upto: int | None = None, hashed: bool = True
    ) -> Iterator[Fact]:
        """The run's facts in order, with their hashes; `ChainBroken` where one is lost."""
        self._settle()
        return self._read(run, after, upto)

    def _read(self, run: str, after: int, upto: int | None) -> Iterator[Fact]:
        for fact in self._index.read(run, after=after, upto=upto):
            after += 1
            if fact.seq != after:
                raise ChainBroken(
                    f"Facts {after}-{fact.seq - 1} of run {run!r} are lost;"
                    f" 1-{after - 1} are safe.",
                    hint=f"Read with upto={after - 1}; verify() says where the log is damaged.",
                )
            yield fact

    def near(self, run: str, seq: int) -> Keep | None:
        """The newest kept snapshot at or before `seq`."""
        self._settle()
        return self._index.near(run, seq)

    def chart(self, chart_hash: str) -> bytes | None:
        """A chart's spec by its hash."""
        self._settle()
        return self._index.chart(chart_hash)

    def blob(self, digest: str) -> bytes | None:
        """A large value by its sha256 in hex."""
        self._settle()
        return self._index.blob(digest)

    def runs(self) -> list[RunInfo]:
        """Every run there is, oldest first; of other processes too, as far as they are seen."""
        self._settle()
        return self._index.runs()

    def info(self, run: str) -> RunInfo | None:
        """One run, or None."""
        self._settle()
        return self._index.info(run)

    def sql(self, query: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> pd.DataFrame:
        """Ask the index. It sees everything that was acknowledged in this process before."""
        self._settle()
        return self._index.query(query, params)

    def subscribe(self, callback: Callable[[Sequence[Fact]], None]) -> Callable[[], None]:
        """Call back with every lump of acknowledged facts, in order, of all processes."""
        self._check()
        return self._courier.subscribe(callback)

    def overhear(self, callback: Callable[[Sequence[Fact]], None]) -> None:
        """Call back with every lump that another process wrote, in order."""
        self._listening = (*self._listening, callback)

    def flush(self) -> None:
        """Return when everything appended before is durable and can be asked for."""
        self._check()
        self._writer.flush()
        self._courier.settle()

    def _settle(self) -> None:
        """Wait for what is pending; after a failed write, for what was written before it."""
        self._check()
        if self._writer.refusal is None:
            self._writer.flush()
        self._courier.settle()

    def verify(self, run: str | None = None) -> Verdict:
        """Read everything stored (or one run) again and check it: CRCs, chains, gaps."""
        self._settle()
        heads = self._index.heads()
        return Review(self._log, run).read().verdict(heads)

    # --- ending -----------------------------------------------------------------------------

    def close(self) -> None:
        """Flush, seal and let go of everything. Closing twice does nothing.

        Raises `JournalError` if facts that were acknowledged early could not be written.
        """
        with self._closing:
            if self._closed or self._forked:
                return
            self._closed = True
            _OPEN.discard(self)
            try:
                self._writer.close(_CLOSED)
                self._courier.close()
                self._close_index()
            finally:
                self._lane.close()
                self._door.close()
        if self._writer.lost is not None:
            raise self._writer.lost

    def _close_index(self) -> None:
        try:
            self._index.close()
        except JournalError as error:  # a full disk, say: the next opening makes it anew
            _LOGGER.warning("The index was not closed in good order: %s", error)

    def _check(self) -> None:
        if self._closed:
            raise JournalError(_CLOSED.message, hint=_CLOSED.hint)
        if self._forked:
            raise JournalError(_FORKED.message, hint=_FORKED.hint)

    def _leave_to_parent(self) -> None:
        """In a forked child: touch nothing that the parent owns."""
        import ctypes

        self._forked = True
        self._closing = threading.Lock()
        self._writer.gate = threading.Lock()
        self._writer.refusal = _FORKED
        # the child must not even tear the database down: it would write to the parent's file
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._index))
        self._lane.close()
        self._door.close()


_FORKED = JournalError(
    "This process was forked from the one that opened the journal, and only that one may use it.",
    hint="Open the Lab again in the child: it gets a stream of its own.",
)


def _after_fork() -> None:
    for journal in list(_OPEN):
        journal._leave_to_parent()
    _OPEN.clear()


def _at_exit() -> None:
    for journal in list(_OPEN):
        try:
            journal.close()
        except JournalError:
            _LOGGER.exception("A journal could not be closed in good order")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
# Finalizers run newest first: after those of the labs, which may still have something to write.
weakref.finalize(DiskJournal, _at_exit)


def _check_file(path: Path, log: Path) -> None:
    """Raise `IndexUnusable` for somebody's own file, before a log is laid beside it."""
    if log.exists() or not path.is_file():
        return
    with path.open("rb") as file:
        head = file.read(12)
    if head and head[8:] != MAGIC:
        raise stranger(str(path))
