"""`traaviis-lab costs`: what a run cost, or all runs of a journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .opened import JournalPath, opened

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab
    from traaviis_lab.travel.costing import Costs


def costs(
    path: JournalPath,
    run: Annotated[
        str | None, typer.Argument(help="Only this run; `journal ls` lists them.")
    ] = None,
    where: Annotated[
        str, typer.Option(help="Only runs that fit this condition in SQL on the view `runs`.")
    ] = "",
    by: Annotated[
        str, typer.Option(help="Of many runs: machine, tenant, model, state or run.")
    ] = "machine",
    csv: Annotated[
        Path | None, typer.Option(help="Also write the whole table: a row per call, or per run.")
    ] = None,
    children: Annotated[
        bool, typer.Option(help="Of one run: also what the runs cost that it started.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object with all of it.")] = False,
) -> None:
    """Say what models cost, beside what was foreseen; an unknown price is said, never 0."""
    if run is not None and where:
        raise typer.BadParameter("RUN or --where, not both.")
    if children and run is None:
        raise typer.BadParameter("--children is for one RUN; of many, each is one of its own.")
    if by not in GROUPS:
        raise typer.BadParameter(f"--by {by}: one of {', '.join(GROUPS)}.")
    from traaviis_lab.travel.costing import ManyCosts
    from traaviis_lab.travel.costing.text import many_text

    with opened(path, run) as lab:
        found = lab.costs(where=where) if run is None else _of_run(lab, run, children)
        if csv is not None:
            found.to_csv(csv)
        if as_json:
            typer.echo(json.dumps(found.to_json()))
        else:
            typer.echo(many_text(found, by) if isinstance(found, ManyCosts) else str(found))


def _of_run(lab: Lab, run: str, children: bool) -> Costs:
    """The costs of one run, also where its chart needs functions that are not here."""
    from traaviis_lab.travel.costing import Costs, read_account
    from traaviis_lab.travel.costing.family import calls_in, family_of

    info = lab.journal.info(run)
    seq = 0 if info is None else info.seq
    family = family_of(lab.journal, run)
    counted = family if children else []
    left_out = 0 if children else calls_in(lab.journal, family)
    return Costs(run, None, seq, *read_account(lab.journal, run, seq, counted), left_out)


GROUPS = ("machine", "tenant", "model", "state", "run")
