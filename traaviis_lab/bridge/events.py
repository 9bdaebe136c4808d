"""Server-sent events, read from bytes as they come. A pure parser; it waits for nothing."""

from __future__ import annotations

from typing import NamedTuple

from traaviis_lab.errors import LabError

from .wire import MOST


class ServerSent(NamedTuple):
    """One event: its name, its text, the id to go on from, milliseconds to wait before that."""

    name: str
    data: str
    id: str | None
    retry: int | None


class EventReader:
    """Makes events of pieces of a stream, however it is cut."""

    def __init__(self) -> None:
        self._open: list[bytes] = []  # the line that is not whole yet
        self._size = 0
        self._after_return = False
        self._fields: dict[str, str] = {}
        self._data: list[str] = []

    def feed(self, piece: bytes) -> list[ServerSent]:
        """The events that end within this piece."""
        if self._after_return and piece.startswith(b"\n"):
            piece = piece[1:]
        if not piece:
            return []
        self._after_return = piece.endswith(b"\r")
        found = []
        for line in piece.splitlines(keepends=True):
            self._size += len(line)
            if self._size > MOST:
                raise LabError(f"The server sent an event of more than {MOST >> 20} MB.")
            self._open.append(line)
            if line.endswith((b"\n", b"\r")):
                found += self._line(b"".join(self._open))
                self._open = []
        return found

    def _line(self, line: bytes) -> list[ServerSent]:
        try:
            text = line.decode("utf-8").rstrip("\r\n").removeprefix("\ufeff")
        except UnicodeDecodeError:
            raise LabError("The server sent an event that is no UTF-8.") from None
        if not text:
            return self._ended()
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name:
            self._fields[name] = value
        return []

    def _ended(self) -> list[ServerSent]:
        fields, data = self._fields, self._data
        self._fields, self._data, self._size = {}, [], 0
        if not fields and not data:
            return []
        retry = fields.get("retry", "")
        known = int(retry) if retry.isascii() and retry.isdigit() and len(retry) < 9 else None
        return [
            ServerSent(fields.get("event") or "message", "\n".join(data), fields.get("id"), known)
        ]
