"""The run a debugger looks at, live or recorded, held so weakly that this keeps nothing alive."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError, RunNotFound
from traaviis_lab.machine import Chart
from traaviis_lab.travel import Trail

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab, Recording, Run


class Subject:
    """One run of a lab: the live one where it is live in this lab, else its recording."""

    def __init__(self, lab: Lab, run: str, chart: Chart | None = None) -> None:
        self.id = run
        self._lab = weakref.ref(lab)
        seen = _live(lab, run) or lab.recording(run, chart)
        self._seen = weakref.ref(seen)
        self.chart: Chart = seen.chart
        self.tenant: str = seen.tenant

    def lab(self) -> Lab:
        """The lab. Raises `LabError` if it is closed or gone."""
        lab = self._lab()
        if lab is None or not lab.is_open:
            raise LabError("The lab of this run is closed.", hint="Open it again: Lab(path).")
        return lab

    def live(self) -> Run | None:
        """The live run, None where it is not live in this lab (any more, or not yet)."""
        return _live(self.lab(), self.id)

    def driven(self) -> Run:
        """The live run. Raises `LabError` where there is none."""
        run = self.live()
        if run is None:
            raise LabError(
                f"Run {self.id!r} is not live in this lab: it can be looked at, not driven.",
                hint=f"lab.resume({self.id!r}) makes it live; a fork of it is live too.",
            )
        return run

    def seen(self) -> Run | Recording:
        """The run to ask about its past."""
        lab = self.lab()
        found: Run | Recording | None = _live(lab, self.id) or self._seen()
        if found is None:
            found = lab.recording(self.id, self.chart)
            self._seen = weakref.ref(found)
        return found

    def trail(self) -> Trail:
        """Its recorded way; not to be kept: it holds the journal."""
        return self.seen().trail


def _live(lab: Lab, run: str) -> Run | None:
    try:
        return lab.run(run)
    except RunNotFound:
        return None


def subject_of(thing: Any) -> Subject:
    """The subject of a `Run` or a `Recording`."""
    return Subject(thing.lab, thing.id, thing.chart)
