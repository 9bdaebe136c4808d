"""`traaviis-lab demo`: three machines, three sensor logs, one journal, one report."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from traaviis_lab.errors import JournalConflict, JournalLocked

from .event_log import Entry, Malformed, read_log
from .log_lines import hush
from .pictures import in_terminal, marks_of, state_of
from .play import Tally, opening_time, play
from .tables import console, table

if TYPE_CHECKING:
    from rich.table import Table

    from traaviis_lab.lab import Lab, Run

FOLDER = Path("traaviis-demo")
FRAMES_PER_SECOND = 10


class Part(NamedTuple):
    """One machine of the demo: its class in the gallery, the log it hears, the ids of its runs."""

    machine: str
    log: str
    prefix: str


PARTS = (
    Part("SmartDoor", "smart_door", "door"),
    Part("SecuritySystem", "security_system", "alarm"),
    Part("Timer", "timer", "timer"),
)
COLUMNS = {
    "run": "left",
    "machine": "left",
    "state": "left",
    "seq": "right",
    "lines": "right",
    "accepted": "right",
    "refused": "right",
    "late": "right",
    "malformed": "right",
    "last event": "left",
}


def demo(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Where journal and report go. [./traaviis-demo, else a new folder]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The outcome as JSON.")] = False,
) -> None:
    """Play event logs of a door, an alarm system and a timer; journal it all; write a report.

    Needs no network, display or key. A second time it adds new runs to the same journal.
    """
    from .demo_report import write_notebook, write_report

    hush()
    place = _writable(folder)
    journal = place / "demo.duckdb"
    logs = {part.prefix: list(read_log(_lines(part.log))) for part in PARTS}
    tallies = {part.prefix: Tally() for part in PARTS}
    began = time.monotonic()
    with _lab(journal, logs) as lab:
        runs = {part.prefix: _next_run(lab, part) for part in PARTS}
        _play(lab, runs, logs, tallies, quiet=as_json)
        seconds = time.monotonic() - began
        report = write_report(place / "report.html", runs, tallies)
        write_notebook(place / "demo.ipynb", runs)
        if as_json:
            typer.echo(json.dumps(_outcome(runs, tallies, journal, report, seconds), indent=2))
        else:
            _tell(lab, runs, tallies, report, seconds)


def _lines(name: str) -> Iterator[str]:
    log = files("traaviis_lab.gallery") / "logs" / f"{name}.jsonl"
    with log.open(encoding="utf-8") as lines:
        yield from lines


def _writable(folder: Path | None) -> Path:
    place = folder or FOLDER
    try:
        place.mkdir(parents=True, exist_ok=True)
        if os.access(place, os.W_OK):
            return place
    except OSError:
        pass
    if folder is not None:
        raise typer.BadParameter(f"{folder} is no folder that can be written to.")
    return Path(tempfile.mkdtemp(prefix="traaviis-demo-"))


def _lab(journal: Path, logs: Mapping[str, Iterable[Entry | Malformed]]) -> Lab:
    from traaviis_lab import Lab, ToldClock

    return Lab(journal, clock=ToldClock(opening_time(logs) or 0), tenant="demo")


def _next_run(lab: Lab, part: Part) -> Run:
    """A new run with the first free number, so that nothing that happened is touched."""
    from traaviis_lab import gallery

    machine = getattr(gallery, part.machine)
    taken = {info.run for info in lab.journal.runs()}
    for number in count(1):
        run_id = f"{part.prefix}_{number:03}"
        if run_id in taken:
            continue
        try:
            return lab.start(machine, id=run_id)
        except (JournalConflict, JournalLocked):
            # Another demo on the same journal was a moment quicker.
            continue
    raise AssertionError("numbers do not end")


def _play(
    lab: Lab,
    runs: Mapping[str, Run],
    logs: Mapping[str, list[Entry | Malformed]],
    tallies: Mapping[str, Tally],
    *,
    quiet: bool,
) -> None:
    clock: Any = lab.clock
    steps = play(runs, logs, clock, tallies)
    if quiet:
        for _ in steps:
            pass
        return
    total = sum(len(log) for log in logs.values())
    typer.echo(f"Playing {total} lines of three sensor logs, in log time.")
    with _live(runs, tallies) as show:
        due = 0.0
        for _ in steps:
            if (now := time.monotonic()) >= due:
                show()
                due = now + 1 / FRAMES_PER_SECOND


@contextmanager
def _live(runs: Mapping[str, Run], tallies: Mapping[str, Tally]) -> Iterator[Any]:
    """A table that changes in place at a terminal, and one table at the end elsewhere."""
    out = console()
    if not out.is_terminal:
        yield _every_thousandth(tallies)
        out.print(_table(runs, tallies))
        return
    from rich.live import Live

    with Live(_table(runs, tallies), console=out, auto_refresh=False) as live:
        yield lambda: live.update(_table(runs, tallies), refresh=True)
        live.update(_table(runs, tallies), refresh=True)


def _every_thousandth(tallies: Mapping[str, Tally]) -> Callable[[], None]:
    """Says how far it is, where a table cannot change in place."""
    said = 0

    def show() -> None:
        nonlocal said
        lines = sum(tally.lines for tally in tallies.values())
        if lines // 1000 > said:
            said = lines // 1000
            typer.echo(f"  {said * 1000} lines")

    return show


def _table(runs: Mapping[str, Run], tallies: Mapping[str, Tally]) -> Table:
    rows = []
    for name, run in runs.items():
        tally = tallies[name]
        counts = (tally.accepted, tally.refused, tally.late, tally.malformed)
        rows.append(
            (run.id, run.chart.name, state_of(run), run.seq, tally.lines, *counts, tally.last)
        )
    return table(COLUMNS, rows)


def _tell(
    lab: Lab, runs: Mapping[str, Run], tallies: Mapping[str, Tally], report: Path, seconds: float
) -> None:
    for name, run in runs.items():
        typer.echo(f"\n{run.chart.name}, run {run.id}, in {state_of(run)}:\n")
        typer.echo(in_terminal(run.chart, marks_of(run)))
        for reason, times in _striking(tallies[name]):
            typer.echo(f"  {times:>5} x {reason}")
    facts = sum(run.seq for run in runs.values())
    lines = sum(tally.lines for tally in tallies.values())
    verdict = lab.verify()
    typer.echo(
        f"\n{lines} lines made {facts} facts in {seconds:.1f} s, each on disk before it counted."
    )
    typer.echo(f"Journal   {lab.path} ({'whole' if not verdict.problems else 'NOT WHOLE'})")
    typer.echo(f"Report    {report.resolve()}")
    typer.echo(
        f"Ask it    {_command()} journal sql {report.parent / 'demo.duckdb'} \\\n"
        '            "select kind, name, count(*) from events group by all order by 3 desc"'
    )
    if find_spec("jupyterlab") is None:
        typer.echo("Jupyter   pip install 'traaviis-lab[lab]', then")
        typer.echo(f"          {_command()} lab {report.parent}")
    else:
        typer.echo(f"Jupyter   {_command()} lab {report.parent}")


def _striking(tally: Tally) -> list[tuple[str, int]]:
    """The most frequent reasons, and those of malformed lines, which are rare."""
    often = tally.reasons.most_common(3)
    odd = [pair for pair in tally.reasons.items() if pair[0].startswith("malformed")]
    return [*often, *(pair for pair in odd if pair not in often)]


def _outcome(
    runs: Mapping[str, Run],
    tallies: Mapping[str, Tally],
    journal: Path,
    report: Path,
    seconds: float,
) -> dict[str, Any]:
    parts = [
        {"run": run.id, "machine": run.chart.name, "state": state_of(run), "seq": run.seq}
        | tallies[name].to_json()
        for name, run in runs.items()
    ]
    places = {"journal": str(journal.resolve()), "report": str(report.resolve())}
    return {**places, "seconds": round(seconds, 3), "runs": parts}


def _command() -> str:
    """How this command was called, if it is not on the path."""
    return "traaviis-lab" if shutil.which("traaviis-lab") else Path(sys.argv[0]).as_posix()
