"""Ask a tenant's part of the journal in SQL, with no way to anything else.

Each tenant that asks gets a process of its own (`sandbox_worker.py`) that holds that tenant's rows
and nothing more. What a question does there, however it is written, it does to that process: it
is ended when it takes too long, and the next question finds a new one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from traaviis_lab.errors import JournalError

from .port import Journal
from .sandbox_pipe import put, take
from .sandbox_rows import Held, Reader

SECONDS, MOST_SECONDS = 5.0, 30.0
ROWS, MOST_ROWS = 200, 5_000
IDLE = 120.0
"""Seconds after which a sandbox that is not asked is let go of."""
MOST_OPEN = 6
MOST_WAITING = 4
"""Questions of one tenant that may wait for another one of it."""
_SLACK = 10.0  # the process itself stops sooner; this is for one that cannot
_STARTS = 30.0
_LOOKS = 0.1
"""Seconds after which one that waits for its turn looks whether it was given up."""
_KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL")
# Arrow's own allocator would set aside a gigabyte of addresses.
_SAID = {"TZ": "UTC", "ARROW_DEFAULT_MEMORY_POOL": "system"}


class Asking:
    """One question, which whoever asked it may give up. Any thread may."""

    def __init__(self) -> None:
        self._given_up = threading.Event()
        self._room: _Process | None = None

    def give_up(self) -> None:
        """Want no answer any more: where it is being worked out, that ends at once."""
        self._given_up.set()
        if (room := self._room) is not None:
            room.kill()

    def check(self) -> None:
        """Raise `JournalError` where it was given up."""
        if self._given_up.is_set():
            raise JournalError("The question was given up.", hint="Ask again.")

    @contextmanager
    def within(self, room: _Process) -> Iterator[None]:
        """Be asked in this process meanwhile."""
        self._room = room
        try:
            self.check()
            yield
        finally:
            self._room = None


class Sandbox:
    """One tenant's sandbox. Any thread may ask; one question is answered at a time."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.used = time.monotonic()
        self._room: _Process | None = None
        self._reader = Reader(tenant)
        self._lock = threading.Lock()
        self._seats = threading.Semaphore(1 + MOST_WAITING)

    @property
    def is_open(self) -> bool:
        """Whether it has a process."""
        return self._room is not None

    def ask(
        self, journal: Journal, query: str, rows: int, seconds: float, asking: Asking
    ) -> dict[str, Any]:
        """`{columns, rows, more}`, and `held` and `of` where not all facts could be held.

        Raises `JournalError` for what is refused, fails, or takes too much time or memory.
        """
        with self._turn(asking):
            self.used = time.monotonic()
            room = self._ready(journal)
            order = {"do": "ask", "query": query, "rows": rows, "seconds": seconds}
            with asking.within(room):
                answer = self._answered(room, order, seconds)
            self.used = time.monotonic()
            held: Held = self._reader.held
        if answer.pop("spent", False):
            self.close()
        if "error" in answer:
            raise JournalError(answer["error"], hint=answer["hint"])
        return answer if held.whole else {**answer, "held": held.facts, "of": held.of}

    def close(self) -> None:
        """End its process; the next question starts another one."""
        room, self._room = self._room, None
        if room is not None:
            room.end()

    @contextmanager
    def _turn(self, asking: Asking) -> Iterator[None]:
        if not self._seats.acquire(blocking=False):
            raise JournalError(
                f"{MOST_WAITING} questions are waiting already.",
                hint="Ask when they are answered.",
            )
        try:
            until = time.monotonic() + MOST_SECONDS + _STARTS
            while not self._lock.acquire(timeout=_LOOKS):
                asking.check()
                if time.monotonic() > until:
                    raise JournalError("Other questions took too long.", hint="Ask again.")
            try:
                yield
            finally:
                self._lock.release()
        finally:
            self._seats.release()

    def _ready(self, journal: Journal) -> _Process:
        """A process that holds all that is in the journal now."""
        room = self._room
        if room is not None and (not room.lives or self._reader.is_overgrown(journal)):
            self.close()
            room = None
        if room is None:
            self._reader = Reader(self.tenant)
            room = self._room = _Process()
        try:
            for table, body, instead in self._reader.fresh(journal):
                room.tell({"do": "feed", "table": table, "instead": instead}, body)
                room.hear(_STARTS)
        except BaseException:
            self.close()  # what it holds is not known any more
            raise
        return room

    def _answered(self, room: _Process, order: dict[str, Any], seconds: float) -> dict[str, Any]:
        try:
            room.tell(order)
            return room.hear(seconds + _SLACK)
        except JournalError:
            self.close()
            raise JournalError(
                f"The query did not stop after {seconds:g} s, or needed too much memory.",
                hint="Ask for less: a condition on run_id, fewer rows, shorter texts.",
            ) from None
        except BaseException:
            self.close()
            raise


class _Process:
    """The process of a sandbox, and the pipes to it."""

    def __init__(self) -> None:
        folders = [folder or os.getcwd() for folder in sys.path]
        around = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "traaviis_lab.journal.sandbox_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**around, **_SAID, "PYTHONPATH": os.pathsep.join(folders)},
            cwd=os.path.abspath(os.sep),
            start_new_session=True,  # Ctrl-C in the notebook is not meant for it
        )
        self.end = weakref.finalize(self, _end, self._process)
        self.hear(_STARTS)

    @property
    def lives(self) -> bool:
        """Whether it can still be asked."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it, from any thread; whoever hears is told that it is gone, and cleans up."""
        self._process.kill()

    def tell(self, order: dict[str, Any], body: bytes = b"") -> None:
        """Send an order. Raises `JournalError` if the process is gone."""
        try:
            put(_pipe(self._process.stdin), order, body)
        except (OSError, ValueError):
            raise _gone() from None

    def hear(self, seconds: float) -> dict[str, Any]:
        """Its answer; after so many seconds it is ended. Raises `JournalError` if it is gone."""
        clock = threading.Timer(seconds, self._process.kill)
        clock.daemon = True
        clock.start()
        try:
            return take(_pipe(self._process.stdout))[0]
        except (EOFError, OSError, ValueError):
            raise _gone() from None
        finally:
            clock.cancel()


class Sandboxes:
    """The sandboxes over one journal, by tenant. Those that nobody asks are let go of."""

    def __init__(self) -> None:
        self._known: dict[str, Sandbox] = {}
        self._lock = threading.Lock()
        self._sweeper: threading.Timer | None = None

    def ask(
        self,
        journal: Journal,
        tenant: str,
        query: str,
        rows: int = ROWS,
        seconds: float = SECONDS,
        asking: Asking | None = None,
    ) -> dict[str, Any]:
        """Answer a tenant's question, unless `asking` is given up; see `Sandbox.ask`."""
        rows, seconds = min(max(rows, 1), MOST_ROWS), min(max(seconds, 0.1), MOST_SECONDS)
        query = query.encode(errors="replace").decode()  # half a character is none
        with self._lock:
            sandbox = self._known.get(tenant)
            if sandbox is None:
                sandbox = self._known[tenant] = Sandbox(tenant)
            sandbox.used = time.monotonic()
            spare = sorted(self._known.values(), key=lambda one: one.used)[:-MOST_OPEN]
            self._watch()
        for one in spare:
            self._drop(one)
        return sandbox.ask(journal, query, rows, seconds, asking or Asking())

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            known, self._known = self._known, {}
            if self._sweeper is not None:
                self._sweeper.cancel()
                self._sweeper = None
        for one in known.values():
            one.close()

    def _watch(self) -> None:
        if self._sweeper is not None:
            return
        mine = weakref.ref(self)  # the clock keeps nothing alive
        self._sweeper = threading.Timer(IDLE / 4, _sweep, (mine,))
        self._sweeper.daemon = True
        self._sweeper.start()

    def _swept(self) -> None:
        late = time.monotonic() - IDLE
        with self._lock:
            idle = [one for one in self._known.values() if one.used < late]
        for one in idle:
            self._drop(one)
        with self._lock:
            self._sweeper = None
            if self._known:
                self._watch()

    def _drop(self, one: Sandbox) -> None:
        if one._lock.acquire(blocking=False):  # one that is being asked is not idle
            try:
                with self._lock:
                    if self._known.get(one.tenant) is one:
                        del self._known[one.tenant]
                one.close()
            finally:
                one._lock.release()


_OPEN: weakref.WeakKeyDictionary[Journal, Sandboxes] = weakref.WeakKeyDictionary()
_GUARD = threading.Lock()


def sandboxes(journal: Journal) -> Sandboxes:
    """The sandboxes over a journal; they end with it."""
    with _GUARD:
        found = _OPEN.get(journal)
        if found is None:
            found = _OPEN[journal] = Sandboxes()
            weakref.finalize(journal, found.close)
        return found


def _sweep(mine: weakref.ref[Sandboxes]) -> None:
    found = mine()
    if found is not None:
        found._swept()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise EOFError
    return pipe


def _gone() -> JournalError:
    return JournalError("The process that answers questions ended.", hint="Ask again.")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe is not None:
                pipe.close()
