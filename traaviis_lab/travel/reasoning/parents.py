"""The run a fork was made from, opened so that a question can go on there."""

from __future__ import annotations

from traaviis_lab.errors import LabError
from traaviis_lab.journal import Journal
from traaviis_lab.machine.chart import Chart
from traaviis_lab.runtime import chart_of
from traaviis_lab.travel.trail import Trail

from .pages import Pages


class Parents:
    """Opens parents, each once. A parent that cannot be read is None: the question ends there."""

    def __init__(self, journal: Journal, pages: Pages, chart: Chart) -> None:
        self.journal, self.chart = journal, chart
        self._opened: dict[str, Pages | None] = {pages.run: pages}

    def told(self, pages: Pages) -> tuple[str, Pages | None, int]:
        """Where a fork came from in words, its parent if it can be read, and the parent's seq."""
        info = pages.trail.info
        if not info.forked_from or not info.forked_at:
            return "before this run was forked", None, 0
        text = f"before the fork, in run {info.forked_from} at seq {info.forked_at}"
        return text, self._open(info.forked_from, info.forked_at), info.forked_at

    def _open(self, run: str, at: int) -> Pages | None:
        if run not in self._opened:
            self._opened[run] = self._read(run, at)
        return self._opened[run]

    def _read(self, run: str, at: int) -> Pages | None:
        info = self.journal.info(run)
        if info is None or info.seq < at:
            return None
        try:
            chart = self.chart if info.chart == self.chart.hash else chart_of(self.journal, run)
        except LabError:
            return None
        return Pages(Trail(self.journal, run, chart))
