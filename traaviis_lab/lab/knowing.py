"""The part of the lab that reads documents in, to be searched by effects and by hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from traaviis_lab.errors import DefinitionError
from traaviis_lab.runtime.ids import check_tenant

if TYPE_CHECKING:
    import pandas as pd

    from traaviis_lab.knowledge import Chunk, Embedder, Library
    from traaviis_lab.knowledge.knowledge import Knowledge
    from traaviis_lab.runtime import Engine

    from .thread import LoopThread

COLUMNS = ("name", "documents", "passages", "embedder", "of", "indexed")


class Knowing:
    """The part of `Lab` that has knowledge."""

    if TYPE_CHECKING:
        _engine: Engine
        _thread: LoopThread

    def knowledge(
        self,
        source: str | os.PathLike[str] | Mapping[str, str] | None = None,
        *,
        name: str | None = None,
        chunk: Chunk | int | None = None,
        embedder: str | Embedder | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Knowledge:
        """Read documents in, or what changed in them since, and answer what can be asked of them.

        Args:
            source: a folder of text, Markdown and notebooks, or one such file; or texts by their
                names: `{"doors.md": "Push to open."}`. None: the knowledge that has this name.
            name: what effects call it; the folder's name if you say none.
            chunk: how many tokens a passage has at most (200), or a `Chunk` with its overlap.
            embedder: "minilm", "char-tfidf" or your own; the best that is installed if you say
                none. With another one, and with another chunk, all is read again.
            progress: called with the documents that are through and those there are to read.

        Raises `DefinitionError` for a folder that is not there or a name that stands for another
        one, `NotInstalled` without the extra `[embed]` where it is asked for, `JournalLocked`
        where another process has this lab's knowledge open.
        """
        library = self._library()
        if source is None:
            if name is None:
                raise DefinitionError(
                    "Which knowledge is meant?",
                    hint="lab.knowledge('docs/') reads a folder in; lab.knowledge(name='docs') "
                    "finds what was read in.",
                )
            return library.find(name)
        if isinstance(source, Mapping):
            if name is None:
                raise DefinitionError(
                    "Texts that are handed in need a name.",
                    hint="lab.knowledge({'doors.md': 'Push to open.'}, name='manuals')",
                )
            return library.put(source, name, _chunk(chunk), embedder, progress)
        if not isinstance(source, str | Path) or source == "":
            raise DefinitionError(
                f"{source!r} is neither a folder nor a mapping of texts.",
                hint="lab.knowledge('docs/') names a folder; '.' is the one where you are.",
            )
        path = Path(source).expanduser().resolve()
        found = _name(path) if name is None else name
        return library.put(path, found, _chunk(chunk), embedder, progress)

    def keep_knowledge(self, name: str, *tenants: str) -> None:
        """Keep knowledge for the runs of these tenants; for all others it is not there.

        It holds until the lab is closed; with no tenant named everybody may look again.
        """
        readers = self._library().readers
        if tenants:
            readers[name] = frozenset(map(check_tenant, tenants))
        else:
            readers.pop(name, None)

    def knowledges(self) -> pd.DataFrame:
        """A row per body of knowledge: name, documents, passages, embedder, of, indexed."""
        import pandas as pd

        library = self._library()
        rows = []
        for name in library.names():
            body = library.body(name)
            documents, passages, _ = library.store.sizes(body)
            rows.append(
                (name, documents, passages, body.embedder, body.origin, body.indexed or None)
            )
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        frame["indexed"] = pd.to_datetime(frame["indexed"].astype("Int64"), unit="us")
        return frame

    def _library(self) -> Library:
        """The lab's; asked for in a way that no closed lab and not the engine's own loop can."""
        return self._thread.ask(lambda: self._engine.knowledge)


def knowledge_path(path: str | None) -> str | None:
    """Where the knowledge of a lab is kept: beside its journal, which can be thrown away."""
    if path is None:
        return None
    return f"{path.removesuffix('.duckdb')}.knowledge.duckdb"


def _chunk(chunk: Chunk | int | None) -> Chunk | None:
    from traaviis_lab.knowledge import Chunk

    if type(chunk) is int:
        return Chunk(chunk, min(30, chunk // 4))
    if chunk is not None and not isinstance(chunk, Chunk):
        raise DefinitionError(
            f"chunk={chunk!r} is no size of passages.", hint="chunk=200, or Chunk(200, overlap=30)."
        )
    return chunk


def _name(path: Path) -> str:
    """What a folder's knowledge is called; letters that names do not have become `_`."""
    word = "".join(c if c.isalnum() or c in "._:-" else "_" for c in path.name).lstrip("._:-")
    return word[:100] or "documents"
