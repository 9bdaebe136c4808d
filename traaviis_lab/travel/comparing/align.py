"""Lay two lists side by side so that as much as possible stands beside its like.

The longest common subsequence, computed with the bits of large integers: a row of the table is
one number, so that ten thousand steps beside ten thousand take a tenth of a second. Longer lists
are cut at steps that are rare in both; the answer then says that it may not be the best.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

MOST_CELLS = 400_000_000
"""A table of this many bits takes 50 MB; larger ones are cut."""

Pair = tuple[int, int]


class Alignment(NamedTuple):
    """Which item of the left list stands beside which of the right one, in order.

    `exact` is false where the lists were too long to find the very best.
    """

    pairs: tuple[Pair, ...]
    exact: bool


def align(
    left: Sequence[Hashable], right: Sequence[Hashable], *, most_cells: int = MOST_CELLS
) -> Alignment:
    """The pairs of equal items; `align(b, a)` is `align(a, b)` mirrored."""
    numbers: dict[Hashable, int] = {}
    one, other = ([numbers.setdefault(key, len(numbers)) for key in keys] for keys in (left, right))
    turned = _later(left, right)
    if turned:
        one, other = other, one
    found: list[Pair] = []
    exact = _block(one, other, (0, 0), found, most_cells)
    pairs = ((b, a) for a, b in found) if turned else found
    return Alignment(tuple(pairs), exact)


def _later(left: Sequence[Hashable], right: Sequence[Hashable]) -> bool:
    """Whether the right list comes first in an order that does not depend on the sides."""
    if len(left) != len(right):
        return len(left) > len(right)
    return repr(left) > repr(right)


def _block(
    left: list[int], right: list[int], corner: Pair, found: list[Pair], most_cells: int
) -> bool:
    """Align a block and note its pairs, moved to where the block begins; whether it is exact."""
    x, y = corner
    start, most = 0, min(len(left), len(right))
    while start < most and left[start] == right[start]:
        start += 1
    end = 0
    while end < most - start and left[-1 - end] == right[-1 - end]:
        end += 1
    found += ((x + i, y + i) for i in range(start))
    inner_left, inner_right = left[start : len(left) - end], right[start : len(right) - end]
    exact = True
    if inner_left and inner_right:
        inner = (x + start, y + start)
        if len(inner_left) * len(inner_right) <= most_cells:
            found += ((inner[0] + i, inner[1] + j) for i, j in _common(inner_left, inner_right))
        else:
            exact = False
            _cut(inner_left, inner_right, inner, found, most_cells)
    last = (x + len(left) - end, y + len(right) - end)
    found += ((last[0] + i, last[1] + i) for i in range(end))
    return exact


def _common(left: list[int], right: list[int]) -> list[Pair]:
    """The longest common subsequence (Hyyrö 2004): bit i of a row is 0 where item i adds one."""
    full = (1 << len(left)) - 1
    where: dict[int, int] = {}
    for i, key in enumerate(left):
        where[key] = where.get(key, 0) | 1 << i
    row, rows = full, [full]
    for key in right:
        hit = row & where.get(key, 0)
        if hit:
            row = (row + hit | row - hit) & full
        rows.append(row)
    pairs = []
    i, j = len(left) - 1, len(right) - 1
    while i >= 0 and j >= 0:
        if left[i] == right[j]:
            pairs.append((i, j))
            i, j = i - 1, j - 1
        elif rows[j + 1] >> i & 1:
            i -= 1
        else:
            j -= 1
    pairs.reverse()
    return pairs


def _cut(
    left: list[int], right: list[int], corner: Pair, found: list[Pair], most_cells: int
) -> None:
    """Cut a block that is too large at its anchors, or where it has none, into even pieces."""
    cuts = _anchors(left, right) or _even(left, right, most_cells)
    x, y = 0, 0
    for i, j in [*cuts, (len(left), len(right))]:
        if i > x or j > y:
            _block(left[x:i], right[y:j], (corner[0] + x, corner[1] + y), found, most_cells)
        x, y = i, j


def _anchors(left: list[int], right: list[int]) -> list[Pair]:
    """Places of items that occur once on either side and in the same order on both."""
    counts = Counter(left), Counter(right)
    place = {key: j for j, key in enumerate(right) if counts[1][key] == 1}
    once = [(i, place[key]) for i, key in enumerate(left) if counts[0][key] == 1 and key in place]
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, j) in enumerate(once):
        at = bisect_left(ends, j)
        before.append(last[at - 1] if at else -1)
        ends[at : at + 1], last[at : at + 1] = [j], [number]
    chain: list[Pair] = []
    number = last[-1] if last else -1
    while number >= 0:
        chain.append(once[number])
        number = before[number]
    chain.reverse()
    return [pair for pair in chain if pair != (0, 0)]


def _even(left: list[int], right: list[int], most_cells: int) -> list[Pair]:
    pieces = 2
    while len(left) * len(right) > most_cells * pieces * pieces:
        pieces += 1
    a, b = len(left), len(right)
    return [(a * n // pieces, b * n // pieces) for n in range(1, pieces)]
