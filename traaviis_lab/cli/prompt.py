"""Talk with a run at the terminal: type an event, see where it leads."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import typer

from traaviis_lab.errors import LabError

from .exits import say
from .log_lines import hear
from .pictures import in_terminal, marks_of, state_of

if TYPE_CHECKING:
    from traaviis_lab.lab import Run

HELP = """\
  NAME [field=value ...]   send an event; values are JSON, or else text
  (empty line)             look again: timers may have fired
  data                     the run's data
  draw                     the diagram
  help                     this
  quit, Ctrl-D             leave"""


def converse(run: Run) -> None:
    """Ask for events until the person leaves or the run is done."""
    hear()
    typer.echo(f"Run {run.id} of {run.chart.name}. Type an event, `help`, or Ctrl-D to leave.")
    while not run.done:
        _show(run)
        try:
            line = input("> ").strip()
        except EOFError:
            typer.echo("")
            return
        if line in {"quit", "exit"}:
            return
        _answer(run, line)
    typer.echo(f"Done, in {state_of(run)}.")


def parse_event(line: str) -> tuple[str, dict[str, Any]]:
    """`open_command user=7 fast=true` as a name and its data. Raises ValueError."""
    name, *fields = shlex.split(line)
    data = {}
    for field in fields:
        key, equals, text = field.partition("=")
        if not equals or not key:
            raise ValueError(f"{field!r} is not field=value")
        try:
            data[key] = json.loads(text)
        except json.JSONDecodeError:
            data[key] = text
    return name, data


def _answer(run: Run, line: str) -> None:
    from traaviis_lab import Event

    if not line:
        return
    if line == "help":
        typer.echo(HELP)
    elif line == "data":
        typer.echo(json.dumps(run.data, indent=2))
    elif line == "draw":
        typer.echo(in_terminal(run.chart, marks_of(run)))
    else:
        try:
            name, data = parse_event(line)
            run.send_event(Event(name, data))
        except LabError as refusal:
            say(refusal.message, refusal.hint)
        except ValueError as error:
            say(f"Not understood: {error}.", "Like this: open_command user_id=u1")


def _show(run: Run) -> None:
    takes = ", ".join(run.events) or "no event now"
    typer.echo(f"{state_of(run)}   takes: {takes}")
    for name, why in run.blocked.items():
        typer.echo(f"  not {name}: {why}")
