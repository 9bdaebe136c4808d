"""The effects of a run as a short list in text and under its picture, for saved notebooks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from itertools import groupby
from typing import Any

import orjson

from traaviis_lab.journal import Journal
from traaviis_lab.views.spec_words import spec_words

from .book import Book, Row, root_of
from .window import Window, window

TAIL = 400
"""This many of a run's last facts are read."""
NEAR = 200
"""A root's first fact is at most so many facts after the step that asked for it."""
MOST = 14
MOST_BELOW = 9
LINE = 19
_MARKS = {"running": "▸", "done": "✓", "failed": "✗", "cancelled": "–", "asks": "?"}
_SIZE = re.compile(r'width="(\d+)" height="(\d+)" viewBox="0 0 (\d+) (\d+)"')


def still_lines(journal: Journal, run: str, last: int) -> list[str]:
    """The run's last effects, a line each, those below others indented; empty where it has none."""
    book = Book()
    for fact in journal.read(run, after=max(0, last - TAIL), upto=last, hashed=False):
        if fact.kind.startswith(("effect.", "human.")):
            book.take(fact, orjson.loads(fact.body))
        elif fact.kind == "run.done":
            book.end(fact.at)
    for root in book.unnamed():
        _name(book, root, journal, run)
    return _lines(window(book))


def under_picture(svg: str, lines: list[str]) -> str:
    """The picture with the lines below it; as it was where there are none, or it has no size."""
    found = _SIZE.search(svg)
    if not lines or found is None or found.group(1, 2) != found.group(3, 4):
        return svg
    width, height = int(found[1]), int(found[2])
    wide = max(width, 24 + 7 * max(map(len, lines)))
    tall = height + LINE * len(lines) + 16
    size = f'width="{wide}" height="{tall}" viewBox="0 0 {wide} {tall}"'
    texts = "".join(
        f'<text x="{12 + 16 * _depth(line)}" y="{height + 12 + LINE * at}">{escape(line.strip())}'
        "</text>"
        for at, line in enumerate(lines)
    )
    style = 'font-size="12" style="fill: var(--tl-soft, #526075)"'
    group = f'<g class="tl-effects" aria-label="Effects" {style}>{texts}</g>'
    whole = svg[: found.start()] + size + svg[found.end() :]
    return f"{whole.rstrip().removesuffix('</svg>')}{group}</svg>"


def _name(book: Book, root: str, journal: Journal, run: str) -> None:
    """Find what a root asked for that began before the facts that were read."""
    seq = int(root.partition("/")[0])
    for fact in journal.read(run, after=seq, upto=seq + NEAR, hashed=False):
        if fact.kind == "effect.started":
            body = orjson.loads(fact.body)
            if body.get("path") == root:
                began = {"kind": fact.name, "began": fact.at, "effect": body.get("effect")}
                book.know([{"path": root, "owner": body.get("owner"), **began}])
                return


def _lines(shown: Window) -> list[str]:
    rows: Mapping[str, Row] = shown["rows"]
    roots = [path for path in rows if root_of(path) == path]
    lines: list[str] = []
    left_out = sum(sum(counts.values()) for counts in shown["cut"].values())
    for root in roots:
        told = [path for path in rows if _is_told(rows[path], root)]
        below = sorted(told[:MOST_BELOW], key=_order)
        left_out += len(told) - len(below)
        said = [_line(rows[path], path.count("/") > 1) for path in (root, *below)]
        lines += [_counted(line, len(list(same))) for line, same in groupby(said)]
    left_out += max(0, len(lines) - MOST)
    return [*lines[:MOST], *([f"… and {left_out:,} more"] if left_out else [])]


def _counted(line: str, times: int) -> str:
    return line if times == 1 else f"{line} ({times} like this)"


def _line(row: Row, inner: bool) -> str:
    words = spec_words(row.get("spec") or None, row["kind"])
    parts = [_MARKS[row["status"]], words, _how(row)]
    return ("  " if inner else "") + " ".join(part for part in parts if part)


def _how(row: Row) -> str:
    """How it stands, in words: the mark alone tells too little."""
    status = str(row["status"])
    if status == "failed":
        error: Mapping[str, Any] = row.get("error") or {}
        return f"failed: {str(error.get('message', ''))[:80]}"
    if status == "running" and isinstance(row.get("fraction"), int | float):
        return f"running, {row['fraction']:.0%}"
    if status != "running" and "ended" in row:
        return f"{status}, {(row['ended'] - row['began']) / 1000:.1f} s"
    return status


def _is_told(row: Row, root: str) -> bool:
    """Whether a row stands below the root; a permit that was given is not worth a line."""
    path = str(row["path"])
    return path.startswith(root + "/") and (row["kind"] != "permit" or row["status"] == "failed")


def _order(path: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdigit() else -1, part) for part in path.split("/")]


def _depth(line: str) -> int:
    return (len(line) - len(line.lstrip())) // 2
