"""A server's process: lines in, lines out, both bounded; it never outlives this process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from traaviis_lab.errors import ToolFailed

from .foreign import one_line

KEPT = 8_192
"""Bytes of what it last said on stderr."""
SHOWN = 600
PATIENCE = 1.0
"""Seconds it has to end after its input was closed."""
_PIECE = 65_536
_PASSED = (
    "HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "LANG", "LC_ALL", "TMPDIR", "TZ",
    "APPDATA", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATHEXT", "PROCESSOR_ARCHITECTURE",
    "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "USERNAME", "USERPROFILE",
)  # fmt: skip


class Child:
    """A program that was started. Used on one loop."""

    def __init__(self, process: asyncio.subprocess.Process, life: int | None, most: int) -> None:
        self._process, self._life, self._most = process, life, most
        self._said: deque[bytes] = deque()
        self._size = 0
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(
        cls, command: tuple[str, ...], env: Mapping[str, str], cwd: str | None, most: int
    ) -> Child:
        """Start it, without a shell. `most`: bytes of one line it may write.

        Raises `ToolFailed` where it cannot be started.
        """
        around = {name: os.environ[name] for name in _PASSED if name in os.environ}
        passed = {k: v for k, v in around.items() if not v.startswith("()")}
        guarded, ends = list(command), (-1, -1)
        if os.name == "posix":
            ends = os.pipe()
            guard = str(Path(__file__).with_name("guard.py"))
            guarded = [sys.executable, "-I", "-S", guard, str(ends[0]), *command]
        try:
            process = await asyncio.create_subprocess_exec(
                *guarded,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**passed, **env},
                cwd=cwd,
                pass_fds=(ends[0],) if ends[0] >= 0 else (),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            if ends[1] >= 0:
                os.close(ends[1])
            raise ToolFailed(
                f"{command[0]!r} cannot be started: {error}.", hint="Is it installed here?"
            ) from None
        finally:
            if ends[0] >= 0:
                os.close(ends[0])
        return cls(process, ends[1] if ends[1] >= 0 else None, most)

    async def lines(self) -> AsyncIterator[bytes]:
        """What it writes, line by line. Raises `ToolFailed` for a line that is too long."""
        assert self._process.stdout is not None
        held = bytearray()
        while piece := await self._process.stdout.read(_PIECE):
            start = 0
            while (end := piece.find(b"\n", start)) >= 0:
                yield bytes(held) + piece[start:end]
                held.clear()
                start = end + 1
            held += piece[start:]
            if len(held) > self._most:
                raise ToolFailed(f"It wrote a message of more than {self._most:,} bytes.")

    async def write(self, line: bytes) -> None:
        """Hand it a line. Raises `OSError` where it takes none any more."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")
        await self._process.stdin.drain()

    async def last_words(self) -> str:
        """How it ended and what it last wrote on stderr, for an error's text."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._listening), 0.2)
            await self._ends_within(0.2)
        code = self._process.returncode
        told = "" if code is None else f" It ended with code {code}."
        said = one_line(b"".join(self._said)[-SHOWN:].decode(errors="replace"), SHOWN)
        return told + (f" It last wrote: {said}" if said else "")

    async def close(self) -> None:
        """End it: its input first, then itself and all it started. Bounded in time."""
        process = self._process
        if process.stdin is not None:
            process.stdin.close()
        await self._ends_within(PATIENCE)
        if self._life is not None:
            os.close(self._life)  # the guard sees that, and ends the whole group
            self._life = None
        if not await self._ends_within(2 * PATIENCE):
            with contextlib.suppress(OSError):
                process.kill() if os.name != "posix" else os.killpg(process.pid, signal.SIGKILL)
            await self._ends_within(PATIENCE)
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        transport = getattr(process, "_transport", None)  # else open pipes of heirs warn later
        if transport is not None:
            transport.close()

    async def _ends_within(self, seconds: float) -> bool:
        """Whether it ends; `Process.wait` would also wait for pipes that its heirs hold open."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self._process.returncode is None and loop.time() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return self._process.returncode is not None

    async def _listen(self) -> None:
        """Keep the end of what it writes on stderr; a full pipe would stop it."""
        assert self._process.stderr is not None
        while piece := await self._process.stderr.read(4096):
            self._said.append(piece)
            self._size += len(piece)
            while self._size - len(self._said[0]) > KEPT:
                self._size -= len(self._said.popleft())
