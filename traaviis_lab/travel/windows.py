"""Stretches of a run that were looked at, kept in memory so that places near them are near.

A window begins where the journal kept a snapshot (or at the run's start) and holds the facts after
it as far as they were read, with a stand every few facts. A run only grows, so what was read stays
true; a window never tells of facts it has not read.
"""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections.abc import Mapping
from itertools import chain, repeat
from typing import Any

from traaviis_lab.journal import Fact, Journal
from traaviis_lab.machine import Chart
from traaviis_lab.runtime import Recall
from traaviis_lab.runtime.standing import KEEP_EVERY

STRIDE = 16
"""Facts between two stands: what has to be folded again, at most, to stand somewhere."""
MOST_WINDOWS = 64
MOST_BYTES = 32 * 2**20


class Window:
    """The facts after `start`, as far as they were read, and where the run stood among them."""

    __slots__ = ("facts", "size", "stands", "start", "touched", "used")

    def __init__(self, base: Recall, size: int = 0) -> None:
        self.start = base.seq
        self.stands = [base]
        self.facts: list[Fact] = []
        self.size = size
        self.touched = False
        self.used = 0

    @property
    def end(self) -> int:
        """The last fact that was read."""
        return self.start + len(self.facts)

    def read(self, journal: Journal, run: str, upto: int) -> None:
        """Read on to fact `upto`."""
        new = list(journal.read(run, after=self.end, upto=upto, hashed=False))
        self.facts += new
        self.size += sum(len(fact.body) for fact in new)

    def at(self, seq: int) -> Recall:
        """Where the run stood after fact `seq`, which was read. Raises `Diverged`."""
        facts, stands, start = self.facts, self.stands, self.start
        wanted = (seq - start) // STRIDE
        while len(stands) <= wanted:
            before = stands[-1]
            here = before.copy()
            for fact in facts[here.seq - start : here.seq - start + STRIDE]:
                here.apply(fact)
            self.size += _grown(before.snapshot.data, here.snapshot.data)
            stands.append(here)
        here = stands[wanted].copy()
        for fact in facts[here.seq - start : seq - start]:
            here.apply(fact)
        return here


class Windows:
    """The windows onto one run, at most `MOST_WINDOWS` of them. May be asked from any thread."""

    def __init__(self, journal: Journal, run: str, chart: Chart) -> None:
        self._journal, self._run, self._chart = journal, run, chart
        self._lock = threading.Lock()
        self._starts: list[int] = []
        self._windows: dict[int, Window] = {}
        self._clock = 0

    def at(self, seq: int, reached: int) -> Recall:
        """Where the run stood after fact `seq`; there are facts up to `reached` at least.

        The answer is the caller's own, to go on with. Raises `Diverged` if the chart does not
        take what it took then.
        """
        with self._lock:
            window = self._known(seq) or self._opened(seq)
            if window.end < seq:
                # The first look reads what it needs; who comes again is going to stay.
                last = min(window.start + KEEP_EVERY, reached) if window.touched else seq
                window.read(self._journal, self._run, max(seq, last))
            window.touched = True
            self._clock += 1
            window.used = self._clock
            here = window.at(seq)
            self._forget_some()
            return here

    def _known(self, seq: int) -> Window | None:
        place = bisect_right(self._starts, seq)
        if not place:
            return None
        window = self._windows[self._starts[place - 1]]
        return window if seq <= window.start + KEEP_EVERY else None

    def _opened(self, seq: int) -> Window:
        """A window that reaches `seq`, from the nearest place that is known on."""
        kept = self._journal.near(self._run, seq)
        place = bisect_right(self._starts, seq)
        near = self._windows[self._starts[place - 1]] if place else None
        if near is None or (kept is not None and kept.seq > near.start):
            size = len(kept.body) if kept is not None else 0
            near = self._add(Window(Recall(self._chart, kept), size))
        # Where nothing was kept on the way (or it was lost), windows follow one another.
        while seq > near.start + KEEP_EVERY:
            end = near.start + KEEP_EVERY
            if near.end < end:
                near.read(self._journal, self._run, end)
            near = self._add(Window(near.at(end)))
        return near

    def _add(self, window: Window) -> Window:
        if window.start not in self._windows:
            insort(self._starts, window.start)
        self._windows[window.start] = window
        self._clock += 1
        window.used = self._clock
        return window

    def _forget_some(self) -> None:
        """Let go of those that were not looked at for the longest time."""
        while len(self._windows) > 1 and (
            len(self._windows) > MOST_WINDOWS
            or sum(w.size for w in self._windows.values()) > MOST_BYTES
        ):
            oldest = min(self._windows.values(), key=lambda window: window.used)
            del self._windows[oldest.start]
            self._starts.remove(oldest.start)


def _grown(old: Any, new: Any) -> int:
    """About how many bytes `new` takes beside `old`, with which it shares what did not change."""
    if new is old:
        return 0
    if isinstance(new, Mapping):
        fields = old if isinstance(old, Mapping) else {}
        return 64 + sum(_grown(fields.get(key), value) + 8 for key, value in new.items())
    if isinstance(new, list):
        items = old if isinstance(old, list) else []
        return 64 + 8 * len(new) + sum(map(_grown, chain(items, repeat(None)), new))
    return 64 + (len(new) if isinstance(new, str) else 0)
