"""All the knowledge of one lab, by name: opened when it is first needed, closed with the lab."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from traaviis_lab.errors import DefinitionError, EffectError, LabError

from .embedder import Embedder, embedder_named, usual_embedder
from .passage import Chunk, Skipped

if TYPE_CHECKING:
    from .indexing import Changes, Load, Progress
    from .knowledge import Knowledge
    from .store import Body, Store

_NAME = re.compile(r"[^\W_][\w.:-]{0,99}")


class Library:
    """Bodies of knowledge by name. Its methods may be called from any thread, and take their time.

    Args:
        path: the DuckDB file; None: in memory.
        now: microseconds since 1970.
    """

    def __init__(self, path: str | None, now: Callable[[], int]) -> None:
        self.path, self._now = path, now
        self._guard = threading.RLock()
        self._store: Store | None = None
        self._closed = False
        self._bodies: dict[str, Body] = {}
        self._embedders: dict[int, Embedder] = {}
        self._own: dict[str, Embedder] = {}
        self._texts: dict[str, Mapping[str, str]] = {}
        self.changes: dict[str, Changes] = {}
        self.readers: dict[str, frozenset[str]] = {}  # who may look, where not everybody may

    def names(self, tenant: str | None = None) -> list[str]:
        """The names of all knowledge here, or of that which a tenant may look into."""
        if tenant is not None:
            listed = self.names()
            return [one for one in listed if tenant in self.readers.get(one, (tenant,))]
        with self._guard:
            if self._store is None and not self._is_there and not self._closed:
                return []
            _ = self.store
            return sorted(self._bodies)

    def find(self, name: str, tenant: str | None = None) -> Knowledge:
        """The knowledge of a name. Raises `EffectError` where there is none for this tenant."""
        from .knowledge import Knowledge

        if name not in (known := self.names(tenant)):
            told = f"Known here: {', '.join(known)}." if known else "There is none here yet."
            raise EffectError(
                f"There is no knowledge {name!r} here.",
                hint=f"lab.knowledge('docs/', name={name!r}) reads a folder of documents. {told}",
            )
        return Knowledge(self, name)

    def put(
        self,
        source: Path | Mapping[str, str],
        name: str,
        chunk: Chunk | None = None,
        embedder: str | Embedder | None = None,
        progress: Progress | None = None,
    ) -> Knowledge:
        """Read documents in, or what changed of them since; answers when they can be found.

        Raises `DefinitionError` for a name that stands for something else, or no documents.
        """
        from .knowledge import Knowledge

        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise DefinitionError(
                f"{name!r} cannot be the name of knowledge.",
                hint="Letters, digits, '.', ':', '-' and '_', beginning with one of the first two: "
                "lab.knowledge('docs/', name='manuals').",
            )
        texts = source if isinstance(source, Mapping) else None
        origin = "" if texts is not None else str(source)
        with self.store.writing():
            known = self._bodies.get(name)
            _check_origin(name, known, origin)
            loads, skipped = _loads(source)
            one = self._embedder(embedder, known)
            cut = chunk or (known.chunk if known else Chunk())
            self._index(known, _blank(name, origin, cut, one), one, loads, skipped, progress)
            if texts is not None:
                self._texts[name] = dict(texts)
            return Knowledge(self, name)

    def update(self, name: str, progress: Progress | None = None) -> None:
        """Read again what changed since. Raises `DefinitionError` where the source is gone."""
        body = self.body(name)
        source = Path(body.origin) if body.origin else self._texts.get(name)
        if source is None:
            raise DefinitionError(
                f"The knowledge {name!r} was handed in as texts, and those are not kept.",
                hint=f"lab.knowledge({{'doors.md': '...'}}, name={name!r}) hands them in again.",
            )
        self.put(source, name, progress=progress)

    def remove(self, name: str) -> None:
        """Forget the knowledge of a name; the documents themselves stay where they are."""
        with self.store.writing():
            self.store.remove(self.body(name))
            self._bodies = self.store.bodies()
            self._texts.pop(name, None)
            self.changes.pop(name, None)

    def body(self, name: str) -> Body:
        """What is kept under a name. Raises `EffectError` where there is nothing."""
        with self._guard:
            _ = self.store
            if name not in self._bodies:
                return self.find(name).body  # which raises
            return self._bodies[name]

    def embedder(self, body: Body) -> Embedder:
        """The embedder that this body's vectors are of. Raises `NotInstalled` if it is missing."""
        with self._guard:
            found = self._embedders.get(body.id)
            if found is None:
                found = self._own.get(body.embedder) or embedder_named(body.embedder, body.state)
                self._embedders[body.id] = found
            return found

    @property
    def store(self) -> Store:
        """Where it is all kept.

        Raises `JournalLocked` where another process has the file, `LabError` when it is closed.
        """
        with self._guard:
            if self._closed:
                raise LabError(
                    "This knowledge was closed with its lab.", hint="Open it again: Lab(path)."
                )
            if self._store is None:
                from .store import Store

                self._store = Store(self.path)
                self._bodies = self._store.bodies()
            return self._store

    def close(self) -> None:
        """Close the file, for good. Closing twice does nothing."""
        with self._guard:
            self._closed = True
            opened, self._store = self._store, None
            self._bodies, self._embedders = {}, {}
            if opened is not None:
                opened.close()

    @property
    def _is_there(self) -> bool:
        return self.path is not None and Path(self.path).exists()

    def _embedder(self, wanted: str | Embedder | None, known: Body | None) -> Embedder:
        if wanted is None:
            return self.embedder(known) if known is not None else usual_embedder()
        if isinstance(wanted, str):
            return embedder_named(wanted)
        _check_embedder(wanted)
        self._own[wanted.name] = wanted
        return wanted

    def _index(
        self,
        known: Body | None,
        blank: Body,
        embedder: Embedder,
        loads: Sequence[Load],
        skipped: Sequence[Skipped],
        progress: Progress | None,
    ) -> None:
        from .indexing import Indexing

        same = known is not None and _recipe(known) == _recipe(blank)
        body = known._replace(origin=blank.origin) if known is not None and same else blank
        if same:
            embedder = self.embedder(body)
        work = Indexing(
            self.store, body, embedder, fresh=not same, first=known is None, progress=progress
        )
        work.changes.skipped.extend(skipped)
        try:
            body, embedder = work.run(loads, self._now())
            if work.is_outgrown:
                again = Indexing(self.store, body, embedder, fresh=True, progress=progress)
                again.changes.skipped.extend(skipped)
                body, embedder = again.run(loads, self._now())
                work.changes.embedded = again.changes.embedded
        finally:
            self._bodies = self.store.bodies()
            alive = {one.id for one in self._bodies.values()}
            self.store.drop_all_but(alive)
            self._embedders = {n: one for n, one in self._embedders.items() if n in alive}
        self._embedders[body.id] = embedder
        self.changes[body.name] = work.changes


def _blank(name: str, origin: str, chunk: Chunk, embedder: Embedder) -> Body:
    from .store import Body

    return Body(0, name, origin, chunk, embedder.name, embedder.size, b"", 0, 0)


def _recipe(body: Body) -> tuple[object, ...]:
    """What vectors and passages depend on beside the documents."""
    return body.chunk, body.embedder, body.size


def _loads(source: Path | Mapping[str, str]) -> tuple[list[Load], Sequence[Skipped]]:
    from .finding import find, read_bytes, texts_as_bytes
    from .indexing import Load

    if isinstance(source, Mapping):
        handed = dict(texts_as_bytes(source))
        return [Load(one, partial(handed.__getitem__, one)) for one in sorted(handed)], ()
    found = find(source)
    return [Load(one.source, partial(read_bytes, one)) for one in found.files], found.skipped


def _check_origin(name: str, known: Body | None, origin: str) -> None:
    """Two folders of one name would take each other's documents out."""
    if known is None or known.origin == origin:
        return
    if known.origin and not Path(known.origin).exists():
        return  # it was moved
    was = known.origin or "texts that were handed in"
    raise DefinitionError(
        f"The knowledge {name!r} is of {was}, and not of {origin or 'texts'}.",
        hint="Give this one a name of its own: name='...'; or lab.knowledge(name=...).remove().",
    )


def _check_embedder(one: object) -> None:
    name, size = getattr(one, "name", None), getattr(one, "size", None)
    wants = isinstance(name, str) and name and type(size) is int and 1 <= size <= 8_192
    if not wants or not callable(getattr(one, "embed", None)):
        raise DefinitionError(
            f"{one!r} is no embedder.",
            hint="'minilm', 'char-tfidf', or an object with name, size (1 to 8,192), state, "
            "learned(texts) and embed(texts).",
        )
    if not hasattr(one, "state") or not hasattr(one, "learned"):
        raise LabError(
            f"The embedder {name!r} has no state or no learned(texts).",
            hint="state = b'' and a learned(texts) that answers self do.",
        )
