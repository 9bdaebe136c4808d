"""A cassette's file: a header and a line for each answer, only ever added to, checked when read."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from traaviis_lab.errors import DefinitionError, LabError, ModelFailed

from .recorded import Recorded, line_hash, not_sent

try:
    import fcntl
except ImportError:  # Windows has no flock; two that record at once are not found out there
    fcntl = None  # type: ignore[assignment]

_LOGGER = logging.getLogger("traaviis_lab")
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
FORMAT = "traaviis/1"
HEADER = b'{"cassette":"traaviis/1"}\n'


class CassetteFile:
    """The file at `path`. Whoever adds to it owns it until `close`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._real = path.expanduser().absolute()  # wherever one stands later
        self._file: int | None = None
        self._whole, self._lacks_end = 0, False
        self._lock = threading.Lock()

    def read(self) -> list[Recorded]:
        """All that is recorded. Raises `DefinitionError` for what is no cassette, or was changed.

        A last line that was cut while it was written is left out.
        """
        try:
            text = self._real.read_bytes()
        except FileNotFoundError:
            text = b""
        except OSError as error:
            raise DefinitionError(
                f"{self.path} cannot be read: {error.strerror}.",
                hint="A cassette is a file, such as 'talk.jsonl'.",
            ) from error
        whole = _without_cut(text)
        found = []
        for number, line in _lines(whole, self.path):
            recorded = _recorded(line, self.path, number)
            if line.get("sha256") != line_hash({k: v for k, v in line.items() if k != "sha256"}):
                raise DefinitionError(
                    f"{self.path}, line {number} was changed by hand: its hash does not fit.",
                    hint="Take the change back. If it is meant, look the file through and then "
                    f"Cassette.bless({str(self.path)!r}).",
                )
            found.append(recorded)
        self._whole, self._lacks_end = len(whole), not whole.endswith(b"\n")
        if self._file is not None and len(whole) < len(text):
            os.ftruncate(self._file, self._whole)
        return found

    def own(self) -> bool:
        """Be the one who adds to it; whether it has changed since it was read.

        Raises `ModelFailed` if another does, or it cannot be written.
        """
        with self._lock:
            if self._file is not None:
                return False
            self._file = _opened(self._real)
            return os.fstat(self._file).st_size != self._whole

    def add(self, recorded: Recorded) -> None:
        """Write a line, whole or not at all. Raises `OSError` or a `LabError` if it cannot."""
        line = recorded.to_line()
        is_late = self._file is None  # it was closed while this was under way
        try:
            if is_late and self.own():
                self.read()
            with self._lock:
                self._write(line)
        finally:
            if is_late:
                self.close()

    def close(self) -> None:
        """Have what was added on disk, and let others add."""
        with self._lock:
            self._let_go()

    def _write(self, line: bytes) -> None:
        file = self._file
        if file is None or not self._is_as_left(file):
            raise ModelFailed(
                f"{self.path} was changed by another meanwhile.",
                hint="Open the cassette again, and leave the file alone while it records.",
            )
        if not self._whole:
            line = HEADER + line
        elif self._lacks_end:
            line = b"\n" + line
        try:
            done = 0
            while done < len(line):
                done += os.write(file, line[done:])
        except OSError:
            os.ftruncate(file, self._whole)
            raise
        self._whole, self._lacks_end = self._whole + len(line), False

    def _is_as_left(self, file: int) -> bool:
        mine = os.fstat(file)
        try:
            there = self._real.stat()
        except OSError:
            return False
        return (there.st_ino, mine.st_size) == (mine.st_ino, self._whole)

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                os.fsync(file)
            finally:
                os.close(file)


def bless(path: Path) -> int:
    """Take what was changed by hand as it is now, marked as edited; how many lines that were.

    Raises `DefinitionError` for lines that cannot be read, `ModelFailed` while somebody records.
    """
    if not path.exists():
        raise DefinitionError(f"There is no cassette {path}.", hint="Look at the path.")
    file = _opened(path)
    try:
        out, count = [HEADER], 0
        for number, line in _lines(_without_cut(path.read_bytes()), path):
            recorded = _recorded(line, path, number)
            fits = line.get("sha256") == line_hash({k: line[k] for k in line if k != "sha256"})
            count += not fits
            out.append((recorded if fits else replace(recorded, edited=True)).to_line())
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        with beside.open("wb") as fresh:
            fresh.writelines(out)
            fresh.flush()
            os.fsync(fresh.fileno())
        beside.replace(path)
        return count
    finally:
        os.close(file)


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, _FLAGS, 0o644)
    except OSError as error:
        raise not_sent(
            ModelFailed(
                f"{path} cannot be written: {error.strerror}.",
                hint="Record to a path that can be; mode='replay' only reads.",
            )
        ) from error
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise not_sent(
            ModelFailed(
                f"{path} is being recorded on by another.",
                hint="Wait until that cassette is ejected, record to another file, or use "
                "mode='replay'.",
            )
        ) from None
    return file


def _without_cut(text: bytes) -> bytes:
    """The text without a last line that was not written to its end."""
    whole = text.rfind(b"\n") + 1
    if whole == len(text) or not (whole or HEADER.startswith(text)):
        return text
    try:
        orjson.loads(text[whole:])
    except ValueError:
        _LOGGER.warning("a cassette ends in the middle of a line, which is left out")
        return text[:whole]
    return text


def _lines(text: bytes, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line after the header, with its number."""
    lines = enumerate(text.splitlines(), 1)
    filled = ((number, line) for number, line in lines if line.strip())
    for at, (number, line) in enumerate(filled):
        try:
            said = orjson.loads(line)
        except ValueError as error:
            if at == 0:
                _check_header(None, path)
            raise DefinitionError(
                f"{path}, line {number} is no JSON: {error}.", hint="Mend the line or delete it."
            ) from None
        if at == 0:
            _check_header(said, path)
        else:
            yield number, said


def _check_header(said: Any, path: Path) -> None:
    version = said.get("cassette") if isinstance(said, dict) else None
    if version == FORMAT:
        return
    name, _, number = version.partition("/") if isinstance(version, str) else ("", "", "")
    if name == "traaviis" and number.isdecimal():
        raise DefinitionError(
            f"{path} is a cassette of format {version!r}; here {FORMAT!r} is read.",
            hint="pip install --upgrade traaviis-lab",
        )
    raise DefinitionError(
        f"{path} is no cassette: its first line is not {HEADER.decode().strip()}.",
        hint="Name another file; one that is not there yet is made.",
    )


def _recorded(line: Any, path: Path, number: int) -> Recorded:
    try:
        recorded = Recorded.from_json(line)
        line_hash(line)  # what JSON takes and RFC 8785 does not
        return recorded
    except LabError as error:
        raise DefinitionError(
            f"{path}, line {number} is no recorded answer: {error}",
            hint="Take the change back, or delete the line and record it again.",
        ) from None
