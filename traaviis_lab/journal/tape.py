"""The stream that this process writes: batches behind each other, synced, rotated, sealed.

A file is never written again by another process: whoever takes the stream over begins the next
segment, whose header says how far the one before it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from .lines import close_line, write_record
from .lump import Position
from .segments import SEGMENT_BYTES, Files, now_text, segment_path, write_header


class Tape:
    """Used by the writer's thread only. Raises OSError as the disk does; then it is spent.

    `last` is the segment and place an earlier owner came to, with the sha256 of its bytes so far.
    """

    def __init__(
        self,
        folder: Path,
        last: dict[str, Any] | None,
        files: Files,
        seen: Callable[[], dict[str, list[int]]],
        *,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.folder = folder
        self.stream = folder.name
        self._previous = last
        self._files = files
        self._seen = seen
        self._limit = segment_bytes
        self._file: int | None = None
        self.segment = last["segment"] if last else 0
        self.offset = last["bytes"] if last else 0
        self.synced = self.offset
        self._sum = sha256()

    @property
    def position(self) -> Position:
        """Where the next batch begins, or the last segment's end while none is open."""
        return Position(self.segment, self.offset)

    @property
    def path(self) -> str:
        """The file that is being written, as errors name it."""
        return f"{self.stream}/{self.segment:06}.jsonl"

    def write(self, parts: Sequence[bytes], lines: int) -> tuple[Position, Position]:
        """Append a batch of so many lines, all of it or nothing; answers from where to where."""
        file = self._open()
        since = self.position
        commit = b'{"type":"commit","lines":%d,"start":%d,"synced":%d'
        data = b"".join((*parts, close_line(commit % (lines, self.offset, self.synced))))
        try:
            self._files.write(file, data)
        except BaseException:
            with suppress(OSError):
                self._files.truncate(file, self.offset)
            raise
        self._sum.update(data)
        self.offset += len(data)
        return since, self.position

    def take_back(self, since: Position) -> bool:
        """Cut the batches after `since` off again; False when that cannot be done."""
        if self._file is None or since.segment != self.segment:
            return False
        try:
            self._files.truncate(self._file, since.offset)
        except OSError:
            return False
        self.offset = since.offset
        return True

    def sync(self) -> None:
        """Return when everything written is on the disk."""
        if self._file is not None and self.synced < self.offset:
            self._files.sync(self._file)
            self.synced = self.offset

    def _open(self) -> int:
        if self._file is not None and self.offset < self._limit:
            return self._file
        full = self._file
        if full is not None:
            self.sync()
            self._previous = self._state()
        number = self.segment + 1
        data = write_header(self.stream, number, self._previous, self._seen())
        file = self._files.create(str(segment_path(self.folder, number)))
        self._files.write(file, data)
        self._files.sync(file)
        self._files.sync_folder(str(self.folder))
        if full is not None:
            # only now: a sealed segment promises that there is a next one
            self._end(full, "sealed")
        self._file, self.segment = file, number
        self.offset = self.synced = len(data)
        self._sum = sha256(data)
        return file

    def _state(self) -> dict[str, Any]:
        return {"segment": self.segment, "bytes": self.offset, "sha256": self._sum.hexdigest()}

    def _end(self, file: int, kind: str) -> None:
        line = write_record(kind, {**self._state(), "at": now_text()})
        self._files.write(file, line)
        self._files.sync(file)
        self._files.close(file)
        self.offset += len(line)

    def close(self, *, whole: bool) -> None:
        """Let go of the file; behind a `closed` record if everything in it is `whole`."""
        file, self._file = self._file, None
        if file is None:
            return
        if whole:
            self._end(file, "closed")
            self.synced = self.offset
        else:
            with suppress(OSError):
                self._files.close(file)
