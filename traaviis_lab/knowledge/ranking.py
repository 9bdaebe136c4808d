"""Put found passages into a better order, and leave of them what a question is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import mul

from .chunking import sentences_of
from .embedder import Embedder
from .passage import Found, Vector
from .words import words_of

MEANING, WORDS = 0.7, 0.3
"""What the likeness of the best sentence counts, and the share of the question's words."""
MOST_SENTENCES = 3
"""Sentences of a passage that are looked at: those with most words of the question."""
_LEAST_LETTERS = 4


def reranked(question: str, found: Sequence[Found], embedder: Embedder) -> list[Found]:
    """The passages by their best sentence, and by how many words of the question they hold.

    A passage's own vector says what it is about on the whole; the answer may be in one sentence.
    """
    asked = embedder.embed([question])[0]
    wanted = {word for word in words_of(question) if len(word) >= _LEAST_LETTERS}
    scored = []
    for one in found:
        parts = sorted(sentences_of(one.text), key=lambda part: -len(wanted & set(words_of(part))))
        best = max(_dot(asked, v) for v in embedder.embed(parts[:MOST_SENTENCES] or [one.text]))
        held = len(wanted & set(words_of(one.whole))) / len(wanted) if wanted else 0.0
        best = max(best, one.relevance or 0.0)
        scored.append(one._replace(score=MEANING * best + WORDS * held))
    return sorted(scored, key=lambda one: (-one.score, one.id))


def compressed(
    question: str,
    found: Sequence[Found],
    tokens: int,
    embedder: Embedder,
    count: Callable[[str], int],
) -> list[Found]:
    """The passages within a number of tokens: whole if they fit, else their best sentences.

    Sentences stay in their order, with `…` where some are left out; a passage of which none is
    left is left out. Passages far beyond the limit are not looked at.
    """
    if sum(count(one.whole) for one in found) <= tokens:
        return list(found)
    near, size = [], 0
    for one in found:
        if size > 2 * tokens:
            break
        near.append(one)
        size += one.tokens
    asked = embedder.embed([question])[0]
    rows = [
        (_dot(asked, vector), number, at, sentence)
        for number, one in enumerate(near)
        for sentences in [sentences_of(one.text)]
        for at, (sentence, vector) in enumerate(
            zip(sentences, embedder.embed(sentences), strict=True)
        )
    ]
    kept = _within(rows, near, tokens, count)
    return [
        one._replace(text=text, tokens=count(text))
        for number, one in enumerate(near)
        if (text := _text(kept.get(number, {}), len(sentences_of(one.text))))
    ]


def _dot(one: Vector[float], other: Vector[float]) -> float:
    return float(sum(map(mul, one, other)))


def _within(
    rows: list[tuple[float, int, int, str]],
    near: Sequence[Found],
    tokens: int,
    count: Callable[[str], int],
) -> dict[int, dict[int, str]]:
    """The best sentences that fit together, by passage and place."""
    kept: dict[int, dict[int, str]] = {}
    left = tokens
    for _, number, at, sentence in sorted(rows, key=lambda row: (-row[0], row[1], row[2])):
        heading = 0 if number in kept else count(near[number].heading + "\n")
        needed = count(sentence) + 2 + heading  # a gap may stand beside it
        if needed <= left:
            kept.setdefault(number, {})[at] = sentence
            left -= needed
    return kept


def _text(kept: dict[int, str], number: int) -> str:
    """The sentences in their order, with marks for the gaps."""
    text, before = "", -1
    for at, sentence in sorted(kept.items()):
        text += (" … " if text else "… ") * (at != before + 1) or " " * bool(text)
        text += sentence
        before = at
    return text + " …" * bool(text and before != number - 1)
