"""What walks through a chart took, written up call by call and added up walk by walk."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from traaviis_lab.cost.foreseen import Spread
from traaviis_lab.cost.quantiles import at_share

from .chance import drawn
from .leaves import CallTold, LeafTold


class Place(NamedTuple):
    """What a line of an estimate is about."""

    machine: str
    state: str
    node: str
    kind: str
    model: str


class Amounts(NamedTuple):
    """Amounts of one walk or of one place in it. Where `usd` is not known it is not a number."""

    calls: float = 0.0
    tokens_in: float = 0.0
    tokens_out: float = 0.0
    usd: float = 0.0
    seconds: float = 0.0

    def plus(self, other: Amounts) -> Amounts:
        """Both together."""
        return Amounts(
            self.calls + other.calls, self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out, self.usd + other.usd,
            self.seconds + other.seconds,
        )  # fmt: skip


NONE = Amounts()
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)


@dataclass(slots=True)
class Line:
    """One place over all walks: what was drawn in each, what is expected, and the reason."""

    drawn: dict[int, Amounts] = field(default_factory=dict)
    expected: Amounts = NONE
    why: str = ""
    unpriced: bool = False
    untimed: bool = False
    step: float = 0.0
    share: float = 0.5


class Book:
    """The account of all walks of an estimate."""

    def __init__(self) -> None:
        self.walk = -1
        self.lines: dict[Place, Line] = {}
        self.totals: list[Amounts] = []
        self.expected = NONE
        self.ends: dict[str, int] = {}
        self.guesses: dict[str, None] = {}
        self.unknowns: dict[str, None] = {}
        self.items: dict[str, int] = {}
        self.unpriced = self.untimed = False
        self._now = NONE

    def begin(self) -> None:
        """A new walk."""
        self.walk += 1
        self._now = NONE

    def end(self, how: str, seconds: float) -> None:
        """This walk is over."""
        self.ends[how] = self.ends.get(how, 0) + 1
        self.totals.append(self._now._replace(seconds=seconds))
        self.expected = self.expected._replace(seconds=self.expected.seconds + seconds)

    def call(self, place: Place, told: CallTold) -> float:
        """One call of a model is made; answers the seconds it takes."""
        estimate, share = told.estimate, self._share(place)
        unpriced, untimed = estimate.usd is None, estimate.seconds is None
        took = 0.0 if estimate.seconds is None else drawn(estimate.seconds, share)
        once = Amounts(
            1.0,
            drawn(estimate.tokens_in, share),
            drawn(estimate.tokens_out, share),
            math.nan if estimate.usd is None else drawn(estimate.usd, share),
            took,
        )
        usual = Amounts(
            1.0,
            estimate.tokens_in.expected,
            estimate.tokens_out.expected,
            math.nan if estimate.usd is None else estimate.usd.expected,
            0.0 if estimate.seconds is None else estimate.seconds.expected,
        )
        self.unpriced, self.untimed = self.unpriced or unpriced, self.untimed or untimed
        if unpriced:
            self.unknowns[f"The price of {told.model} is not known."] = None
        if untimed:
            self.unknowns[f"How long {told.model} takes is not known yet."] = None
        self._add(place, once, usual, estimate.why)
        line = self.lines[place]
        line.unpriced, line.untimed = line.unpriced or unpriced, line.untimed or untimed
        return took

    def work(self, place: Place, told: LeafTold) -> float:
        """Something else is done; answers the seconds it takes."""
        if told.unknown:
            timed = told.seconds is not None or bool(told.calls)
            self.miss(told.unknown, told.endless, timed)
        if told.seconds is None:
            return 0.0
        took = drawn(told.seconds, self._share(place))
        once = Amounts(seconds=took)
        self._add(place, once, Amounts(seconds=told.seconds.expected), told.why)
        return took

    def miss(self, unknown: str, endless: bool, timed: bool = False) -> None:
        """Something is not known: what it spends, where it is endless, and unless it is timed
        how long it takes."""
        self.unknowns[unknown] = None
        self.untimed, self.unpriced = self.untimed or not timed, self.unpriced or endless

    def _share(self, place: Place) -> float:
        """Shares that fill the range from 0 to 1 evenly, each place in a way of its own: so a
        few hundred walks come as near to the middle as thousands of throws of dice."""
        line = self.lines.get(place)
        if line is None:
            step = math.sqrt(_PRIMES[len(self.lines) % len(_PRIMES)])
            line = self.lines[place] = Line(step=step)
        line.share = (line.share + line.step) % 1.0
        return line.share

    def _add(self, place: Place, once: Amounts, usual: Amounts, why: str) -> None:
        line = self.lines[place]
        line.drawn[self.walk] = line.drawn.get(self.walk, NONE).plus(once)
        line.expected = line.expected.plus(usual)
        if why:
            line.why = why
        self._now = self._now.plus(once)
        self.expected = self.expected.plus(usual._replace(seconds=0.0))

    def note_items(self, node: str, count: int) -> None:
        """A loop went over so many items."""
        self.items[node] = max(count, self.items.get(node, 0))

    @property
    def walks(self) -> int:
        """How many walks there were."""
        return len(self.totals)


def spread_of(values: list[float], expected: float, most: float | None) -> Spread | None:
    """An amount over all walks; None where it was not known in one of them."""
    if any(math.isnan(value) for value in values) or math.isnan(expected):
        return None
    ordered = sorted(values)
    high = at_share(ordered, 0.9)
    return Spread(at_share(ordered, 0.5), high, None if most is None else max(most, high), expected)
