"""Bring a body of knowledge up to its documents: only what changed is read into it again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from traaviis_lab.models.counting import count_text

from .chunking import passages_of
from .embedder import Embedder
from .passage import Document, Skipped
from .reading import read
from .store import Body, Entry, Store
from .words import terms_of

BATCH = 256
"""Passages that are written in one transaction, or those of one document if it has more."""
Progress = Callable[[int, int], None]


class Load(NamedTuple):
    """A document to be: its name, and how its bytes are come by."""

    source: str
    bytes: Callable[[], bytes | Skipped]


@dataclass(slots=True)
class Changes:
    """What was done to bring a body of knowledge up to its documents."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    same: int = 0
    embedded: int = 0  # passages that were turned into vectors
    skipped: list[Skipped] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.added} added, {self.changed} changed, {self.removed} removed, "
            f"{self.same} as they were"
        )


class Indexing:
    """One bringing up to date of one body.

    `fresh`: nothing of what is there is kept. `first`: there is nothing, so that the name stands
    for it from the beginning, and what is cut off is gone on with.
    """

    def __init__(
        self,
        store: Store,
        body: Body,
        embedder: Embedder,
        *,
        fresh: bool,
        first: bool = False,
        progress: Progress | None,
    ) -> None:
        self.store, self.body, self.embedder = store, body, embedder
        self.fresh, self.first = fresh, first
        self.progress, self.changes = progress, Changes()

    def run(self, loads: Sequence[Load], now: int) -> tuple[Body, Embedder]:
        """Do it. Until it is through, the name stands for what was there before, if anything."""
        known = {} if self.fresh else self.store.documents(self.body)
        todo, gone = self._look(loads, {source: one[0] for source, one in known.items()})
        if self.fresh:
            self.embedder = self.embedder.learned(self._texts(todo))
            self.body = self.store.make(self.body._replace(state=self.embedder.state))
            if self.first:
                self.store.keep(self.body)
        unreadable = self._write(todo, known)
        gone += [source for source in unreadable if source in known]
        self.changes.removed = len(gone)
        if gone:
            self.store.replace(self.body, (), gone)
        _, passages, _ = self.store.sizes(self.body)
        learned = passages if self.fresh else self.body.learned_from
        skipped = tuple((one.source, one.why) for one in sorted(self.changes.skipped))
        self.body = self.body._replace(learned_from=learned, indexed=now, skipped=skipped)
        self.store.keep(self.body)
        return self.body, self.embedder

    @property
    def is_outgrown(self) -> bool:
        """Whether the embedder learned from a body much smaller or larger than this one is now."""
        _, passages, _ = self.store.sizes(self.body)
        learned = self.body.learned_from
        return (
            bool(self.body.state) and not self.fresh and not learned / 2 <= passages <= learned * 2
        )

    def _look(self, loads: Sequence[Load], known: dict[str, str]) -> tuple[list[Load], list[str]]:
        """What has to be read again, and what is gone."""
        todo, seen = [], set()
        for load in loads:
            data = load.bytes()
            if isinstance(data, Skipped):
                self.changes.skipped.append(data)
                continue
            seen.add(load.source)
            if known.get(load.source) == sha256(data).hexdigest():
                self.changes.same += 1
            else:
                todo.append(load)
        return todo, [source for source in known if source not in seen]

    def _write(self, todo: Sequence[Load], known: Collection[str]) -> list[str]:
        """Read, cut, embed and write; answers the sources that are no documents after all."""
        unreadable, entries, waiting = [], list[Entry](), 0
        for number, load in enumerate(todo, 1):
            document = _document(load)
            if isinstance(document, Skipped):
                self.changes.skipped.append(document)
                unreadable.append(load.source)
            else:
                entries.append(self._entry(document))
                waiting += len(entries[-1].passages)
                is_known = load.source in known
                self.changes.changed += is_known
                self.changes.added += not is_known
            if waiting >= BATCH or number == len(todo):
                old = [entry.source for entry in entries if entry.source in known]
                self.store.replace(self.body, entries, old)
                entries, waiting = [], 0
            if self.progress is not None:
                self.progress(number, len(todo))
        return unreadable

    def _entry(self, document: Document) -> Entry:
        passages = passages_of(document.parts, self.body.chunk, count_text)
        vectors = self.embedder.embed([one.whole for one in passages])
        self.changes.embedded += len(passages)
        terms = [terms_of(one.whole) for one in passages]
        return Entry(document.source, document.digest, document.fields, passages, terms, vectors)

    def _texts(self, todo: Sequence[Load]) -> Iterator[str]:
        """Every passage that will be, for an embedder to learn from."""
        for load in todo:
            document = _document(load)
            if isinstance(document, Document):
                for one in passages_of(document.parts, self.body.chunk, count_text):
                    yield one.whole


def _document(load: Load) -> Document | Skipped:
    data = load.bytes()
    return data if isinstance(data, Skipped) else read(load.source, data)
