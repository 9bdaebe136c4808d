"""The bridge as a command: which server is meant, what is said to a person, how it ends."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from traaviis_lab.errors import LabError

from .bridge import carry
from .connection import all_connections, listed


def main(arguments: Sequence[str] | None = None, *, name: str = "") -> int:
    """Run it; answers the exit code. `name` is what its help calls it."""
    said = _parser(name).parse_args(arguments)
    try:
        if said.list:
            return show()
        carry(said.kernel, said.notebook, tell=tell)
    except LabError as error:
        tell(f"{error.message} {error.hint}")
        return 3
    return 0


def show() -> int:
    """Print a line for each server of this user; 3 where there is none."""
    found = all_connections(tell)
    if not found:
        tell("No lab is being served on this machine. Run lab.serve_mcp() in a notebook.")
        return 3
    sys.stdout.write(listed(found) + "\n")
    return 0


def tell(text: str) -> None:
    """Say something to the person: on stderr, which clients show or keep in a file."""
    sys.stderr.write(f"mcp-bridge: {text}\n")
    sys.stderr.flush()


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=name or "python -m traaviis_lab.bridge",
        description="Speak MCP on standard input and output with the lab of a running kernel.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--kernel", metavar="ID", help="the kernel's id, or how it begins")
    which.add_argument("--notebook", metavar="PATH", help="the notebook's path")
    parser.add_argument("--list", action="store_true", help="say what is served, and leave")
    return parser
