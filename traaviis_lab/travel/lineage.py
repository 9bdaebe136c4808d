"""Where a run comes from: its own facts, and before them its parents' up to each fork."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from traaviis_lab.journal import Journal
from traaviis_lab.machine import Chart
from traaviis_lab.runtime import chart_of

from .trail import Trail

Charts = Callable[[str], Chart]
"""How to find the chart of a run by its id; a lab knows more of them than its journal."""


class Part(NamedTuple):
    """A run's facts up to and with `upto`: a piece of the way to where somebody stands."""

    trail: Trail
    upto: int


def lineage(trail: Trail, charts: Charts | None = None, upto: int | None = None) -> list[Part]:
    """The way to a run's fact `upto` (None: its last), the oldest ancestor's part first.

    A fork that computed everything anew (`forked_at` 0) begins with itself, and so does one whose
    parent is in another journal.
    """
    parts = [Part(trail, trail.seq if upto is None else upto)]
    known = {trail.run}
    while True:
        child = parts[0].trail
        parent, at = child.info.forked_from, child.info.forked_at
        if not parent or not at or parent in known or child.journal.info(parent) is None:
            return parts
        known.add(parent)
        chart = _chart(child, parent, charts)
        parts.insert(0, Part(Trail(child.journal, parent, chart), at))


def shared(left: list[Part], right: list[Part]) -> list[Part]:
    """The parts that two lineages have in common: the very same facts, from the start on."""
    common: list[Part] = []
    for one, other in zip(left, right, strict=False):
        if one.trail.journal is not other.trail.journal or one.trail.run != other.trail.run:
            break
        common.append(Part(one.trail, min(one.upto, other.upto)))
        if one.upto != other.upto:
            break
    return common


def _chart(child: Trail, parent: str, charts: Charts | None) -> Chart:
    info = child.journal.info(parent)
    if info is not None and info.chart == child.chart.hash:
        return child.chart
    return charts(parent) if charts is not None else _journalled(child.journal, parent)


def _journalled(journal: Journal, run: str) -> Chart:
    return chart_of(journal, run)
