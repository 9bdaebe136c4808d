"""Hashes of large files: computed once per file, size and time, and kept in the cache folder."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any


def folder() -> Path:
    """Where weights are kept: in `TRAAVIIS_CACHE`, else `XDG_CACHE_HOME`, else `~/.cache`."""
    if own := os.environ.get("TRAAVIIS_CACHE"):
        return Path(own).expanduser().absolute() / "weights"
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser().absolute() / "traaviis-lab" / "weights"


def sha256_of(file: Path) -> str:
    """The hash of a file: computed once, and again when its size or time changed."""
    digest = _remembered(file)
    if digest is None:
        digest = hash_of(file)
        remember(file, digest)
    return digest


def hash_of(file: Path) -> str:
    """The hash of a file, computed."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def remember(file: Path, digest: str) -> None:
    """Write the hash down; where that cannot be, it is computed again the next time."""
    with suppress(OSError):
        where = folder()
        where.mkdir(parents=True, exist_ok=True)
        known = {path: told for path, told in _hashes().items() if Path(path).exists()}
        known[str(file.absolute())] = [*_mark(file), digest]
        handle, made = tempfile.mkstemp(prefix=".hashes-", dir=where)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(known, out, indent=1)
        os.replace(made, where / "hashes.json")


def _remembered(file: Path) -> str | None:
    told = _hashes().get(str(file.absolute()))
    return str(told[2]) if told and told[:2] == _mark(file) else None


def _hashes() -> dict[str, Any]:
    try:
        told = json.loads((folder() / "hashes.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _mark(file: Path) -> list[int]:
    seen = file.stat()
    return [seen.st_size, seen.st_mtime_ns]
