"""What can be asked of a run's past, whether it is live or only a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from traaviis_lab.machine import Chart, Snapshot
from traaviis_lab.travel import Trail

from .frames import history_frame

if TYPE_CHECKING:
    import pandas as pd

    from .lab import Lab


class Past:
    """The half of `Run` and of `Recording` that looks back. Nothing here changes or performs."""

    id: str

    @property
    def lab(self) -> Lab:
        """The lab it belongs to."""
        raise NotImplementedError

    @property
    def chart(self) -> Chart:
        """The chart it runs on."""
        raise NotImplementedError

    @property
    def trail(self) -> Trail:
        """Its recorded way: facts with where the run stood before and after each."""
        return Trail(self.lab.journal, self.id, self.chart)

    def at(self, seq: int) -> Snapshot:
        """Where the run stood after fact `seq`, from the nearest kept snapshot on.

        Raises `LabError` for a seq the run has not reached.
        """
        return self.trail.at(seq).snapshot

    def history(self, *, data: bool = False) -> pd.DataFrame:
        """A row per step: seq, at, event, event_data, state, taken, effects, changed.

        Args:
            data: also the run's whole data after each step (computed again, so it takes longer).
        """
        facts = self.lab.journal.read(self.id)
        return history_frame(facts, self.chart if data else None)
