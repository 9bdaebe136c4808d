"""Asking within budgets: what is set aside before a call, and what of it is spent after."""

import pytest

from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.cost import Usage
from traaviis_lab.errors import BudgetExceeded, CassetteMiss, ModelFailed, NotInstalled
from traaviis_lab.models import Answer

from .asking import chart_asking, error, until
from .models import Odd, called, hangs


@pytest.fixture
def lab():
    with Lab() as opened:
        opened.prices.set("far/m", input=1.0, output=10.0, max_output=100)
        yield opened


async def short(request):
    return Answer("ok", usage=Usage(10, 1))


def books(lab):
    """What is spent and set aside of the lab's tokens and calls."""
    rows = lab.budgets().frame()
    by_unit = {row["unit"]: row for _, row in rows.iterrows()}
    return {unit: (by_unit[unit]["spent"], by_unit[unit]["reserved"]) for unit in by_unit}


def test_a_call_is_held_to_what_was_set_aside_for_it(lab):
    odd = Odd(short)
    lab.models.add("far", odd)
    lab.budget(usd=1, tokens=1000, calls=5)
    lab.models.ask("hi", "far/m")
    assert odd.requests[0].max_tokens == 100  # the most that the model can answer
    lab.models.ask("hi", "far/m", max_tokens=7)
    assert odd.requests[1].max_tokens == 7
    (first, second) = called(lab)
    assert first["reserved"]["reserved"]["tokens"] == 30 + 100
    assert second["reserved"]["reserved"]["tokens"] == 30 + 7
    assert books(lab)["tokens"] == (22, 0)
    assert books(lab)["calls"] == (2, 0)


def test_without_a_budget_nothing_is_set_aside_and_nothing_is_said_of_max_tokens(lab):
    odd = Odd(short)
    lab.models.add("far", odd)
    lab.models.ask("hi", "far/m")
    assert odd.requests[0].max_tokens == 0
    assert called(lab)[0]["reserved"] is None


def test_a_call_that_may_have_cost_anything_has_cost_all_of_it(lab):
    async def breaks(request):
        raise ModelFailed("It broke.", status=500)

    lab.models.add("far", Odd(breaks))
    lab.budget(tokens=1000, calls=5)
    with pytest.raises(ModelFailed):
        lab.models.ask("hi", "far/m")
    assert books(lab) == {"tokens": (130, 0), "calls": (1, 0)}


def test_a_call_that_was_cut_has_cost_all_of_it(lab):
    odd = Odd(hangs)
    lab.models.add("far", odd)
    lab.budget(tokens=1000)
    run = lab.start(chart_asking(fx.call_llm("far/m", "hi")))
    until(lambda: odd.requests)
    assert books(lab)["tokens"] == (0, 130)
    run.send("leave")
    until(lambda: books(lab)["tokens"] == (130, 0))


def test_a_call_that_its_provider_refused_has_cost_nothing_but_a_call(lab):
    async def refuses(request):
        raise ModelFailed("Too many.", status=429)

    lab.models.add("far", Odd(refuses))
    lab.budget(tokens=1000, calls=5)
    with pytest.raises(ModelFailed):
        lab.models.ask("hi", "far/m")
    assert books(lab) == {"tokens": (0, 0), "calls": (1, 0)}


@pytest.mark.parametrize("why", [CassetteMiss("none"), NotInstalled("missing")])
def test_a_call_that_was_never_sent_has_cost_nothing(lab, why):
    async def unsent(request):
        raise why

    lab.models.add("far", Odd(unsent))
    lab.budget(tokens=1000, calls=5)
    with pytest.raises(type(why)):
        lab.models.ask("hi", "far/m")
    assert books(lab) == {"tokens": (0, 0), "calls": (0, 0)}
    assert called(lab) == []


def test_usage_that_nobody_tells_is_charged_at_its_most(lab):
    async def silent(request):
        return Answer("ok")

    lab.models.add("far", Odd(silent))
    lab.budget(tokens=1000)
    lab.models.ask("hi", "far/m")
    assert books(lab)["tokens"] == (30 + 30, 0)
    assert called(lab)[0]["tokens_in"] == 10


def test_what_a_hard_budget_does_not_cover_is_not_sent(lab):
    odd = Odd(short)
    lab.models.add("far", odd)
    lab.budget(tokens=100)
    with pytest.raises(BudgetExceeded):
        lab.models.ask("hi", "far/m")
    assert odd.requests == []
    assert called(lab) == []
    assert error(lab, fx.call_llm("far/m", "hi", max_tokens=90))["kind"] == "BudgetExceeded"
    assert lab.models.ask("hi", "far/m", max_tokens=10) == "ok"


def test_repairs_are_calls_of_their_own(lab):
    lab.models.scripted("small", ["no", '{"a": 1}'])
    lab.budget(calls=1)
    with pytest.raises(BudgetExceeded):
        lab.models.ask("hi", "small/m", schema={"type": "object"}, max_tokens=50)
    assert [fact["purpose"] for fact in called(lab)] == [""]
