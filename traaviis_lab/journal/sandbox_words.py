"""Say whether a question may be asked in a sandbox: one `SELECT`, over tables that are known.

The sandbox itself has nothing else to reach; this is the second wall, and the one that can say
why. It looks at DuckDB's own syntax tree, so that no comment, quote or spelling hides anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from traaviis_lab.errors import JournalError

from .hints import hint_for
from .schema import TABLES
from .views import VIEWS

LONGEST = 20_000
"""Characters of a question."""
DEEPEST = 400
"""Brackets within brackets: far deeper ones overrun the stack of a parser."""
KNOWN = frozenset(one.name for one in (*TABLES, *VIEWS))
TABLE_FUNCTIONS = frozenset(
    {"generate_series", "json_each", "json_tree", "range", "unnest", "duckdb_columns",
     "duckdb_functions", "duckdb_tables", "duckdb_views", "pragma_table_info"}
)  # fmt: skip
REFUSED = frozenset(
    {"combine", "create_sort_key", "current_setting", "currval", "finalize", "getenv", "index_key",
     "invoke", "nextval", "pg_sleep", "query", "query_table", "remap_struct", "setval", "sleep_ms",
     "stats", "variant_bytes_to_variant", "vector_type", "write_log"}
)  # fmt: skip
"""Functions that look outside, keep a thread waiting or take bytes for DuckDB's own."""
_EXPLAIN = re.compile(r"\s*explain\s+(analyze\s+)?", re.IGNORECASE)
_HINT = "Tables and views: " + ", ".join(sorted(KNOWN - {"meta", "positions"})) + "."


def check(connection: Any, query: str) -> str:
    """The one statement of `query`, without the `;`. Raises `JournalError` for what is refused."""
    if len(query) > LONGEST:
        raise JournalError(
            f"The query has {len(query):,} characters; {LONGEST:,} are read.", hint="Ask for less."
        )
    if _depth(query) > DEEPEST:
        raise JournalError("The query is nested too deep to be read.", hint="Use `with`.")
    found = connection.extract_statements(query)
    if not found:
        raise JournalError("The query is empty.", hint="Try: select * from runs")
    if len(found) > 1:
        raise JournalError(
            f"One statement at a time; these are {len(found)}.", hint="Ask them one after another."
        )
    text: str = found[0].query.strip().rstrip(";")
    kind = found[0].type.name
    if kind == "EXPLAIN":
        _check_tree(connection, _EXPLAIN.sub("", text, count=1))
    elif kind == "SELECT":
        _check_tree(connection, text)
    else:
        hint = "select and explain are what works; nothing is changed and no file is read."
        if kind == "MULTI":
            hint = "A pivot has to name its values: from (pivot ... on x in ('a', 'b') ...)."
        raise JournalError(f"The journal is only asked here: {kind} is refused.", hint=hint)
    return text


def _check_tree(connection: Any, text: str) -> None:
    row = connection.execute("select json_serialize_sql(?::varchar)", [text]).fetchone()
    try:
        tree = orjson.loads(row[0])
    except orjson.JSONDecodeError:  # too deep for a reader of JSON; DuckDB also writes `inf`
        raise JournalError(
            "The query is nested too deep, or has a number that is too large.",
            hint="Use `with`; write such a number as text: '1e400'::double.",
        ) from None
    if tree.get("error"):
        raise JournalError(
            f"This cannot be asked here: {tree.get('error_message') or 'it is no select'}",
            hint="select and explain are what works.",
        )
    nodes = list(_nodes(tree))
    names = {str(one["key"]).lower() for node in nodes for one in _named(node)}
    for node in nodes:
        _check_node(node, names)


def _check_node(node: dict[str, Any], names: set[str]) -> None:
    kind = node.get("type")
    if kind == "BASE_TABLE":
        _check_table(node, names)
    elif kind == "TABLE_FUNCTION":
        name = str((node.get("function") or {}).get("function_name", "")).lower()
        if name not in TABLE_FUNCTIONS:
            raise JournalError(f"The table function {name!r} is refused here.", hint=_HINT)
    elif node.get("class") in ("FUNCTION", "WINDOW"):
        name = str(node.get("function_name", "")).lower()
        if name in REFUSED or name.startswith("__internal"):
            raise JournalError(f"The function {name!r} is refused here.", hint="Do without it.")


def _check_table(node: dict[str, Any], names: set[str]) -> None:
    schema = str(node.get("schema_name") or "").lower()
    name = str(node.get("table_name") or "").lower()
    catalog = str(node.get("catalog_name") or "").lower()
    if schema == "information_schema" and catalog in ("", "memory"):
        return
    if schema == catalog == "" and name in names:
        return
    if schema in ("", "main", "memory") and catalog in ("", "memory") and name in KNOWN:
        return
    said = ".".join(part for part in (catalog, schema, name) if part)
    hint = hint_for(f'Table with name "{name}" does not exist', "")
    raise JournalError(f"There is no table {said!r} here.", hint=hint or _HINT)


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a tree. No recursion: a question may be nested deep."""
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            yield one
            todo += one.values()
        elif isinstance(one, list):
            todo += one


def _named(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The tables that a `with` names."""
    found = node.get("cte_map")
    return found.get("map", []) if isinstance(found, dict) else []


def _depth(query: str) -> int:
    deepest = depth = 0
    for letter in query:
        if letter in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in ")]}":
            depth -= 1
    return deepest
