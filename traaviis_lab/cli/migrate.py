"""`traaviis-lab migrate`: rewrite what is safe to rewrite, show the diff, and take it back."""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from traaviis_lab.errors import LabError
from traaviis_lab.machine.names import parse_duration

from .exits import WRONG_USAGE, colourful, say
from .replaced import put_back, put_in_place
from .sources import is_python, source_text

if TYPE_CHECKING:
    from traaviis_lab.flows.rewriting import Migration

_COLOURS = {"+": "\033[32m", "-": "\033[31m", "@": "\033[36m"}


def migrate(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Python (.py), YAML or JSON; not run.")
    ],
    apply: Annotated[
        bool, typer.Option("--apply/--preview", help="Write it, or only show the diff.")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Put back what FILE was before the last --apply.")
    ] = False,
    timeout: Annotated[
        str,
        typer.Option(metavar="DURATION", help="The limit for effects without one; off: none."),
    ] = "30s",
    as_json: Annotated[
        bool, typer.Option("--json", help="What was done and left, and the diff, as JSON.")
    ] = False,
) -> None:
    """Rewrite hooks as effects and put limits on them, where that is safe."""
    if undo:
        if apply:
            raise typer.BadParameter("--apply and --undo are two ways; say one of them.")
        typer.echo(f"{file} is as it was, from {put_back(file)}.")
        return
    text = source_text(file)
    made = _migrated(file, text, _limit(timeout))
    diff = list(_diff(file, text, made.text))
    kept = None
    if apply and made.text != text:
        kept = put_in_place(file, text, made.text)
    if as_json:
        typer.echo(json.dumps(_to_json(file, made, diff, kept), indent=2))
    else:
        _tell(file, made, diff, kept)


def _migrated(file: Path, text: str, limit: float | None) -> Migration:
    from traaviis_lab.errors import NotInstalled
    from traaviis_lab.flows.rewriting import migrate_document, migrate_source

    try:
        return (migrate_source if is_python(file) else migrate_document)(text, limit)
    except NotInstalled:
        raise
    except LabError as error:
        say(f"{file}: {error.message}", error.hint)
        raise typer.Exit(WRONG_USAGE) from None


def _limit(timeout: str) -> float | None:
    if timeout == "off":
        return None
    seconds = parse_duration(float(timeout) if timeout.isdecimal() else timeout)
    if not seconds:
        raise typer.BadParameter(
            f"{timeout!r} is no duration: write 30s, 5m, 1h, or off.", param_hint="--timeout"
        )
    return seconds


def _diff(file: Path, old: str, new: str) -> Iterator[str]:
    """The lines of a unified diff, without line ends: `patch` and `git apply` take it.

    A carriage return before a line's end is part of the line.
    """
    names = (f"a/{file.name}", f"b/{file.name}")
    made = difflib.unified_diff(_lines(old), _lines(new), *names, lineterm="")
    for n, line in enumerate(made):
        yield line.removesuffix("\n")
        if n > 1 and line[0] != "@" and not line.endswith("\n"):  # no heading, but a line
            yield "\\ No newline at end of file"


def _lines(text: str) -> list[str]:
    """The lines of a text with their line ends; the last may have none."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _tell(file: Path, made: Migration, diff: list[str], kept: Path | None) -> None:
    colours = colourful(sys.stdout)
    for line in diff:
        colour = _COLOURS.get(line[:1], "") if colours else ""
        typer.echo(f"{colour}{line}\033[0m" if colour else line)
    for left in made.left:
        where = f"{file}:{left.line}" if left.line else str(file)
        typer.echo(f"left: {where}: {left.machine}, {left.place}: {left.why}", err=True)
    changes = f"{len(made.done)} change{'s' * (len(made.done) != 1)}"
    if kept is not None:
        typer.echo(f"{file}: {changes} written; --undo takes them back ({kept.name}).", err=True)
    elif made.done:
        typer.echo(f"{file}: {changes} to make; --apply writes them.", err=True)
    else:
        typer.echo(f"{file}: nothing to change.", err=True)


def _to_json(file: Path, made: Migration, diff: list[str], kept: Path | None) -> dict[str, Any]:
    return {
        "file": str(file),
        "applied": kept is not None,
        "backup": None if kept is None else str(kept),
        "done": [change.to_json() for change in made.done],
        "left": [left.to_json() for left in made.left],
        "diff": "".join(f"{line}\n" for line in diff),
    }
