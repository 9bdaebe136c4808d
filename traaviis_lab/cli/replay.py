"""`traaviis-lab replay`: old runs on the machine as it is now, a gate for CI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from traaviis_lab.errors import LabError

from .exits import NOT_RIGHT, say
from .opened import JournalPath, check_run, opened
from .tables import console, progress, table

if TYPE_CHECKING:
    from traaviis_lab.lab.replay_all import ReplayAll, Replayed

MOST_ROWS = 50
MOST_SAID = 10
COLUMNS = {
    "": "left",
    "run": "left",
    "machine": "left",
    "steps": "right",
    "parts at": "right",
    "expected": "left",
    "actual": "left",
}


def replay(
    path: JournalPath,
    chart: Annotated[
        str | None,
        typer.Option(
            help="The machine to replay on, like FILE of `run`; runs of other names are left out. "
            "[each run's own]"
        ),
    ] = None,
    run: Annotated[
        list[str] | None, typer.Option(help="Only this run; may be said more than once. [all]")
    ] = None,
    where: Annotated[
        str, typer.Option(help="Only runs for which this SQL holds on the view `runs`.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The outcome as JSON.")] = False,
) -> None:
    """Compute recorded runs again and compare: exit 0 if all come out as recorded, 1 if not."""
    from .load import load_chart

    mine = None if chart is None else load_chart(chart)
    with progress("Replaying (facts)") as advance, opened(path) as lab:
        for one in run or ():
            check_run(lab, path, one)
        found = lab.replay_all(mine, where, run, advance)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
    else:
        _show(found)
    if not found.rows:
        raise LabError(
            f"There was nothing to replay in {path}.",
            hint=f"traaviis-lab journal ls {path} lists its runs and their machines.",
        )
    if not found.ok:
        raise typer.Exit(NOT_RIGHT)


def _show(found: ReplayAll) -> None:
    good = [row for row in found.rows if row.ok]
    shown = [*found.failed, *good][:MOST_ROWS]
    if shown:
        console().print(table(COLUMNS, map(_row, shown)))
    if len(found.rows) > len(shown):
        typer.echo(f"... and {len(found.rows) - len(shown)} more runs.")
    for row in found.failed[:MOST_SAID]:
        error = row.error
        say(str(error), "" if error is None else error.hint)
    if len(found.failed) > MOST_SAID:
        say(f"... and {len(found.failed) - MOST_SAID} more that did not; --json has them all.", "")
    typer.echo(f"{found}.")


def _row(row: Replayed) -> tuple[Any, ...]:
    return (
        *("ok" if row.ok else "NO", row.run, row.machine, row.steps, row.seq),
        *(row.expected, row.actual),
    )
