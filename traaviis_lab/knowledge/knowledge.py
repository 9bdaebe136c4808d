"""A body of knowledge: documents that were read in, and the questions one may ask of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any, Literal, get_args

from traaviis_lab.errors import DefinitionError, JournalError
from traaviis_lab.models.counting import count_text

from .approximate import is_worth_it, nearest
from .embedder import CHAR_TFIDF
from .filtering import check_filter, fits
from .indexing import Changes, Progress
from .passage import Found, Skipped, Vector, whole
from .ranking import compressed, reranked
from .searching import Ranking, by_meaning, by_words, fused, passages_of

if TYPE_CHECKING:
    import pandas as pd

    from .library import Library
    from .store import Body

How = Literal["both", "meaning", "words"]
CANDIDATES = 20
"""How many passages each of the two searches brings at least, before they are put together."""
COLUMNS = ("source", "place", "heading", "text", "score", "relevance")


class Knowledge:
    """Documents that can be searched, under a name. As the last value of a cell: what it holds.

    `lab.knowledge("docs/")` makes one, and brings it up to date.
    """

    def __init__(self, library: Library, name: str) -> None:
        self._library, self.name = library, name

    @property
    def body(self) -> Body:
        """What is kept of it."""
        return self._library.body(self.name)

    @property
    def embedder(self) -> str:
        """The name of what makes its vectors; `char-tfidf` knows letters, and no meanings."""
        return self.body.embedder

    @property
    def documents(self) -> int:
        """How many documents it holds."""
        return self._library.store.sizes(self.body)[0]

    @property
    def passages(self) -> int:
        """How many passages its documents were cut into."""
        return self._library.store.sizes(self.body)[1]

    @property
    def indexed(self) -> datetime | None:
        """When it was last brought up to its documents; None where that was cut off."""
        return (
            None if not self.body.indexed else datetime.fromtimestamp(self.body.indexed / 1e6, UTC)
        )

    @property
    def changes(self) -> Changes | None:
        """What was done then; None where that was in another process."""
        return self._library.changes.get(self.name)

    @property
    def skipped(self) -> list[Skipped]:
        """The files that were left out, and why."""
        return [Skipped(*one) for one in self.body.skipped]

    def update(self, progress: Progress | None = None) -> Knowledge:
        """Read in what changed in the documents since; answers itself.

        Raises `DefinitionError` where the folder is gone.
        """
        self._library.update(self.name, progress)
        return self

    def remove(self) -> None:
        """Forget all of it. The documents themselves stay where they are."""
        self._library.remove(self.name)

    def search(
        self,
        question: str,
        top: int = 5,
        *,
        how: How = "both",
        filter: Mapping[str, Any] | None = None,
        rerank: bool = False,
    ) -> pd.DataFrame:
        """The passages that fit a question best, a row each; see `find`."""
        import pandas as pd

        found = self.find(question, top, how=how, filter=filter, rerank=rerank)
        rows = [[getattr(one, column) for column in COLUMNS] for one in found]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def find(
        self,
        question: str,
        top: int = 5,
        *,
        how: How = "both",
        filter: Mapping[str, Any] | None = None,
        rerank: bool = False,
    ) -> list[Found]:
        """The passages that fit a question best, the best first.

        Args:
            question: what is looked for.
            top: how many at most.
            how: by what it means, by its words, or both and fused by their ranks.
            filter: what fields must be: `source` (`*` stands for any letters), `suffix`, those
                of front matter.
            rerank: put them in order by their best sentences; takes longer.

        Raises `DefinitionError` for what cannot be searched for.
        """
        text = _question(question)
        _check(how, top, {} if filter is None else filter)
        return self._asked(lambda body: self._find(body, text, top, how, filter or {}, rerank))

    def near(
        self, query: str | Sequence[float], top: int = 5, filter: Mapping[str, Any] | None = None
    ) -> list[Found]:
        """The passages nearest to a text or a vector, the nearest first.

        Raises `DefinitionError` for a vector of another size than this knowledge's.
        """
        if isinstance(query, str):
            return self.find(query, top, how="meaning", filter=filter)
        _check("meaning", top, {} if filter is None else filter)

        def look(body: Body) -> list[Found]:
            vector = _unit(query, body)
            ranking = self._by_meaning(body, vector, top, self._sources(body, filter or {}))
            return passages_of(self._library.store, body, ranking, vector)

        return self._asked(look)

    def compress(self, question: str, found: Sequence[Found], tokens: int) -> list[Found]:
        """Passages cut down to a number of tokens in all, to what the question is about."""
        embedder = self._library.embedder(self.body)
        return compressed(_question(question), found, tokens, embedder, count_text)

    @property
    def how_searched(self) -> str:
        """`exact`: a question is compared with every passage; `approximate` beyond 100,000."""
        return "approximate" if is_worth_it(self.passages) else "exact"

    def _asked(self, look: Callable[[Body], list[Found]]) -> list[Found]:
        """What is found; looked for again where all was made anew meanwhile."""
        while True:
            body = self.body
            try:
                return look(body)
            except JournalError:
                if self.body.id == body.id:
                    raise

    def _find(
        self,
        body: Body,
        text: str,
        top: int,
        how: How,
        filter: Mapping[str, Any],
        rerank: bool,
    ) -> list[Found]:
        store, embedder = self._library.store, self._library.embedder(body)
        sources = self._sources(body, filter)
        many = max(CANDIDATES, 4 * top) if how == "both" or rerank else top
        looked_at = max(2 * top, 8) if rerank else top
        vector = embedder.embed([text])[0] if how != "words" or rerank else None
        rankings: list[Ranking] = []
        if vector is not None and how != "words":
            rankings.append(self._by_meaning(body, vector, many, sources))
        if how != "meaning":
            rankings.append(by_words(store, body, text, many, sources))
        ranking = fused(*rankings) if how == "both" else rankings[0]
        found = passages_of(store, body, ranking[:looked_at], vector)
        return reranked(text, found, embedder)[:top] if rerank else found

    def _by_meaning(
        self, body: Body, vector: Vector[float], top: int, sources: Sequence[str] | None
    ) -> Ranking:
        store = self._library.store
        if sources is None and is_worth_it(store.sizes(body)[1]):
            return nearest(store, body, vector, top)
        return by_meaning(store, body, vector, top, sources)

    def _sources(self, body: Body, filter: Mapping[str, Any]) -> list[str] | None:
        """The documents that a filter lets through; None: all of them."""
        if not filter:
            return None
        documents = self._library.store.documents(body)
        return [source for source, (_, fields) in documents.items() if fits(source, fields, filter)]

    def __repr__(self) -> str:
        body = self.body
        documents, passages, _ = self._library.store.sizes(body)
        left = f", {len(body.skipped)} files left out" if body.skipped else ""
        return (
            f"<Knowledge {self.name}: {_many(documents, 'document')}, "
            f"{_many(passages, 'passage')}, {body.embedder}{left}>"
        )

    def _repr_html_(self) -> str:
        body = self.body
        documents, passages, _ = self._library.store.sizes(body)
        by = f"{body.embedder}, by letters and not by meaning" * (body.embedder == CHAR_TFIDF)
        rows = {
            "documents": f"{documents:,}",
            "passages": f"{passages:,} of up to {body.chunk}",
            "of": body.origin or "texts that were handed in",
            "embedder": by or body.embedder,
            "search": self.how_searched,
            "indexed": f"{self.indexed:%Y-%m-%d %H:%M:%S} UTC" if self.indexed else "not through",
            "last": str(self.changes or ""),
            "left out": "; ".join(f"{one.source}: {one.why}" for one in self.skipped[:10]),
        }
        cells = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>"
            for name, value in rows.items()
            if value
        )
        return f"<table><caption>Knowledge <b>{escape(self.name)}</b></caption>{cells}</table>"


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _question(text: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise DefinitionError(
            f"{text!r} is nothing to look for.", hint="knowledge.search('How do I open it?')"
        )
    return whole(text)


def _check(how: str, top: int, filter: Mapping[str, Any]) -> None:
    if how not in get_args(How):
        raise DefinitionError(
            f"how={how!r} is no way to search.", hint=f"One of: {', '.join(get_args(How))}."
        )
    if type(top) is not int or not 1 <= top <= 10_000:
        raise DefinitionError(
            f"top={top!r} is no number of passages.", hint="A whole number from 1 to 10,000."
        )
    check_filter(filter)


def _unit(query: Sequence[float], body: Body) -> Vector[float]:
    """A vector of length 1, as those of the passages are."""
    try:
        numbers = [float(one) for one in query]
    except (TypeError, ValueError):
        raise DefinitionError(
            f"{query!r:.100} is neither a text nor a vector.", hint="A vector is a list of numbers."
        ) from None
    if len(numbers) != body.size:
        raise DefinitionError(
            f"The vector has {len(numbers)} numbers; those of {body.name!r} have {body.size}.",
            hint=f"Make it with the same embedder: embed_text(model={body.embedder!r}).",
        )
    length = sqrt(sum(one * one for one in numbers))
    if not isfinite(length) or not length:
        raise DefinitionError(
            "The vector has no direction.", hint="Its numbers are finite, and not all 0."
        )
    return Vector("f", [one / length for one in numbers])
