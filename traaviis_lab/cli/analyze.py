"""`traaviis-lab analyze`: say what machines could gain, from their files alone."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast

import typer

from traaviis_lab.errors import LabError

from .exits import NOT_RIGHT, WRONG_USAGE, say
from .sources import is_python, source_text
from .tables import console, table

if TYPE_CHECKING:
    from traaviis_lab.flows.analysing import Analysis, Finding, Severity


class FailOn(StrEnum):
    """From which severity on the exit code is 1."""

    error = "error"
    warning = "warning"
    info = "info"
    never = "never"


class Looked(NamedTuple):
    """One file: what was found in it, or why it cannot be read."""

    file: str
    analysis: Analysis | None
    error: str = ""
    hint: str = ""


def analyze(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Python (.py), YAML or JSON; not run.")
    ],
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="From which severity on the exit code is 1.")
    ] = FailOn.error,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list, an object per FILE.")
    ] = False,
) -> None:
    """Say what machines could gain: hooks that do I/O, no timeout, no compensation, ..."""
    looked = [_look(path) for path in files]
    if as_json:
        typer.echo(json.dumps([_to_json(one) for one in looked], indent=2))
    else:
        for one in looked:
            _tell(one)
        _sum_up(looked)
    if any(one.analysis is None for one in looked):
        raise typer.Exit(WRONG_USAGE)
    found = [finding for one in looked if one.analysis for finding in one.analysis.findings]
    if any(_counts(one, fail_on) for one in found):
        raise typer.Exit(NOT_RIGHT)


def _counts(finding: Finding, fail_on: FailOn) -> bool:
    return fail_on is not FailOn.never and finding.is_at_least(cast("Severity", fail_on.value))


def _look(path: Path) -> Looked:
    from traaviis_lab.flows.analysing import analyse_document, analyse_source

    try:
        text = source_text(path)
        found = analyse_source(text) if is_python(path) else analyse_document(text)
    except typer.BadParameter as error:
        return Looked(str(path), None, error.message)
    except OSError as error:
        return Looked(str(path), None, f"{path}: {error.strerror or error}.")
    except LabError as error:
        return Looked(str(path), None, f"{path}: {error.message}", error.hint)
    return Looked(str(path), found)


def _to_json(looked: Looked) -> dict[str, Any]:
    if looked.analysis is None:
        problem = {"message": looked.error, "hint": looked.hint}
        return {"file": looked.file, "error": problem, "machines": [], "findings": []}
    return {
        "file": looked.file,
        "machines": list(looked.analysis.machines),
        "findings": [
            {"file": looked.file, **finding.to_json()} for finding in looked.analysis.findings
        ],
        "counts": looked.analysis.counts(),
    }


def _tell(looked: Looked) -> None:
    """The findings of one file: a table per machine."""
    if looked.analysis is None:
        say(looked.error, looked.hint)
        return
    if not looked.analysis.machines:
        typer.echo(f"{looked.file}: no machine in it.")
    for name in dict.fromkeys(looked.analysis.machines):
        found = [one for one in looked.analysis.findings if one.machine == name]
        if found:
            console().print(_table(looked.file, name, found))
        else:
            typer.echo(f"{looked.file}: {name} has nothing to gain that the rules know of.")


def _table(file: str, machine: str, found: list[Finding]) -> Any:
    columns = {"line": "right", "": "left", "rule": "left", "place": "left", "what": "left"}
    rows = [
        (
            one.line or "",
            one.severity,
            one.rule,
            one.place,
            f"{one.what}\n{one.why}\nCure: {one.cure}",
        )
        for one in found
    ]
    return table(columns, rows, title=f"{machine} ({file})")


def _sum_up(looked: list[Looked]) -> None:
    analyses = [one.analysis for one in looked if one.analysis is not None]
    machines = sum(len(one.machines) for one in analyses)
    if not machines:
        return
    counts: dict[str, int] = {}
    for one in analyses:
        for severity, count in one.counts().items():
            counts[severity] = counts.get(severity, 0) + count
    told = ", ".join(f"{n} {severity}{'s' * (n != 1)}" for severity, n in counts.items())
    typer.echo(f"{machines} machine{'s' * (machines != 1)}: {told.replace('infos', 'info')}.")
