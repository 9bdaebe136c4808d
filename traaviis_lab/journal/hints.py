"""What to say to somebody whose question DuckDB did not understand."""

from __future__ import annotations

import re
from difflib import get_close_matches

from .schema import TABLES
from .views import VIEWS

_MISSING = re.compile(r'(?:Table with name|column) "?([\w.]+)"? (?:does not exist|not found)')
_UNKNOWN = re.compile(r'does not have a column named "(\w+)"')
_SYNTAX = re.compile(r"^LINE 1:.*", re.MULTILINE)


def hint_for(text: str, query: str) -> str:
    """The nearest names for a name that is not there; what is special about `at`; else nothing."""
    if text.startswith("Parser Error"):
        return _for_syntax(query)
    if (found := _MISSING.search(text) or _UNKNOWN.search(text)) is None:
        return ""
    name = found[1].rpartition(".")[2]
    if "Table with name" in text:
        return _for_table(name)
    return _for_column(name, query)


def _for_syntax(query: str) -> str:
    if re.search(r'(?<![\w".])at(?!["\w(])', query, re.IGNORECASE):
        return 'at is a word of SQL\'s: write "at" (or events.at), or use the column time.'
    if re.search(r'(?<![\w".])offset(?!["\w])', query, re.IGNORECASE):
        return 'offset is a word of SQL\'s: write "offset" for the column.'
    return ""


def _for_table(name: str) -> str:
    known = [table.name for table in (*TABLES, *VIEWS)]
    near = get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}? There are: {', '.join(known)}."
    return f"There are: {', '.join(known)}."


def _for_column(name: str, query: str) -> str:
    words = set(re.findall(r"\w+", query.lower()))
    asked = [table for table in (*TABLES, *VIEWS) if table.name in words] or [*TABLES[:1], *VIEWS]
    known = {column.name: table.name for table in asked for column in table.columns}
    near = get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    if near:
        return "Did you mean " + " or ".join(f"{known[n]}.{n}" for n in near) + "?"
    if len(asked) == 1:
        return f"{asked[0].name} has: {', '.join(c.name for c in asked[0].columns)}."
    return "docs/journal.md lists every column; describe <table> shows them."
