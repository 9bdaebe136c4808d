"""Standard input and output for the bridge: lines in and out by threads, nothing else on either."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable

MOST_LINE = 64 * 1024 * 1024
_PIECE = 65_536
_MOST_WAITING = 8 * 1024 * 1024


def take_stdio() -> tuple[int, int]:
    """Descriptors for reading and writing; whoever prints from now on prints to stderr."""
    sys.stdout.flush()
    into, out = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    if os.name == "nt":
        import msvcrt

        for one in (into, out):
            getattr(msvcrt, "setmode")(one, getattr(os, "O_BINARY"))  # noqa: B009
    return into, out


class Inlet:
    """Lines of a descriptor, read by a thread that stops reading when nobody takes them.

    The descriptor is read as such: a buffered file holds a lock that a thread which waits for
    input would take into the end of the process.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue(256)
        threading.Thread(target=self._read, name="bridge-stdin", daemon=True).start()

    async def line(self) -> bytes | None:
        """The next line that is not empty; None at the end. A line too long is cut there."""
        return await self._lines.get()

    def _read(self) -> None:
        kept: list[bytes] = []
        size = 0
        with contextlib.suppress(OSError, RuntimeError, asyncio.CancelledError):
            while piece := os.read(self._descriptor, _PIECE):
                *whole, rest = piece.split(b"\n")
                for end in whole:
                    self._give(b"".join([*kept, end]))
                    kept, size = [], 0
                if rest and size <= MOST_LINE:
                    kept.append(rest)
                    size += len(rest)
            self._give(b"".join(kept))
        with contextlib.suppress(RuntimeError, asyncio.CancelledError):
            asyncio.run_coroutine_threadsafe(self._lines.put(None), self._loop)

    def _give(self, line: bytes) -> None:
        if line.strip():
            asyncio.run_coroutine_threadsafe(self._lines.put(line), self._loop).result()


class Outlet:
    """Lines to a descriptor, written by a thread; who writes more than is read waits."""

    def __init__(self, descriptor: int, gone: Callable[[], object]) -> None:
        self._descriptor, self._gone = descriptor, gone
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._ended = self._broken = False
        self._changed = threading.Condition()
        self._room = asyncio.Event()
        self._room.set()
        self._thread = threading.Thread(target=self._write, name="bridge-stdout", daemon=True)
        self._thread.start()

    async def send(self, line: bytes) -> None:
        """Write a line, in the order of these calls."""
        with self._changed:
            self._waiting.append(line + b"\n")
            self._size += len(line)
            if self._size > _MOST_WAITING:
                self._room.clear()
            self._changed.notify()
        await self._room.wait()

    def close(self, patience: float) -> None:
        """Write what waits, for so many seconds at most."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(patience)

    def _write(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._ended:
                    self._changed.wait()
                if not self._waiting:
                    return
                lines = b"".join(self._waiting)
                self._waiting.clear()
            self._put(lines)
            with self._changed:
                self._size = sum(len(one) for one in self._waiting)
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._room.set)

    def _put(self, lines: bytes) -> None:
        left = memoryview(lines)
        try:
            while left and not self._broken:
                left = left[os.write(self._descriptor, left[:_PIECE]) :]
        except OSError:
            # Nobody reads any more. What comes now is dropped until we end.
            self._broken = True
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._gone)
