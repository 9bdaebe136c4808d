"""A call of a model that was cut: asked again when the run is resumed, or not, as the effect says."""

import pytest

from tests.runtime.asking import chart_asking, until
from tests.runtime.models import Odd, called, hangs
from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.models import Answer


async def answers(request):
    return Answer("here")


def cut(path, effect):
    """A run whose process let go of it while a model was asked; the request that was sent."""
    with Lab(path) as lab:
        odd = Odd(hangs)
        lab.models.add("far", odd)
        lab.start(chart_asking(effect), id="r")
        until(lambda: odd.requests)
        return odd.requests[0]


def test_it_is_asked_again_with_the_same_key(tmp_path):
    path = tmp_path / "cut.duckdb"
    first = cut(path, fx.call_llm("far/m", "hi"))
    with Lab(path) as lab:
        odd = Odd(answers)
        lab.models.add("far", odd)
        run = lab.resume("r")
        until(lambda: run.state == "answered")
        assert run.data["result"] == "here"
        assert odd.requests[0].key == first.key == "r:1/0"
        cut_short, whole = called(lab)  # both were sent, and both may have to be paid
        assert (cut_short["error"]["kind"], cut_short["cost_usd"]) == ("Cancelled", None)
        assert "let go" in cut_short["error"]["message"]
        assert whole["source"] == "live"
        assert "error" not in whole
        assert (run.costs().unpriced, len(run.costs().calls)) == (2, 2)
        assert run.replay().facts == run.seq


def test_what_it_may_have_cost_stays_spent(tmp_path):
    path = tmp_path / "cut.duckdb"
    effect = fx.call_llm("far/m", "hi", max_tokens=100)
    with Lab(path) as lab:
        odd = Odd(hangs)
        lab.models.add("far", odd)
        lab.prices.set("far/m", input=0, output=10)
        lab.budget(usd=1)
        lab.start(chart_asking(effect), id="r")
        until(lambda: odd.requests)
    with Lab(path) as lab:
        books = lab.budgets()["lab"]
        assert (books.spent["usd"], books.lost["usd"], books.spent["calls"]) == (0.001, 0, 1)
        kinds = lab.sql("select kind from events where run_id = 'r' order by seq")["kind"]
        assert kinds.tolist()[-3:] == ["budget.reserved", "budget.settled", "model.called"]


@pytest.mark.parametrize("repeat", ["at_most_once", "human"])
def test_it_is_not_where_the_effect_says_so(tmp_path, repeat):
    path = tmp_path / "cut.duckdb"
    cut(path, fx.call_llm("far/m", "hi", repeat=repeat))
    with Lab(path) as lab:
        odd = Odd(answers)
        lab.models.add("far", odd)
        run = lab.resume("r")
        if repeat == "human":
            until(lambda: run.under_way and run.under_way[0]["asks"])
            assert odd.requests == []
            run.answer(run.under_way[0]["path"], "repeat")
            until(lambda: run.state == "answered")
        else:
            until(lambda: run.state == "failed")
            assert odd.requests == []


def test_a_handler_of_ones_own_still_goes_first(tmp_path):
    with Lab() as lab:

        @lab.handler("call_llm")
        async def answer(effect, scope):
            return effect.prompt[::-1]

        assert lab.models.ask("abc", "anything/m") == "cba"
        assert called(lab) == []
