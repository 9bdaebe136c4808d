"""A line to wait in: first come, first served, and whoever is cancelled steps out of it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Caller(NamedTuple):
    """Who asks: the composed effect at this path of this run."""

    run: str
    path: str


class Line(Generic[T]):
    """Those who wait, in the order they came. Used on one loop only."""

    def __init__(self) -> None:
        self._places: OrderedDict[asyncio.Future[T], Caller] = OrderedDict()

    def __len__(self) -> int:
        # A place whose task was cancelled is there until that task has run.
        return sum(not place.done() for place in self._places)

    def join(self, caller: Caller) -> asyncio.Future[T]:
        """A place at the end of the line, to `wait` at."""
        place: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._places[place] = caller
        return place

    async def wait(self, place: asyncio.Future[T], give_back: Callable[[T], None]) -> T:
        """Wait until `call` gives an answer.

        If the caller is cancelled when it has its answer and could not take it yet, `give_back`
        is called with it.
        """
        try:
            return await place
        except asyncio.CancelledError:
            self._places.pop(place, None)
            if place.done() and not place.cancelled():
                give_back(place.result())
            raise

    def call(self, answer: T) -> Caller | None:
        """Give the first in line this answer; says who it was, None where nobody waits."""
        while self._places:
            place, caller = self._places.popitem(last=False)
            if not place.done():
                place.set_result(answer)
                return caller
        return None


Row = dict[str, Any]
"""What one sees of a shared thing."""
