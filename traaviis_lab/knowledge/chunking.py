"""Cut the parts of a document into passages of a size, at paragraphs, sentences or words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from .passage import Chunk, Part, Passage

Counter = Callable[[str], int]
_BLANK = re.compile(r"\n[ \t]*\n\s*")
_SENTENCE = re.compile(r"(?<=[.!?;:。！？])(?:[\"'”’)\]]*)\s+|\n+")
_WORD = re.compile(r"\s+")
_LETTERS = 200  # a "word" may be as long as a file that has no blanks


def passages_of(parts: Sequence[Part], chunk: Chunk, count: Counter) -> list[Passage]:
    """The passages of a document, in its order. None is larger than `chunk.tokens`.

    Where a part becomes several, each but the first begins with the last sentences of the one
    before it, as far as they fit into `chunk.overlap`.
    """
    return [one for part in parts for one in _cut(part, chunk, count)]


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, as far as one can tell them apart by their marks and line ends."""
    return [one for piece in _SENTENCE.split(text) if (one := piece.strip())]


def _cut(part: Part, chunk: Chunk, count: Counter) -> Iterator[Passage]:
    heading = _fitting(part.heading, chunk.tokens // 4, count)
    room = chunk.tokens - (count(heading + "\n") if heading else 0)
    whole = part.text.strip()
    if not whole:
        return
    if (tokens := count(whole)) <= room:
        yield Passage(heading, whole, part.place, tokens)
        return
    pieces: list[tuple[str, str]] = []  # the piece, and what stands before it
    for piece in _pieces(whole, room, count):
        joined = _joined([*pieces, piece])
        if pieces and count(joined) > room:
            yield _passage(heading, pieces, part.place, count)
            pieces = _tail(pieces, piece, room, chunk.overlap, count)
        pieces.append(piece)
    if pieces:
        yield _passage(heading, pieces, part.place, count)


def _passage(
    heading: str, pieces: Sequence[tuple[str, str]], place: str, count: Counter
) -> Passage:
    text = _joined(pieces)
    return Passage(heading, text, place, count(text))


def _joined(pieces: Sequence[tuple[str, str]]) -> str:
    return "".join(before * bool(n) + text for n, (text, before) in enumerate(pieces))


def _tail(
    pieces: Sequence[tuple[str, str]],
    following: tuple[str, str],
    room: int,
    overlap: int,
    count: Counter,
) -> list[tuple[str, str]]:
    """The last pieces that fit into the overlap, and with what follows into a passage."""
    kept: list[tuple[str, str]] = []
    for piece in reversed(pieces):
        longer = [piece, *kept]
        if count(_joined(longer)) > overlap or count(_joined([*longer, following])) > room:
            break
        kept = longer
    return kept


def _pieces(text: str, room: int, count: Counter) -> Iterator[tuple[str, str]]:
    """What a part is put together from: sentences, and of those that are too long, words."""
    for paragraph in _BLANK.split(text):
        before = "\n\n"
        for sentence, gap in _with_gaps(_SENTENCE, paragraph.strip("\n")):
            for words in _short(sentence, room, count):
                yield words, before
                before = " "
            before = gap


def _with_gaps(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, str]]:
    """The pieces that a pattern separates, each with what stands behind it."""
    begin = 0
    for found in pattern.finditer(text):
        marks = found.group().rstrip()  # closing quotes belong to the sentence
        piece = text[begin : found.start()] + marks
        if piece.strip():
            yield piece, "\n" if "\n" in found.group() else " "
        begin = found.end()
    if text[begin:].strip():
        yield text[begin:], " "


def _short(sentence: str, room: int, count: Counter) -> Iterator[str]:
    """The sentence, or where it is too long, stretches of it that are not."""
    if count(sentence) <= room:
        yield sentence
        return
    words = [
        word[at : at + _LETTERS]
        for word in _WORD.split(sentence.strip())
        for at in range(0, len(word), _LETTERS)
    ]
    yield from _stretches(words, room, count)


def _stretches(words: Sequence[str], room: int, count: Counter) -> Iterator[str]:
    """Words in rows that fit; a word that does not fit by itself is halved until it does."""
    row: list[str] = []
    size = 0
    for word in words:
        tokens = count(f" {word}")
        if tokens > room and len(word) > 1:
            if row:
                yield " ".join(row)
            row, size = [], 0
            half = len(word) // 2
            yield from _stretches([word[:half], word[half:]], room, count)
            continue
        if row and size + tokens > room:
            yield " ".join(row)
            row, size = [], 0
        row.append(word)
        size += tokens
    if row:
        yield " ".join(row)


def _fitting(heading: str, room: int, count: Counter) -> str:
    """A heading short enough to stand over each passage; its end says most."""
    while heading and count(heading) > room:
        _, found, rest = heading.partition(" > ")
        heading = rest if found else heading[: len(heading) // 2].rstrip()
    return heading
