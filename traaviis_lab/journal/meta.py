"""What an index file says of itself: its schema, and whether it was closed in good order."""

from __future__ import annotations

from traaviis_lab.errors import IndexUnusable

from .duck import MEMORY, Duck
from .schema import SCHEMA, TABLES, Table, quoted
from .segments import boot_id
from .views import VIEWS

_BROKEN = "broken"
_TABLES = "select table_name from duckdb_tables() where not internal"


def check_or_create(duck: Duck) -> None:
    """Make the tables in a new file, or see that those there are ours and of this schema.

    Raises what `check` raises.
    """
    if _tables(duck):
        check(duck)
    else:
        _create(duck)


def check(duck: Duck) -> None:
    """See that the tables are ours, of this schema and whole. An empty database is all right.

    Raises `IndexUnusable` with reason `foreign`, `older`, `newer` or `unclean`.
    """
    tables = _tables(duck)
    if not tables:
        return
    if not {"meta", "events"} <= tables:
        raise IndexUnusable(
            f"{duck.path} is a DuckDB database of something else: it has {_some(tables)}.",
            hint="Give the journal a path of its own; this file is left as it is.",
            reason="foreign",
        )
    with duck.cursor() as cursor:
        said = dict(cursor.execute("select key, value from meta").fetchall())
    _check_schema(duck.path, str(said.get("schema", "")))
    if said.get("boot") and said["boot"] != boot_id():
        why = "DuckDB failed" if said["boot"] == _BROKEN else "The machine stopped"
        raise IndexUnusable(
            f"{why} while the index {duck.path} was open.",
            hint="It is not written with care for that and is rebuilt from the log.",
            reason="unclean",
        )


def mark_open(duck: Duck) -> None:
    """Write down, to survive a power cut, that from now on nothing in the file will.

    The index is not synced while it is fed: it is a copy, and syncing would hold up the log.
    """
    if duck.path == MEMORY:
        return
    here = boot_id()
    if not here:
        return
    _say_boot(duck, here)
    duck.checkpoint(sync=True)
    duck.stop_syncing()


def mark_closed(duck: Duck, *, whole: bool) -> None:
    """Bring all to the disk, and only then say that it is whole; if it is not, say that."""
    if duck.path == MEMORY:
        return
    if not whole:
        _say_boot(duck, _BROKEN)
        return
    duck.checkpoint(sync=True)
    _say_boot(duck, "")
    duck.checkpoint(sync=True)


def _tables(duck: Duck) -> set[str]:
    with duck.cursor() as cursor:
        return {row[0] for row in cursor.execute(_TABLES).fetchall()}


def _create(duck: Duck) -> None:
    with duck.cursor() as cursor, duck.transaction(cursor):
        for statement in _statements():
            cursor.execute(statement)
        cursor.execute("insert into meta values ('schema', ?), ('boot', '')", [str(SCHEMA)])


def _say_boot(duck: Duck, boot: str) -> None:
    with duck.cursor() as cursor:
        cursor.execute("update meta set value = ? where key = 'boot'", [boot])


def _check_schema(path: str, said: str) -> None:
    if said == str(SCHEMA):
        return
    newer = said.isdigit() and int(said) > SCHEMA
    raise IndexUnusable(
        f"The index {path} has schema {said or 'unknown'}; this version reads {SCHEMA}.",
        hint="It is rebuilt from the log." + (" Or upgrade traaviis-lab." if newer else ""),
        reason="newer" if newer else "older",
    )


def _some(tables: set[str]) -> str:
    names = sorted(tables)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _statements() -> list[str]:
    """The DDL that makes an empty index."""
    made = [_table(table) for table in TABLES]
    made += [f"create view {view.name} as {view.select}" for view in VIEWS]
    return made


def _table(table: Table) -> str:
    computed = dict(table.computed)
    lines = [
        f"{quoted(c.name)} {c.type} {c.storage}"
        + (f" generated always as ({computed[c.name]}) virtual" if c.name in computed else "")
        for c in table.columns
    ]
    return f"create table {table.name} ({', '.join(lines)})"
