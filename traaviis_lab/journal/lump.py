"""How the log hands facts to its index: whole columns at a time, and how far they are complete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .port import Fact, Keep, RunInfo

if TYPE_CHECKING:
    import pandas as pd


class Position(NamedTuple):
    """A place in one stream: every byte of `segment` before `offset`, and all segments before."""

    segment: int
    offset: int


START = Position(0, 0)
COLUMNS = Fact._fields


@dataclass(slots=True)
class Lump:
    """Facts of one stream, column by column in the order of `Fact`, with what came beside them.

    `since` and `upto` are places in the stream that the lump begins at and is complete to; they
    always lie behind a commit. Facts of one run are in order of seq, but the part of a run that
    another process wrote is in a lump of another stream and may be fed before or after. All
    columns have one length; `hash` is 32 raw bytes; `body` is the JSON text as UTF-8 bytes.
    """

    stream: str
    since: Position
    upto: Position
    run: list[str] = field(default_factory=list)
    seq: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    tenant: list[str] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    cause: list[int | None] = field(default_factory=list)
    body: list[bytes] = field(default_factory=list)
    state: list[str] = field(default_factory=list)
    effect: list[str] = field(default_factory=list)
    model: list[str] = field(default_factory=list)
    tokens_in: list[int | None] = field(default_factory=list)
    tokens_out: list[int | None] = field(default_factory=list)
    cost_usd: list[float | None] = field(default_factory=list)
    duration_us: list[int | None] = field(default_factory=list)
    hash: list[bytes] = field(default_factory=list)
    charts: list[tuple[str, bytes]] = field(default_factory=list)
    blobs: list[tuple[str, bytes]] = field(default_factory=list)
    snapshots: list[Keep] = field(default_factory=list)

    def __len__(self) -> int:
        """How many facts there are."""
        return len(self.run)

    def columns(self) -> list[list[Any]]:
        """The fact columns in the order of `Fact`'s fields."""
        return [getattr(self, name) for name in COLUMNS]

    def facts(self) -> list[Fact]:
        """The same facts as rows."""
        return list(map(Fact._make, zip(*self.columns(), strict=True)))

    def extend(self, other: Lump) -> None:
        """Take in the lump that follows this one in the same stream."""
        for mine, theirs in zip(self.columns(), other.columns(), strict=True):
            mine.extend(theirs)
        self.charts.extend(other.charts)
        self.blobs.extend(other.blobs)
        self.snapshots.extend(other.snapshots)
        self.upto = other.upto


class Index(Protocol):
    """The database one asks. It holds what it was fed and nothing else, so it can be rebuilt.

    Made by `DuckIndex(path)` or `DuckIndex(":memory:")`. The constructor raises `JournalLocked`
    when another process has the file open, and any other `JournalError` when the file is damaged
    or of another schema number; the journal then calls `rebuild.rebuild(path, lumps, progress)`,
    which builds a new file beside it from an iterator of lumps, renames it over the old one and
    answers the opened index. Methods may be called from any thread; `feed` from one at a time.
    """

    def feed(self, lump: Lump) -> None:
        """Take in rows and position in one transaction; all or nothing.

        Charts and blobs may come twice and are kept once. A lump that is already in
        (`upto` not after the stream's position) changes nothing.
        """

    def positions(self) -> dict[str, Position]:
        """How far each stream is in."""

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> pd.DataFrame:
        """Ask in SQL. Errors of the question are raised as `JournalError` with DuckDB's text."""

    def read(self, run: str, *, after: int = 0, upto: int | None = None) -> Iterator[Fact]:
        """The run's facts in order of seq, `after` not included and `upto` included."""

    def near(self, run: str, seq: int) -> Keep | None:
        """The newest kept snapshot at or before `seq`."""

    def chart(self, chart_hash: str) -> bytes | None:
        """A chart's spec by its hash."""

    def blob(self, digest: str) -> bytes | None:
        """A large value by its sha256 in hex."""

    def runs(self) -> list[RunInfo]:
        """Every run there is, oldest first."""

    def info(self, run: str) -> RunInfo | None:
        """One run, or None."""

    def heads(self) -> dict[str, tuple[int, bytes]]:
        """The last seq and hash of every run, in one question."""

    def close(self) -> None:
        """Checkpoint and let go of the file. Closing twice does nothing."""
