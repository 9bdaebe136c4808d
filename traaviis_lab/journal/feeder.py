"""Write lumps into the index: rows and positions in one transaction, on one connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from traaviis_lab.errors import IndexUnusable, JournalError

from . import schema
from .columns import Slot
from .duck import Duck
from .lump import Lump, Position
from .refusals import again
from .schema import quoted, stored

_FED = (schema.EVENTS, schema.CHARTS, schema.BLOBS, schema.SNAPSHOTS)
_STORED = ", ".join(quoted(column.name) for column in stored(schema.EVENTS))
_INTO = {
    "events": f"insert into events ({_STORED}) select * from new_events",
    "charts": "insert into charts select * from new_charts n "
    "where not exists (from charts c where c.hash = n.hash)",
    "blobs": "insert into blobs select * from new_blobs n "
    "where not exists (from blobs b where b.digest = n.digest)",
    "snapshots": "insert into snapshots select * from new_snapshots",
}
_MOVE = 'update positions set segment = ?, "offset" = ? where stream = ?'
_PLACE = 'insert into positions (segment, "offset", stream) values (?, ?, ?)'


class Feeder:
    """The one way into the tables. Used by one thread at a time."""

    def __init__(self, duck: Duck) -> None:
        self._duck = duck
        self._cursor = duck.connection()
        self.broken: IndexUnusable | None = None
        self._slots = {table.name: Slot(table) for table in _FED}
        for name, slot in self._slots.items():
            self._cursor.register(f"new_{name}", slot)
        with duck.cursor() as cursor:
            rows = cursor.execute('select stream, segment, "offset" from positions').fetchall()
        self.positions: dict[str, Position] = {row[0]: Position(*row[1:]) for row in rows}

    def feed(self, lumps: Sequence[Lump]) -> None:
        """Take in these lumps, all or none; those that are in already are passed over.

        Raises `JournalError` if one is in by half: its rows cannot be told apart any more.
        """
        places: dict[str, Position] = {}
        fresh = [lump for lump in lumps if self._is_new(lump, places)]
        if fresh:
            self.load(fresh, places)

    def load(self, lumps: Sequence[Lump], places: Mapping[str, Position]) -> None:
        """Take in rows as they come and move these positions, in one transaction."""
        if self.broken is not None:
            raise again(self.broken)
        filled = self._fill(lumps)
        try:
            with self._duck.transaction(self._cursor):
                for name in filled:
                    self._cursor.execute(_INTO[name])
                for stream, place in places.items():
                    sql = _MOVE if stream in self.positions else _PLACE
                    self._cursor.execute(sql, [*place, stream])
        except IndexUnusable as error:
            self.broken = error
            raise
        finally:
            for name in filled:
                self._slots[name].clear()
        self.positions = {**self.positions, **places}

    def close(self) -> None:
        """Give the connection back."""
        self._cursor.close()

    def _fill(self, lumps: Sequence[Lump]) -> list[str]:
        """Seat the lumps' columns; the names of the tables that get something."""
        columns = {
            "events": _joined(lumps),
            "charts": _turned(
                (key, *_name_and_version(spec), spec)
                for key, spec in _once(pair for lump in lumps for pair in lump.charts)
            ),
            "blobs": _turned(_once(pair for lump in lumps for pair in lump.blobs)),
            "snapshots": _turned(kept for lump in lumps for kept in lump.snapshots),
        }
        filled = [name for name, lists in columns.items() if lists and lists[0]]
        for name in filled:
            self._slots[name].fill(columns[name])
        return filled

    def _is_new(self, lump: Lump, places: dict[str, Position]) -> bool:
        """Whether the lump goes on from its stream's place, which is moved to its end then."""
        here = places.get(lump.stream) or self.positions.get(lump.stream)
        if here is not None:
            if lump.upto <= here:
                return False
            if lump.since < here:
                raise JournalError(
                    f"A lump of stream {lump.stream!r} begins at {tuple(lump.since)}, but the "
                    f"index is complete to {tuple(here)}: a part of it would be in twice.",
                    hint="Feed from index.positions() on, or rebuild the index.",
                )
        places[lump.stream] = lump.upto
        return True


def _joined(lumps: Sequence[Lump]) -> list[list[Any]]:
    if len(lumps) == 1:
        return lumps[0].columns()
    parts = zip(*(lump.columns() for lump in lumps), strict=True)
    return [[value for column in columns for value in column] for columns in parts]


def _turned(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _once(pairs: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    found: dict[str, bytes] = {}
    for key, body in pairs:
        found.setdefault(key, body)
    return list(found.items())


def _name_and_version(spec: bytes) -> tuple[str, str]:
    try:
        read = orjson.loads(spec)
        return str(read.get("name", "")), str(read.get("version", ""))
    except (orjson.JSONDecodeError, AttributeError):
        return "", ""
