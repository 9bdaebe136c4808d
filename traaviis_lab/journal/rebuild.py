"""Make the index anew from the log, beside the old file, and swap them when it is whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count

from traaviis_lab.errors import IndexUnusable

from .duck import Duck
from .index import DuckIndex
from .lump import START, Lump, Position
from .meta import check

ROWS = 122_880  # a row group of DuckDB's
BYTES = 64 * 2**20
Progress = Callable[[int, int, int], None]


def rebuild(
    path: str,
    lumps: Iterable[Lump],
    progress: Progress | None = None,
    *,
    total: int = 0,
) -> DuckIndex:
    """Feed `lumps` into a new index at `path` and answer it, opened.

    `progress(rows, bytes done, total)` is called whenever some have gone in; `total` is the size
    of the log in bytes, if the caller knows it. The old file is replaced at the end; one that is
    damaged, or no database at all, is moved aside.
    Raises `JournalLocked` if another process has it open and `IndexUnusable` with reason
    `foreign` if it is somebody else's database; then nothing has been touched.
    """
    state = condition(path)
    if state is not None and state.reason == "foreign":
        raise state
    fresh = f"{path}.new"
    _remove(fresh)
    index = DuckIndex(fresh)
    try:
        _load_all(index, lumps, progress, total)
    except BaseException:
        index.close()
        _remove(fresh)
        raise
    index.close()
    if state is not None and state.reason in ("damaged", "stranger"):
        set_aside(path)
    _replace(fresh, path)
    return DuckIndex(path)


def condition(path: str) -> IndexUnusable | None:
    """What is wrong with the index at `path`; None if it is good, or not there.

    Raises `JournalLocked` if another process has it open.
    """
    if not os.path.exists(path):
        return None
    try:
        duck = Duck(path)
    except IndexUnusable as error:
        return error
    try:
        check(duck)
    except IndexUnusable as error:
        return error
    finally:
        duck.close()
    return None


def set_aside(path: str) -> str:
    """Move a file that cannot be used out of the way and answer where to: `x.duckdb.damaged-1`.

    It must not be open in this process.
    """
    for number in count(1):
        aside = f"{path}.damaged-{number}"
        if not os.path.exists(aside):
            break
    with suppress(FileNotFoundError):
        os.replace(f"{path}.wal", f"{aside}.wal")
    os.replace(path, aside)
    return aside


def _load_all(
    index: DuckIndex, lumps: Iterable[Lump], progress: Progress | None, total: int
) -> None:
    """Exactly a row group at a time, which DuckDB writes straight into the file.

    With lumps as they come a rebuild takes twice as long. So the positions follow at the end;
    nobody looks at the file before that.
    """
    held, places = _empty(), dict[str, Position]()
    rows = done = size = 0
    for lump in lumps:
        held.extend(lump)
        places[lump.stream] = lump.upto
        rows += len(lump)
        size += _size(lump)
        while len(held) >= ROWS or size >= BYTES:
            head, held = _split(held)
            index.load(head, {})
            done, size = done + size, 0
            if progress is not None:
                progress(rows - len(held), done, total)
    index.load(held, places)
    if progress is not None:
        progress(rows, done + size, total)


def _empty() -> Lump:
    return Lump("", START, START)


def _split(lump: Lump) -> tuple[Lump, Lump]:
    """The first row group of a lump, with all that came beside it, and the rest."""
    columns = lump.columns()
    head = Lump("", START, START, *(column[:ROWS] for column in columns))
    head.charts, head.blobs, head.snapshots = lump.charts, lump.blobs, lump.snapshots
    return head, Lump("", START, START, *(column[ROWS:] for column in columns))


def _size(lump: Lump) -> int:
    same = lump.since.segment == lump.upto.segment
    return lump.upto.offset - (lump.since.offset if same else 0)


def _replace(fresh: str, path: str) -> None:
    """The old file's write-ahead log goes first: it must never meet the new file."""
    with suppress(FileNotFoundError):
        os.remove(f"{path}.wal")
    os.replace(fresh, path)


def _remove(path: str) -> None:
    for name in (path, f"{path}.wal"):
        with suppress(FileNotFoundError):
            os.remove(name)
