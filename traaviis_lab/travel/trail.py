"""A run's facts in order, each with where the run stood before and after it.

Everything that looks back is built on this: replay, path, changes, differences, reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from traaviis_lab.errors import LabError, RunNotFound
from traaviis_lab.journal import Fact, Journal
from traaviis_lab.machine import Chart, Snapshot, Step
from traaviis_lab.runtime import Recall, recall


class Moment(NamedTuple):
    """One fact: what it says, where the run stood before and after it, the step it made.

    `step` is None for a fact that moved nothing (a note, an effect that started, a refusal).
    """

    fact: Fact
    body: Mapping[str, Any]
    before: Snapshot
    after: Snapshot
    step: Step | None


class Trail:
    """The recorded way of one run, on the chart it ran on. Reads; never writes.

    Raises `RunNotFound` if the journal knows no such run.
    """

    def __init__(self, journal: Journal, run: str, chart: Chart) -> None:
        info = journal.info(run)
        if info is None:
            raise RunNotFound(f"No run {run!r} in this journal.", hint="lab.runs() lists them.")
        self.journal, self.run, self.chart, self.info = journal, run, chart, info

    @property
    def seq(self) -> int:
        """The run's last fact, as the journal knows it now."""
        info = self.journal.info(self.run)
        return info.seq if info is not None else 0

    def at(self, seq: int) -> Recall:
        """The run as it stood after fact `seq`.

        Raises `LabError` for a seq the run has not reached.
        """
        last = self.seq
        if not isinstance(seq, int) or isinstance(seq, bool) or not 1 <= seq <= last:
            raise LabError(
                f"Run {self.run!r} has no seq {seq!r}.", hint=f"It goes from 1 to {last}."
            )
        return recall(self.journal, self.run, self.chart, seq)

    def walk(self, after: int = 0, upto: int | None = None) -> Iterator[Moment]:
        """The moments after fact `after`, up to and with `upto` (None: the last), in order.

        Raises `Diverged` where the chart no longer takes what it took then.
        """
        here = self.at(after) if after else Recall(self.chart)
        for fact in self.journal.read(self.run, after=after, upto=upto):
            before = here.snapshot
            step = here.apply(fact)
            yield Moment(fact, orjson.loads(fact.body), before, here.snapshot, step)
