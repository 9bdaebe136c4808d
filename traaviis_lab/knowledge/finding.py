"""Find the documents of a folder, bounded: what they are called, their bytes, what was left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from traaviis_lab.errors import DefinitionError

from .passage import Skipped

MARKDOWN = (".md", ".markdown", ".mdx")
PLAIN = (".txt", ".text", ".rst", ".adoc")
NOTEBOOK = (".ipynb",)
SUFFIXES = MARKDOWN + PLAIN + NOTEBOOK
MOST_FILES = 10_000
MOST_BYTES = 8 * 2**20
MOST_LOOKED_AT = 200_000
PASSED_OVER = frozenset({"node_modules", "__pycache__", "site-packages", "_build"})


class File(NamedTuple):
    """A document that was found. `source` is its name below the folder, with `/` between."""

    source: str
    path: Path


class Find(NamedTuple):
    """The documents of a folder, and what could have been one and was left out."""

    files: tuple[File, ...]
    skipped: tuple[Skipped, ...]


def find(root: Path) -> Find:
    """The documents under a folder, or the one that a path names, sorted by name.

    Hidden files and folders are passed over; links are not followed, so that nothing outside of
    the folder comes in and no loop is walked. Raises `DefinitionError` where there is nothing of
    this name or far too much.
    """
    if root.is_file():
        return Find((File(root.name, root),), ())
    if not root.is_dir():
        raise DefinitionError(
            f"There is no folder and no file {str(root)!r}.",
            hint="lab.knowledge('docs/') names a folder of documents, relative to where you are.",
        )
    files: list[File] = []
    skipped: list[Skipped] = []
    for one in _walk(root, root):
        if isinstance(one, Skipped):
            skipped.append(one)
        else:
            files.append(one)
        if len(files) > MOST_FILES:
            raise DefinitionError(
                f"There are more than {MOST_FILES:,} documents under {str(root)!r}.",
                hint="Name folders further down, each as knowledge of its own.",
            )
    return Find(tuple(sorted(files)), tuple(sorted(skipped)))


def read_bytes(file: File) -> bytes | Skipped:
    """The bytes of a document, or why it has none for us."""
    try:
        descriptor = os.open(file.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as opened:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                return Skipped(file.source, "no plain file")
            data = opened.read(MOST_BYTES + 1)
    except OSError as error:
        return Skipped(file.source, f"cannot be read: {error.strerror or error}")
    if len(data) > MOST_BYTES:
        return Skipped(file.source, f"larger than {MOST_BYTES // 2**20} MB")
    return data


def texts_as_bytes(texts: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Documents that are handed in, as if they had been read. Raises `DefinitionError`."""
    for source, text in texts.items():
        if not isinstance(source, str) or not source or not isinstance(text, str):
            raise DefinitionError(
                f"{source!r}: {type(text).__name__} is no document.",
                hint="lab.knowledge({'doors.md': 'Push to open.'}, name='doors')",
            )
        yield source, text.encode(errors="replace")


def _walk(root: Path, folder: Path) -> Iterator[File | Skipped]:
    waiting, looked = [folder], 0
    while waiting:
        here = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            yield Skipped(_name(root, here), f"cannot be read: {error.strerror or error}")
            continue
        for entry in entries:
            looked += 1
            if looked > MOST_LOOKED_AT:
                yield Skipped(_name(root, here), f"more than {MOST_LOOKED_AT:,} files around it")
                return
            if entry.name.startswith(".") or entry.name in PASSED_OVER:
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
            else:
                yield from _file(root, entry)


def _file(root: Path, entry: os.DirEntry[str]) -> Iterator[File | Skipped]:
    suffix = os.path.splitext(entry.name)[1].lower()
    if entry.is_symlink():
        if suffix in SUFFIXES or entry.is_dir():
            yield Skipped(_name(root, Path(entry.path)), "a link")
    elif suffix in SUFFIXES:
        try:
            _ = entry.path.encode()
        except UnicodeEncodeError:  # a name of bytes that are no text
            yield Skipped(ascii(entry.name), "its name is no UTF-8")
            return
        yield File(_name(root, Path(entry.path)), Path(entry.path))


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
