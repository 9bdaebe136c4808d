"""The database one asks: DuckDB tables that are fed from the log and hold nothing of their own.

A lump's rows and the position it is complete to go in with one transaction, so whatever happens
the tables say truthfully how far they are. Feeding is one thread's work; questions may come
from any thread at any time and see all lumps that have been fed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from . import schema
from .columns import to_frame
from .duck import MEMORY, Duck
from .feeder import Feeder
from .hints import hint_for
from .lump import Lump, Position
from .meta import check_or_create, mark_closed, mark_open
from .port import Fact, Keep, RunInfo
from .schema import quoted, stored

if TYPE_CHECKING:
    import pandas as pd

WINDOW = 20_000  # facts read at a time
_UNMARKED = ("", None, None, None, None)
_BODY = 7  # where `Fact` has its body
_READ = (
    f"select {', '.join(quoted(c.name) for c in stored(schema.EVENTS))} from events "
    "where run_id = ? and seq > ? and seq <= ? order by seq"
)
_RUNS = (
    'select run_id, tenant, machine, chart, state, seq, started, "at", done, forked_from, '
    "forked_at from runs"
)
_LAST = 'select tenant, state, seq, "at" from events where run_id = ? order by seq desc limit 1'
_FIRST = 'select "at" from events where run_id = ? order by seq limit 1'
_MARKS = """
    select kind, name, body->>'$.machine', body->>'$.chart',
           body->>'$.forked_from', (body->'$.forked_at')::bigint
    from events where run_id = ? and kind in ('run.started', 'run.forked', 'run.done')
    order by seq desc
"""
_HEADS = "select run_id, max(seq), arg_max(hash, seq) from events group by run_id"
_NEAR = "select seq, body from snapshots where run_id = ? and seq <= ? order by seq desc limit 1"


class DuckIndex:
    """The index in a file, or in memory with `":memory:"`.

    Raises `JournalLocked` if another process has the file open and `IndexUnusable` (see its
    `reason`) if it cannot be used as it is; then `rebuild.rebuild` makes a new one.
    """

    def __init__(self, path: str = MEMORY) -> None:
        self.path = path
        self._duck = Duck(path)
        try:
            check_or_create(self._duck)
            mark_open(self._duck)
            self._feeder = Feeder(self._duck)
        except BaseException:
            self._duck.close()
            raise
        self._feeding = threading.Lock()

    def feed(self, lump: Lump) -> None:
        """Take in rows and position in one transaction; all or nothing.

        A lump that is in already changes nothing; one that is in by half is a `JournalError`.
        """
        self.feed_all((lump,))

    def feed_all(self, lumps: Sequence[Lump]) -> None:
        """Take in several lumps, of one stream or of many, in one transaction."""
        with self._feeding:
            self._feeder.feed(lumps)

    def load(self, lump: Lump, places: Mapping[str, Position]) -> None:
        """Take in rows and set positions, unchecked: for a file that counts only when whole."""
        with self._feeding:
            self._feeder.load((lump,), places)

    def positions(self) -> dict[str, Position]:
        """How far each stream is in."""
        return dict(self._feeder.positions)

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> pd.DataFrame:
        """Ask in SQL; see docs/journal.md for tables and views.

        `?` and `$name` stand for `params`. Raises `JournalError` with DuckDB's words and the
        nearest names, and for statements that would write.
        """
        return to_frame(self._duck.ask(sql, params, partial(hint_for, query=sql)))

    def read(self, run: str, *, after: int = 0, upto: int | None = None) -> Iterator[Fact]:
        """The run's facts in order of seq, `after` not included and `upto` included."""
        last = self._last(run) if upto is None else upto
        while after < last:
            end = min(after + WINDOW, last)
            rows = self._rows(_READ, [run, after, end])
            if not rows and upto is not None:
                last = min(last, self._last(run))
            yield from map(_fact, rows)
            after = end

    def near(self, run: str, seq: int) -> Keep | None:
        """The newest kept snapshot at or before `seq`."""
        rows = self._rows(_NEAR, [run, seq])
        return Keep(run, rows[0][0], rows[0][1]) if rows else None

    def chart(self, chart_hash: str) -> bytes | None:
        """A chart's spec by its hash."""
        rows = self._rows("select spec from charts where hash = ?", [chart_hash])
        return rows[0][0].encode() if rows else None

    def blob(self, digest: str) -> bytes | None:
        """A large value by its sha256 in hex."""
        rows = self._rows("select body from blobs where digest = ?", [digest])
        return rows[0][0] if rows else None

    def runs(self) -> list[RunInfo]:
        """Every run there is, oldest first."""
        return list(map(RunInfo._make, self._rows(f"{_RUNS} order by started, run_id")))

    def info(self, run: str) -> RunInfo | None:
        """One run, or None: its row of the view `runs`, without reading the run from end to end."""
        rows = self._rows(_LAST, [run])
        if not rows:
            return None
        tenant, state, seq, at = rows[0]
        started = self._rows(_FIRST, [run])[0][0]
        marks = {kind: rest for kind, *rest in self._rows(_MARKS, [run])}  # the first of each
        began = marks.get("run.started") or marks.get("run.forked") or _UNMARKED
        name, machine, chart, *_ = began
        fork = marks.get("run.forked", began)[3:]
        done = "run.done" in marks
        return RunInfo(
            run, tenant, machine or name, chart or "", state, seq, started, at, done, *fork
        )

    def heads(self) -> dict[str, tuple[int, bytes]]:
        """The last seq and hash of every run, in one question."""
        return {run: (seq, digest) for run, seq, digest in self._rows(_HEADS)}

    def close(self) -> None:
        """Checkpoint and let go of the file. Closing twice does nothing."""
        with self._feeding:
            if self._duck.closed:
                return
            self._feeder.close()
            try:
                mark_closed(self._duck, whole=self._feeder.broken is None)
            finally:
                self._duck.close()

    def _last(self, run: str) -> int:
        rows = self._rows("select max(seq) from events where run_id = ?", [run])
        return rows[0][0] or 0

    def _rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._duck.cursor() as cursor:
            return cursor.execute(sql, params).fetchall()


def _fact(row: tuple[Any, ...]) -> Fact:
    return Fact._make((*row[:_BODY], row[_BODY].encode(), *row[_BODY + 1 :]))
