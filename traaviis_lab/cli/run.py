"""`traaviis-lab run`: run a machine on an event log, on stdin, or on what you type."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .event_log import Entry, Malformed, read_log
from .exits import NOT_RIGHT
from .log_lines import hush
from .pictures import state_of

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab, Run
    from traaviis_lab.machine.chart import Chart

    from .play import Tally

Log = Iterator[Entry | Malformed]


def run(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="YAML or JSON, - for stdin, module:Machine, file.py:Machine or gallery:SmartDoor.",
        ),
    ],
    events: Annotated[
        str | None,
        typer.Option(help="A JSONL log to play, - for stdin. [what you type, or what is piped in]"),
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(help="The journal to write (a .duckdb). [in memory]")
    ] = None,
    run_id: Annotated[str | None, typer.Option("--id", help="The run's id. [one is made]")] = None,
    data: Annotated[str, typer.Option(help="Data to start with, a JSON object.")] = "{}",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run --id of --journal.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 if a line was refused or malformed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The outcome as JSON.")] = False,
) -> None:
    """Run a machine. With a log, time is the log's: timers fire between its lines."""
    from .load import load_chart

    if resume and (journal is None or run_id is None):
        raise typer.BadParameter("--resume needs --journal and --id: which run of which journal?")
    fields = _object(data)
    if file == "-" and events in {"-", None}:
        raise typer.BadParameter("stdin holds the machine, so say --events FILE.")
    chart = load_chart(file)
    with ExitStack() as stack:
        log = _log(events, stack)
        first, log = _first_time(log)
        lab = stack.enter_context(_lab(journal, first))
        live = _begin(lab, chart, run_id, fields, resume=resume)
        if log is None:
            from .prompt import converse

            converse(live)
            return
        hush()
        tally = _play(live, log, told=first is not None)
        _tell(live, tally, journal, as_json=as_json)
    if strict and (tally.refused or tally.malformed):
        raise typer.Exit(NOT_RIGHT)


def _log(events: str | None, stack: ExitStack) -> Log | None:
    """The log's lines as they come; None where a person is to be asked."""
    if events is None and sys.stdin.isatty():
        return None
    if events in {None, "-"}:
        return read_log(sys.stdin)
    path = Path(str(events))
    if not path.is_file():
        raise typer.BadParameter(f"There is no event log {path}.")
    return read_log(stack.enter_context(path.open(encoding="utf-8", errors="replace")))


def _first_time(log: Log | None) -> tuple[int | None, Log | None]:
    """The time of the first good line, and the log again, whole."""
    if log is None:
        return None, None
    seen: list[Entry | Malformed] = []
    for entry in log:
        seen.append(entry)
        if isinstance(entry, Entry):
            return entry.at, itertools.chain(seen, log)
    return None, iter(seen)


def _lab(journal: Path | None, first: int | None) -> Lab:
    from traaviis_lab import Lab, ToldClock

    # Played from a file that can be played again: nothing is lost by syncing in lumps.
    clock = None if first is None else ToldClock(first)
    return Lab(journal, durability="async" if first is not None else "disk", clock=clock)


def _begin(
    lab: Lab, chart: Chart, run_id: str | None, data: dict[str, Any], *, resume: bool
) -> Run:
    from traaviis_lab.runtime import ToldClock

    if not resume:
        return lab.start(chart, id=run_id, data=data)
    known = lab.journal.info(str(run_id))
    if known is not None and isinstance(lab.clock, ToldClock):
        # Its facts go up to then: time in a run does not go back.
        lab.clock.advance_to(known.at)
    return lab.resume(str(run_id), chart)


def _play(live: Run, log: Log, *, told: bool) -> Tally:
    from traaviis_lab.runtime import ToldClock

    from .play import Tally, play

    clock = live.lab.clock if told else None
    assert clock is None or isinstance(clock, ToldClock)
    tally = Tally()
    for _ in play({"log": live}, {"log": log}, clock, {"log": tally}):
        pass
    return tally


def _tell(live: Run, tally: Tally, journal: Path | None, *, as_json: bool) -> None:
    if as_json:
        outcome = {
            "run": live.id,
            "machine": live.chart.name,
            "state": live.state,
            "done": live.done,
        }
        typer.echo(json.dumps({**outcome, "seq": live.seq, "data": live.data, **tally.to_json()}))
        return
    end = ", done" if live.done else ""
    typer.echo(f"{live.id}: {state_of(live)}{end}, at seq {live.seq}.")
    typer.echo(
        f"{tally.lines} lines: {tally.accepted} accepted, {tally.refused} refused, "
        f"{tally.malformed} malformed; {tally.late} came late."
    )
    for reason, count in tally.reasons.most_common(10):
        typer.echo(f"  {count:>6} x {reason}")
    if journal is not None:
        typer.echo(f"The whole story: traaviis-lab journal show {journal} {live.id}")


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(
            f"--data is not JSON: {error.msg} at column {error.colno}."
        ) from None
    if not isinstance(found, dict):
        raise typer.BadParameter("--data is not a JSON object, like '{\"opened\": 0}'.")
    return found
