"""The commands, put together: each is a file, and rooms open only when a command runs."""

from __future__ import annotations

from typing import Annotated

import typer

from . import (
    analyze,
    costs,
    demo,
    estimate,
    exchange,
    graph,
    journal,
    mcp_bridge,
    migrate,
    models,
    notebooks,
    replay,
    reproduce,
    run,
    validate,
)

app = typer.Typer(
    help="Build, run, watch and debug workflows as statecharts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from traaviis_lab import __version__

        typer.echo(f"traaviis-lab {__version__}")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and leave.")
    ] = False,
) -> None:
    """Build, run, watch and debug workflows as statecharts."""


app.command("demo")(demo.demo)
app.command("lab")(notebooks.lab)
app.command("run")(run.run)
app.command("replay")(replay.replay)
app.command("costs")(costs.costs)
app.command("validate")(validate.validate)
app.command("estimate")(estimate.estimate)
app.command("analyze")(analyze.analyze)
app.command("migrate")(migrate.migrate)
app.command("graph")(graph.graph)
app.command("export")(exchange.export)
app.command("import")(exchange.bring_in)
app.command("report")(exchange.report)
app.command("test-case")(reproduce.reproduce)
app.command("mcp-bridge")(mcp_bridge.mcp_bridge)
app.add_typer(journal.app, name="journal")
app.add_typer(models.app, name="models")
