"""Text that others wrote, shown so that a person sees what it is: no tricks, no end of it."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

# What changes how the text around it looks, or is not seen: controls, marks that turn the
# direction of writing around, zero-width letters, line separators, letters that are none.
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def shown_line(text: str, longest: int) -> str:
    """One line of at most `longest` characters, in which whatever is not seen is spelled out."""
    line = _spelled(text[: longest + 1], keep="")
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def shown_json(value: Any, longest: int) -> str:
    """A JSON value on several lines; where it is cut, that is said with how much is missing."""
    whole = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    text = _spelled(whole[:longest], keep="\n")
    if len(whole) <= longest:
        return text
    return f"{text}\n... {len(whole) - longest:,} of {len(whole):,} characters are not shown"


def _spelled(text: str, keep: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char in keep or unicodedata.category(char) not in _UNSEEN else _escape(char)
        for char in text
    )


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
