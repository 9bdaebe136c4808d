"""What makes a budget, and which calls it is about."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.cost.budget import SCALES, UNITS, Budget, Call, amount_of, parts_of
from traaviis_lab.errors import DefinitionError

CALL = Call("acme", "Triage", "r1", {"answer", "talking"}, "writer")


@pytest.mark.parametrize("wrong", [-1, -0.01, math.nan, math.inf, True, "5", 10**13, [1]])
@pytest.mark.parametrize("unit", UNITS)
def test_what_is_no_limit_is_refused(unit, wrong):
    with pytest.raises(DefinitionError, match=unit) as refused:
        Budget(limits={unit: wrong})
    assert refused.value.hint


def test_a_limit_may_be_a_number_out_of_a_table():
    made = Budget(limits={"usd": np.float64(0.25), "calls": np.int64(3)}).limits
    assert (made, [type(one) for one in made.values()]) == ({"usd": 0.25, "calls": 3}, [float, int])
    with pytest.raises(DefinitionError, match="usd"):
        Budget(limits={"usd": np.float64("nan")})
    with pytest.raises(DefinitionError, match="calls"):
        Budget(limits={"calls": np.bool_(True)})


@pytest.mark.parametrize("unit", ["tokens", "calls"])
def test_what_is_counted_whole_has_no_half(unit):
    with pytest.raises(DefinitionError, match="whole"):
        Budget(limits={unit: 1.5})


def test_zero_is_a_limit_and_none_is_no_limit():
    assert Budget(limits={"usd": 0}).limits == {"usd": 0}
    assert Budget(limits={"usd": None, "calls": 2}).limits == {"calls": 2}
    for nothing in ({}, {"usd": None}):
        with pytest.raises(DefinitionError, match="how much"):
            Budget(limits=nothing)


@pytest.mark.parametrize(
    "fields",
    [
        {"limits": {"euro": 1}},
        {"hard": 1},
        {"per": "day"},
        {"per": "run", "run": "r1"},
        {"state": "answer"},
        {"warn_at": 0},
        {"warn_at": 1.1},
        {"warn_at": True},
        {"tenant": "a\nb"},
        {"name": "a#b"},
        {"name": "x" * 201},
        {"machine": 5},
    ],
)
def test_what_makes_no_sense_is_refused_with_a_hint(fields):
    with pytest.raises(DefinitionError) as refused:
        Budget(**{"limits": {"usd": 1}, **fields})
    assert refused.value.hint


@pytest.mark.parametrize(
    ("about", "name"),
    [
        ({}, "lab"),
        ({"tenant": "acme"}, "tenant acme"),
        ({"machine": "Triage", "state": "answer"}, "machine Triage state answer"),
        ({"machine": "Triage", "per": "run"}, "machine Triage per run"),
        ({"run": "r1"}, "run r1"),
        ({"agent": "writer"}, "agent writer"),
    ],
)
def test_it_is_about_these_calls_and_is_called_so(about, name):
    budget = Budget(limits={"usd": 1}, **about)
    assert budget.name == name
    assert budget.is_about(CALL)
    for other in (f for f in about if f != "per"):
        others = Budget(limits={"usd": 1}, **{**about, other: "else"})
        assert not others.is_about(CALL)


def test_each_run_has_books_of_its_own_where_that_is_said():
    budget = Budget(limits={"usd": 1}, machine="Triage", per="run", account="b#1")
    assert budget.account_of("r1") != budget.account_of("r2")
    assert budget.is_of_one_run
    assert Budget(limits={"usd": 1}, account="b#1").account_of("r1") == "b#1"


def test_it_survives_as_json():
    budget = Budget(
        "b", {"usd": 1.5, "calls": 3}, machine="T", per="run", hard=False, account="b#1"
    )
    assert Budget.from_json(budget.to_json()) == budget


@given(st.sampled_from(UNITS), st.floats(0, 10**6, allow_nan=False))
def test_parts_are_never_less_than_the_amount_nor_a_part_more(unit, amount):
    parts = parts_of(unit, amount)
    assert parts >= amount * SCALES[unit] - 1e-3
    assert parts <= amount * SCALES[unit] + 1


@given(st.sampled_from(UNITS), st.integers(0, 10**12))
def test_parts_come_back_as_they_were_written(unit, parts):
    assert parts_of(unit, amount_of(unit, parts)) == parts


@given(st.lists(st.floats(0, 100, allow_nan=False), min_size=2, max_size=2))
def test_more_is_never_fewer_parts(amounts):
    less, more = sorted(amounts)
    assert parts_of("usd", less) <= parts_of("usd", more)
