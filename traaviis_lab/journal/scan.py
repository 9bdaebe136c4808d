"""Read a stream's segments back: whole batches as lumps, and what is torn or damaged as flaws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .lines import COMMIT, FACT, BadLine, read_facts, read_record
from .lump import START, Lump, Position
from .port import Keep
from .segments import read_header, segment_path, segments_in

CHUNK = 8 * 2**20
_ENDS = ("sealed", "closed")


class Found(NamedTuple):
    """Facts as they were stored, beside the bytes that their hashes run over."""

    lump: Lump
    cores: list[bytes]


class Flaw(NamedTuple):
    """Bytes that are not what was written. `torn`: they were still being written when the process
    ended, so nothing that was acknowledged as durable is among them."""

    stream: str
    segment: int
    offset: int
    size: int
    text: str
    torn: bool = False

    def __str__(self) -> str:
        """One sentence for a note or a problem."""
        return f"{self.stream}/{self.segment:06}.jsonl at byte {self.offset}: {self.text}"


def scan_stream(log: Path, stream: str, since: Position = START) -> Iterator[Found | Flaw]:
    """Everything whole in a stream after `since`, in order, with the flaws where they lie."""
    folder = log / stream
    numbers = segments_in(folder)
    for place, number in enumerate(numbers):
        if number < since.segment:
            continue
        header = read_header(segment_path(folder, number))
        start = header["size"] if header else 0
        if number == since.segment:
            start = max(start, since.offset)
        end = None
        if place + 1 < len(numbers):
            after = read_header(segment_path(folder, numbers[place + 1]))
            end = after["previous"]["bytes"] if after and after["previous"] else None
        yield from _scan_segment(
            _Segment(folder, stream, number, last=place + 1 == len(numbers)), start, end
        )


class _Segment(NamedTuple):
    folder: Path
    stream: str
    number: int
    last: bool

    def flaw(self, offset: int, size: int, text: str, *, torn: bool = False) -> Flaw:
        return Flaw(self.stream, self.number, offset, size, text, torn)


def _scan_segment(part: _Segment, start: int, end: int | None) -> Iterator[Found | Flaw]:
    path = segment_path(part.folder, part.number)
    offset, want = start, CHUNK
    with path.open("rb") as file:
        while True:
            file.seek(offset)
            chunk = file.read(want if end is None else max(0, min(want, end - offset)))
            size = whole(chunk)
            if size:
                try:
                    found = decode(part.stream, part.number, offset, chunk[:size])
                except (ValueError, KeyError):
                    break
                yield found
                offset, want = found.lump.upto.offset, CHUNK
            elif len(chunk) < want:
                break
            else:
                want *= 2  # one batch is larger than the chunk
        file.seek(offset)
        rest = file.read()
    if rest and (end is None or offset < end):
        yield from _read_carefully(part, offset, rest, end)


def whole(chunk: bytes) -> int:
    """How many bytes of this chunk end with a commit line."""
    last = chunk.rfind(b"\n" + COMMIT)
    if last < 0:
        return 0
    newline = chunk.find(b"\n", last + 1)
    if newline < 0:
        last = chunk.rfind(b"\n" + COMMIT, 0, last)
        newline = chunk.find(b"\n", last + 1) if last >= 0 else -1
    return newline + 1


def decode(stream: str, segment: int, offset: int, data: bytes) -> Found:
    """Whole batches as columns. Raises ValueError or KeyError when any byte of them is wrong."""
    since = Position(segment, offset)
    lump = Lump(stream, since, Position(segment, offset + len(data)))
    facts: list[bytes] = []
    count, start = 0, offset
    for line in data[:-1].split(b"\n"):
        offset += len(line) + 1
        if line.startswith(FACT):
            facts.append(line)
            count += 1
        elif line.startswith(COMMIT):
            fields, _ = read_record(line)
            if fields["lines"] != count or fields["start"] != start:
                raise BadLine("the commit does not fit the lines before it")
            count, start = 0, offset
        else:
            take_record(lump, line)
            count += 1
    return Found(lump, fill(lump, facts))


def fill(lump: Lump, lines: Sequence[bytes]) -> list[bytes]:
    """Lay fact lines out in the lump's columns; answers the bytes that their hashes run over."""
    heads, lump.body, cores, lump.hash = read_facts(lines)
    for name in ("run", "seq", "at", "tenant", "kind", "name"):
        setattr(lump, name, [head[name] for head in heads])
    for name in ("cause", "tokens_in", "tokens_out", "cost_usd", "duration_us"):
        setattr(lump, name, [head.get(name) for head in heads])
    for name in ("state", "effect", "model"):
        setattr(lump, name, [head.get(name, "") for head in heads])
    return cores


def take_record(lump: Lump, line: bytes) -> None:
    """Put a chart, blob or snapshot line into the lump."""
    fields, body = read_record(line)
    match fields["type"]:
        case "chart":
            lump.charts.append((fields["hash"], body))
        case "blob":
            lump.blobs.append((fields["sha256"], body))
        case "snapshot":
            lump.snapshots.append(Keep(fields["run"], fields["seq"], body))
        case kind:
            raise BadLine(f"a line of type {kind!r} has no place in a batch")


def _read_carefully(
    part: _Segment, offset: int, rest: bytes, end: int | None
) -> Iterator[Found | Flaw]:
    """Line by line, where a whole batch could not be read at once."""
    walk = _Walk(part, offset)
    limit = offset + len(rest) if end is None else end
    *lines, unfinished = rest.split(b"\n")
    for line in lines:
        if walk.offset >= limit:
            break
        walk.take(line)
    if unfinished and walk.offset < limit:
        walk.unfinished(len(unfinished))
    cut = walk.torn_from() if part.last and not walk.ended else None
    upto = walk.offset if cut is None else cut
    good = [line for place, line in walk.good if place < upto]
    lump = Lump(part.stream, Position(part.number, offset), Position(part.number, upto))
    cores = fill(lump, [line for line in good if line.startswith(FACT)])
    for line in good:
        if not line.startswith(FACT):
            take_record(lump, line)
    # flaws first: who refuses damage must not take in the lump that reaches over it
    yield from (flaw for flaw in walk.flaws if flaw.offset < upto)
    yield Found(lump, cores)
    if upto < walk.offset:
        yield part.flaw(upto, walk.offset - upto, walk.torn_text(upto), torn=True)


class _Walk:
    """What is right and what is wrong in the rest of a segment, each with its place."""

    def __init__(self, part: _Segment, offset: int) -> None:
        self.part = part
        self.offset = offset
        self.good: list[tuple[int, bytes]] = []
        self.flaws: list[Flaw] = []
        self.ended = ""
        self.synced = 0
        self._batches = [offset]  # where batches begin; the last one is not committed
        self._count = 0
        self._clean = True

    def take(self, line: bytes) -> None:
        start = self.offset
        self.offset += len(line) + 1
        try:
            if line.startswith(FACT):
                read_facts([line])
                self.good.append((start, line))
                self._count += 1
            else:
                self._record(start, line, *read_record(line))
        except (ValueError, KeyError) as error:
            self._clean = False
            self.flaws.append(self.part.flaw(start, len(line) + 1, f"{error} (a line is lost)"))

    def unfinished(self, size: int) -> None:
        self.flaws.append(self.part.flaw(self.offset, size, "the last line has no end"))
        self.offset += size

    def _record(self, start: int, line: bytes, fields: dict[str, Any], _: bytes) -> None:
        kind = fields["type"]
        if kind in _ENDS:
            self.ended = kind
            self._batches.append(self.offset)
        elif kind == "commit":
            self._commit(start, fields)
        elif kind != "header":
            self.good.append((start, line))
            self._count += 1

    def _commit(self, start: int, fields: dict[str, Any]) -> None:
        if self._clean and (fields["lines"], fields["start"]) != (self._count, self._batches[-1]):
            text = f"a batch of {fields['lines']} lines holds {self._count} (lines are lost)"
            self.flaws.append(self.part.flaw(start, 0, text))
        self.synced = max(self.synced, fields["synced"])
        self._batches.append(self.offset)
        self._count, self._clean = 0, True

    def torn_from(self) -> int | None:
        """Where the part begins that nobody was promised; None when something before is damaged."""
        if self.flaws:
            bad = self.flaws[0].offset
            begin = max(place for place in self._batches if place <= bad)
            return begin if begin >= self.synced else None
        return self._batches[-1]

    def torn_text(self, cut: int) -> str:
        """What is known of the facts in the torn part."""
        lost: dict[str, list[int]] = {}
        torn = [line for place, line in self.good if place >= cut and line.startswith(FACT)]
        for head in read_facts(torn).heads:
            lost.setdefault(head["run"], []).append(head["seq"])
        told = [f"{run} seq {min(seqs)}-{max(seqs)}" for run, seqs in list(lost.items())[:5]]
        return (
            f"{self.offset - cut} bytes were still being written when the process ended;"
            f" they are cut off" + (f" (part of {', '.join(told)})" if told else "")
        )


def segment_files(log: Path, stream: str) -> list[Path]:
    """The files of a stream, in order."""
    return [segment_path(log / stream, number) for number in segments_in(log / stream)]
