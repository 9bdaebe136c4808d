"""`traaviis-lab export`, `import`, `report`: take a run elsewhere, and take one in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .load import load_chart
from .opened import JournalPath, opened

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab
    from traaviis_lab.lab.recording import Recording

RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run; `journal ls` lists them.")]
Machine = Annotated[
    str | None,
    typer.Option(
        "--chart", metavar="FILE", help="The machine, needed where its class holds Python."
    ),
]


def export(
    path: JournalPath,
    run: RunId,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file. [RUN.run.jsonl.gz]")
    ] = None,
) -> None:
    """Write a run to a file that another lab can import, its chain of hashes with it."""
    from traaviis_lab.travel.carrying.portable import write_run

    with opened(path, run) as lab:
        target = write_run(lab.journal, run, out or Path(f"{file_name(run)}.run.jsonl.gz"))
        facts = lab.journal.info(run)
    size = target.stat().st_size
    typer.echo(f"{target}: {0 if facts is None else facts.seq:,} facts in {size:,} bytes.")


def bring_in(
    path: Annotated[
        Path, typer.Argument(metavar="JOURNAL", help="The .duckdb file; made if it is not there.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `export` wrote.")],
    run_id: Annotated[
        str | None, typer.Option("--id", help="Another id for it here. [its own]")
    ] = None,
    transcript: Annotated[
        bool,
        typer.Option(
            "--transcript", help="FILE holds chat messages, LangSmith runs or OpenTelemetry spans."
        ),
    ] = False,
    name: Annotated[
        str, typer.Option(help="What the chart of transcripts is called.", metavar="NAME")
    ] = "Agent",
) -> None:
    """Take a run in that `export` wrote, checked to the last byte; or transcripts of an agent."""
    from traaviis_lab import Lab

    if not file.is_file():
        raise typer.BadParameter(f"There is no file {file}.")
    with Lab(path) as lab:
        if transcript:
            _transcripts(lab, file, run_id, name)
        else:
            _run(lab, file, run_id)


def report(
    path: JournalPath,
    run: RunId,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The page. [RUN.html]")] = None,
    chart: Machine = None,
) -> None:
    """Write a run as an HTML page with diagram and timeline, that needs no network."""
    with opened(path, run) as lab:
        recording = recorded(lab, run, chart)
        target = recording.report(out or Path(f"{file_name(run)}.html"))
    typer.echo(f"{target}: {target.stat().st_size:,} bytes.")


def recorded(lab: Lab, run: str, chart: str | None) -> Recording:
    """The recording of a run, on the chart that was named if one was."""
    return lab.recording(run, chart=None if chart is None else load_chart(chart))


def file_name(run: str) -> str:
    """A run's id as the name of a file in this folder."""
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in run)
    return safe.lstrip(".")[:100] or "run"


def _run(lab: Lab, file: Path, run_id: str | None) -> None:
    """Without a recording: a chart that calls Python is not needed to keep the facts."""
    from traaviis_lab.travel.carrying.arrival import arrive, is_here
    from traaviis_lab.travel.carrying.carried import read_run

    carried = read_run(file)
    here = run_id in {None, carried.run} and is_here(lab.journal, carried)
    chart = carried.chart()
    name = arrive(lab.journal, carried, run=run_id, now=lab.clock.now(), chart=chart)
    if here:
        typer.echo(f"{name} is here already: {len(carried.facts):,} facts, the same chain.")
        return
    typer.echo(f"{name}: {len(carried.facts):,} facts of {carried.head['machine']}.")
    if chart is None:
        typer.echo("Its chart calls Python: name the class (--chart) to read its states.", err=True)


def _transcripts(lab: Lab, file: Path, run_id: str | None, name: str) -> None:
    if run_id is not None:
        runs = [lab.import_transcript(file, id=run_id, name=name)]
    else:
        runs = lab.import_transcripts(file, name=name)
    for run in runs:
        typer.echo(f"{run.id}: {run.state}, {run.seq:,} facts.")
