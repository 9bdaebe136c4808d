"""The rows that are sent: bounded whatever runs, what is under way first; the rest is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .book import OPEN, Book, Root, Row, count_at

MAX_ROWS = 200
MAX_ROOTS = 40

Window = dict[str, Any]
"""`{rows: {path: row}, cut: {path: {status: count}}}`; `cut[""]` counts roots."""
NOTHING: Window = {"rows": {}, "cut": {}}


def window(book: Book) -> Window:
    """What of a book is shown: the roots under way and the newest first, then their leaves."""
    roots = [*_newest(book, True), *_newest(book, False)]
    rows: dict[str, Row] = {root.row["path"]: root.row for root in roots[:MAX_ROOTS]}
    cut: dict[str, Counter[str]] = {}
    for root in roots[MAX_ROOTS:]:
        cut.setdefault("", Counter())[root.row["status"]] += 1
    for root in roots[:MAX_ROOTS]:
        for place, counts in root.cut.items():
            cut[place] = Counter(counts)
        for row in _leaves(root):
            if len(rows) < MAX_ROWS:
                rows[row["path"]] = row
            else:
                count_at(cut, root.row["path"], row)
    return {"rows": rows, "cut": {place: dict(counts) for place, counts in cut.items()}}


def changed_rows(old: Window, new: Window) -> dict[str, Any] | None:
    """The patch `{set, del, cut}` from one window to the next; None where they are alike."""
    before: Mapping[str, Row] = old["rows"]
    put = {path: row for path, row in new["rows"].items() if before.get(path) is not row}
    gone = [path for path in before if path not in new["rows"]]
    if not put and not gone and old["cut"] == new["cut"]:
        return None
    return {"set": put, "del": gone, "cut": new["cut"]}


def _newest(book: Book, is_open: bool) -> list[Root]:
    roots = reversed(book.roots.values())
    return [root for root in roots if (root.row["status"] in OPEN) is is_open]


def _leaves(root: Root) -> list[Row]:
    """Those under way, then what failed, then the newest of the others."""
    rows = list(root.leaves.values())
    newest = rows[::-1]
    return [
        *(row for row in rows if row["status"] in OPEN),
        *(row for row in newest if row["status"] == "failed"),
        *(row for row in newest if row["status"] not in OPEN and row["status"] != "failed"),
    ]
