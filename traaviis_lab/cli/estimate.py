"""`traaviis-lab estimate`: what a run of a machine will take, before it is started."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .log_lines import hush

if TYPE_CHECKING:
    from traaviis_lab.lab.estimate import Estimate

_PLACES = {
    "state": "left", "effect": "left", "model": "left", "reached": "right", "calls": "right",
    "tokens in": "right", "tokens out": "right", "US dollars": "right", "seconds": "right",
    "why": "left",
}  # fmt: skip


def estimate(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="YAML or JSON, - for stdin, module:Machine, file.py:Machine or gallery:SmartDoor.",
        ),
    ],
    data: Annotated[str, typer.Option(help="Data to start with, a JSON object.")] = "{}",
    journal: Annotated[
        Path | None, typer.Option(help="A journal to learn from (a .duckdb). [none]")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How often a state is entered at most.")] = 10,
    tenant: Annotated[str, typer.Option(help="For whom.")] = "default",
    as_json: Annotated[bool, typer.Option("--json", help="The estimate as JSON.")] = False,
) -> None:
    """Say what a run will take in tokens, money and seconds. Performs nothing."""
    from traaviis_lab.lab import Lab

    from .load import load_chart
    from .opened import must_be_there

    fields = _fields(data)
    chart = load_chart(file)
    if journal is not None:
        must_be_there(journal)
    hush()
    with Lab(journal) as lab:
        found = lab.estimate(chart, fields, limit=limit, tenant=tenant)
    if as_json:
        typer.echo(json.dumps(found.to_json()))
    else:
        _show(found)


def _fields(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"--data is no JSON: {error}.") from None
    if not isinstance(found, dict):
        raise typer.BadParameter('--data is an object, such as \'{"text": "hello"}\'.')
    return found


def _show(found: Estimate) -> None:
    from traaviis_lab.lab.estimate import TITLES, about, amounts_of, cells_of

    from .tables import console, table

    out = console()
    heads = {"": "left", **dict.fromkeys(("expected", "p50", "p90", "most"), "right")}
    rows = [(TITLES[name], *cells) for name, cells in amounts_of(found.told)]
    out.print(table(heads, rows, title=about(found.told)))
    if found.told.lines:
        out.print(table(_PLACES, [cells_of(found.told, line) for line in found.told.lines]))
    for one in found.unknowns:
        typer.echo(f"not known: {one}")
    for one in found.guesses:
        typer.echo(f"guessed: {one}")
