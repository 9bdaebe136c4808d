"""Find the faces that show a lab's things in a notebook. The lab never imports upstairs.

A face is a function `face(thing) -> {mime type: content}`, announced by its package under the
entry-point group `traaviis_lab.faces` with the name of what it shows: `run`, `lab`, `chart`,
`costs` or `mcp` (the handle of a server).
The face `debug` answers a debugger of a run, something that is shown itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any

from traaviis_lab.errors import NotInstalled
from traaviis_lab.machine import Chart

Face = Callable[[Any], Any]


@lru_cache(maxsize=8)
def find_face(name: str) -> Face | None:
    """The face announced for `run`, `lab`, `costs`, `mcp` or another; None if there is none."""
    for point in entry_points(group="traaviis_lab.faces", name=name):
        face: Face = point.load()
        return face
    return None


def mimebundle(name: str, thing: Any) -> dict[str, Any]:
    """What a notebook shows of `thing`; its plain text where there is no face for it."""
    face = find_face(name)
    plain = {"text/plain": repr(thing)}
    return plain if face is None else {**plain, **face(thing)}


def debugger(run: Any) -> Any:
    """The debugger of a run. Raises `NotInstalled` where no package brings one."""
    face = find_face("debug")
    if face is None:
        raise NotInstalled(
            "No debugger is announced here: entry point `debug` of the group `traaviis_lab.faces`.",
            hint="pip install --force-reinstall traaviis-lab",
        )
    return face(run)


def draw_charts() -> None:
    """Have the notebook draw charts that are the last value of a cell.

    A chart is of the pure floor and knows no faces; so it is the notebook that is told.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        shell.display_formatter.mimebundle_formatter.for_type(
            Chart, lambda chart: mimebundle("chart", chart)
        )
