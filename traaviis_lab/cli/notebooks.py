"""`traaviis-lab lab`: open JupyterLab on a copy of the tutorials that is yours to change."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from traaviis_lab.errors import NotInstalled

FOLDER = Path("traaviis-tutorials")
FIRST = "01_first_machine.ipynb"


def lab(
    folder: Annotated[
        Path, typer.Argument(help="Where your copies live; made if it is not there.")
    ] = FOLDER,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser on it.")
    ] = True,
    port: Annotated[int, typer.Option(help="Port of the server; the next free one.")] = 8888,
    copy_only: Annotated[
        bool, typer.Option("--copy-only", help="Copy the tutorials and leave.")
    ] = False,
) -> None:
    """Open JupyterLab on the tutorials. What you changed in your copies is never overwritten."""
    if not copy_only and find_spec("jupyterlab") is None:
        raise NotInstalled(
            "JupyterLab is not installed here.", hint="pip install 'traaviis-lab[lab]'"
        )
    kept = copy_tutorials(folder)
    for name in kept:
        typer.echo(f"{folder / name} has your changes: it stays as it is.")
    typer.echo(f"The tutorials are in {folder}; start with {FIRST}.")
    if not copy_only:
        sys.stdout.flush()
        _become(_jupyterlab(folder, browser=browser, port=port))


def tutorials() -> Path:
    """The folder with the notebooks that ship: in the package, or beside it in a checkout."""
    house = Path(__file__).parents[1]
    inside = house / "tutorials"
    return inside if inside.is_dir() else house.parent / "notebooks"


def copy_tutorials(folder: Path) -> list[str]:
    """Copy what is not in `folder` yet, with the answers that models gave to be replayed.

    Answers the names of those that are there and differ.
    """
    kept, source = [], tutorials()
    for file in sorted((*source.glob("*.ipynb"), *source.glob("cassettes/*.jsonl"))):
        text, name = file.read_bytes(), file.relative_to(source)
        mine = folder / name
        mine.parent.mkdir(parents=True, exist_ok=True)
        try:
            with mine.open("xb") as new:
                new.write(text)
        except FileExistsError:
            if mine.read_bytes() != text:
                kept.append(str(name))
    return kept


def _jupyterlab(folder: Path, *, browser: bool, port: int) -> list[str]:
    """The command line that serves `folder`, with the demo's notebook first where there is one."""
    demo = folder / "demo.ipynb"
    first = demo.name if demo.exists() else FIRST
    return [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--ServerApp.port={port}",
        f"--LabApp.default_url=/lab/tree/{first}",
        *([] if browser else ["--no-browser"]),
        # In a container one is root, and JupyterLab would refuse; it listens on localhost only.
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]


def _become(command: list[str]) -> None:
    """Go on as another program, so that whoever ends this one ends that one."""
    if os.name == "posix":
        os.execv(command[0], command)
    # Windows has no such thing: wait for it instead.
    raise typer.Exit(subprocess.call(command))
