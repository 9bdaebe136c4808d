"""The log's folder: streams, their numbered segment files, and the few file calls that matter."""

from __future__ import annotations

import os
import re
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from traaviis_lab.errors import JournalError

from .lines import FORMAT, read_record, write_record

SEGMENT_BYTES = 64 * 2**20
_STREAM = re.compile(r"stream-(\d{4,})\Z")
_SEGMENT = re.compile(r"(\d{6,})\.jsonl\Z")


class Files(Protocol):
    """What the writer asks of the disk; tests hand in one that forgets or is full."""

    def create(self, path: str) -> int:
        """A new file to append to; its name is durable after `sync` and `sync_folder`."""

    def write(self, file: int, data: bytes) -> None:
        """Append all of it, or raise OSError."""

    def sync(self, file: int) -> None:
        """Return when the bytes written before are on the disk."""

    def truncate(self, file: int, size: int) -> None:
        """Forget every byte from `size` on."""

    def sync_folder(self, path: str) -> None:
        """Make new names in this folder durable."""

    def close(self, file: int) -> None:
        """Let go of the file."""


class Disk:
    """The real disk."""

    def create(self, path: str) -> int:
        """Open with O_EXCL: a segment is written by one process only, once."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)

    def write(self, file: int, data: bytes) -> None:
        """Append, going on after short writes."""
        done = os.write(file, data)
        while done < len(data):
            done += os.write(file, memoryview(data)[done:])

    sync = staticmethod(getattr(os, "fdatasync", os.fsync))
    truncate = staticmethod(os.ftruncate)
    close = staticmethod(os.close)

    def sync_folder(self, path: str) -> None:
        """fsync of a folder; where folders cannot be opened there is nothing to do."""
        try:
            folder = os.open(path, os.O_RDONLY)
        except PermissionError:  # Windows
            return
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def stream_name(number: int) -> str:
    """The folder of the stream of this number."""
    return f"stream-{number:04}"


def streams_in(log: Path) -> list[str]:
    """The names of all streams in a log folder, in order of number."""
    found = [(int(m[1]), m[0]) for e in os.scandir(log) if (m := _STREAM.match(e.name))]
    return [name for _, name in sorted(found)]


def segments_in(folder: Path) -> list[int]:
    """The numbers of the segments in a stream's folder, in order."""
    if not folder.is_dir():
        return []
    return sorted(int(m[1]) for e in os.scandir(folder) if (m := _SEGMENT.match(e.name)))


def segment_path(folder: Path, number: int) -> Path:
    """The file of one segment."""
    return folder / f"{number:06}.jsonl"


def sync_file(path: Path) -> None:
    """Bring what another process wrote to the disk, before anything durable builds upon it."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def boot_id() -> str:
    """What tells one start of this machine from the next; empty where there is no such thing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def now_text() -> str:
    """The time now, as people read it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def write_header(
    stream: str, segment: int, previous: dict[str, Any] | None, seen: dict[str, list[int]]
) -> bytes:
    """A segment's first line. `previous` is {segment, bytes, sha256} of the one before it;
    `seen` says how far the other streams were whole at that time."""
    return write_record(
        "header",
        {
            "format": FORMAT,
            "stream": stream,
            "segment": segment,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "boot": boot_id(),
            "created": now_text(),
            "previous": previous,
            "seen": seen,
        },
    )


def read_header(path: Path) -> dict[str, Any] | None:
    """A segment's header with its own length as "size"; None when it is torn or damaged.

    Raises `JournalError` when the file was written in a newer format.
    """
    with path.open("rb") as file:
        line = file.readline(2**20)
    if not line.endswith(b"\n"):
        return None
    try:
        fields, _ = read_record(line[:-1])
    except ValueError:
        return None
    if fields.get("type") != "header":
        return None
    if fields["format"] > FORMAT:
        raise JournalError(
            f"{path} is written in log format {fields['format']}, and this version of"
            f" traaviis-lab reads formats up to {FORMAT}.",
            hint="pip install --upgrade traaviis-lab",
        )
    return {**fields, "size": len(line)}
