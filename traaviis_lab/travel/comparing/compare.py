"""Compare two runs: lay their steps side by side and see what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import starmap, takewhile, zip_longest
from typing import Any

from traaviis_lab.travel.differences import alike, differences
from traaviis_lab.travel.lineage import Charts, Part, lineage, shared
from traaviis_lab.travel.places import ABSENT, own
from traaviis_lab.travel.trail import Trail

from .align import Alignment, align
from .answers import answers
from .diff import Diff, Parting, Row, Total
from .strides import Stride, Walked, walked

Arrow = tuple[Any, ...]


def compare(
    left: Trail, right: Trail, charts: Charts | None = None, others: Charts | None = None
) -> Diff:
    """The differences of two runs, each as far as it has come.

    What a fork has in common with its parents is the same by nature: their facts up to the fork
    stand before its own. `charts` finds the chart of a parent by its id, `others` that of a
    parent of the right run, where it is of another journal.

    Raises like `Trail.at`.
    """
    ways = lineage(left, charts), lineage(right, others or charts)
    common = shared(*ways)
    known = walked(common)
    one, other = (_Side(way, walked(way, common, known)) for way in ways)
    strides = one.done.strides, other.done.strides
    found = align(*([(each.via, each.state) for each in side] for side in strides))
    path = tuple(_rows(one, other, found))
    return Diff(
        left.run,
        right.run,
        (left.chart, right.chart),
        _parting(one, other, sum(1 for _ in takewhile(_is_same, path))),
        path,
        tuple(differences(one.data, other.data)),
        tuple(answers(path, one.done.asked, other.done.asked)),
        tuple(_totals(one.done, other.done)),
        found.exact,
    )


class _Side:
    """One of the two runs: its way, its steps, and where it stands."""

    def __init__(self, parts: Sequence[Part], done: Walked) -> None:
        self.done = done
        self.trails = {part.trail.run: part.trail for part in parts}
        trail, upto = parts[-1]
        self.journal = trail.journal
        self.data = own(trail.at(upto).snapshot.data)
        self._arrows: dict[tuple[str, str], Arrow] = {}

    def arrows(self, stride: Stride) -> list[Arrow]:
        """The transitions a step took, as what they are."""
        return [self._arrow(stride.run, name) for name in stride.made["taken"]]

    def _arrow(self, run: str, name: str) -> Arrow:
        found = self._arrows.get((run, name))
        if found is None:
            one = self.trails[run].chart.transitions.get(name)
            found = (one.source, one.events, one.targets) if one is not None else (name,)
            self._arrows[run, name] = found
        return found

    def after(self, stride: Stride) -> Mapping[str, Any]:
        """The data after a step."""
        data: Mapping[str, Any] = own(self.trails[stride.run].at(stride.seq).snapshot.data)
        return data


def _is_same(row: Row) -> bool:
    return row.how == "same"


def _rows(left: _Side, right: _Side, found: Alignment) -> Iterator[Row]:
    """The steps side by side; between the pairs, what each did meanwhile."""
    one, other = left.done.strides, right.done.strides
    i = j = 0
    for a, b in (*found.pairs, (len(one), len(other))):
        yield from starmap(_apart, zip_longest(one[i:a], other[j:b]))
        if a < len(one):
            same = _what(left, one[a], right, other[b]) is None
            yield Row("same" if same else "changed", one[a], other[b])
        i, j = a + 1, b + 1


def _apart(left: Stride | None, right: Stride | None) -> Row:
    if left is not None and right is not None:
        return Row("apart", left, right)
    return Row("left" if left is not None else "right", left, right)


def _what(left: _Side, one: Stride, right: _Side, other: Stride) -> str | None:
    """What differs first between two steps, None if nothing does."""
    if one.run == other.run and one.seq == other.seq and left.journal is right.journal:
        return None
    if one.via != other.via:
        return "event"
    if not alike(one.came, other.came):
        return "event data"
    if one.state != other.state:
        return "state"
    mine, yours = one.made, other.made
    if mine["taken"] != yours["taken"] and _took_others(left, one, right, other):
        return "taken"
    for what, words in _REST.items():
        if any(not alike(mine.get(word), yours.get(word)) for word in words):
            return what
    return None


def _took_others(left: _Side, one: Stride, right: _Side, other: Stride) -> bool:
    """Whether transitions with other ids are others: on two charts ids depend on their order."""
    if left.trails[one.run].chart == right.trails[other.run].chart:
        return True
    return left.arrows(one) != right.arrows(other)


_REST = {"data": ("set", "check"), "effects": ("effects",), "raised": ("raised",)}


def _parting(left: _Side, right: _Side, same: int) -> Parting | None:
    """The first step in which the two differ: the one after the first `same` of them."""
    one, other = (side.done.strides[same : same + 1] for side in (left, right))
    if not one and not other:
        return None
    if not one or not other:
        told = [side[0].via or "start" if side else ABSENT for side in (one, other)]
        return Parting(_seq(one), _seq(other), "end", *told)
    what = _what(left, one[0], right, other[0]) or ""
    return Parting(_seq(one), _seq(other), *_told(left, one[0], right, other[0], what))


def _seq(stride: Sequence[Stride]) -> int | None:
    return stride[0].seq if stride else None


def _told(left: _Side, one: Stride, right: _Side, other: Stride, what: str) -> tuple[str, Any, Any]:
    """What differs, as narrow as it can be said, and both sides of it."""
    if what in ("event", "state"):
        word = "via" if what == "event" else "state"
        return what, getattr(one, word), getattr(other, word)
    if what == "event data":
        return _narrow(what, "event", one.came, other.came)
    if what == "data":
        sides = left.after(one), right.after(other)
        if alike(*sides):  # a chart that is not pure: what the record says counts
            sides = one.made.get("set", {}), other.made.get("set", {})
        return _narrow(what, "data", *sides)
    return what, one.made.get(what, []), other.made.get(what, [])


def _narrow(what: str, root: str, left: Any, right: Any) -> tuple[str, Any, Any]:
    """The one place that differs by its path, or all of them by theirs."""
    found = [(root + path.removeprefix("data"), a, b) for path, a, b in differences(left, right)]
    if len(found) == 1:
        return found[0]
    mine = {path: a for path, a, _ in found if a is not ABSENT}
    yours = {path: b for path, _, b in found if b is not ABSENT}
    return what, mine, yours


def _totals(left: Walked, right: Walked) -> Iterator[Total]:
    yield Total("steps", len(left.strides), len(right.strides))
    yield Total("effects", len(left.asked), len(right.asked))
    for word in ("duration", "calls", "tokens_in", "tokens_out", "cost_usd", "unpriced"):
        yield Total(word, getattr(left.spent, word), getattr(right.spent, word))
