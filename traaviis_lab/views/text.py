"""Make any text safe to show: printable, short enough, and of a known width."""

from __future__ import annotations

import re
import unicodedata

_BAD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BIDI = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SPACE = re.compile(r"\s+")

_NARROW = frozenset("iljtfrI.,:;|!'`()[]{}/\\ ")
_WIDE = frozenset("mwMW@%&—→▶✓")


def clean(text: str) -> str:
    """The text with what XML cannot hold (control characters, lone surrogates) replaced by `�`."""
    return _BAD.sub("\ufffd", text)


def one_line(text: str) -> str:
    """The text as one printable line: no line breaks, no invisible or direction-turning signs."""
    return _SPACE.sub(" ", _BIDI.sub("", clean(text[:20_000]))).strip()


def shorten(text: str, limit: int) -> str:
    """At most `limit` columns of the text on one line; what is cut off is marked with `…`."""
    line = one_line(text)
    if len(line) * 2 <= limit or columns(line) <= limit:
        return line
    used, kept = 1, []
    for sign in line:
        used += columns(sign)
        if used > limit:
            break
        kept.append(sign)
    return "".join(kept).rstrip() + "…"


def counted(many: int, word: str) -> str:
    """`1 step`, `2,000 steps`."""
    return f"{many:,} {word}{'' if many == 1 else 's'}"


def columns(text: str) -> int:
    """Columns the text takes in a terminal: East Asian wide signs take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_column(sign) for sign in text)


def _column(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def pixels(text: str, size: float) -> float:
    """About how wide a sans-serif font of `size` pixels draws the text; rather more than less."""
    return sum(_share(sign) for sign in text) * size


def _share(sign: str) -> float:
    if sign in _NARROW:
        return 0.37
    if sign in _WIDE:
        return 0.92
    if not sign.isascii():
        return 0.62 * _column(sign) if _column(sign) != 2 else 1.02
    return 0.72 if sign.isupper() else 0.6


def xml(text: str) -> str:
    """The text escaped for XML and HTML, in elements and in quoted attributes alike."""
    safe = clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = safe.replace('"', "&quot;").replace("'", "&#39;")
    return safe.replace("\r", "&#13;").replace("\n", "&#10;").replace("\t", "&#9;")


def token(text: str) -> str:
    """An id as one word of a space-separated list; `decodeURIComponent` undoes it."""
    return re.sub(r"[%\s]", lambda hit: f"%{ord(hit[0]):02X}", clean(text))
