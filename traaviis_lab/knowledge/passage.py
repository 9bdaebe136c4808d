"""What documents are cut into, and what a search finds: plain values."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from traaviis_lab.errors import DefinitionError

MOST_CHUNK = 2_000
Vector = array  # of floats in single precision


class Part(NamedTuple):
    """A stretch of a document under one heading. `place` says where: `line 12`, `cell 3`."""

    heading: str
    text: str
    place: str


class Passage(NamedTuple):
    """A piece of a document that is found as a whole."""

    heading: str
    text: str
    place: str
    tokens: int

    @property
    def whole(self) -> str:
        """The text with what it stands under, which says what it is about."""
        return f"{self.heading}\n{self.text}" if self.heading else self.text


@dataclass(frozen=True, slots=True)
class Document:
    """A text that was read: where it is from, its parts, and what is said of it as fields."""

    source: str
    digest: str
    parts: tuple[Part, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)


class Skipped(NamedTuple):
    """A file that was not read, and why."""

    source: str
    why: str


class Found(NamedTuple):
    """A passage that a search found.

    `score` orders what is found together; `relevance` is the likeness in meaning to the question,
    from 0 to 1, None where only words were looked for.
    """

    id: int
    source: str
    heading: str
    place: str
    text: str
    tokens: int
    fields: Mapping[str, Any]
    score: float
    relevance: float | None = None

    @property
    def whole(self) -> str:
        """The text with what it stands under."""
        return f"{self.heading}\n{self.text}" if self.heading else self.text

    def to_json(self, most: int = 2_000) -> dict[str, Any]:
        """What an effect answers of it; the text is cut after `most` characters."""
        text = self.text if len(self.text) <= most else self.text[: most - 1].rstrip() + "…"
        row: dict[str, Any] = {"source": self.source, "place": self.place}
        if self.heading:
            row["heading"] = self.heading
        row |= {"text": text, "score": round(self.score, 6)}
        if self.relevance is not None:
            row["relevance"] = round(self.relevance, 6)
        return row | ({"fields": dict(self.fields)} if self.fields else {})


@dataclass(frozen=True, slots=True)
class Chunk:
    """How documents are cut: `tokens` in a passage at most, `overlap` of them said again.

    Raises `DefinitionError` for numbers that leave no passage.
    """

    tokens: int = 200
    overlap: int = 30

    def __post_init__(self) -> None:
        """Check the numbers."""
        whole = type(self.tokens) is int and type(self.overlap) is int
        if not whole or not 16 <= self.tokens <= MOST_CHUNK:
            raise DefinitionError(
                f"Passages of {self.tokens!r} tokens cannot be made.",
                hint=f"chunk is a whole number from 16 to {MOST_CHUNK:,}.",
            )
        if not 0 <= self.overlap <= self.tokens // 2:
            raise DefinitionError(
                f"An overlap of {self.overlap!r} tokens does not fit passages of {self.tokens}.",
                hint=f"From 0 to {self.tokens // 2}: half a passage.",
            )

    def __str__(self) -> str:
        return f"{self.tokens} tokens, {self.overlap} of overlap"


def whole(text: str) -> str:
    """The text without halves of characters, which nothing but Python can hold."""
    return text if text.isascii() else text.encode(errors="replace").decode()
