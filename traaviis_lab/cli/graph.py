"""`traaviis-lab graph`: draw a machine as SVG, DOT, Mermaid, an HTML page or terminal text."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from .pictures import in_terminal

if TYPE_CHECKING:
    from traaviis_lab.machine.chart import Chart


class Format(StrEnum):
    """The pictures there are."""

    text = "text"
    svg = "svg"
    dot = "dot"
    mermaid = "mermaid"
    html = "html"


def graph(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="YAML or JSON, - for stdin, module:Machine, file.py:Machine or gallery:SmartDoor.",
        ),
    ],
    form: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="Which picture. [as the name of --out ends, or text]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A file to write instead of stdout.")
    ] = None,
) -> None:
    """Draw a machine."""
    from .load import load_chart

    picture = draw(load_chart(file), form or _format_of(out))
    if out is None:
        typer.echo(picture)
    else:
        out.write_text(picture, encoding="utf-8")
        typer.echo(f"Drawn in {out}.", err=True)


def draw(chart: Chart, form: Format) -> str:
    """The picture of a chart that nothing runs on yet, as text."""
    from traaviis_lab import views

    match form:
        case Format.text:
            return in_terminal(chart)
        case Format.svg:
            return views.to_svg(chart)
        case Format.dot:
            return views.to_dot(chart)
        case Format.mermaid:
            return views.to_mermaid(chart)
        case Format.html:
            return views.to_html(views.ReportRun(chart.name, chart), title=chart.name)
        case _:
            assert_never(form)


def _format_of(out: Path | None) -> Format:
    endings = {".gv": Format.dot, ".mmd": Format.mermaid, ".htm": Format.html, ".txt": Format.text}
    if out is None:
        return Format.text
    ending = out.suffix.lower()
    if ending in endings:
        return endings[ending]
    try:
        return Format(ending.lstrip("."))
    except ValueError:
        raise typer.BadParameter(
            f"What picture {out} should hold is not clear: say --format {'|'.join(Format)}."
        ) from None
