"""Send an answer in few pieces: each piece would give a busy cell its turn before the next."""

from __future__ import annotations

import asyncio
from typing import Any

PATIENCE = 0.003
"""Seconds that the head of an answer waits for the first of its body."""
_HEAD = b"HTTP/1.1 "
_INTERIM = b"HTTP/1.1 1"


class Gathering:
    """A transport that writes once what is written to it in one round of the loop.

    The head of an answer waits a moment longer, for its body. Whatever else is asked of it, the
    transport behind it is asked.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._pieces: list[bytes] = []
        self._timer: asyncio.Handle | None = None
        self._soon = False

    def write(self, data: bytes) -> None:
        """Note what is to be sent."""
        if not data:
            return
        self._pieces.append(data)
        if data.startswith(_HEAD) and not data.startswith(_INTERIM):
            if self._timer is None:
                self._timer = self._loop.call_later(PATIENCE, self._send)
        elif not self._soon:
            self._forget_timer()
            self._soon, self._timer = True, self._loop.call_soon(self._send)

    def close(self) -> None:
        """Send what is left, and close."""
        self._send()
        self._transport.close()

    def abort(self) -> None:
        """Close at once, whatever is left."""
        self._forget_timer()
        self._pieces.clear()
        self._transport.abort()

    def get_write_buffer_size(self) -> int:
        """Bytes that are not sent yet."""
        return self._transport.get_write_buffer_size() + sum(map(len, self._pieces))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _send(self) -> None:
        self._forget_timer()
        if self._pieces:
            data = b"".join(self._pieces)
            self._pieces.clear()
            if not self._transport.is_closing():
                self._transport.write(data)

    def _forget_timer(self) -> None:
        self._soon = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
