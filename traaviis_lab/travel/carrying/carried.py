"""Read the file of a run that came from elsewhere, and believe nothing in it before it is checked.

How long a line and how large the whole may be is bounded, so that a small file which unpacks to a
very large one is refused and not unpacked.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import orjson

from traaviis_lab.errors import ChainBroken, JournalError, LabError
from traaviis_lab.journal import Fact
from traaviis_lab.journal.lines import ZERO, FactEncoder, read_facts, read_record
from traaviis_lab.machine import Chart

from .claims import check_fact, check_head
from .portable import FORMAT, is_spec_of

MAX_LINE = 96 * 2**20
MAX_TOTAL = 1024 * 2**20
_CURE = "Ask for the file again, or export the run once more: run.export('x.run.jsonl.gz')."


class Carried(NamedTuple):
    """A run as its file has it, every line of it checked."""

    head: dict[str, Any]
    blobs: dict[str, bytes]
    facts: list[Fact]

    @property
    def run(self) -> str:
        """The id it had where it comes from."""
        return cast(str, self.head["run"])

    def chart(self) -> Chart | None:
        """The run's chart, if the file has all of it: whatever its head says, it is looked at."""
        try:
            chart = Chart.from_spec(self.head["spec"] or {})
        except LabError:
            return None
        return chart if chart.hash == self.head["chart"] else None

    @property
    def digest(self) -> bytes:
        """The hash of its last fact: the run's whole chain in 32 bytes."""
        return self.facts[-1].hash


def read_run(path: str | os.PathLike[str], *, most: int = MAX_TOTAL) -> Carried:
    """The run in a file that `write_run` wrote, gzipped or not; at most `most` bytes unpacked.

    Raises `JournalError` for a file that is none, is newer, is cut or is too large, and
    `ChainBroken` for one in which a fact does not follow from the one before it.
    """
    name = str(path)
    reading = _Reading(name)
    with _opened(Path(path).expanduser(), name) as file:
        for line in _lines(file, name, most):
            reading.take(line)
    return reading.end()


class _Reading:
    """The lines taken so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.line = 0
        self.head: dict[str, Any] | None = None
        self.ended = False
        self.blobs: dict[str, bytes] = {}
        self.facts: list[Fact] = []
        self.last = ZERO
        self.encoder = FactEncoder()

    def take(self, line: bytes) -> None:
        self.line += 1
        try:
            if self.head is None:
                self.head = self._first(line)
            elif self.ended:
                raise self.wrong("something follows the end of the run")
            elif line.startswith(b'{"type":"fact",'):
                self._fact(line)
            else:
                self._beside(*read_record(line))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            if isinstance(error, JournalError):
                raise
            raise self.wrong(str(error) or type(error).__name__) from None

    def _first(self, line: bytes) -> dict[str, Any]:
        try:
            head = orjson.loads(line)
            form = head["format"]
        except (ValueError, KeyError, TypeError):
            raise self._no_run() from None
        if not isinstance(form, str) or not form.startswith("traaviis-run/"):
            raise self._no_run()
        if form != FORMAT:
            raise JournalError(
                f"{self.name!r} is of format {form[:40]!r}, and this version reads {FORMAT!r}.",
                hint="A newer traaviis-lab wrote it: pip install -U traaviis-lab.",
            )
        head, _ = read_record(line)
        check_head(head)
        return head

    def _no_run(self) -> JournalError:
        return JournalError(
            f"{self.name!r} is not the file of a run.",
            hint="run.export('x.run.jsonl.gz') makes one. Transcripts: lab.import_transcript(), or "
            "traaviis-lab import --transcript.",
        )

    def _fact(self, line: bytes) -> None:
        assert self.head is not None
        heads, bodies, cores, hashes = read_facts([line])
        fact = check_fact(heads[0], bodies[0], hashes[0])
        if fact.run != self.head["run"]:
            raise self.wrong(f"this is a fact of run {fact.run!r}, not of {self.head['run']!r}")
        if fact.seq != len(self.facts) + 1:
            raise self.wrong(f"fact {len(self.facts) + 1} is missing; here is {fact.seq}")
        if sha256(self.last + cores[0]).digest() != fact.hash:
            raise ChainBroken(
                f"Line {self.line} of {self.name!r}: fact {fact.seq} does not follow from the one "
                "before it (its hash does not fit).",
                hint=_CURE,
            )
        # What is appended is written anew: it must come out as it was, or the chain would differ.
        if self.encoder.encode([fact], {fact.run: self.last})[1] != [fact.hash]:
            raise self.wrong(f"fact {fact.seq} is not written as a journal writes it")
        self.last = fact.hash
        self.facts.append(fact)

    def _beside(self, fields: dict[str, Any], body: bytes) -> None:
        assert self.head is not None
        if fields["type"] == "blob" and not self.facts:
            if sha256(body).hexdigest() != fields["sha256"]:
                raise self.wrong("a large value is not the one its name says")
            self.blobs[fields["sha256"]] = body
        elif fields["type"] == "end":
            if fields["facts"] != len(self.facts) or fields["head"] != self.last.hex():
                raise self.wrong("the facts are not those that its end speaks of")
            self.ended = True
        else:
            raise self.wrong(f"a line of type {str(fields['type'])[:40]!r} does not belong here")

    def end(self) -> Carried:
        if self.head is None:
            raise self._no_run()
        if not self.ended:
            raise JournalError(
                f"{self.name!r} is cut: it ends after fact {len(self.facts)} of "
                f"{self.head['facts']}.",
                hint=_CURE,
            )
        if self.head["facts"] != len(self.facts) or self.head["head"] != self.last.hex():
            raise self.wrong("the facts are not those that its head speaks of")
        begun, spec = orjson.loads(self.facts[0].body), self.head["spec"]
        if begun["machine"] != self.head["machine"]:
            raise self.wrong("the machine in its head is not the one of the run")
        chart = begun["chart"]
        if chart != self.head["chart"] or not (spec is None or is_spec_of(spec, chart)):
            raise self.wrong("the chart in its head is not the chart of the run")
        return Carried(self.head, self.blobs, self.facts)

    def wrong(self, what: str) -> JournalError:
        return JournalError(f"Line {self.line} of {self.name!r}: {what}.", hint=_CURE)


@contextmanager
def _opened(path: Path, name: str) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if not packed:
                yield raw
                return
            with gzip.GzipFile(fileobj=raw) as file:
                yield cast("IO[bytes]", file)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise JournalError(f"{name!r} is cut or damaged: {error}", hint=_CURE) from None
    except OSError as error:
        raise JournalError(
            f"{name!r} cannot be read: {error.strerror or error}.", hint="Name a file."
        ) from error


def _lines(file: IO[bytes], name: str, most: int) -> Iterator[bytes]:
    """The lines without their ends, none longer and all together not larger than allowed."""
    read, first = 0, True
    longest = min(MAX_LINE, most)
    while line := file.readline(longest + 1):
        read += len(line)
        if len(line) > longest or read > most:
            raise JournalError(
                f"{name!r} unpacks to more than {read - 1:,} bytes, in lines of up to "
                f"{longest:,}; at most {most:,} are read.",
                hint="If you trust where it comes from: lab.import_run(path, most=...).",
            )
        if not line.endswith(b"\n") and not first:
            raise JournalError(f"{name!r} is cut in the middle of a line.", hint=_CURE)
        yield line.rstrip(b"\n")
        first = False
