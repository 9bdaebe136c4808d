"""What every journal can do. The memory twin and the one on disk keep this promise alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    import pandas as pd

Durability = Literal["disk", "process", "async", "memory"]
Acknowledge = Callable[[BaseException | None], None]
OWN = "~"
"""How the ids of the journal's own books begin. They are no runs, and are not listed as such."""


class Fact(NamedTuple):
    """One thing that happened in one run. `seq` counts a run's facts from 1 without gaps.

    `at` is microseconds since the epoch; `body` is the exact JSON text (UTF-8) that is stored
    and hashed; `cause` is the seq of the fact that led to this one. The fields after `body`
    repeat what questions ask for most, as typed columns. `hash` is filled in by the journal.
    """

    run: str
    seq: int
    at: int
    tenant: str
    kind: str
    name: str
    cause: int | None
    body: bytes
    state: str = ""
    effect: str = ""
    model: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    duration_us: int | None = None
    hash: bytes = b""


class RunInfo(NamedTuple):
    """A line of `lab.runs()`: what the journal knows of a run without replaying it."""

    run: str
    tenant: str
    machine: str
    chart: str
    state: str
    seq: int
    started: int
    at: int
    done: bool
    forked_from: str | None = None
    forked_at: int | None = None


class Keep(NamedTuple):
    """A snapshot to keep: the run's whole state after fact `seq`, as the runtime encodes it."""

    run: str
    seq: int
    body: bytes


class Verdict(NamedTuple):
    """What `verify` covered and found. `problems` is empty when all that was covered is whole."""

    facts: int
    runs: int
    segments: int
    bytes: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]


class Journal(Protocol):
    """An append-only list of facts per run, that can be asked in SQL. Methods may be called from
    any thread; `append` never waits for the disk (it waits only when far too much is pending)."""

    path: str | None

    def append(
        self,
        facts: Sequence[Fact],
        *,
        durability: Durability | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> None:
        """Write all of `facts` or none, in order. `durability` overrides the journal's own.

        `acknowledge(None)` is called once, when they are as durable as asked, from the writer's
        thread or (where nothing has to be waited for) before `append` returns; and
        `acknowledge(error)` when they never will be. It must be quick and must not raise.
        Raises `JournalConflict` at once if a seq is taken or skipped, `JournalError` if closed
        or broken.
        """

    def keep(self, snapshot: Keep) -> None:
        """Keep a snapshot, so that states after it are near. Not chained; may be lost, rebuilt."""

    def put_chart(self, chart_hash: str, spec: bytes) -> None:
        """Keep a chart's spec (JSON) under its hash, once."""

    def put_blob(self, body: bytes) -> str:
        """Keep a large value once and answer its sha256 in hex; durable with the next facts."""

    def claim(self, run: str) -> None:
        """Own this run in this process. Raises `JournalLocked` with the pid of the living owner."""

    def release(self, run: str) -> None:
        """Give a claimed run back. Not owned: nothing happens."""

    def read(
        self, run: str, *, after: int = 0, upto: int | None = None, hashed: bool = True
    ) -> Iterator[Fact]:
        """The run's facts in order, `after` not included and `upto` included.

        Who needs no hashes says `hashed=False`: the facts may then come without, and sooner.
        """

    def near(self, run: str, seq: int) -> Keep | None:
        """The newest kept snapshot at or before `seq`."""

    def chart(self, chart_hash: str) -> bytes | None:
        """A chart's spec by its hash."""

    def blob(self, digest: str) -> bytes | None:
        """A large value by its sha256 in hex."""

    def runs(self) -> list[RunInfo]:
        """Every run there is, oldest first; of other processes too, as far as they are seen."""

    def info(self, run: str) -> RunInfo | None:
        """One run, or None."""

    def sql(self, query: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> pd.DataFrame:
        """Ask the index. It sees everything that was acknowledged in this process before."""

    def subscribe(self, callback: Callable[[Sequence[Fact]], None]) -> Callable[[], None]:
        """Call back with every lump of acknowledged facts, in order, also those of other
        processes; on a thread of the journal's. Answers a function that ends it."""

    def overhear(self, callback: Callable[[Sequence[Fact]], None]) -> None:
        """Call back with every lump that another process wrote, in order, until this is closed;
        on any thread, which it must not hold up."""

    def flush(self) -> None:
        """Return when everything appended before is durable and can be asked for."""

    def verify(self, run: str | None = None) -> Verdict:
        """Read everything stored (or one run) again and check it: CRCs, chains, gaps."""

    def close(self) -> None:
        """Flush, seal and let go of everything. Closing twice does nothing."""
