"""Where knowledge is kept: documents, passages with their vectors, and words, in DuckDB tables."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import orjson

from traaviis_lab.errors import IndexUnusable, JournalError, JournalLocked, LabError

from .passage import Chunk, Passage, Vector

T = TypeVar("T")
SCHEMA = 1
_TABLES = """
create table if not exists about(format integer);
create table if not exists bodies(
    id integer, name varchar, origin varchar, chunk integer, overlap integer, embedder varchar,
    size integer, state blob, learned_from bigint, indexed bigint, skipped varchar);
"""
_BODY = """
create schema k{id};
create table k{id}.documents(source varchar, digest varchar, fields varchar, passages integer);
create table k{id}.passages(
    id bigint, source varchar, heading varchar, place varchar, "text" varchar, tokens integer,
    words integer, vector float[{size}]);
create table k{id}.terms(term ubigint, passage bigint, n integer, words integer);
"""


class Body(NamedTuple):
    """One body of knowledge as it is kept. `id` changes when all of it is made anew."""

    id: int
    name: str
    origin: str
    chunk: Chunk
    embedder: str
    size: int
    state: bytes
    learned_from: int
    indexed: int
    skipped: tuple[tuple[str, str], ...] = ()

    def row(self) -> tuple[Any, ...]:
        """The body as its table has it."""
        cut = (self.chunk.tokens, self.chunk.overlap)
        skipped = orjson.dumps(self.skipped).decode()
        head = (self.id, self.name, self.origin, *cut, self.embedder, self.size, self.state)
        return (*head, self.learned_from, self.indexed, skipped)


class Entry(NamedTuple):
    """A document with all that is kept of it: its passages, their words and their vectors."""

    source: str
    digest: str
    fields: Mapping[str, Any]
    passages: Sequence[Passage]
    terms: Sequence[Mapping[int, int]]
    vectors: Sequence[Vector[float]]


class Store:
    """The file of a lab's knowledge, or its place in memory. May be used from any thread."""

    def __init__(self, path: str | None) -> None:
        """Open the file, made if need be; raises `JournalLocked` where another process has it."""
        from traaviis_lab.journal.duck import MEMORY, Duck

        self.path = path
        self._duck = _in_our_words(path, lambda: Duck(path or MEMORY))
        self._writing = threading.RLock()
        self._next_passage: dict[int, int] = {}
        self.graphs: dict[int, tuple[int, Any]] = {}
        try:
            _in_our_words(path, self._begin)
            self.drop_all_but([body.id for body in self.bodies().values()])
        except BaseException:
            self._duck.close()
            raise

    def _begin(self) -> None:
        with self._duck.cursor() as cursor:
            cursor.execute(_TABLES)
            format_ = cursor.execute("select max(format) from about").fetchall()[0][0]
            if format_ is None:
                cursor.execute("insert into about values (?)", [SCHEMA])
            elif format_ != SCHEMA:
                raise IndexUnusable(
                    f"{self.path} holds knowledge of another format ({format_}, not {SCHEMA}).",
                    hint="Move it away; lab.knowledge('docs/') reads the documents again.",
                    reason="newer" if format_ > SCHEMA else "older",
                )

    def close(self) -> None:
        """Close the file. Closing twice does nothing."""
        self._duck.close()

    # Bodies

    def bodies(self) -> dict[str, Body]:
        """Every body of knowledge, by name."""
        rows = self.rows("select * from bodies order by name")
        return {row[1]: _body(row) for row in rows}

    def make(self, body: Body) -> Body:
        """An empty body, that nobody finds before it is put in its place by `keep`."""
        with self._writing, self._duck.cursor() as cursor:
            found = cursor.execute(
                "select max(substr(schema_name, 2)::integer) from duckdb_schemas() where "
                "database_name = current_database() and regexp_full_match(schema_name, 'k[0-9]+')"
            ).fetchall()
            new = body._replace(id=(found[0][0] or 0) + 1)
            with self._duck.transaction(cursor):
                cursor.execute(_BODY.format(id=new.id, size=int(new.size)))
        return new

    def keep(self, body: Body) -> None:
        """Have the name stand for this body from now on; another one of that name is nameless."""
        with self._writing, self._duck.cursor() as cursor, self._duck.transaction(cursor):
            cursor.execute("delete from bodies where name = ?", [body.name]).fetchall()
            cursor.execute(f"insert into bodies values ({', '.join('?' * 11)})", body.row())

    def drop_all_but(self, alive: Collection[int]) -> None:
        """Forget the bodies that no name stands for."""
        found = self.rows(
            "select schema_name from duckdb_schemas() where database_name = current_database() "
            "and regexp_full_match(schema_name, 'k[0-9]+')"
        )
        for (name,) in found:
            if int(name[1:]) not in alive:
                with self._writing, self._duck.cursor() as cursor:
                    cursor.execute(f"drop schema if exists {name} cascade")

    def remove(self, body: Body) -> None:
        """Forget a body and all of its documents."""
        with self._writing, self._duck.cursor() as cursor, self._duck.transaction(cursor):
            cursor.execute("delete from bodies where id = ?", [body.id])
            cursor.execute(f"drop schema if exists k{body.id} cascade")

    # Documents

    def documents(self, body: Body) -> dict[str, tuple[str, dict[str, Any]]]:
        """The digest and the fields of every document, by its source."""
        rows = self.rows(f"select source, digest, fields from k{body.id}.documents")
        return {source: (digest, orjson.loads(fields)) for source, digest, fields in rows}

    def sizes(self, body: Body) -> tuple[int, int, float]:
        """How many documents and passages there are, and how many words a passage has."""
        found = self.rows(
            f"select (select count(*) from k{body.id}.documents), count(*), "
            f"coalesce(avg(words), 0) from k{body.id}.passages"
        )[0]
        return int(found[0]), int(found[1]), float(found[2])

    def replace(self, body: Body, entries: Sequence[Entry], gone: Iterable[str] = ()) -> None:
        """Take out the documents that are gone and put in these; whole or not at all. What is
        there already of the new ones has to be among those gone: looking for it takes a while.
        """
        out = list(gone)
        k = f"k{body.id}"
        with self._writing, self._duck.cursor() as cursor, self._duck.transaction(cursor):
            if out:
                listed = "(select unnest(?::varchar[]))"
                cursor.execute(
                    f"delete from {k}.terms where passage in "
                    f"(select id from {k}.passages where source in {listed})",
                    [out],
                ).fetchall()
                for table in ("passages", "documents"):
                    cursor.execute(
                        f"delete from {k}.{table} where source in {listed}", [out]
                    ).fetchall()
            if entries:
                self._insert(cursor, body, entries)

    def _insert(self, cursor: Any, body: Body, entries: Sequence[Entry]) -> None:
        from .columns import document_table, passage_table, term_table

        k = f"k{body.id}"
        first = self._next_passage.get(body.id)
        if first is None:
            found = cursor.execute(f"select coalesce(max(id), 0) + 1 from {k}.passages").fetchall()
            first = int(found[0][0])
        tables = {
            "documents": document_table(entries),
            "passages": passage_table(entries, first, body.size),
            "terms": term_table(entries, first),
        }
        for name, table in tables.items():
            cursor.register("incoming", table)
            cursor.execute(f"insert into {k}.{name} select * from incoming").fetchall()
            cursor.unregister("incoming")
        self._next_passage[body.id] = first + sum(len(entry.passages) for entry in entries)

    # Questions

    def rows(self, query: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The answer to a question of this house."""
        with self._duck.cursor() as cursor:
            return cursor.execute(query, list(params)).fetchall()

    def writing(self) -> threading.RLock:
        """Held by whoever changes a body over several transactions."""
        return self._writing


def _body(row: tuple[Any, ...]) -> Body:
    number, name, origin, tokens, overlap, embedder, size, state, learned, indexed, skipped = row
    left = tuple((source, why) for source, why in orjson.loads(skipped))
    return Body(
        number, name, origin, Chunk(tokens, overlap), embedder, size, bytes(state), learned,
        indexed, left,
    )  # fmt: skip


def _in_our_words(path: str | None, work: Callable[[], T]) -> T:
    """What opening answers; the errors of the journal's door speak of an index of a log."""
    try:
        return work()
    except JournalLocked as error:
        raise JournalLocked(
            f"The knowledge in {path} is open in another process: {error.message}",
            hint="One process at a time reads and writes it. Close the lab there, or copy the "
            "file and open the copy's lab here.",
        ) from error
    except IndexUnusable as error:
        if error.reason in ("newer", "older") and "format" in error.message:
            raise
        raise IndexUnusable(
            f"The knowledge in {path} cannot be read: {error.message}",
            hint="Move the file away; lab.knowledge('docs/') reads the documents again.",
            reason=error.reason,
        ) from error
    except (JournalError, OSError) as error:
        hint = error.hint if isinstance(error, LabError) else ""
        raise JournalError(
            f"The knowledge in {path} cannot be opened: {error}",
            hint=hint or "Is its folder there, and may it be written to?",
        ) from error
