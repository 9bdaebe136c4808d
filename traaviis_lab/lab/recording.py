"""A run as it stands in the journal: done, imported, of another day or of another process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import DefinitionError, RunNotFound
from traaviis_lab.machine import Chart, Snapshot, Step
from traaviis_lab.runtime import Recall

from .faces import mimebundle
from .forks import Forks
from .portable import Portable

if TYPE_CHECKING:
    from .lab import Lab


class Recording(Portable, Forks):
    """A run to be read, replayed and compared, and not to be driven. `lab.recording` makes it.

    What it says of where the run stands is as of its last fact; a run that another process drives
    goes on meanwhile. `lab.resume` makes a run live.
    """

    def __init__(self, lab: Lab, id: str, chart: Chart) -> None:
        self._lab, self._chart = lab, chart
        self.id = id
        self._last: Recall | None = None
        check_machine(id, self.trail.info.machine, chart)
        self.tenant = self.trail.info.tenant  # who owns it

    @property
    def lab(self) -> Lab:
        """The lab whose journal it is in."""
        return self._lab

    @property
    def chart(self) -> Chart:
        """The chart it ran on."""
        return self._chart

    @property
    def seq(self) -> int:
        """The number of its last fact."""
        return self.trail.seq

    @property
    def snapshot(self) -> Snapshot:
        """Where it stands; do not change the data inside."""
        return self._stand().snapshot

    @property
    def visited(self) -> frozenset[str]:
        """Every state it has ever been in."""
        return self._stand().visited

    @property
    def last(self) -> Step | None:
        """The step of its last fact that was one."""
        for seq in range(self.seq, max(0, self.seq - _LOOK_BACK), -1):
            for moment in self.trail.walk(seq - 1, seq):
                if moment.step is not None:
                    return moment.step
        return None

    def _stand(self) -> Recall:
        seq = self.seq
        if self._last is None or self._last.seq != seq:
            self._last = self.trail.at(seq)
        return self._last

    def __repr__(self) -> str:
        state = self.state if isinstance(self.state, str) else " & ".join(self.state)
        end = ", done" if self.done else ""
        return f"<Recording {self.id} of {self.chart.name}: {state} at seq {self.seq}{end}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return mimebundle("run", self)


_LOOK_BACK = 20


def check_machine(run: str, machine: str, chart: Chart) -> None:
    """Raise `DefinitionError` for the chart of another machine than the run's."""
    if chart.name != machine:
        raise DefinitionError(
            f"Run {run!r} is one of {machine}, not of {chart.name}.", hint=f"Pass chart={machine}."
        )


def recorded_chart(lab: Lab, run: str) -> Chart:
    """The chart a run ran on: one the lab knows, else the journal's.

    Raises `RunNotFound`, and `DefinitionError` where its class holds Python functions.
    """
    info = lab.journal.info(run)
    if info is None:
        raise RunNotFound(f"No run {run!r} in this journal.", hint="lab.runs() lists them.")
    try:
        return lab._chart_for(run)
    except (DefinitionError, RunNotFound) as error:
        raise DefinitionError(
            error.message,
            hint=f"Pass the class it ran on: lab.recording({run!r}, chart={info.machine}).",
        ) from error
