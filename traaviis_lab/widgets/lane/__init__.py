"""The effects of a run as rows: a fold over its facts, a window that is sent, a list that is saved.

A row is an effect that has facts of its own: a root, or a leaf below it. What lies between, the
browser reads from the root's document (`extensions/widgets/src/effects`).
"""

from __future__ import annotations

from .book import Book
from .still import still_lines, under_picture
from .window import NOTHING, Window, changed_rows, window

__all__ = [
    "NOTHING",
    "Book",
    "Window",
    "changed_rows",
    "still_lines",
    "under_picture",
    "window",
]
