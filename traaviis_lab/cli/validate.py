"""`traaviis-lab validate`: say everything that is wrong with a machine, and what looks odd."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from traaviis_lab.errors import DefinitionError

from .exits import NOT_RIGHT, say

if TYPE_CHECKING:
    from traaviis_lab.machine.chart import Chart


def validate(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="YAML or JSON, - for stdin, module:Machine, file.py:Machine or gallery:SmartDoor.",
        ),
    ],
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail too.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list, an object per FILE.")
    ] = False,
) -> None:
    """Check machines: exit 0 if all can work, 1 if one cannot."""
    found = [_check(source) for source in files]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        for verdict in found:
            _tell(verdict)
    if any(not v["ok"] or (strict and v["warnings"]) for v in found):
        raise typer.Exit(NOT_RIGHT)


def _check(source: str) -> dict[str, Any]:
    """The verdict on one machine: what is wrong with it, or what it is."""
    from .load import chart_of_text, document_text, load_chart

    verdict: dict[str, Any] = {"file": source, "ok": True, "errors": [], "warnings": []}
    text = document_text(source)
    if text is not None and (problems := _problems(text)):
        return {**verdict, "ok": False, "errors": problems}
    try:
        chart = load_chart(source) if text is None else chart_of_text(text, source)
    except DefinitionError as error:
        plain = {"path": "", "line": 0, "message": error.message, "cure": error.hint}
        return {**verdict, "ok": False, "errors": [plain]}
    counts = {"states": len(chart.states), "transitions": len(chart.transitions)}
    about = {"machine": chart.name, "version": chart.version, "hash": chart.hash, **counts}
    return {**verdict, **about, "warnings": _odd(chart)}


def _problems(text: str) -> list[dict[str, Any]]:
    from traaviis_lab.flows import find_problems

    return [problem.to_json() for problem in find_problems(text)]


def _odd(chart: Chart) -> list[str]:
    """What is allowed but seldom meant, a sentence each."""
    from traaviis_lab.machine.paths import examine

    found = examine(chart)
    dead = "nothing leads on from here, and it is not final"
    return [
        *(f"{state}: no way leads here" for state in found.unreachable),
        *(f"{transition}: never taken" for transition in found.untaken),
        *(f"{state}: {dead}" for state in found.dead_ends),
        *(f"{', '.join(trap)}: no way leads out again" for trap in found.traps),
        *(f"{event}: declared or raised, but no state takes it" for event in found.unheard),
        *(f"not looked at in full: {limit}" for limit in found.limits),
    ]


def _tell(verdict: dict[str, Any]) -> None:
    for error in verdict["errors"]:
        line = f":{error['line']}" if error["line"] else ""
        place = f"{error['path']}: " if error["path"] else ""
        say(f"{verdict['file']}{line}: {place}{error['message']}", error["cure"])
    if verdict["ok"]:
        counts = f"{verdict['states']} states, {verdict['transitions']} transitions"
        name = f"{verdict['machine']} {verdict['version']}"
        typer.echo(f"{verdict['file']}: {name} can work ({counts}).")
    for warning in verdict["warnings"]:
        typer.echo(f"  odd: {warning}")
