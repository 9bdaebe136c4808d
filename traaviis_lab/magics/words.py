"""The magics themselves, as IPython knows them: what they take, and who does the work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import (
    Magics,
    cell_magic,
    line_cell_magic,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)

from traaviis_lab.errors import LabError
from traaviis_lab.lab import Run
from traaviis_lab.lab.recording import Recording

from .asking import ask
from .labs import is_name, lab_named, take_lab
from .marking import chart_in

if TYPE_CHECKING:
    import pandas as pd

    from traaviis_lab.machine import Chart


@magics_class
class TraaviisMagics(Magics):
    """`%%machine`, `%journal`, `%%journal`, `%debug_run`."""

    @property
    def _names(self) -> dict[str, Any]:
        assert self.shell is not None
        names: dict[str, Any] = self.shell.user_ns
        return names

    @cell_magic
    def machine(self, line: str, cell: str) -> Chart:
        """Read the YAML (or JSON) of this cell as a chart; mistakes are marked at their line.

        `%%machine [--lab NAME] [variable]`: the chart is kept in the variable (else in one with
        the machine's own name), and made known to that lab.
        """
        lab, wanted = take_lab(line)
        chart = chart_in(cell)
        name = wanted or _variable(chart.name)
        if not is_name(name):
            raise LabError(f"{name!r} is no name for a variable.", hint="%%machine my_chart")
        if lab:
            lab_named(lab, self._names).add(chart)
        self._names[name] = chart
        return chart

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def journal(
        self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None
    ) -> pd.DataFrame | None:
        """Ask the journal in SQL; `$name` stands for the Python variable of that name.

        `%journal select ...` answers a table. `%%journal [--lab NAME] [variable]` asks what stands
        in the cell, and keeps the table in that variable too.
        """
        names = {**self._names, **(local_ns or {})}
        return ask(line, cell, names, self._names)

    @line_magic
    def debug_run(self, line: str) -> Any:
        """Open the debugger on a run: `%debug_run ID`, or `%debug_run variable`."""
        lab, run = take_lab(line)
        if not run:
            raise LabError("Which run?", hint="%debug_run door_001, or a variable that holds one.")
        known = self._names.get(run)
        if isinstance(known, Run | Recording):
            return known.lab.debug(known)
        return lab_named(lab, self._names, run=run).debug(run)


def _variable(name: str) -> str:
    """The machine's name as one writes a variable: `Smart door` is Smart_door."""
    return "".join(c if c.isalnum() or c == "_" else "_" for c in name)
