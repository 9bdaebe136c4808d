"""Find the effects that ended otherwise in one run than in another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from traaviis_lab.travel.differences import alike

from .diff import Answer, Row
from .strides import Asked

Effects = Mapping[tuple[int, str], Asked]


class _Wish(NamedTuple):
    """An effect with where it was asked: the row of the two paths, the place in its step.

    `like` says whether both runs took that step.
    """

    row: int
    like: bool
    place: tuple[int, ...]
    said: str
    asked: Asked


def answers(path: Sequence[Row], left: Effects, right: Effects) -> Iterator[Answer]:
    """Effects with another spec, status or answer, and those only one run asked for.

    Those that stand at the same place of two like steps belong together, then those of one kind
    and spec in their order.
    """
    one, other = _wishes(path, left, 0), _wishes(path, right, 1)
    couples = _together(one, other, by_place=True) + _together(one, other, by_place=False)
    found = [*couples, *((wish, None) for wish in one), *((None, wish) for wish in other)]
    for mine, yours in sorted(found, key=_order):
        if mine is not None and yours is not None and _alike(mine.asked, yours.asked):
            continue
        shown = mine or yours
        if shown is not None:
            sides = (wish.asked if wish is not None else None for wish in (mine, yours))
            yield Answer(shown.asked.kind, *sides)


def _wishes(path: Sequence[Row], effects: Effects, side: int) -> list[_Wish]:
    rows: dict[tuple[str, int], int] = {}
    for number, row in enumerate(path):
        if (stride := row.side(side)) is not None:
            rows[stride.run, stride.seq] = number
    found = []
    for asked in effects.values():
        seq, _, place = asked.path.partition("/")
        at = rows.get((asked.run, int(seq)), len(path))
        spec = orjson.dumps(asked.spec, option=orjson.OPT_SORT_KEYS).decode()
        like = at < len(path) and path[at].how in ("same", "changed")
        found.append(_Wish(at, like, _numbers(place), f"{asked.kind} {spec}", asked))
    return found


def _numbers(place: str) -> tuple[int, ...]:
    """A place within a step's effects as numbers, so that 10 comes after 9."""
    return tuple(int(part) if part.isdigit() else -1 for part in place.split("/"))


def _together(
    left: list[_Wish], right: list[_Wish], *, by_place: bool
) -> list[tuple[_Wish | None, _Wish | None]]:
    """Take out of both lists what belongs together."""

    def key(wish: _Wish) -> tuple[object, ...]:
        return (wish.row, wish.place, wish.asked.kind) if by_place else (wish.said,)

    waiting: dict[tuple[object, ...], list[_Wish]] = {}
    for wish in reversed([one for one in right if one.like or not by_place]):
        waiting.setdefault(key(wish), []).append(wish)
    couples: list[tuple[_Wish | None, _Wish | None]] = []
    alone = []
    for wish in left:
        others = waiting.get(key(wish)) if wish.like or not by_place else None
        if others:
            couples.append((wish, others.pop()))
        else:
            alone.append(wish)
    gone = {id(yours) for _, yours in couples}
    left[:] = alone
    right[:] = [wish for wish in right if id(wish) not in gone]
    return couples


def _order(couple: tuple[_Wish | None, _Wish | None]) -> tuple[object, ...]:
    """An order that does not depend on the sides."""
    places = sorted((wish.row, wish.place, wish.said) for wish in couple if wish is not None)
    return (places[0][0], places)


def _alike(one: Asked, other: Asked) -> bool:
    return (
        one.status == other.status
        and alike(one.spec, other.spec)
        and alike(one.answer, other.answer)
    )
