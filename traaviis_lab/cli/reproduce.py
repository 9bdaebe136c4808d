"""`traaviis-lab test-case`: write one step of a run as a pytest file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from traaviis_lab.errors import DefinitionError

from .exchange import Machine, RunId, recorded
from .load import load_chart
from .opened import JournalPath, opened

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab
    from traaviis_lab.lab.recording import Recording


def reproduce(
    path: JournalPath,
    run: RunId,
    seq: Annotated[int, typer.Option("--at", metavar="SEQ", help="The step.", min=1)],
    machine: Annotated[
        str | None,
        typer.Option(
            "--machine",
            "-m",
            metavar="FILE",
            help="Where the test finds the machine. [its chart stands in the test]",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A file. [stdout]")] = None,
    chart: Machine = None,
) -> None:
    """Write a pytest file that takes a step again and fails when something else comes of it."""
    from traaviis_lab.travel.carrying.reproduce import still_holds

    with opened(path, run) as lab:
        recording = _recording(lab, run, chart, machine)
        text = recording.test_case(seq, machine)
        holds = machine is None or still_holds(recording.trail, seq, load_chart(machine))
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"{out}: pytest {out}", err=True)
    if not holds:
        typer.echo(f"It fails now: {machine} does something else than the record says.", err=True)


def _recording(lab: Lab, run: str, chart: str | None, machine: str | None) -> Recording:
    """The run; on the machine that the test is for where the journal's chart is not enough."""
    try:
        return recorded(lab, run, chart)
    except DefinitionError:
        if machine is None or chart is not None:
            raise
        return recorded(lab, run, machine)
