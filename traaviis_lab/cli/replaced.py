"""Replace a file whole, keep what it was beside it, and put that back.

The file that is kept is named after what was written (`door.py.3f9a1c2b.bak`), so that undoing
finds the right one, and nothing where the file was changed by hand since.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import typer

from traaviis_lab.errors import LabError


def put_in_place(path: Path, old: str, new: str) -> Path:
    """Write `new` where `old` was read; the path of what is kept. A link stays a link.

    Raises `LabError` where the file has changed meanwhile or may not be written.
    """
    target = _writable(path)
    if target.read_bytes() != old.encode():
        raise LabError(f"{path} was changed meanwhile.", hint="Nothing was written; try again.")
    kept = _kept(target, new.encode())
    _replace(kept, old.encode(), like=target)
    _replace(target, new.encode(), like=target)
    return kept


def put_back(path: Path) -> Path:
    """Put back what the file was; the path of what was kept, which is gone then.

    Raises `LabError` where nothing was kept for what the file is now.
    """
    if not path.is_file():
        raise typer.BadParameter(f"There is no file {path}.")
    target = _writable(path)
    kept = _kept(target, target.read_bytes())
    if not kept.is_file():
        others = sorted(one.name for one in target.parent.glob(f"{_plain(target.name)}.*.bak"))
        raise LabError(
            f"{path} is not as `migrate --apply` left it, so there is nothing to undo.",
            hint=f"Kept here: {', '.join(others) or 'nothing'}.",
        )
    _replace(target, kept.read_bytes(), like=target)
    kept.unlink()
    return kept


def _kept(target: Path, written: bytes) -> Path:
    mark = hashlib.sha256(written).hexdigest()[:8]
    return target.with_name(f"{target.name}.{mark}.bak")


def _plain(name: str) -> str:
    """A name in which glob's own signs stand for themselves."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _writable(path: Path) -> Path:
    """The file itself, behind any links. Raises `LabError` where it may not be written."""
    target = path.resolve()
    if not target.stat().st_mode & 0o222 or not os.access(target, os.W_OK):
        raise LabError(f"{path} may only be read.", hint=f"chmod u+w {path}")
    return target


def _replace(target: Path, content: bytes, *, like: Path) -> None:
    """Write a file complete or not at all, with the rights of another."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(like, name)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
