"""Write JSON values as Python source: on one line where they fit, else an item to a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH = 88
_INDENT = 4


def literal(value: Any, indent: int = 0, used: int = 0) -> str:
    """`value` as an expression that gives it back.

    Args:
        value: None, bool, int, float, str, list, tuple (written as a list) or mapping.
        indent: how deep the line stands that it begins in, in columns.
        used: columns of that line which are taken already, and by what follows it.
    """
    flat = _flat(value)
    if indent + used + len(flat) <= WIDTH or not _has_items(value):
        return flat
    inside = indent + _INDENT
    if isinstance(value, Mapping):
        items = [
            f"{(key := text(str(k)))}: {literal(v, inside, len(key) + 3)}" for k, v in value.items()
        ]
        return _block("{", items, "}", indent)
    return _block("[", [literal(item, inside, 1) for item in value], "]", indent)


def text(value: str) -> str:
    """A text in quotes, double ones where nothing speaks against it.

    What cannot be seen is written as its number.
    """
    quote = "'" if value.count('"') > value.count("'") else '"'
    return quote + "".join(map(_letter, value)).replace(quote, f"\\{quote}") + quote


def _letter(letter: str) -> str:
    if letter in _ESCAPED:
        return _ESCAPED[letter]
    if letter.isprintable():
        return letter
    code = ord(letter)
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"


_ESCAPED = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _flat(value: Any) -> str:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{text(str(k))}: {_flat(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(_flat, value)) + "]"
    return repr(value)


def _has_items(value: Any) -> bool:
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str) and len(value) > 0


def _block(opening: str, items: Sequence[str], closing: str, indent: int) -> str:
    pad = " " * (indent + _INDENT)
    lines = "".join(f"{pad}{item},\n" for item in items)
    return f"{opening}\n{lines}{' ' * indent}{closing}"
