"""Foretell what a run takes: many walks for what is probable, the dearest way for the most."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable

from traaviis_lab.cost.estimate import Estimated, EstimateLine
from traaviis_lab.cost.foreseen import Spread
from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.effect import Effect

from .book import NONE, Amounts, Book, Line, Place, spread_of
from .chance import Chance
from .leaves import LeafTold, Teller
from .odds import Odds
from .walk import Start, Walk, Ways
from .weighing import Weighing
from .worst import Most

MOST_WALKS = 300
LEAST_WALKS = 40
WORK = 3_000
"""How many transitions are taken in all walks together, more or less."""
SEED = 20_011


class _Noting:
    """A teller that remembers what it told of each place."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self.machine = teller.machine
        self.seen: dict[str, dict[int, LeafTold]] = {}

    def leaf(self, node: str, owner: str, effect: Effect, filled: bool) -> LeafTold:
        told = self._teller.leaf(node, owner, effect, filled)
        self.seen.setdefault(node, {})[id(told)] = told
        return told

    def of(self, node: str) -> Iterable[LeafTold]:
        return self.seen.get(node, {}).values()


def foretell(
    chart: Chart,
    start: Start,
    teller: Teller,
    odds: dict[str, Odds],
    *,
    limit: int,
    about: dict[str, str],
) -> Estimated:
    """What a run of this machine will take, from `start` on.

    `limit` says how often a state is entered at most; `about` the `tenant` and the `run`.
    """
    noting = _Noting(teller)
    book = Book()
    ways = Ways(noting, odds, limit, book, Chance(_seed(chart, start)))
    entered, walk = 0, Walk(chart, ways)
    while book.walks < MOST_WALKS and entered < (WORK if book.walks >= LEAST_WALKS else 8 * WORK):
        book.begin()
        walk = Walk(chart, ways)
        how = walk.go(start)
        book.end(how, walk.seconds)
        entered += 1 + walk.work
    most = _most(chart, start, noting, walk)
    return _summed(chart, book, most, odds, about)


def _seed(chart: Chart, start: Start) -> int:
    """The same for the same question, another for another: what chance does to one estimate it
    does not do to all of a batch."""
    told = repr(sorted(start.data.items(), key=lambda one: one[0]))
    return zlib.crc32(f"{chart.hash}{told}".encode(errors="replace")) + SEED


def _most(chart: Chart, start: Start, teller: _Noting, walk: Walk) -> Most:
    caps: dict[str, Walk] = {chart.name: walk}

    def cap(of: Chart, state: str) -> int:
        if of.name not in caps:
            caps[of.name] = Walk(of, walk.ways)
        return caps[of.name].cap(state)

    def items(node: str) -> int:
        return walk.ways.book.items.get(node, 0)

    weighing = Weighing(teller, teller.of, cap, items)
    most, _ = weighing.machine(chart, None if start.stand is None else start.stand.active)
    for wish in start.under_way:
        node = f"{chart.name}/{wish.owner}#{wish.place}"
        most = most.plus(weighing.effect(wish.effect, wish.owner, node))
    return most


def _summed(
    chart: Chart, book: Book, most: Most, odds: dict[str, Odds], about: dict[str, str]
) -> Estimated:
    walks = book.walks
    lines = [_line(place, line, walks) for place, line in book.lines.items()]
    amounts = _spreads(book.totals, _share(book.expected, walks), most)
    mine = odds.get(chart.name)
    runs = 0 if mine is None else mine.runs
    if not runs:
        book.guesses[f"No run of {chart.name} is in the journal yet: all odds are guesses."] = None
    for how, count in book.ends.items():
        if how != "done":
            book.guesses[f"{count / walks:.0%} of the walks end so: {how}."] = None
    ends = sorted(book.ends.items(), key=lambda one: (-one[1], one[0]))
    return Estimated(
        chart.name, chart.version, chart.hash, about["tenant"], about["run"],
        _sure(amounts["calls"]), _sure(amounts["tokens_in"]), _sure(amounts["tokens_out"]),
        None if book.unpriced else amounts["usd"], None if book.untimed else amounts["seconds"],
        tuple(lines), tuple((how, count / walks) for how, count in ends),
        tuple(book.guesses), tuple(book.unknowns), walks, runs,
    )  # fmt: skip


def _line(place: Place, line: Line, walks: int) -> EstimateLine:
    drawn = [line.drawn.get(number, NONE) for number in range(walks)]
    amounts = _spreads(drawn, _share(line.expected, walks), None)
    return EstimateLine(
        place.machine, place.state, place.node, place.kind, place.model,
        len(line.drawn) / walks,
        _sure(amounts["calls"]), _sure(amounts["tokens_in"]), _sure(amounts["tokens_out"]),
        None if line.unpriced else amounts["usd"], None if line.untimed else amounts["seconds"],
        line.why,
    )  # fmt: skip


def _share(amounts: Amounts, walks: int) -> Amounts:
    return Amounts(*(amount / walks for amount in amounts))


def _spreads(
    drawn: list[Amounts], expected: Amounts, most: Most | None
) -> dict[str, Spread | None]:
    found: dict[str, Spread | None] = {}
    for number, name in enumerate(Amounts._fields):
        bound = None if most is None else _finite(most[number])
        values = [one[number] for one in drawn]
        found[name] = spread_of(values, expected[number], bound)
    return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _sure(spread: Spread | None) -> Spread:
    return Spread(0.0, 0.0, None, 0.0) if spread is None else spread
