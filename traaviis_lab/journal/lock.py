"""Who owns what, between processes: a stream by flock, a run by a claim that dies with its owner.

Nothing here has to be cleaned up after a crash: the kernel lets go of a dead process's flock, and
a claim counts only while its stream's flock is held by the opening that wrote it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import orjson

from traaviis_lab.errors import JournalError, JournalLocked

from .segments import now_text, stream_name, streams_in

try:
    import fcntl
except ImportError:  # Windows has no flock
    fcntl = None  # type: ignore[assignment]

_COMPACT = 10_000


def _flock(file: int, *, shared: bool = False, wait: bool = False) -> bool:
    if fcntl is None:
        raise JournalError(
            "A journal on disk needs flock, which this system does not have.",
            hint="Use Lab() for a journal in memory, or run under Linux, macOS or WSL.",
        )
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Door:
    """The lock over a log's folder, held for microseconds: to take a stream, to claim a run.

    The file gets a line per opening, so its size tells everybody when a stream was taken.
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        log.mkdir(parents=True, exist_ok=True)
        self._file = os.open(log / "openings.jsonl", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)

    def held(self) -> _Held:
        """Nobody else is inside meanwhile."""
        return _Held(self._file)

    def openings(self) -> int:
        """A number that grows whenever any process opens the journal."""
        return os.fstat(self._file).st_size

    def tell(self, owner: dict[str, object]) -> None:
        """Leave a line about this opening."""
        os.write(self._file, orjson.dumps(owner) + b"\n")

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


class _Held:
    """A flock for a moment; a class, as a generator would take as long as the lock."""

    __slots__ = ("_file",)

    def __init__(self, file: int) -> None:
        self._file = file

    def __enter__(self) -> None:
        _flock(self._file, wait=True)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)


class Lane:
    """A stream that this process owns until it ends, and the runs it has claimed."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.stream, self._lock = self._take()
        self.folder = door.log / self.stream
        self._mine = os.open(
            self.folder / "claims.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644
        )
        self._released = 0
        self._others: dict[str, _Claims] = {}
        self._seen = -1

    def _take(self) -> tuple[str, int]:
        with self._door.held():
            number = 1
            while True:
                name = stream_name(number)
                folder = self._door.log / name
                folder.mkdir(exist_ok=True)
                lock = os.open(folder / "owner.json", os.O_RDWR | os.O_CREAT, 0o644)
                if _flock(lock):
                    break
                os.close(lock)
                number += 1
            owner = {
                "stream": name,
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "since": now_text(),
            }
            os.ftruncate(lock, 0)
            os.pwrite(lock, orjson.dumps(owner) + b"\n", 0)
            (folder / "claims.jsonl").write_bytes(b"")
            self._door.tell(owner)
        return name, lock

    def claim(self, run: str) -> None:
        """Own this run, or raise `JournalLocked` that says who does."""
        line = _claim_line("claim", run)
        with self._door.held():
            for claims in self._neighbours():
                if run in claims.runs() and (owner := claims.living_owner()) is not None:
                    raise _locked(run, owner)
            os.write(self._mine, line)

    def release(self, run: str, others: Iterable[str]) -> None:
        """Give a run back. `others` are those still owned, asked for when the file is rewritten."""
        with self._door.held():
            os.write(self._mine, _claim_line("release", run))
            self._released += 1
            if self._released >= _COMPACT:
                self._released = 0
                self._door.tell({"stream": self.stream, "rewritten": now_text()})
                os.ftruncate(self._mine, 0)
                os.write(self._mine, b"".join(_claim_line("claim", mine) for mine in others))

    def _neighbours(self) -> list[_Claims]:
        openings = self._door.openings()
        if openings != self._seen:
            self._seen = openings
            self._others = {
                name: _Claims(self._door.log / name)
                for name in streams_in(self._door.log)
                if name != self.stream
            }
        return list(self._others.values())

    def close(self) -> None:
        """Give the stream and all its runs back."""
        os.close(self._mine)
        os.close(self._lock)


class _Claims:
    """Another stream's claims, read on as they grow."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: set[str] = set()
        self._read = 0

    def runs(self) -> set[str]:
        path = self._folder / "claims.jsonl"
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            return set()
        if size < self._read:
            self._runs, self._read = set(), 0
        if size > self._read:
            with path.open("rb") as file:
                file.seek(self._read)
                data = file.read(size - self._read)
            self._read = size
            for line in data.splitlines():
                fields = orjson.loads(line)
                (self._runs.add if "claim" in fields else self._runs.discard)(
                    fields.get("claim", fields.get("release"))
                )
        return self._runs

    def living_owner(self) -> dict[str, object] | None:
        return living_owner(self._folder)


def living_owner(folder: Path) -> dict[str, object] | None:
    """Who holds this stream now, or None when its last owner has ended."""
    try:
        lock = os.open(folder / "owner.json", os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        if _flock(lock, shared=True):
            return None
        with suppress(orjson.JSONDecodeError):
            owner: dict[str, object] = orjson.loads(os.pread(lock, 65536, 0))
            return owner
        return {"pid": "unknown", "host": "unknown", "since": "unknown"}
    finally:
        os.close(lock)


def _claim_line(verb: str, run: str) -> bytes:
    return orjson.dumps({verb: run}) + b"\n"


def _locked(run: str, owner: dict[str, object]) -> JournalLocked:
    here = owner["host"] == socket.gethostname()
    same = here and owner["pid"] == os.getpid()
    who = "this process" if same else f"process {owner['pid']}"
    return JournalLocked(
        f"Run {run!r} is owned by {who} on {owner['host']}, which opened the journal at"
        f" {owner['since']} and is still running.",
        hint="Close the other Lab of this notebook first."
        if same
        else "Stop the run or close the Lab there (or shut that kernel down); its runs are free"
        " at once when the process ends.",
    )
