"""The part of `docs/journal.md` that lists kinds, tables and views, made from the schema."""

from __future__ import annotations

from collections.abc import Iterable

from .schema import KINDS, TABLES, Table, View
from .views import VIEWS

BEGIN = "<!-- Made from the schema (journal/reference.py); a test tells when it is stale. -->"
END = "<!-- End of what is made from the schema. -->"


def reference() -> str:
    """Kinds, tables and views with every column, as Markdown."""
    kinds = [f"| `{name}` | {_cell(text)} |" for name, text in KINDS.items()]
    parts = [
        "## Kinds of facts",
        "`events.kind` says what a fact is. In braces: what its `body` holds.",
        "\n".join(["| kind | what happened |", "|---|---|", *kinds]),
        "## Views",
        *_pages(VIEWS),
        "## Tables",
        *_pages(TABLES),
    ]
    return "\n\n".join(parts)


def renewed(page: str) -> str:
    """The page with this part made anew. Raises ValueError if it has no place for it."""
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"The page lacks the lines {BEGIN!r} and {END!r}.")
    return f"{before}{BEGIN}\n\n{reference()}\n\n{END}{after}"


def _pages(tables: Iterable[Table | View]) -> list[str]:
    return [_page(table) for table in tables]


def _page(table: Table | View) -> str:
    rows = [f"| `{c.name}` | {c.type} | {_cell(c.text)} |" for c in table.columns]
    head = ["| column | type | what it says |", "|---|---|---|"]
    return "\n".join([f"### {table.name}", "", table.text, "", *head, *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
