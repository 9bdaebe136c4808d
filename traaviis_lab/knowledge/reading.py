"""Read the bytes of a document as parts under headings: text, Markdown, notebooks."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from traaviis_lab.errors import LabError
from traaviis_lab.flows.yaml_door import YamlText

from .finding import MARKDOWN, NOTEBOOK
from .passage import Document, Part, Skipped, whole

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_FRONT = re.compile(r"\A---[ \t]*\n(.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_MOST_FRONT = 20_000
_MOST_FIELDS = 32
_MOST_CELLS = 10_000
_MOST_NUMBER = 2**53


def read(source: str, data: bytes) -> Document | Skipped:
    """A document, or why these bytes are none."""
    suffix = PurePosixPath(source).suffix.lower()
    text = decoded(data)
    if isinstance(text, str):
        fields: dict[str, Any] = {}
        if suffix in MARKDOWN:
            text, fields, line = _front(text)
            parts: Any = tuple(markdown_parts(text, "line", line))
        elif suffix in NOTEBOOK:
            parts = notebook_parts(text)
        else:
            parts = (Part("", text, "line 1"),)
        if not isinstance(parts, Skipped):
            return Document(source, sha256(data).hexdigest(), parts, fields)
        text = parts
    return text._replace(source=source)


def decoded(data: bytes) -> str | Skipped:
    """The text that these bytes are, with `\\n` at line ends, or why they are none."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if b"\0" in data and not wide:
        return Skipped("", "binary")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        return Skipped("", "neither UTF-8 nor UTF-16")
    return re.sub(r"\r\n?", "\n", text).replace("\0", " ")


def markdown_parts(
    text: str, unit: str, line: int = 1, above: tuple[str, ...] = ()
) -> Iterator[Part]:
    """What stands under each heading; `unit` and `line` say where the text begins.

    A heading is told with those it stands under: `Guide > Doors`. Code between fences is text.
    """
    levels: list[tuple[int, str]] = [(0, name) for name in above]
    begin, lines, fence = line, list[str](), ""
    rows = text.split("\n")
    for number, row in enumerate(rows, line):
        fence = _fence_after(fence, row)
        title = None if fence else _title(row, lines)
        if title is None:
            lines.append(row)
            continue
        if title[2]:  # it is underlined: the row before was the heading
            lines.pop()
        if any(one.strip() for one in lines):
            yield Part(_path(levels), "\n".join(lines).strip("\n"), _where(unit, begin))
        levels = [one for one in levels if one[0] < title[0]] + [(title[0], title[1])]
        begin, lines = number + 1, []
    if any(one.strip() for one in lines):
        yield Part(_path(levels), "\n".join(lines).strip("\n"), _where(unit, begin))


def notebook_parts(text: str) -> tuple[Part, ...] | Skipped:
    """The cells of a notebook, without what they put out."""
    try:
        book = json.loads(text)
    except (ValueError, RecursionError):
        return Skipped("", "no notebook: it is not JSON")
    cells = book.get("cells") if isinstance(book, dict) else None
    if not isinstance(cells, list):
        return Skipped("", "no notebook: it has no cells")
    return tuple(_cells(cells[:_MOST_CELLS]))


def _cells(cells: list[Any]) -> Iterator[Part]:
    heading = ""
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict):
            continue
        said = cell.get("source", "")
        lines = said if isinstance(said, list) else [said]
        text = whole("".join(one for one in lines if isinstance(one, str)).replace("\r\n", "\n"))
        if cell.get("cell_type") == "markdown":
            parts = list(markdown_parts(text, f"cell {number}", 0))
            for part in parts:
                yield part._replace(heading=part.heading or heading, place=f"cell {number}")
            titles = [found[2] for row in text.split("\n") if (found := _HEADING.match(row))]
            heading = titles[-1] if titles and titles[-1] else heading
        elif cell.get("cell_type") in ("code", "raw") and text.strip():
            yield Part(heading, text, f"cell {number}")


def _front(text: str) -> tuple[str, dict[str, Any], int]:
    """A Markdown text without its front matter, what that says as fields, and its first line."""
    found = _FRONT.match(text)
    if found is None or len(found[1]) > _MOST_FRONT:
        return text, {}, 1
    try:
        said = YamlText(found[1]).value
    except LabError:
        return text, {}, 1
    if not isinstance(said, Mapping):
        return text, {}, 1
    simple = {str(name): value for name, value in said.items() if _is_simple(value)}
    return text[found.end() :], dict(list(simple.items())[:_MOST_FIELDS]), found[0].count("\n") + 1


def _is_simple(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    if isinstance(value, int | float):
        return abs(value) < _MOST_NUMBER
    return isinstance(value, str)


def _title(row: str, lines: list[str]) -> tuple[int, str, bool] | None:
    """The level and text of a heading, and whether it is the underline of the row before."""
    if found := _HEADING.match(row):
        return len(found[1]), (found[2] or "").strip(), False
    if not lines or not lines[-1].strip() or not (found := _UNDERLINE.match(row)):
        return None
    before = lines[-1].strip()
    # An underline belongs to one row of plain text; else it is a rule or a table's head.
    alone = len(lines) == 1 or not lines[-2].strip()
    if not alone or before.startswith(("|", ">", "-", "*", "+", "#")) or "|" in before:
        return None
    return (1 if found[1][0] == "=" else 2), before, True


def _fence_after(fence: str, row: str) -> str:
    """The fence that is open after this row: its marks, or nothing."""
    found = _FENCE.match(row)
    if found is None:
        return fence
    if not fence:
        return found[1]
    closes = found[1][0] == fence[0] and len(found[1]) >= len(fence) and row.strip() == found[1]
    return "" if closes else fence


def _path(levels: list[tuple[int, str]]) -> str:
    return " > ".join(name for _, name in levels if name)


def _where(unit: str, number: int) -> str:
    return f"{unit} {number}" if number else unit
