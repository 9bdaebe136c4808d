"""`traaviis-lab mcp-bridge`: MCP on standard input and output for the lab of a running kernel."""

from __future__ import annotations

from typing import Annotated

import typer


def mcp_bridge(
    kernel: Annotated[
        str | None,
        typer.Option("--kernel", metavar="ID", help="The kernel's id, or how it begins."),
    ] = None,
    notebook: Annotated[
        str | None, typer.Option("--notebook", metavar="PATH", help="The notebook's path.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Say what is served, and leave.")] = False,
) -> None:
    """Connect an MCP client that starts programs to a lab that is served in a notebook."""
    from traaviis_lab.bridge.command import main

    words = [
        *(["--kernel", kernel] if kernel is not None else ()),
        *(["--notebook", notebook] if notebook is not None else ()),
        *(["--list"] if list_ else ()),
    ]
    raise typer.Exit(main(words, name="traaviis-lab mcp-bridge"))
