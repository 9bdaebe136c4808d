"""Read the files that `analyze` and `migrate` look at: as text, and never as code."""

from __future__ import annotations

from pathlib import Path

import typer

from .load import DOCUMENTS, read_text

SOURCES = (".py", ".pyi")
LARGEST = 20_000_000
"""Bytes; what is larger is not even read."""


def source_text(path: Path) -> str:
    """The text of a file, with its line ends as they are; wrong usage where there is none."""
    if path.suffix.lower() not in (*SOURCES, *DOCUMENTS):
        raise typer.BadParameter(
            f"{path} is neither Python (.py) nor a document ({', '.join(DOCUMENTS)})."
        )
    if path.is_file() and path.stat().st_size > LARGEST:
        size = path.stat().st_size
        raise typer.BadParameter(f"{path} has {size:,} bytes; is this the right file?")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise typer.BadParameter(f"{path} is no regular file.")
    read_text(path)  # says what is wrong with the name or the encoding
    return path.read_bytes().decode("utf-8")


def is_python(path: Path) -> bool:
    """Whether it is looked at as Python."""
    return path.suffix.lower() in SOURCES
