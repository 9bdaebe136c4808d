"""A run's facts in order, each with where the run stood before and after it.

Everything that looks back is built on this: replay, path, changes, differences, reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import index
from typing import Any, NamedTuple

import orjson

from traaviis_lab.errors import LabError, RunNotFound
from traaviis_lab.journal import Fact, Journal, RunInfo
from traaviis_lab.machine import Chart, Snapshot, Step
from traaviis_lab.runtime import Recall
from traaviis_lab.runtime.large import said_in_full

from .windows import Windows


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

    def __init__(
        self, journal: Journal, run: str, chart: Chart, info: RunInfo | None = None
    ) -> None:
        info = info or journal.info(run)
        if info is None:
            raise RunNotFound(f"No run {run!r} in this journal.", hint="lab.runs() lists them.")
        self.journal, self.run, self.chart, self.info = journal, run, chart, info
        self._reached = info.seq
        self._windows = Windows(journal, run, chart)

    @property
    def seq(self) -> int:
        """The run's last fact, as the journal knows it now."""
        info = self.journal.info(self.run)
        if info is not None and info.seq > self._reached:
            self._reached = info.seq
        return self._reached

    def check_reached(self, seq: Any) -> int:
        """`seq` as a plain number. Raises `LabError` unless the run has such a fact."""
        try:
            number = 0 if isinstance(seq, bool) else index(seq)  # also a number out of a table
        except TypeError:
            number = 0
        # A run only grows: how far it is, is asked only beyond what is known.
        if number < 1 or (number > self._reached and number > self.seq):
            raise LabError(
                f"Run {self.run!r} has no seq {seq!r}.", hint=f"It goes from 1 to {self.seq}."
            )
        return number

    def at(self, seq: int) -> Recall:
        """The run as it stood after fact `seq`. Places near one that was asked for are near.

        Raises `LabError` for a seq the run has not reached, `Diverged` if the chart does not
        take what it took then.
        """
        return self._windows.at(self.check_reached(seq), self._reached)

    def walk(self, after: int = 0, upto: int | None = None) -> Iterator[Moment]:
        """The moments after fact `after`, up to and with `upto` (None: the last), in order.

        Raises `Diverged` where the chart no longer takes what it took then.
        """
        here = self.at(after) if after else Recall(self.chart)
        for fact in self.journal.read(self.run, after=after, upto=upto, hashed=False):
            before = here.snapshot
            step = here.apply(fact)
            body = said_in_full(orjson.loads(fact.body), before.data)
            yield Moment(fact, body, before, here.snapshot, step)
