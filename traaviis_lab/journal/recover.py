"""Bring log and index together when a journal is opened, and say what was found."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from traaviis_lab.errors import ChainBroken, IndexUnusable, JournalError, JournalLocked

from .audit import Audit, Gap
from .index import DuckIndex
from .lock import living_owner
from .lump import START, Lump, Position
from .rebuild import rebuild
from .scan import Flaw, Found, scan_stream
from .segments import now_text, segment_path, segments_in, streams_in, sync_file
from .verify import Review, checksum, end_record, structure

CATCH_UP = 64 * 2**20  # bytes of log above which the index is made anew instead
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True, slots=True)
class Opened:
    """A journal that can go on: the index, every run's end, and where the own stream goes on."""

    index: DuckIndex
    heads: dict[str, tuple[int, bytes]]
    last: dict[str, Any] | None
    notes: list[str]


class Recovery:
    """Opens index and log of one process. Damage is refused, unless told to `salvage`; what was
    salvaged once is not refused again."""

    def __init__(
        self, path: Path, log: Path, own: str, *, salvage: bool, progress: Progress | None
    ) -> None:
        self._path = path
        self._log = log
        self._own = own
        self._salvage = salvage
        self._progress = progress
        self._salvaged = Salvaged(log)
        self._notes: list[str] = []
        self._flaws: list[Flaw] = []
        self._torn: dict[str, Flaw] = {}

    def open(self) -> Opened:
        """Raises `ChainBroken` when anything that was whole is lost, and says what is safe."""
        self._refuse(structure(self._log), self._known_heads)
        index = self._open_index()
        try:
            return Opened(index, index.heads(), self._tape_end(), self._notes)
        except BaseException:
            index.close()
            raise

    def _index_path(self) -> Path:
        """The first stream's owner has the file that people know; others keep their own."""
        own = self._log / self._own / "index.duckdb"
        return self._path if self._own == "stream-0001" else own

    def _open_index(self) -> DuckIndex:
        path = self._index_path()
        size = path.stat().st_size if path.exists() else 0
        if size == 0:
            path.unlink(missing_ok=True)
        try:
            if size == 0 and self._log_size():
                return self._rebuilt(path)
            index = DuckIndex(str(path))
        except JournalLocked as error:
            self._notes.append(f"{error.message} A private index is used meanwhile.")
            path = self._log / self._own / "index.duckdb"
            path.unlink(missing_ok=True)
            return self._rebuilt(path)
        except IndexUnusable as error:
            # beside a log that has something, even a file of noise was the index: it is moved aside
            if error.reason == "foreign" or (error.reason == "stranger" and not self._log_size()):
                raise
            self._notes.append(f"{error.message} It was rebuilt from the log.")
            return self._rebuilt(path)
        return self._caught_up(index, path)

    def _rebuilt(self, path: Path) -> DuckIndex:
        lumps = self._checked({}, {})
        return rebuild(str(path), lumps, self._progress, total=self._log_size())

    def _caught_up(self, index: DuckIndex, path: Path) -> DuckIndex:
        """Feed what the log has more; an index that has more than the log is of no use."""
        try:
            places = index.positions()
            ahead = [each for item in places.items() if (each := self._ahead(*item)) is not None]
            self._refuse(ahead, index.heads)
            if not ahead and self._log_size() - _size_upto(self._log, places) <= CATCH_UP:
                # nothing goes in before all of it is checked
                index.feed_all(list(self._checked(places, index.heads())))
                return index
        except BaseException:
            index.close()
            raise
        index.close()
        if ahead:
            path.unlink()
        return self._rebuilt(path)

    def _checked(
        self, places: Mapping[str, Position], heads: Mapping[str, tuple[int, bytes]]
    ) -> Iterator[Lump]:
        """Every lump after these places; raises on damage before the lump that reaches over it."""
        audit = Audit(heads)
        for stream in streams_in(self._log):
            for found in scan_stream(self._log, stream, places.get(stream, START)):
                if isinstance(found, Found):
                    audit.take(found)
                    yield found.lump
                elif not found.torn:
                    self._refuse([found], lambda: heads)
                elif stream == self._own or living_owner(self._log / stream) is None:
                    self._torn[stream] = found
                    self._notes.append(str(found))
        self._refuse(audit.finish(), lambda: heads)

    def _known_heads(self) -> Mapping[str, tuple[int, bytes]]:
        """What the index knew of each run, to say what is lost."""
        if not self._index_path().exists():
            return {}
        try:
            index = DuckIndex(str(self._index_path()))
        except JournalError:
            return {}
        try:
            return index.heads()
        finally:
            index.close()

    def _ahead(self, stream: str, place: Position) -> Flaw | None:
        path = segment_path(self._log / stream, place.segment)
        size = path.stat().st_size if path.exists() else 0
        if size >= place.offset:
            return None
        text = f"the index saw this segment whole to byte {place.offset}; what follows is lost"
        return Flaw(stream, place.segment, size, place.offset - size, text)

    def _log_size(self) -> int:
        return sum(
            segment_path(self._log / stream, number).stat().st_size
            for stream in streams_in(self._log)
            for number in segments_in(self._log / stream)
        )

    def _tape_end(self) -> dict[str, Any] | None:
        """Where the own stream's last owner came to; what is torn behind it is cut off."""
        folder = self._log / self._own
        numbers = segments_in(folder)
        if not numbers:
            return None
        number = numbers[-1]
        path = segment_path(folder, number)
        said = end_record(path)
        if said is not None:
            return {name: said[name] for name in ("segment", "bytes", "sha256")}
        torn = self._torn.get(self._own)
        size = path.stat().st_size
        if torn is not None and torn.segment == number:
            size = torn.offset
            os.truncate(path, size)
        if size == 0:
            path.unlink()
            return self._tape_end()
        sync_file(path)
        return {"segment": number, "bytes": size, "sha256": checksum(path, size)}

    def _refuse(
        self,
        found: Sequence[Flaw | Gap],
        heads: Callable[[], Mapping[str, tuple[int, bytes]]],
    ) -> None:
        """Raise, or when salvaging note it down, unless all of this was salvaged before."""
        found = [each for each in found if each not in self._salvaged]
        if not found:
            return
        if self._salvage:
            self._salvaged.add(found)
            self._notes += [f"salvaged: {each}" for each in found]
            return
        review = Review(self._log).read()
        gaps = [*review.gaps, *_beyond(review.audit.ends(), heads())]
        flaws = [*review.flaws, *(each for each in found if isinstance(each, Flaw))]
        raise broken(self._log, list(dict.fromkeys(flaws)), gaps, len(review.audit.ends()))


class Salvaged:
    """What was lost and is not refused any more, one line each beside the streams."""

    def __init__(self, log: Path) -> None:
        self._path = log / "salvaged.jsonl"
        lines = self._path.read_bytes().splitlines() if self._path.exists() else []
        self._keys = {tuple(orjson.loads(line)["lost"]) for line in lines}

    def __contains__(self, found: Flaw | Gap) -> bool:
        return _key(found) in self._keys

    def add(self, found: Sequence[Flaw | Gap]) -> None:
        """Remember these for later openings."""
        with self._path.open("ab") as file:
            for each in found:
                self._keys.add(_key(each))
                said = {"lost": _key(each), "text": str(each), "at": now_text()}
                file.write(orjson.dumps(said) + b"\n")


def _key(found: Flaw | Gap) -> tuple[str | int, ...]:
    if isinstance(found, Flaw):
        return found.stream, found.segment, found.offset
    return found.run, found.first, found.last


def _beyond(
    ends: Mapping[str, tuple[int, bytes]], heads: Mapping[str, tuple[int, bytes]]
) -> Iterator[Gap]:
    """Facts that the index knew and the log has no more."""
    for run, (seq, _) in heads.items():
        last = ends.get(run, (0, b""))[0]
        if last < seq:
            text = f"run {run}: facts {last + 1}-{seq} are lost; 1-{last} are safe"
            yield Gap(run, last + 1, seq, text)


def _size_upto(log: Path, places: Mapping[str, Position]) -> int:
    size = 0
    for stream, (last, offset) in places.items():
        before = [number for number in segments_in(log / stream) if number < last]
        size += offset + sum(segment_path(log / stream, n).stat().st_size for n in before)
    return size


def broken(log: Path, flaws: list[Flaw], gaps: list[Gap], runs: int) -> ChainBroken:
    """The error that says where the log is damaged, what is lost, and what is safe."""
    told = [str(flaw) for flaw in flaws[:3]] + [gap.text for gap in gaps[:5]]
    more = max(0, len(flaws) - 3) + max(0, len(gaps) - 5)
    hurt = len({gap.run for gap in gaps})
    return ChainBroken(
        f"The log {log} is damaged. {'. '.join(told)}{f'; and {more} more' if more else ''}."
        f" {max(0, runs - hurt)} of {runs} runs are whole.",
        hint="Put a copy of the log's files back, or open with salvage=True to go on with what is"
        " safe; verify() lists everything.",
    )
