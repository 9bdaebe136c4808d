"""Answers are foreseen from those before them: quantiles that hold, priors, prompts, money."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.cost import Usage, learned
from traaviis_lab.cost.answering import Answers, prior_for
from traaviis_lab.cost.foreseen import Spread, spread_from_json, tidy
from traaviis_lab.cost.learned import Asked, Called, Learned
from traaviis_lab.cost.price import FREE, Price
from traaviis_lab.cost.quantiles import MOST_KEPT, Values, at_share, conformal

NODE, MODEL = "Triage/answering#0", "openai/gpt-4o-mini"
CHAT = prior_for({}, tools=False)


def asked(counted=600, exact=True, most=1_000, prior=CHAT):
    return Asked(counted, counted if exact else 4 * counted, exact, most, prior, "counted")


def call(out, read=600, node=NODE, model=MODEL, seconds=1.0, counted=None, cached=0):
    return Called(node, model, Usage(read, out, cache_read=cached), seconds, counted)


@pytest.mark.parametrize("known", [9, 20, 50, 200])
def test_nine_of_ten_later_values_stay_below_what_is_foreseen(known):
    rng, held = random.Random(known), 0
    for _ in range(400):
        values = sorted(rng.lognormvariate(4, 0.8) for _ in range(known))
        held += rng.lognormvariate(4, 0.8) <= conformal(values, 0.9)
    assert held / 400 >= 0.86  # 0.9 less three standard errors


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=400))
def test_quantiles_are_in_order_and_only_the_latest_count(values):
    kept = Values(values)
    latest = sorted(values[-MOST_KEPT:])
    assert kept.ordered == latest
    assert kept.median <= kept.upper()
    assert kept.mean == pytest.approx(sum(latest) / len(latest), abs=1e-6 * (1 + max(latest)))


@given(
    st.lists(st.tuples(st.integers(0, 10**5), st.integers(0, 10**4)), max_size=60),
    st.integers(1, 5000),
)
def test_whatever_was_learned_amounts_are_in_order_and_within_their_bound(seen, most):
    learned = Learned(call(out, read) for read, out in seen)
    told = learned.foresee(NODE, MODEL, asked(most=most), Price(1.0, 2.0))
    for spread in (told.tokens_in, told.tokens_out, told.usd):
        assert 0 <= spread.p50 <= spread.p90 <= spread.most
        assert 0 <= spread.expected <= spread.most


def test_the_nearest_calls_count():
    learned = Learned([call(10, node="Triage/a#0"), call(500, node="Triage/b#0")])
    told = learned.foresee("Triage/a#0", MODEL, asked(), None)
    assert told.tokens_out.p50 == 10
    assert "1 call of this model here" in told.why
    other = learned.foresee("Triage/a#0", "other/model", asked(), None)
    assert other.tokens_out.p50 == 10
    assert "of other models here" in other.why
    learned.add(call(30, node="Triage/b#0"))
    elsewhere = learned.foresee("Triage/c#0", MODEL, asked(), None)
    assert elsewhere.tokens_out.p50 == 30
    assert "elsewhere in Triage" in elsewhere.why


def test_before_anything_was_seen_the_task_says_it_and_says_that_it_guesses():
    short = prior_for({"enum": ["a", "b"]}, tools=False)
    wide = prior_for({"properties": {n: {"type": "string"} for n in "abcdef"}}, tools=False)
    assert short.p50 < prior_for({}, tools=True).p50 < wide.p50 < CHAT.p50
    assert "guess" in Learned().foresee(NODE, MODEL, asked(), None).why
    assert Learned().foresee(NODE, MODEL, asked(most=50), None).tokens_out.p50 == 50


def test_an_unknown_price_stays_unknown_and_nothing_is_free_but_what_is_said_to_be():
    assert Learned().foresee(NODE, MODEL, asked(), None).usd is None
    free = Learned().foresee(NODE, MODEL, asked(most=None), FREE).usd
    assert (free.p50, free.p90, free.most) == (0, 0, 0)
    assert Learned().foresee(NODE, MODEL, asked(most=None), Price(1.0, 1.0)).usd.most is None


def test_a_count_that_is_not_exact_is_corrected_by_what_was_charged():
    learned = Learned([call(10, read=120, counted=100), call(10, read=242, counted=200)])
    told = learned.foresee(NODE, MODEL, asked(1000, exact=False), None)
    assert told.tokens_in.p50 == pytest.approx(1205)
    assert told.tokens_in.most == 4000
    assert learned.foresee(NODE, MODEL, asked(1000), None).tokens_in.p50 == 1000


def test_what_came_from_the_cache_is_foreseen_at_its_price():
    learned = Learned(call(0, read=1000, cached=800) for _ in range(5))
    told = learned.foresee(NODE, MODEL, asked(1000), Price(10.0, 1.0, cache_read=1.0))
    assert told.usd.p50 == pytest.approx((200 * 10 + 800 * 1) / 1e6)


def test_answers_that_grow_with_their_prompts_are_foreseen_so_and_others_are_not():
    rng = random.Random(5)
    grows, flat = Answers(), Answers()
    for _ in range(80):
        read = rng.randint(200, 4000)
        grows.add(read, round(0.2 * read + rng.gauss(0, 15)))
        flat.add(read, rng.randint(40, 80))
    assert grows.grow
    assert grows.spread(3000, None).p50 == pytest.approx(600, rel=0.05)
    assert grows.spread(500, None).p50 == pytest.approx(100, rel=0.15)
    assert not flat.grow
    assert flat.spread(3000, None) == flat.spread(300, None)


def test_a_spread_survives_as_json():
    assert spread_from_json(Spread(1.5, 2.0, None, 1.75).to_json()) == Spread(1.5, 2.0, None, 1.75)
    assert spread_from_json(None) is None


@given(st.lists(st.floats(0, 1e6) | st.integers(0, 10**6), min_size=1, max_size=40))
def test_the_median_is_the_quantile_of_one_half(values):
    assert Values(values).median == at_share(sorted(values), 0.5)


@given(st.floats(-1e12, 1e12) | st.integers(-(10**9), 10**9))
def test_six_digits_count(value):
    told = tidy(value)
    assert told == (value if isinstance(value, int) else float(f"{value:.6g}"))
    assert isinstance(told, int) or not told.is_integer()


def test_places_beyond_the_most_are_begun_anew(monkeypatch):
    monkeypatch.setattr(learned, "MOST_NODES", 20)
    known = Learned()
    for number in range(100):
        node = f"Triage/a{number}#0"
        known.add(call(number, node=node))
        assert known.calls_at(node, MODEL) == 1
        assert known.foresee(node, MODEL, asked(), None).tokens_out.p50 == number
        known.add(call(number, node=node))
        assert known.calls_at(node, MODEL) in (1, 2), "one was forgotten, or none"


def test_usage_is_told_without_what_was_not_used():
    assert Usage(3, 0).to_json() == {"tokens_in": 3, "tokens_out": 0}
    told = {"tokens_in": 9, "tokens_out": 4, "cache_read": 2, "reasoning": 1}
    assert Usage(9, 4, 2, 0, 1).to_json() == told
    assert list(Usage(9, 4, 2, 0, 1).to_json()) == list(told)
