"""Walks go where the engine goes, and no walk takes more than the most."""

import math

from hypothesis import given
from hypothesis import strategies as st

from tests.effects.trees import trees, wishes
from tests.machine.charts import chart_specs, event_strings, tries
from traaviis_lab.cost.foreseen import CallEstimate, Spread
from traaviis_lab.cost.walking.book import Book
from traaviis_lab.cost.walking.chance import Chance, drawn
from traaviis_lab.cost.walking.foreseen_step import begin, take
from traaviis_lab.cost.walking.foretell import foretell
from traaviis_lab.cost.walking.known import UNSURE, Known, told
from traaviis_lab.cost.walking.leaves import CallTold, LeafTold
from traaviis_lab.cost.walking.odds import Odds
from traaviis_lab.cost.walking.walk import Start, Walk, Ways
from traaviis_lab.cost.walking.weighing import Weighing
from traaviis_lab.errors import EventRefused, RunawayChart
from traaviis_lab.machine import Chart, Event, start, step
from traaviis_lab.machine.expr import compile_expression

TEN = Spread(10.0, 20.0, 30.0, 12.0)
ONE = CallEstimate(10, TEN, TEN, TEN, TEN, "told so")


class Told:
    """Every effect that goes out makes one call of a model, and one in three fails."""

    def leaf(self, node, owner, effect, filled):
        return LeafTold((CallTold(node, "m", 1.0, ONE),), failing=0.3, most_calls=1, limit=30.0)

    def machine(self, name):
        return None


def chart_of(tree, other):
    return Chart.from_spec(
        {
            "spec": "traaviis/1", "name": "Drawn", "version": "1",
            "data": {"n": 0, "flag": True, "xs": [1, 2, 3], "text": "{{ data.n }}"},
            "states": {
                "work": {
                    "enter": [tree.to_spec()],
                    "on_success": [{"to": "over"}],
                    "on_error": [{"when": "data.n < 2", "to": "work", "assign": {"n": "data.n + 1"}}, {"to": "over"}],
                    "transitions": [{"on": "more", "do": [other.to_spec()], "to": "over"}],
                },
                "over": {"final": True},
            },
        }
    )  # fmt: skip


def walked(chart, walks=8):
    """What each of some walks took, and the most that is possible."""
    told, book = Told(), Book()
    ways = Ways(told, {}, 4, book, Chance(1))
    for _ in range(walks):
        book.begin()
        walk = Walk(chart, ways)
        book.end(walk.go(Start(Known(chart.data))), walk.seconds)
    weighing = Weighing(told, lambda node: (), lambda of, state: walk.cap(state) + 1,
                        lambda node: book.items.get(node, 0))  # fmt: skip
    return book, weighing.machine(chart)[0]


@tries(80)
@given(trees, wishes)
def test_no_walk_through_composed_effects_takes_more_than_the_most(tree, other):
    book, most = walked(chart_of(tree, other))
    for total in book.totals:
        assert total.calls <= most.calls
        assert total.tokens_in <= most.tokens_in + 1e-6
        assert total.usd <= most.usd + 1e-6


@tries(8)
@given(chart_specs())
def test_a_walk_through_any_chart_comes_to_an_end_and_is_the_same_again(spec):
    chart = Chart.from_spec(spec)
    about = {"tenant": "t", "run": ""}
    made = [foretell(chart, Start(Known(chart.data)), Told(), {}, limit=3, about=about).to_json()
            for _ in range(2)]  # fmt: skip
    assert made[0] == made[1]
    for name in ("calls", "tokens_in", "tokens_out", "usd", "seconds"):
        amount = made[0][name]
        assert 0 <= amount["p50"] <= amount["p90"]
        assert amount["most"] is None or amount["p90"] <= amount["most"]


@tries(200)
@given(chart_specs(), event_strings(max_size=6))
def test_where_all_is_known_a_walk_goes_where_the_engine_goes(spec, events):
    chart = Chart.from_spec(spec)
    try:
        real = start(chart)
    except RunawayChart:
        return
    made = begin(chart, Known(chart.data), Chance(1), Odds())
    for name, data in [("", {}), *events]:
        if name:
            try:
                real = step(chart, real.snapshot, Event(name, data))
            except (EventRefused, RunawayChart):
                return
            made = take(chart, made.stand, Event(name, data), Chance(1), Odds())
        failed = any(one.name == "error.execution" for one in real.raised)
        if failed or not all(one.filled for one in made.wishes):
            return  # what fails in a run is not foreseen
        assert made.stand.active == real.snapshot.active
        assert dict(made.stand.data.items()) == real.snapshot.data
        assert made.taken == real.taken
        assert [one.effect for one in made.wishes] == list(real.effects)
        if real.snapshot.done:
            return


def test_what_is_not_known_is_noticed_wherever_it_is_asked():
    data = Known({"a": 1, "list": [1]}, frozenset({"b"}))
    sure = {"data.a + 1": 2, "size(data.list)": 1, "data.a == 1 || data.b": True}
    for text, value in sure.items():
        assert told(compile_expression(text).compute, data, Event(""), frozenset()) == value
    for text in (
        "data.b",
        "has(data.b)",
        "data.a == 1 && data.b",
        "size(data)",
        "'b' in data",
        "data",
    ):
        assert told(compile_expression(text).compute, data, Event(""), frozenset()) is UNSURE, text
    assert told(lambda d, e, a: d.get("b", 7), data, Event(""), frozenset()) is UNSURE


@given(st.integers(0, 2**64), st.lists(st.floats(0, 10), min_size=1, max_size=5))
def test_chance_is_drawn_from_the_seed_alone(seed, weights):
    one, other = Chance(seed), Chance(seed)
    assert [one.share() for _ in range(5)] == [other.share() for _ in range(5)]
    assert 0 <= one.one_of(weights) < len(weights)
    assert not one.happens(0)
    assert one.happens(1)


def test_chance_is_even():
    chance = Chance(7)
    shares = [chance.share() for _ in range(4000)]
    assert abs(sum(shares) / 4000 - 0.5) < 0.02
    assert abs(sum(share < 0.1 for share in shares) / 4000 - 0.1) < 0.02


@given(st.floats(0, 1), st.floats(0, 1e6), st.floats(0, 1e6))
def test_what_is_drawn_keeps_to_its_quantiles(share, low, more):
    spread = Spread(low, low + more, low + 2 * more, low)
    value = drawn(spread, share)
    assert 0 <= value <= spread.most + 1e-6
    assert value <= spread.p90 + 1e-6 if share <= 0.9 else value >= spread.p90 - 1e-6
    assert math.isfinite(value)
