"""What the digits and quotes of a literal mean: numbers, strings and bytes with their escapes."""

from __future__ import annotations

import re
from typing import Final

from .limits import MAX_UINT
from .source import Source
from .values import Uint

_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|[xX]([0-9a-fA-F]{2})|([0-3][0-7]{2})"
    r"|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|)"
)
_SIMPLE: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read_double(text: str) -> float:
    """A double literal; too large a one is infinite, as in CEL."""
    return float(text)


def read_int(source: Source, text: str, pos: int) -> int:
    """An int, or a Uint where the literal ends in `u`.

    An int of 2**63 is let through: the parser takes it after a minus only.
    """
    unsigned = text[-1] in "uU"
    digits = text.rstrip("uU")
    if len(digits.lstrip("0")) > 24:
        raise too_large(source, pos)
    number = int(digits, 16) if digits.startswith("0x") else int(digits)
    if number > (MAX_UINT if unsigned else 2**63):
        raise too_large(source, pos)
    return Uint(number) if unsigned else number


def too_large(source: Source, pos: int) -> Exception:
    """The error of a whole number that needs more than 64 bits."""
    return source.refuse("This number does not fit in 64 bits.", pos, "Write it as 1e20.")


def read_string(source: Source, body: str, pos: int, raw: bool) -> str:
    """The string between the quotes."""
    text = body if raw else _ESCAPE.sub(lambda m: chr(_code(source, m, pos, True)), body)
    if not text.isascii() and any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise source.refuse("This text holds half a surrogate pair.", pos)
    return text


def read_bytes(source: Source, body: str, pos: int, raw: bool) -> bytes:
    """The bytes between the quotes: characters as UTF-8, `\\x` and octal escapes as a byte."""
    if raw:
        return body.encode()
    parts: list[bytes] = []
    done = 0
    for match in _ESCAPE.finditer(body):
        parts += [body[done : match.start()].encode(), bytes([_code(source, match, pos, False)])]
        done = match.end()
    return b"".join([*parts, body[done:].encode()])


def _code(source: Source, match: re.Match[str], pos: int, unicode: bool) -> int:
    """The code point or byte that an escape stands for."""
    simple, hexed, octal, short, long = match.groups()
    if simple:
        return ord(_SIMPLE.get(simple, simple))
    if hexed or octal:
        return int(hexed, 16) if hexed else int(octal, 8)
    code = int(short or long or "-1", 16)
    if not unicode or not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise source.refuse(
            "This escape is unknown or stands for no character.",
            pos + match.start(),
            "A backslash itself is written \\\\.",
        )
    return code
