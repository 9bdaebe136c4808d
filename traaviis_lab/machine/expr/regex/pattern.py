"""Read a regular expression, in RE2's syntax, into a small tree; ValueError says why not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from .charset import CATEGORIES, PERL, POSIX, CharSet, Range

_MOST_REPEATS: Final = 1000
_MOST_GROUPS: Final = 50
_REPEAT: Final = re.compile(r"\{([0-9]{1,9})(,?)([0-9]{0,9})\}")
_GROUP: Final = re.compile(r"\?P?<([A-Za-z0-9_]+)>")
_FLAGS: Final = re.compile(r"\?([imsU]*)(-[imsU]+)?([:)])")
_NAMED: Final = re.compile(r"\[:(\^?)([a-z]+):\]")
_CATEGORY: Final = re.compile(r"[pP](?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))")
_HEX: Final = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})")
_OCTAL: Final = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")
_ESCAPES: Final = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_ASSERTS: Final = {"b": "word edge", "B": "no word edge", "A": "begin", "z": "end"}


@dataclass(frozen=True, slots=True)
class One:
    """One character of a set."""

    chars: CharSet


@dataclass(frozen=True, slots=True)
class Assert:
    """A place: begin, end, line begin, line end, word edge, no word edge."""

    what: str


@dataclass(frozen=True, slots=True)
class Row:
    """One after the other; an empty row is found everywhere."""

    items: tuple[Regex, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of several."""

    choices: tuple[Regex, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """From `least` to `most` times; `most` None: any number."""

    item: Regex
    least: int
    most: int | None


Regex: TypeAlias = One | Assert | Row | AnyOf | Repeat


@dataclass(frozen=True, slots=True)
class _Flags:
    i: bool = False
    m: bool = False
    s: bool = False
    U: bool = False


class PatternReader:
    """One pass over the pattern; `flags` are those in force at `pos`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.flags = _Flags()
        self.groups = 0

    def read(self) -> Regex:
        """The tree of the whole pattern."""
        tree = self._choices()
        if self.pos < len(self.text):
            raise ValueError("a ) has no (")
        return tree

    def _choices(self) -> Regex:
        before = self.flags
        choices = [self._row()]
        while self._skip("|"):
            choices.append(self._row())
        self.flags = before
        return choices[0] if len(choices) == 1 else AnyOf(tuple(choices))

    def _row(self) -> Regex:
        items: list[Regex] = []
        while self.pos < len(self.text) and self.text[self.pos] not in "|)":
            item = self._item()
            if item is not None:
                items.append(self._repeated(item))
        return Row(tuple(items))

    def _repeated(self, item: Regex) -> Regex:
        times = self._times()
        if times is None:
            return item
        self._skip("?")
        if self._times() is not None:
            raise ValueError("one repetition follows another")
        return Repeat(item, *times)

    def _times(self) -> tuple[int, int | None] | None:
        """The repetition that stands here, read over, or None."""
        sign = self.text[self.pos : self.pos + 1]
        if sign and sign in "*+?":
            self.pos += 1
            return int(sign == "+"), 1 if sign == "?" else None
        found = _REPEAT.match(self.text, self.pos)
        if found is None:
            return None
        self.pos = found.end()
        least, comma, most = found.groups()
        last = int(most) if most else None if comma else int(least)
        if int(least) > _MOST_REPEATS or (
            last is not None and not int(least) <= last <= _MOST_REPEATS
        ):
            raise ValueError(f"{found.group()} is no number of times from 0 to {_MOST_REPEATS}")
        return int(least), last

    def _item(self) -> Regex | None:
        char = self.text[self.pos]
        if char in "*+?" or (char == "{" and _REPEAT.match(self.text, self.pos)):
            raise ValueError(f"nothing stands before {char} to be repeated")
        if char == "\\":
            return self._escape()
        if char == "[":
            return One(self._set())
        self.pos += 1
        if char == "(":
            return self._group()
        if char == ".":
            return One(CharSet(() if self.flags.s else ((10, 10),), negated=True))
        if char == "^":
            return Assert("line begin" if self.flags.m else "begin")
        if char == "$":
            return Assert("line end" if self.flags.m else "end")
        return self._literal(ord(char))

    def _literal(self, code: int) -> Regex:
        return One(CharSet(((code, code),), fold=self.flags.i))

    def _group(self) -> Regex | None:
        if self.text.startswith("?", self.pos):
            if flags := _FLAGS.match(self.text, self.pos):
                return self._flagged(flags)
            name = _GROUP.match(self.text, self.pos)
            if name is None:
                raise ValueError("lookaround, conditions and the like are not known after (?")
            self.pos = name.end()
        return self._inside()

    def _inside(self) -> Regex:
        self.groups += 1
        if self.groups > _MOST_GROUPS:
            raise ValueError(f"more than {_MOST_GROUPS} groups lie in each other")
        tree = self._choices()
        if not self._skip(")"):
            raise ValueError("a ( is not closed")
        self.groups -= 1
        return tree

    def _flagged(self, found: re.Match[str]) -> Regex | None:
        on, off, end = found.groups()
        if end == ")" and not on and not off:
            raise ValueError("(?) holds nothing")
        self.pos = found.end()
        before = self.flags
        self.flags = replace(
            before, **dict.fromkeys(on, True), **dict.fromkeys((off or "")[1:], False)
        )
        if end == ")":
            return None
        tree = self._inside()
        self.flags = before
        return tree

    def _escape(self) -> Regex:
        self.pos += 1
        char = self.text[self.pos : self.pos + 1]
        if char in _ASSERTS and char:
            self.pos += 1
            return Assert(_ASSERTS[char])
        if char == "Q":
            return self._quoted()
        chars = self._class()
        return One(chars) if chars is not None else self._literal(self._code())

    def _quoted(self) -> Regex:
        end = self.text.find("\\E", self.pos)
        body = self.text[self.pos + 1 : end if end >= 0 else None]
        self.pos = end + 2 if end >= 0 else len(self.text)
        items = [self._literal(ord(char)) for char in body]
        if items:
            items[-1] = self._repeated(items[-1])
        return Row(tuple(items))

    def _class(self) -> CharSet | None:
        """The `\\d` or `\\pL` that stands after the backslash, read over, or None."""
        char = self.text[self.pos : self.pos + 1]
        if char and char in "dDsSwW":
            self.pos += 1
            return CharSet(PERL[char.lower()], negated=char.isupper(), fold=self.flags.i)
        if not char or char not in "pP":
            return None
        found = _CATEGORY.match(self.text, self.pos)
        name = (found.group(2) or found.group(3)) if found else ""
        if found is None or (name not in CATEGORIES and name != "Any"):
            raise ValueError("only general categories are known after \\p, as in \\p{Lu}")
        self.pos = found.end()
        negated = (char == "P") is not bool(found.group(1))
        return CharSet((), ("",) if name == "Any" else (name,), negated=negated, fold=self.flags.i)

    def _code(self) -> int:
        """The code point of the escape that stands after the backslash, read over."""
        char = self.text[self.pos : self.pos + 1]
        if not char:
            raise ValueError("it ends in a single \\")
        if (hexed := _HEX.match(self.text, self.pos)) is not None:
            code = int(hexed.group(1) or hexed.group(2), 16)
            self.pos = hexed.end()
            if code > 0x10FFFF:
                raise ValueError(f"\\{hexed.group()} is no character")
            return code
        if (octal := _OCTAL.match(self.text, self.pos)) is not None:
            self.pos = octal.end()
            return int(octal.group(), 8)
        if char.isdigit():
            raise ValueError(f"references back to a group (\\{char}) are not known")
        if not char.isascii() or (char.isalpha() and char not in _ESCAPES):
            raise ValueError(f"the escape \\{char} is unknown")
        self.pos += 1
        return _ESCAPES.get(char, ord(char))

    def _set(self) -> CharSet:
        self.pos += 1
        negated = self._skip("^")
        ranges: list[Range] = []
        inner: list[CharSet] = []
        first = True
        while first or not self.text.startswith("]", self.pos):
            first = False
            if self.pos >= len(self.text):
                raise ValueError("a [ is not closed")
            known = self._known_set()
            if known is not None:
                inner.append(known)
            else:
                ranges.append(self._range())
        self.pos += 1
        return CharSet(tuple(ranges), (), tuple(inner), negated, self.flags.i)

    def _known_set(self) -> CharSet | None:
        """A `[:alpha:]`, `\\d` or `\\pL` inside brackets."""
        if named := _NAMED.match(self.text, self.pos):
            if named.group(2) not in POSIX:
                raise ValueError(f"the class {named.group()} is unknown")
            self.pos = named.end()
            return CharSet(POSIX[named.group(2)], negated=bool(named.group(1)), fold=self.flags.i)
        if not self.text.startswith("\\", self.pos):
            return None
        self.pos += 1
        known = self._class()
        if known is None:
            self.pos -= 1
        return known

    def _range(self) -> Range:
        low = high = self._set_code()
        following = self.text[self.pos : self.pos + 2]
        if following.startswith("-") and following != "-]" and len(following) == 2:
            self.pos += 1
            high = self._set_code()
            if high < low:
                raise ValueError(f"the range {chr(low)}-{chr(high)} is the wrong way round")
        return low, high

    def _set_code(self) -> int:
        if self.pos >= len(self.text):
            raise ValueError("a [ is not closed")
        char = self.text[self.pos]
        self.pos += 1
        return self._code() if char == "\\" else ord(char)

    def _skip(self, char: str) -> bool:
        found = self.text.startswith(char, self.pos)
        self.pos += found
        return found
