"""Which rows of the journal belong to one tenant, and those that came since the last look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from . import schema
from .port import OWN, Journal
from .schema import Table, quoted, stored

if TYPE_CHECKING:
    import pandas as pd

AT_ONCE = 20_000
MOST_FACTS = 300_000
MOST_BYTES = 128_000_000
"""What a sandbox holds of a journal; of a larger one it holds the newest part."""
MOST_KEPT = 32_000_000
"""Bytes of snapshots and of blobs, each."""
FACT_BYTES = 200  # of a fact beside its body


class Rows(NamedTuple):
    """Rows for a table, as an Arrow stream; `instead`: in place of those this condition means."""

    table: str
    body: bytes
    instead: str | None = None


class Held(NamedTuple):
    """How many facts of a tenant there are, how many are held, and from which row on."""

    facts: int = 0
    bytes: int = 0
    of: int = 0
    since: int = -1

    @property
    def whole(self) -> bool:
        """Whether nothing had to be left out."""
        return self.facts == self.of


class Reader:
    """Reads a tenant's rows from a journal, once each. Not for several threads at a time."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.held = Held()
        self._upto, self._kept_upto = -1, -1
        self._ahead: tuple[int, int, int] | None = None  # what was counted, and is not read yet
        self._charts: set[str] = set()
        self._blobs: set[str] = set()
        self._budgets: list[tuple[str, int]] = []

    def is_overgrown(self, journal: Journal) -> bool:
        """Whether a sandbox has to begin anew: too much came, or the index is another one."""
        last = _last(journal)
        if last < self._upto:
            return True
        facts, size = self._count(journal, self._upto, last)
        self._ahead = last, facts, size
        here = self.held
        return here.facts + facts > MOST_FACTS or here.bytes + size > MOST_BYTES

    def fresh(self, journal: Journal) -> Iterator[Rows]:
        """What has come since the last time, charts and blobs before the facts that name them."""
        if self._ahead is None:
            last = _last(journal)
            self._begin(journal, last)
            self._ahead = last, *self._count(journal, self._upto, last)
        (last, facts, size), self._ahead = self._ahead, None
        if facts:
            yield from self._beside(journal, last)
            yield from self._facts(journal, last)
        here = self.held
        self.held = here._replace(
            facts=here.facts + facts, bytes=here.bytes + size, of=here.of + facts
        )
        self._upto = last
        yield from self._snapshots(journal)
        yield from self._limits(journal)

    def _begin(self, journal: Journal, last: int) -> None:
        """Decide from which row on the facts are held: all, or the newest half of what may be."""
        if self._upto >= 0:
            return
        facts, size = self._count(journal, -1, last)
        if facts <= MOST_FACTS and size <= MOST_BYTES:
            return
        found = journal.sql(
            """
            select coalesce(max(place), -1) as since from (
                select rowid as place, count(*) over newest as many,
                       sum(strlen(body) + $beside) over newest as size
                from events where tenant = $tenant and rowid <= $upto
                window newest as (order by rowid desc rows unbounded preceding)
            ) where many > $facts or size > $bytes
            """,
            {
                "tenant": self.tenant,
                "upto": last,
                "beside": FACT_BYTES,
                "facts": MOST_FACTS // 2,
                "bytes": MOST_BYTES // 2,
            },
        )
        self._upto = int(found["since"][0])
        self.held = Held(of=self._count(journal, -1, self._upto)[0], since=self._upto)

    def _count(self, journal: Journal, after: int, upto: int) -> tuple[int, int]:
        found = journal.sql(
            "select count(*) as many, coalesce(sum(strlen(body)), 0) + count(*) * $beside as size "
            f"from events where {_MINE}",
            {"beside": FACT_BYTES, **self._between(after, upto)},
        )
        return int(found["many"][0]), int(found["size"][0])

    def _facts(self, journal: Journal, last: int) -> Iterator[Rows]:
        after = self._upto
        names = ", ".join(quoted(column.name) for column in stored(schema.EVENTS))
        query = (
            f"select rowid as place, {names} from events where {_MINE} "
            f"order by rowid limit {AT_ONCE}"
        )
        while True:
            found = journal.sql(query, self._between(after, last))
            if not len(found):
                return
            after = int(found["place"].iloc[-1])
            yield Rows("events", _arrow(schema.EVENTS, found))

    def _beside(self, journal: Journal, last: int) -> Iterator[Rows]:
        between = self._between(self._upto, last)
        charts = journal.sql(
            "select * from charts where hash in (select body->>'$.chart' from events where "
            "kind in ('run.started', 'run.forked') "
            f"and not starts_with(run_id, '{OWN}') and {_MINE})",
            between,
        )
        yield from _new(schema.CHARTS, charts, "hash", self._charts)
        if not len(journal.sql("select 1 as one from blobs limit 1")):
            return
        blobs = journal.sql(
            "select * from blobs where digest in (select unnest(regexp_extract_all(body, "
            f"'[0-9a-f]{{64}}')) from events where {_MINE}) and octet_length(body) < {MOST_KEPT}",
            between,
        )
        yield from _new(schema.BLOBS, blobs, "digest", self._blobs)

    def _snapshots(self, journal: Journal) -> Iterator[Rows]:
        newest = journal.sql("select coalesce(max(rowid), -1) as last from snapshots")["last"][0]
        if newest <= self._kept_upto:
            return
        found = journal.sql(
            """
            select * from (
                select rowid as place, run_id, seq, body,
                       sum(octet_length(body)) over (
                           order by rowid desc rows unbounded preceding) as size
                from snapshots where rowid > $after and rowid <= $upto and run_id in (
                    select run_id from events where tenant = $tenant)
            ) where size < $bytes order by place
            """,
            {
                "after": self._kept_upto,
                "upto": int(newest),
                "tenant": self.tenant,
                "bytes": MOST_KEPT,
            },
        )
        if len(found):
            yield Rows("snapshots", _arrow(schema.SNAPSHOTS, found))
        self._kept_upto = int(newest)

    def _limits(self, journal: Journal) -> Iterator[Rows]:
        """The budgets that are about the tenant or a run of its, as they stand now; no others."""
        names = ", ".join(f"e.{quoted(column.name)}" for column in stored(schema.EVENTS))
        found = journal.sql(
            f"select {names} from events e {_BUDGETS}",
            {"tenant": self.tenant},
        )
        now = [(str(name), int(seq)) for name, seq in zip(found["name"], found["seq"], strict=True)]
        if now != self._budgets:
            self._budgets = now
            yield Rows("events", _arrow(schema.EVENTS, found), f"run_id = '{OWN}budgets'")

    def _between(self, after: int, upto: int) -> Mapping[str, Any]:
        return {"tenant": self.tenant, "after": after, "upto": upto}


_MINE = "tenant = $tenant and rowid > $after and rowid <= $upto"
_BUDGETS = f"""
    where e.run_id = '{OWN}budgets' and e.kind = 'budget.set'
      and e.seq in (select max(seq) from events
                    where run_id = '{OWN}budgets' and kind = 'budget.set' group by name)
      and (e.body->>'$.tenant' = $tenant
           or (e.body->>'$.tenant' is null
               and e.body->>'$.run' in (select run_id from events where tenant = $tenant)))
    order by e.seq
"""


def _last(journal: Journal) -> int:
    found = journal.sql("select coalesce(max(rowid), -1) as last from events")
    return int(found["last"][0])


def _new(table: Table, found: pd.DataFrame, key: str, known: set[str]) -> Iterator[Rows]:
    fresh = found[~found[key].isin(known)]
    if len(fresh):
        known.update(fresh[key])
        yield Rows(table.name, _arrow(table, fresh))


def _arrow(table: Table, found: pd.DataFrame) -> bytes:
    """A table's columns as an Arrow stream."""
    import pyarrow as pa

    kinds: dict[str, Callable[[], Any]] = {
        "VARCHAR": pa.string, "BIGINT": pa.int64, "DOUBLE": pa.float64, "BLOB": pa.binary,
    }  # fmt: skip
    page = pa.schema([(column.name, kinds[column.type]()) for column in stored(table)])
    rows = pa.Table.from_pandas(found[list(page.names)], schema=page, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, page) as stream:
        stream.write_table(rows.replace_schema_metadata(None))
    body: bytes = sink.getvalue().to_pybytes()
    return body
