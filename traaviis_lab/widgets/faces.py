"""The faces of a run, a lab and a chart: MIME type to content, static everywhere, live in a kernel.

The static picture stands beside the live widget, so that a saved notebook shows something without
a kernel (nbconvert, GitHub, nbval) and needs no widget state in the file.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError
from traaviis_lab.machine import Chart
from traaviis_lab.views import Marks, to_svg

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab, Recording, Run
    from traaviis_lab.lab.costing import LabCosts, RunCosts

    from .debug import DebugWidget
    from .serving.handle import Handle

WIDGET = "application/vnd.jupyter.widget-view+json"
MAX_STATIC = 2_000_000
"""A picture above this many characters is left out of the notebook's file."""


def run_face(run: Run | Recording) -> dict[str, Any]:
    """A run: text, a picture of where it stands, and the live widget where there is a kernel.

    A recording is no live run: it has the picture only.
    """
    effects = _effects(run)
    bundle: dict[str, Any] = {
        "text/plain": "\n".join([repr(run), *effects]),
        **_picture(run.chart, _marks(run), effects),
    }
    from traaviis_lab.lab import Run

    if has_kernel() and isinstance(run, Run):
        from .run_widget import RunWidget

        bundle[WIDGET] = _view(RunWidget.of(run))
    return bundle


def lab_face(lab: Lab) -> dict[str, Any]:
    """A lab: text, a table of counts, and the control panel where there is a kernel."""
    bundle: dict[str, Any] = {"text/plain": repr(lab)}
    if not lab.is_open:
        return bundle
    from .lab_table import counts_html

    bundle["text/html"] = counts_html(lab)
    if has_kernel():
        from .lab_widget import LabWidget

        bundle[WIDGET] = _view(LabWidget.of(lab))
    return bundle


def debug_face(run: Run | Recording) -> DebugWidget:
    """The debugger of a run: a widget, which has a static picture of its own."""
    from .debug import DebugWidget

    return DebugWidget.of(run)


def costs_face(costs: RunCosts | LabCosts) -> dict[str, Any]:
    """Costs: text, tables, and the live widget where there is a kernel."""
    bundle: dict[str, Any] = {"text/plain": repr(costs), "text/html": costs._repr_html_()}
    if has_kernel():
        from .costs import CostsWidget

        bundle[WIDGET] = _view(CostsWidget.of(costs))
    return bundle


def mcp_face(handle: Handle) -> dict[str, Any]:
    """The server of a lab: in a kernel a live widget, beside text that says the same every time."""
    if not has_kernel():
        return {"text/plain": repr(handle)}
    from .serving import ServingWidget
    from .serving.still import still_html, still_text

    view = _view(ServingWidget.of(handle))
    return {"text/plain": still_text(handle), "text/html": still_html(handle), WIDGET: view}


def chart_face(chart: Chart) -> dict[str, Any]:
    """A chart: its picture."""
    text = f"<Chart {chart.name}: {len(chart.states)} states, {len(chart.transitions)} transitions>"
    return {"text/plain": text, **_picture(chart, None)}


def has_kernel() -> bool:
    """Whether this process is a Jupyter kernel with comms; opens nothing to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def _view(widget: Any) -> dict[str, Any]:
    return {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}


def _marks(run: Run | Recording) -> Marks:
    taken = run.last.taken if run.last is not None else ()
    return Marks(active=run.active, visited=run.visited, taken=frozenset(taken))


def _effects(run: Run | Recording) -> list[str]:
    """What it asked of the world, a line each; none where the lab is closed."""
    from .lane import still_lines

    try:
        return still_lines(run.lab.journal, run.id, run.seq) if run.lab.is_open else []
    except LabError:
        return []


def _picture(chart: Chart, marks: Marks | None, effects: list[str] | None = None) -> dict[str, str]:
    svg = to_svg(chart, marks)
    if effects:
        from .lane import under_picture

        svg = under_picture(svg, effects)
    return {"image/svg+xml": svg} if len(svg) <= MAX_STATIC else {}
