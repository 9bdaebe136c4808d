"""The long commands on a journal, with progress: verify, export, rebuild."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from traaviis_lab.errors import ChainBroken

from .exits import NOT_RIGHT, say
from .opened import HOT, JournalPath, as_line, log_of, must_be_there, opened
from .tables import progress

if TYPE_CHECKING:
    from traaviis_lab.journal.port import Fact, Verdict
    from traaviis_lab.lab import Lab

COLUMNS = ("run", "seq", "at", "tenant", "kind", "name", "cause", *HOT, "hash", "body")
SHOW_EVERY = 500


class ExportFormat(StrEnum):
    """What an export can be written as."""

    jsonl = "jsonl"
    csv = "csv"


def verify(
    path: JournalPath,
    run: Annotated[str | None, typer.Argument(help="Only this run. [all of them]")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The verdict as JSON.")] = False,
) -> None:
    """Read a journal again and check every byte: exit 0 if it is whole, 1 if not."""
    verdict = _verdict(path, run)
    if as_json:
        typer.echo(json.dumps(verdict._asdict(), indent=2))
    else:
        covered = f"{verdict.facts} facts of {verdict.runs} runs in {verdict.segments} segments"
        typer.echo(f"Read {covered} ({verdict.bytes} bytes).")
        for note in verdict.notes:
            typer.echo(f"  {note}")
        for problem in verdict.problems:
            say(problem, "")
        typer.echo("It is not whole." if verdict.problems else "It is whole.")
    if verdict.problems:
        raise typer.Exit(NOT_RIGHT)


def _verdict(path: Path, run: str | None) -> Verdict:
    """What `lab.verify` says; where the journal cannot even be opened, what its log says."""
    try:
        with progress("Reading"), opened(path, run) as lab:
            return lab.journal.verify(run)
    except ChainBroken as error:
        from traaviis_lab.journal.verify import Review

        found = Review(log_of(path), run).read().verdict({})
        return found if found.problems else found._replace(problems=(error.message,))


def export(
    path: JournalPath,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A file to write. [stdout]")
    ] = None,
    run: Annotated[str | None, typer.Option(help="Only this run. [all of them]")] = None,
    form: Annotated[
        ExportFormat, typer.Option("--format", "-f", help="What to write.")
    ] = ExportFormat.jsonl,
) -> None:
    """Write the facts of a journal as JSONL or CSV, run by run, bodies byte for byte."""
    with opened(path, run) as lab, _written(out) as target:
        runs = [info for info in lab.journal.runs() if run in {None, info.run}]
        total = sum(info.seq for info in runs)
        with progress("Exporting", total) as advance:
            facts = _facts(lab, [info.run for info in runs])
            write = _write_csv if form is ExportFormat.csv else _write_jsonl
            for done in write(facts, target):
                if done % SHOW_EVERY == 0:
                    advance(done)
            advance(total)
    typer.echo(f"{total} facts of {len(runs)} runs{f' in {out}' if out else ''}.", err=True)


def rebuild(
    path: JournalPath,
    salvage: Annotated[
        bool,
        typer.Option("--salvage", help="Where the log is damaged: go on with what is safe."),
    ] = False,
) -> None:
    """Make the DuckDB tables again from the log, which is the truth."""
    from traaviis_lab.journal.disk import DiskJournal
    from traaviis_lab.journal.rebuild import condition

    must_be_there(path)
    if not log_of(path).is_dir():
        raise typer.BadParameter(f"There is no log {log_of(path)} to make {path} from.")
    if condition(str(path)) is None:
        # It is good, and it is ours: what is missing is made anew when the journal is opened.
        for old in (path, path.with_name(path.name + ".wal")):
            old.unlink(missing_ok=True)
    with progress("Rebuilding (bytes)") as advance:
        journal = DiskJournal(
            path, salvage=salvage, progress=lambda _, done, total: advance(done, total)
        )
    facts = sum(info.seq for info in journal.runs())
    notes = list(journal.notes)
    journal.close()
    for note in notes:
        typer.echo(f"  {note}")
    typer.echo(f"{path}: {facts} facts in new tables.")


def _facts(lab: Lab, runs: Iterable[str]) -> Iterator[Fact]:
    for run in runs:
        yield from lab.journal.read(run)


def _write_jsonl(facts: Iterable[Fact], target: TextIO) -> Iterator[int]:
    for done, fact in enumerate(facts, 1):
        target.write(as_line(fact) + "\n")
        yield done


def _write_csv(facts: Iterable[Fact], target: TextIO) -> Iterator[int]:
    rows = csv.writer(target)
    rows.writerow(COLUMNS)
    for done, fact in enumerate(facts, 1):
        values = {**fact._asdict(), "hash": fact.hash.hex(), "body": fact.body.decode()}
        rows.writerow(values[column] for column in COLUMNS)
        yield done


@contextmanager
def _written(out: Path | None) -> Iterator[TextIO]:
    """The file, complete or not there at all; or stdout."""
    if out is None:
        yield sys.stdout
        return
    part = out.with_name(out.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as target:
            yield target
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
