"""Which characters one step of a regular expression takes: ranges, classes, categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias
from unicodedata import category

Range: TypeAlias = tuple[int, int]

_DIGIT: Final[tuple[Range, ...]] = ((0x30, 0x39),)
_LOWER: Final[tuple[Range, ...]] = ((0x61, 0x7A),)
_UPPER: Final[tuple[Range, ...]] = ((0x41, 0x5A),)
_WORD: Final[tuple[Range, ...]] = (*_DIGIT, *_UPPER, (0x5F, 0x5F), *_LOWER)
PERL: Final[dict[str, tuple[Range, ...]]] = {
    "d": _DIGIT,
    "w": _WORD,
    "s": ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20)),
}
POSIX: Final[dict[str, tuple[Range, ...]]] = {
    "alnum": (*_DIGIT, *_UPPER, *_LOWER),
    "alpha": (*_UPPER, *_LOWER),
    "ascii": ((0x00, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": _DIGIT,
    "graph": ((0x21, 0x7E),),
    "lower": _LOWER,
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": _UPPER,
    "word": _WORD,
    "xdigit": (*_DIGIT, (0x41, 0x46), (0x61, 0x66)),
}
CATEGORIES: Final = frozenset(
    {
        "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn",
        "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps",
        "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
    }
)  # fmt: skip
_KIN: Final = {"s": "\u017f", "k": "\u212a", "\u00e5": "\u212b", "\u03bc": "\u00b5"}
_ALONE: Final = frozenset("\u0130\u0131")


@dataclass(frozen=True, slots=True)
class CharSet:
    """A set of characters: those of the ranges, categories and inner sets, or all others."""

    ranges: tuple[Range, ...] = ()
    categories: tuple[str, ...] = ()
    inner: tuple[CharSet, ...] = ()
    negated: bool = False
    fold: bool = False

    def __contains__(self, char: str) -> bool:
        """Whether the set has the character, in either case where it folds."""
        chars = _kin(char) if self.fold else (char,)
        return any(self._has(one) for one in chars) is not self.negated

    def _has(self, char: str) -> bool:
        code = ord(char)
        if any(low <= code <= high for low, high in self.ranges):
            return True
        if self.categories and category(char).startswith(self.categories):
            return True
        return any(char in other for other in self.inner)


def _kin(char: str) -> set[str]:
    """The character and those that differ from it in case only."""
    if char in _ALONE:
        return {char}
    upper = char.upper()
    fold = (upper if len(upper) == 1 else char).lower()
    fold = fold if len(fold) == 1 else char
    forms = (char, char.lower(), upper, fold, fold.upper(), fold.title(), _KIN.get(fold, char))
    return {form for form in forms if len(form) == 1}
