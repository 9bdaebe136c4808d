"""`traaviis-lab journal`: look into a journal, ask it, check it, take it elsewhere, mend it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import journal_care
from .opened import JournalPath, as_line, leaves, opened, when
from .tables import console, table

if TYPE_CHECKING:
    from traaviis_lab.journal.port import Fact

app = typer.Typer(
    help="Look into a journal, ask it, check it, take it elsewhere, mend it.",
    no_args_is_help=True,
)
app.command("verify")(journal_care.verify)
app.command("export")(journal_care.export)
app.command("rebuild")(journal_care.rebuild)

MAX_CELL = 60
RUNS = {
    "run": "left",
    "machine": "left",
    "state": "left",
    "done": "left",
    "seq": "right",
    "tenant": "left",
    "started": "left",
    "last fact": "left",
}
FACTS = {
    "seq": "right",
    "at": "left",
    "kind": "left",
    "name": "left",
    "state": "left",
    "what": "left",
}


@app.command("ls")
def ls(
    path: JournalPath,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list, an object per run.")
    ] = False,
) -> None:
    """List the runs of a journal."""
    with opened(path) as lab:
        runs = lab.journal.runs()
    if as_json:
        typer.echo(json.dumps([run._asdict() for run in runs], indent=2))
        return
    rows = [
        (
            *(r.run, r.machine, leaves(r.state), "yes" if r.done else "", r.seq),
            *(r.tenant, when(r.started), when(r.at)),
        )
        for r in runs
    ]
    console().print(table(RUNS, rows))


@app.command("show")
def show(
    path: JournalPath,
    run: Annotated[str, typer.Argument(help="The run's id; `journal ls` lists them.")],
    first: Annotated[int, typer.Option("--from", help="The first seq to show.", min=1)] = 1,
    last: Annotated[int | None, typer.Option("--to", help="The last seq to show.", min=1)] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only this kind: event, event.refused, ...")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSONL, a fact per line, whole.")] = False,
) -> None:
    """Show what happened in a run, fact by fact."""
    with opened(path, run) as lab:
        facts = lab.journal.read(run, after=first - 1, upto=last)
        chosen = (fact for fact in facts if kind is None or fact.kind == kind)
        if as_json:
            for fact in chosen:
                typer.echo(as_line(fact))
        else:
            console().print(table(FACTS, (_row(fact) for fact in chosen)))


@app.command("sql")
def sql(
    path: JournalPath,
    query: Annotated[str, typer.Argument(help="In DuckDB's SQL; - reads it from stdin.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list, an object per row.")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
) -> None:
    """Ask a journal in SQL: tables events, runs, charts; views steps, effects (see the docs)."""
    if as_json and csv:
        raise typer.BadParameter("--json or --csv, not both.")
    with opened(path) as lab:
        frame = lab.sql(sys.stdin.read() if query == "-" else query)
    if as_json:
        typer.echo(frame.to_json(orient="records", date_format="iso"))
    elif csv:
        typer.echo(frame.to_csv(index=False), nl=False)
    else:
        sides = {str(c): "right" if frame[c].dtype.kind in "iuf" else "left" for c in frame}
        console().print(table(sides, frame.itertuples(index=False)))


def _row(fact: Fact) -> tuple[Any, ...]:
    text = _gist(json.loads(fact.body))
    what = text if len(text) <= MAX_CELL else text[: MAX_CELL - 3] + "..."
    return fact.seq, when(fact.at), fact.kind, fact.name, leaves(fact.state), what


def _gist(body: dict[str, Any]) -> str:
    """What of a body a person wants to see in one line."""
    if "reason" in body:
        return str(body["reason"])
    step = body.get("step") or {}
    shown = {**(body.get("data") or {}), **step.get("set", {})}
    return json.dumps(shown if step or shown else body)
