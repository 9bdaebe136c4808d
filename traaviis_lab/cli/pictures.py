"""Diagrams for the terminal: as wide as it is, in colour where that is welcome."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

from .exits import colourful

if TYPE_CHECKING:
    from traaviis_lab.lab import Run
    from traaviis_lab.machine.chart import Chart
    from traaviis_lab.views import Marks


def in_terminal(chart: Chart, marks: Marks | None = None) -> str:
    """The chart as text, in ASCII where stdout knows no more."""
    from traaviis_lab import views

    coding = (sys.stdout.encoding or "ascii").lower()
    return views.to_text(
        chart,
        marks,
        width=max(40, min(shutil.get_terminal_size((96, 24)).columns, 120)),
        color=colourful(sys.stdout),
        ascii=not coding.startswith("utf"),
    )


def marks_of(run: Run) -> Marks:
    """What to mark in a run's diagram: where it is, has been, and came from."""
    from traaviis_lab.views import Marks

    taken = frozenset(run.last.taken) if run.last else frozenset[str]()
    return Marks(active=run.active, visited=run.visited, taken=taken)


def state_of(run: Run) -> str:
    """The active leaves as people read them."""
    return run.state if isinstance(run.state, str) else " & ".join(run.state)
