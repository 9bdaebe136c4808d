"""The words of a text, as they are looked for: folded, without marks, in any script."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from hashlib import blake2b

MOST_LETTERS = 64
_WORD = re.compile(r"[^\W_]+")
# Scripts that put no blanks between words: Thai, kana, Han; looked for by pairs of signs.
_DENSE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")


def words_of(text: str) -> list[str]:
    """The words of a text in order, in small letters and without accents."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    plain = (
        "".join(c for c in folded if not unicodedata.combining(c)) if not text.isascii() else folded
    )
    found: list[str] = []
    for word in _WORD.findall(plain):
        if word.isascii() or not _DENSE.search(word):
            found.append(word[:MOST_LETTERS])
        else:
            found += _pairs(word)
    return found


@lru_cache(maxsize=50_000)
def number_of(word: str) -> int:
    """A word as a number of 64 bits, the same in every process."""
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little")


def _pairs(word: str) -> list[str]:
    found: list[str] = []
    end = 0
    for stretch in _DENSE.finditer(word):
        if before := word[end : stretch.start()]:
            found.append(before[:MOST_LETTERS])
        signs = stretch.group()
        found += [signs[at : at + 2] for at in range(max(1, len(signs) - 1))]
        end = stretch.end()
    return found + ([word[end : end + MOST_LETTERS]] if word[end:] else [])


def terms_of(text: str) -> dict[int, int]:
    """How often each word is in a text, the words as numbers."""
    return dict(Counter(map(number_of, words_of(text))))
