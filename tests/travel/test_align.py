"""Two lists side by side: as many pairs as there can be, and the same from either side."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.machine.charts import tries
from traaviis_lab.travel.comparing.align import align

WORDS = st.lists(st.sampled_from("abcd"), max_size=14)


def longest(left, right):
    """The length of the longest common subsequence, by the table everybody knows."""
    rows = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            rows[i + 1][j + 1] = (
                rows[i][j] + 1 if one == other else max(rows[i][j + 1], rows[i + 1][j])
            )
    return rows[-1][-1]


def is_alignment(left, right, pairs):
    rising = all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))
    return rising and all(left[i] == right[j] for i, j in pairs)


@tries(300)
@given(WORDS, WORDS)
def test_it_is_the_longest_there_is(left, right):
    found = align(left, right)
    assert found.exact
    assert is_alignment(left, right, found.pairs)
    assert len(found.pairs) == longest(left, right)


@tries(300)
@given(WORDS, WORDS, st.sampled_from([4, 9, 10**9]))
def test_the_other_side_sees_it_mirrored(left, right, most_cells):
    found = align(left, right, most_cells=most_cells)
    mirrored = align(right, left, most_cells=most_cells)
    assert mirrored.pairs == tuple((j, i) for i, j in found.pairs)
    assert mirrored.exact == found.exact
    assert is_alignment(left, right, found.pairs)


@pytest.mark.parametrize("size", [1, 70, 3_000])
def test_a_list_stands_beside_itself(size):
    keys = [number % 7 for number in range(size)]
    assert align(keys, keys).pairs == tuple((i, i) for i in range(size))


def test_long_lists_are_cut_at_what_is_rare_and_it_is_said():
    chance = random.Random(5)
    left = [chance.randrange(3) for _ in range(2_000)]
    right = [chance.randrange(3) for _ in range(2_000)]
    for number in range(0, 2_000, 100):
        left[number] = right[number + 40] = f"rare {number}"
    found = align(left, right, most_cells=50_000)
    assert not found.exact
    assert is_alignment(left, right, found.pairs)
    rare = [left[i] for i, _ in found.pairs if isinstance(left[i], str)]
    assert len(rare) == 20
    assert len(found.pairs) > 0.9 * len(align(left, right).pairs)


def test_long_lists_without_anything_rare_are_cut_evenly():
    chance = random.Random(6)
    left, right = ([chance.randrange(3) for _ in range(3_000)] for _ in range(2))
    found = align(left, right, most_cells=50_000)
    assert not found.exact
    assert is_alignment(left, right, found.pairs)
    assert len(found.pairs) > 0.8 * len(align(left, right).pairs)
