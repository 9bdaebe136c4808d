"""Cut the text of an expression into tokens."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .literals import read_bytes, read_double, read_int, read_string
from .source import Source


class Token(NamedTuple):
    """A piece of the text. `kind`: a sign itself, or name, quoted, value, end."""

    kind: str
    text: str
    pos: int
    value: object = None


_BLANK: Final = re.compile(r"(?:[ \t\r\n\f]+|//[^\n]*)*")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DOUBLE: Final = re.compile(r"[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+"
                            r"|\.[0-9]+(?:[eE][+-]?[0-9]+)?")  # fmt: skip
_INT: Final = re.compile(r"(?:0x[0-9a-fA-F]+|[0-9]+)[uU]?")
_QUOTE: Final = re.compile(r"([bB]?)([rR]?)(\"\"\"|'''|\"|')")
_QUOTED: Final = re.compile(r"`([A-Za-z0-9_.\-/ ]+)`")
_NEWLINE: Final = re.compile(r"(\\[\s\S])|\r\n?")
_SIGN: Final = re.compile(r"&&|\|\||[=!<>]=|[-+*/%<>!?:.,()\[\]{}]")
_ADVICE: Final = {
    "=": "Write == to compare.",
    "&": "Write && for 'and'.",
    "|": "Write || for 'or'.",
    "“": "Use straight quotes.",
    "”": "Use straight quotes.",
}


class Lexer:
    """The tokens of a source, one `next()` after the other; a value's token holds the value."""

    def __init__(self, source: Source, pos: int = 0) -> None:
        self.source = source
        self.pos = pos

    def next(self) -> Token:
        """The next token; at the end, again and again, the one of kind "end"."""
        text = self.source.text
        start = self.pos = _match_end(_BLANK, text, self.pos)
        if start >= len(text):
            return Token("end", "", start)
        if quote := _QUOTE.match(text, start):
            return self._string(start, quote)
        if (number := _DOUBLE.match(text, start)) is not None:
            return self._take("value", number, read_double(number.group()))
        if number := _INT.match(text, start):
            return self._take("int", number, read_int(self.source, number.group(), start))
        if name := _NAME.match(text, start):
            return self._take("name", name)
        if quoted := _QUOTED.match(text, start):
            return self._take("quoted", quoted, quoted.group(1))
        if sign := _SIGN.match(text, start):
            return self._take(sign.group(), sign)
        raise self.source.refuse(
            f"The character {text[start]!r} has no meaning here.",
            start,
            _ADVICE.get(text[start], ""),
        )

    def _take(self, kind: str, match: re.Match[str], value: object = None) -> Token:
        self.pos = match.end()
        return Token(kind, match.group(), match.start(), value)

    def _string(self, start: int, quote: re.Match[str]) -> Token:
        text, mark, raw = self.source.text, quote.group(3), bool(quote.group(2))
        end = self._closing(quote.end(), mark, raw)
        if end < 0:
            raise self.source.refuse(f"The text opened by {mark} is not closed.", start)
        body = text[quote.end() : end]
        if len(mark) == 3:
            body = _NEWLINE.sub(lambda found: found.group(1) or "\n", body)
        if raw and (len(body) - len(body.rstrip("\\"))) % 2:
            problem = "A raw text cannot end in a single backslash."
            raise self.source.refuse(problem, start, "Write it without r, and \\\\ for \\.")
        self.pos = end + len(mark)
        read = read_bytes if quote.group(1) else read_string
        value = read(self.source, body, quote.end(), raw)
        return Token("value", text[start : self.pos], start, value)

    def _closing(self, pos: int, mark: str, raw: bool) -> int:
        """Where the closing quote starts, or -1."""
        stop = re.compile(
            re.escape(mark) + ("" if raw else r"|\\") + ("" if len(mark) == 3 else "|\n|\r")
        )
        text = self.source.text
        while found := stop.search(text, pos):
            if found.group() == mark:
                return found.start()
            if found.group() != "\\":
                return -1
            pos = found.end() + 1
        return -1


def _match_end(pattern: re.Pattern[str], text: str, pos: int) -> int:
    match = pattern.match(text, pos)
    return match.end() if match else pos
