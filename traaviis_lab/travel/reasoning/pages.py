"""A run's facts by seq, read page by page, so that one can walk back through a long run.

Walking back reads facts and works nothing out; only a fact that is looked into becomes a moment.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from traaviis_lab.journal import Fact
from traaviis_lab.travel.places import ABSENT
from traaviis_lab.travel.trail import Moment, Trail

from .witness import Witness, witness

SIZE = 1_000
PAGES = 101  # as many as one question looks back over
LOOKED_INTO = 1_024
STRETCH = 64


class Pages:
    """The facts of one run up to `last`. Keeps the pages, moments and witnesses last asked for."""

    def __init__(self, trail: Trail, last: int | None = None) -> None:
        self.trail = trail
        self.last = trail.seq if last is None else last
        self._missed = 0
        self._pages: OrderedDict[int, list[Fact]] = OrderedDict()
        self._moments: OrderedDict[int, Moment] = OrderedDict()
        self._seen: OrderedDict[int, Witness] = OrderedDict()

    @property
    def run(self) -> str:
        """The run's id."""
        return self.trail.run

    def fact(self, seq: int) -> Fact:
        """Fact `seq`, 1 to `last`."""
        number, place = divmod(seq - 1, SIZE)
        return self._page(number)[place]

    def back(self, seq: int, most: int) -> Iterator[Fact]:
        """The facts at and before `seq`, newest first; at most `most` of them."""
        end = max(0, seq - most)
        while seq > end:
            number = (seq - 1) // SIZE
            first = max(number * SIZE, end)
            yield from reversed(self._page(number)[first - number * SIZE : seq - number * SIZE])
            seq = first

    def moment(self, seq: int) -> Moment:
        """Where the run stood before and after fact `seq`, and the step it made."""
        found = self._moments.get(seq)
        if found is None:
            # Who asks for one after the other, going back, is given a stretch of them at once.
            first = max(1, seq - STRETCH + 1) if seq < self._missed <= seq + STRETCH else seq
            self._missed = seq
            for found in self.trail.walk(first - 1, seq):
                self._moments[found.fact.seq] = found
            while len(self._moments) > LOOKED_INTO:
                self._moments.popitem(last=False)
        assert found is not None
        return found

    def witness(self, seq: int) -> Witness:
        """What happened inside the step of fact `seq`, which must have moved the machine."""
        found = self._seen.get(seq)
        if found is None:
            found = self._seen[seq] = witness(self.trail.chart, self.moment(seq))
            if len(self._seen) > LOOKED_INTO:
                self._seen.popitem(last=False)
        return found

    def _page(self, number: int) -> list[Fact]:
        page = self._pages.get(number)
        if page is None:
            first = number * SIZE
            read = self.trail.journal.read(self.run, after=first, upto=min(first + SIZE, self.last))
            page = self._pages[number] = list(read)
            if len(self._pages) > PAGES:
                self._pages.popitem(last=False)
        return page


def is_item(part: str) -> bool:
    """Whether a part of a path can be the number of a list's item."""
    return part.isdecimal() and len(part) < 10


def value_at(data: Any, path: tuple[str, ...]) -> Any:
    """What stands at a path of JSON data, `ABSENT` where there is nothing."""
    for part in path:
        if isinstance(data, dict) and part in data:
            data = data[part]
        elif isinstance(data, list) and is_item(part) and int(part) < len(data):
            data = data[int(part)]
        else:
            return ABSENT
    return data
