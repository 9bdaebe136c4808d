"""Read the whole log again and say what was covered, what is wrong, and what is only odd."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from .audit import Audit, Gap
from .lines import read_record
from .lock import living_owner
from .lump import Lump
from .port import Verdict
from .scan import Flaw, Found, scan_stream
from .segments import read_header, segment_path, segments_in, stream_name, streams_in


class Review:
    """Everything found in one pass over the log. `run` limits the chains to one run."""

    def __init__(self, log: Path, run: str | None = None) -> None:
        self.log = log
        self.audit = Audit()
        self.flaws: list[Flaw] = []
        self.torn: list[Flaw] = []
        self.gaps: list[Gap] = []
        self.blobs: list[str] = []
        self.segments = self.bytes = 0
        self._run = run

    def read(self) -> Review:
        """Read all streams."""
        for flaw in structure(self.log):
            self.flaws.append(flaw)
        for stream in streams_in(self.log):
            self._stream(stream)
        self.gaps = [gap for gap in self.audit.finish() if self._run in (None, gap.run)]
        return self

    def _stream(self, stream: str) -> None:
        for number in segments_in(self.log / stream):
            self.segments += 1
            self.bytes += segment_path(self.log / stream, number).stat().st_size
        for found in scan_stream(self.log, stream):
            if isinstance(found, Found):
                self._take(found)
            elif not found.torn:
                self.flaws.append(found)
            elif living_owner(self.log / stream) is None:
                self.torn.append(found)
        self.flaws += list(_seals(self.log, stream))

    def _take(self, found: Found) -> None:
        lump = found.lump
        for digest, body in lump.blobs:
            if sha256(body).hexdigest() != digest:
                self.blobs.append(f"blob {digest} does not have that sha256")
        if self._run is None:
            self.audit.take(found)
        elif self._run in lump.run:
            self.audit.take(_only(self._run, found))

    def problems(self) -> tuple[str, ...]:
        """One sentence each."""
        return (*map(str, self.flaws), *(gap.text for gap in self.gaps), *self.blobs)

    def verdict(self, heads: Mapping[str, tuple[int, bytes]]) -> Verdict:
        """`heads` are the run ends as the index knew them before the log was read."""
        ends = self.audit.ends()
        lost = tuple(_behind(run, head, ends) for run, head in heads.items() if self._covers(run))
        notes = [str(flaw) for flaw in self.torn]
        if self._run is not None:
            notes.append(f"covered: run {self._run} only")
        notes.append(
            "a log that was replaced as a whole would not show: keep run heads or segment"
            " checksums somewhere else to see that"
        )
        return Verdict(
            self.audit.facts,
            len(ends),
            self.segments,
            self.bytes,
            self.problems() + tuple(text for text in lost if text),
            tuple(notes),
        )

    def _covers(self, run: str) -> bool:
        return self._run in (None, run)


def _only(run: str, found: Found) -> Found:
    lump, cores = found
    places = [place for place, name in enumerate(lump.run) if name == run]
    part = Lump(
        lump.stream,
        lump.since,
        lump.upto,
        *([column[place] for place in places] for column in lump.columns()),
    )
    return Found(part, [cores[place] for place in places])


def _behind(run: str, head: tuple[int, bytes], ends: Mapping[str, tuple[int, bytes]]) -> str | None:
    seq, digest = head
    last, end = ends.get(run, (0, b""))
    if last < seq:
        safe = f"; 1-{last} are safe" if last else ""
        return f"run {run}: facts {last + 1}-{seq} are in the index but not in the log{safe}"
    if last == seq and end != digest:
        return f"run {run}: the index has another hash for fact {seq} than the log; rebuild it"
    return None


def structure(log: Path) -> list[Flaw]:
    """What can be seen without reading the facts: missing streams and segments, cut files."""
    flaws: list[Flaw] = []
    ends: dict[str, tuple[int, int]] = {}
    seen: dict[str, tuple[int, int]] = {}
    names = streams_in(log)
    last = int(names[-1].split("-")[1]) if names else 0
    for name in (stream_name(number) for number in range(1, last + 1)):
        if name not in names:
            flaws.append(Flaw(name, 0, 0, 0, "the whole stream is missing"))
            continue
        numbers = segments_in(log / name)
        for number in range(1, (numbers[-1] if numbers else 0) + 1):
            if number not in numbers:
                flaws.append(Flaw(name, number, 0, 0, "the segment is missing"))
        headers = {n: read_header(segment_path(log / name, n)) for n in numbers}
        flaws += _joints(log / name, headers)
        if numbers:
            ends[name] = numbers[-1], segment_path(log / name, numbers[-1]).stat().st_size
        for header in headers.values():
            for other, place in (header or {}).get("seen", {}).items():
                seen[other] = max(seen.get(other, (0, 0)), (place[0], place[1]))
    for name, place in seen.items():
        if place > ends.get(name, (0, 0)):
            text = f"another stream saw this one whole to byte {place[1]}; what follows is lost"
            flaws.append(Flaw(name, place[0], ends.get(name, (0, 0))[1], 0, text))
    return flaws


def _joints(folder: Path, headers: Mapping[int, dict[str, Any] | None]) -> list[Flaw]:
    """Whether each segment is as long as the next one says, and a sealed one has a next."""
    flaws = []
    for number, header in headers.items():
        before = (header or {}).get("previous")
        path = segment_path(folder, number - 1)
        if before and path.exists() and path.stat().st_size < before["bytes"]:
            size = path.stat().st_size
            text = f"the segment was cut; {before['bytes'] - size} bytes at its end are lost"
            flaws.append(Flaw(folder.name, number - 1, size, before["bytes"] - size, text))
    if headers:
        number = max(headers)
        end = end_record(segment_path(folder, number))
        after = segment_path(folder, number + 1)  # may have come while we looked
        if end is not None and end["type"] == "sealed" and not after.exists():
            text = "the segment is missing: the one before it is sealed, so there was a next one"
            flaws.append(Flaw(folder.name, number + 1, 0, 0, text))
    return flaws


def end_record(path: Path) -> dict[str, Any] | None:
    """The `sealed` or `closed` record that a segment ends with, if it does."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 4096))
        line = file.read().splitlines()[-1:]
    try:
        fields, _ = read_record(line[0])
    except (ValueError, IndexError):
        return None
    return fields if fields.get("type") in ("sealed", "closed") else None


def checksum(path: Path, size: int) -> str:
    """The sha256 of a file's first bytes."""
    digest = sha256()
    with path.open("rb") as file:
        while size > 0 and (data := file.read(min(size, 2**20))):
            digest.update(data)
            size -= len(data)
    return digest.hexdigest()


def _seals(log: Path, stream: str) -> list[Flaw]:
    """Segments whose bytes are not those that were sealed (charts and snapshots included)."""
    flaws = []
    for number in segments_in(log / stream):
        path = segment_path(log / stream, number)
        following = segment_path(log / stream, number + 1)
        header = read_header(following) if following.exists() else None
        said = header["previous"] if header else end_record(path)
        if said and checksum(path, said["bytes"]) != said["sha256"]:
            flaws.append(Flaw(stream, number, 0, 0, "the bytes are not those that were sealed"))
    return flaws
