"""Texts that others wrote, made fit to be shown: nothing hidden in them, and not too long."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5")
"""Letters and marks that Unicode does not call invisible, and that are."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SELECTORS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_PILE = 4
"""Marks on one letter; more of them run over the lines around."""
_SPACES = re.compile(r"[ \t\u2028\u2029\r\n]+")


def plain(text: Any, most: int) -> str:
    """The text without control, bidirectional and invisible characters, of at most `most` letters.

    Lines stay lines. What is no text is shown as Python does.
    """
    said = text if isinstance(text, str) else repr(text)
    kept: list[str] = []
    marks = 0
    for letter in said[: 4 * most + 100]:
        kind = unicodedata.category(letter)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if kind in ("Zl", "Zp"):
            kept.append("\n")
        elif letter in "\n\t" or (not is_hidden(letter) and marks <= _PILE):
            kept.append(letter)
    return _cut("".join(kept).strip(), most)


def one_line(text: Any, most: int) -> str:
    """As `plain`, on one line."""
    return _cut(_SPACES.sub(" ", plain(text, 2 * most)), most)


def spelled(text: str, most: int) -> str:
    """On one line, what cannot be seen written out (`\\u200b`), so that a change of it shows."""
    made = (f"\\u{ord(one):04x}" if is_hidden(one) else one for one in text[: most + 1])
    return _cut("".join(made), most)


def is_hidden(letter: str) -> bool:
    """Whether a character shows nothing, or changes how others are shown."""
    if letter.isascii():
        return not letter.isprintable()
    hidden = unicodedata.category(letter) in _HIDDEN
    return hidden or letter in _BLANK or _selects(letter)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _selects(letter: str) -> bool:
    code = ord(letter)
    return any(low <= code <= high for low, high in _SELECTORS)
