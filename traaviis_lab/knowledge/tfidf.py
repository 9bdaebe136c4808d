"""Vectors of character n-grams, weighted by how rare they are: needs nothing, knows no meanings."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import log, sqrt
from zlib import crc32

from .embedder import CHAR_TFIDF
from .passage import Vector
from .words import words_of

SIZE = 2_048
GRAMS = (3, 4)


class CharTfidf:
    """TF-IDF of the three- and four-letter stretches of words, hashed into `SIZE` places.

    How rare each place is, it learns from a body of texts; before that all are alike.
    """

    name = CHAR_TFIDF
    size = SIZE

    def __init__(self, state: bytes = b"") -> None:
        self.state = state
        self._rarity = array("f", state) if state else array("f", [1.0]) * SIZE

    def learned(self, texts: Iterable[str]) -> CharTfidf:
        """The embedder that knows how rare each place is in these texts."""
        held, number = [0] * SIZE, 0
        for text in texts:
            number += 1
            for place in {place for word in set(words_of(text)) for place, _ in _grams(word)}:
                held[place] += 1
        return CharTfidf(array("f", [1 + log((1 + number) / (1 + n)) for n in held]).tobytes())

    def embed(self, texts: Sequence[str]) -> list[Vector[float]]:
        """A vector for each text; one without letters is all zeros, like nothing."""
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> Vector[float]:
        counts: Counter[tuple[int, int]] = Counter()
        for word, times in Counter(words_of(text)).items():
            for gram in _grams(word):
                counts[gram] += times
        made = array("f", bytes(4 * SIZE))
        for (place, sign), times in counts.items():
            made[place] += sign * (1 + log(times)) * self._rarity[place]
        length = sqrt(sum(one * one for one in made))
        return array("f", [one / length for one in made]) if length else made


@lru_cache(maxsize=50_000)
def _grams(word: str) -> tuple[tuple[int, int], ...]:
    """The places of a word's stretches, each with the sign that lets collisions cancel out."""
    framed = f" {word} "
    found = []
    for size in GRAMS:
        for at in range(max(1, len(framed) - size + 1)):
            number = crc32(framed[at : at + size].encode())
            found.append((number % SIZE, 1 if number & 0x80000000 else -1))
    return tuple(found)
