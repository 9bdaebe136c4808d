"""The traaviis-lab command: what `python -m pip install traaviis-lab` puts on the path."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code (see `traaviis_lab.cli.exits`)."""
    from .exits import leave

    leave(arguments)
