"""Reserving before a call and settling after it, on a real engine with real facts."""

import pytest

from tests.runtime.asking import asked, chart_asking, until
from tests.runtime.paying import Till, pay
from traaviis_lab import Lab, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import BudgetExceeded
from traaviis_lab.runtime.spending import Need, Spent


@pytest.fixture
def lab():
    with Lab() as opened:
        opened.till = Till(opened)
        yield opened


def facts(lab, run, *kinds):
    """The facts of these kinds of a run: (kind, body)."""
    import orjson

    read = lab.journal.read(run.id)
    return [(f.kind, orjson.loads(f.body)) for f in read if f.kind.startswith(kinds)]


def test_without_a_budget_nothing_is_watched_or_written(lab):
    run = lab.run_pipeline(pay(1))
    assert not lab._engine.spending.is_watched
    assert facts(lab, run, "budget.") == []


def test_a_call_is_reserved_at_its_worst_and_settled_at_what_it_was(lab):
    lab.budget(usd=1)
    run = lab.run_pipeline(pay(0.25, most=0.5, tokens=10))
    (_, reserved), (_, settled) = facts(lab, run, "budget.")
    assert reserved["reserved"] == {"calls": 1, "usd": 0.5, "tokens": 10, "seconds": 120}
    assert settled["spent"] == {"usd": 0.25, "tokens": 10, "calls": 1, "seconds": 0}
    assert settled["id"] == reserved["id"]
    assert reserved["node"] == "till#0"
    row = lab.budgets()["lab"]
    assert (row.spent["usd"], row.reserved["usd"], row.left["usd"]) == (0.25, 0, 0.75)


def test_a_hundred_at_once_never_spend_more_and_those_that_fit_are_made(lab):
    lab.budget(usd=1)
    lab.till.watch = lambda: check(lab.till.most() <= 1)
    run = lab.run_pipeline(fx.parallel(*[pay(0.01, most=0.1)] * 90))
    assert run.state == "done"
    assert lab.budgets()["lab"].spent["usd"] == 0.9
    with pytest.raises(BudgetExceeded) as refused:
        lab.run_pipeline(fx.parallel(*[pay(0.01, most=0.1)] * 100))
    assert "Budget 'lab' does not cover a call of shop/till" in refused.value.message
    assert lab.budgets()["lab"].reserved["usd"] == 0
    assert lab.till.most() <= 1


def test_who_waits_says_so_and_can_be_cancelled(lab):
    lab.budget(calls=1)
    first = lab.start(chart_asking(pay(fate="hangs"), "First"))
    until(lambda: lab.till.sent == 1)
    second = lab.start(chart_asking(pay(), "Second"))
    until(lambda: facts(lab, second, "effect.progress"))
    (_, news) = facts(lab, second, "effect.progress")[0]
    assert "waits for budget 'lab': 1 call set aside for 1 call under way" in news["message"]
    second.send("leave")
    assert facts(lab, second, "budget.") == []
    first.send("leave")
    until(lambda: lab.budgets()["lab"].reserved["calls"] == 0)
    assert lab.budgets()["lab"].spent["calls"] == 1  # it was sent, so it counts


def test_what_waits_goes_on_when_there_is_room_or_is_refused_when_there_never_will_be(lab):
    lab.budget(usd=1)
    hanging = lab.start(chart_asking(pay(0.6, fate="hangs"), "First"))
    until(lambda: lab.till.sent == 1)
    waiting = lab.start(chart_asking(pay(0.5), "Second"))
    until(lambda: facts(lab, waiting, "effect.progress"))
    lab.budget(usd=2)  # a higher limit lets it through
    until(lambda: waiting.state == "answered")
    last = lab.start(chart_asking(pay(1), "Third"))
    until(lambda: facts(lab, last, "effect.progress"))
    hanging.send("leave")  # it takes its 0.6 with it
    until(lambda: last.state == "failed")
    assert last.data["error"]["kind"] == "BudgetExceeded"


def test_a_call_that_was_not_sent_spends_nothing_and_one_cut_off_all_of_it(lab):
    lab.budget(usd=1)
    run = asked(lab, pay(0.3, fate="unsent"))
    assert facts(lab, run, "budget.settled")[0][1]["released"] is True
    assert lab.budgets()["lab"].spent["usd"] == 0
    assert lab.budgets()["lab"].spent["calls"] == 0
    run = asked(lab, pay(0.1, most=0.3, fate="lost"))
    assert "usd" in facts(lab, run, "budget.settled")[0][1]["unknown"]
    assert lab.budgets()["lab"].spent["usd"] == 0.3


def test_a_call_whose_state_was_left_is_settled_all_the_same(lab):
    lab.budget(usd=1)
    run = lab.start(chart_asking(pay(0.4, fate="hangs")))
    until(lambda: lab.till.sent == 1)
    run.send("leave")
    until(lambda: facts(lab, run, "budget.settled"))
    assert lab.budgets()["lab"].left["usd"] == 0.6


@pytest.mark.parametrize(
    ("limit", "need", "says", "cure"),
    [
        ({"usd": 1}, {"usd": None}, "its price is not known", "lab.prices.set('m'"),
        ({"tokens": 9}, {"tokens": None}, "how many tokens", "max_tokens"),
        ({"tokens": 9}, {"tokens": -5}, "needs -5 tokens", "negative"),
        ({"usd": 1}, {"usd": -0.1}, "needs -0.1 usd", "negative"),
        ({"usd": 1}, {"usd": float("nan")}, "needs nan usd", "price"),
        ({"usd": 1}, {"usd": float("inf")}, "needs inf usd", "price"),
        ({"calls": 0}, {}, "1 call: 0 calls of 0 calls", "lab.budgets()"),
    ],
)
def test_what_is_not_known_or_no_amount_is_refused_by_a_hard_budget(lab, limit, need, says, cure):
    lab.budget(**limit)
    needs = Need("m", **{"tokens": 5, "usd": 0.1, "seconds": 1, **need})

    async def call(effect, scope):
        await scope.engine.spending.reserve(scope, needs)

    lab.handler("call_llm", call)
    run = asked(lab, fx.call_llm(prompt="?"))
    error = run.data["error"]
    assert error["kind"] == "BudgetExceeded"
    assert says in error["message"]
    assert cure in error["hint"]
    assert "budget.exceeded" in {kind for kind, _ in facts(lab, run, "budget.")}


def test_a_price_of_zero_is_a_price(lab):
    lab.budget(usd=0)
    assert asked(lab, pay(0)).state == "answered"
    assert asked(lab, pay(1e-9)).state == "failed"


def test_a_provider_that_takes_more_than_it_may_is_told_of(lab):
    lab.budget(usd=1)
    run = asked(lab, pay(1.5, most=0.5))
    assert facts(lab, run, "budget.settled")[0][1]["over"] == ["usd"]
    assert facts(lab, run, "budget.exceeded")[0][1]["spent"] == 1.5
    assert lab.budgets()["lab"].left["usd"] == -0.5
    assert "$0.5 too much" in repr(lab.budgets())
    assert asked(lab, pay(0.1)).state == "failed"


def test_what_is_told_as_spent_cannot_be_less_than_nothing(lab):
    lab.budget(tokens=10)

    async def call(effect, scope):
        spending = scope.engine.spending
        held = await spending.reserve(scope, Need("m", tokens=4, usd=0.0))
        spending.settle(scope, held, Spent(-100, float("nan"), -1))
        spending.settle(scope, held, Spent(0))  # twice is once

    lab.handler("call_llm", call)
    asked(lab, fx.call_llm(prompt="?"))
    assert lab.budgets()["lab"].spent["tokens"] == 4


def test_seconds_bound_the_call_by_what_is_left(lab):
    lab.budget(seconds=10)
    held = []

    async def call(effect, scope):
        spending = scope.engine.spending
        held.append(await spending.reserve(scope, Need("m", 1, 0.0, 8.0)))
        spending.settle(scope, held[-1], Spent(1, 0.0, 7.5))

    lab.handler("call_llm", call)
    assert asked(lab, fx.call_llm(prompt="?")).state == "answered"
    assert asked(lab, fx.call_llm(prompt="?")).state == "answered"
    assert [one.seconds for one in held] == [8.0, 2.5]
    run = asked(lab, fx.call_llm(prompt="?"))
    assert (run.state, run.data["error"]["unit"]) == ("failed", "seconds")


def check(holds):
    assert holds


def test_a_call_that_the_turn_which_asks_for_it_also_ends_is_never_made():
    clock = ToldClock()
    with Lab(clock=clock) as lab:
        till = Till(lab)
        lab.budget(usd=1)
        first = fx.sequence(fx.delay("1s"), pay(0.5, fate="hangs"))
        run = lab.start(chart_asking(fx.race(first, fx.delay("1s"))))
        clock.advance(1)  # both waits end together: the first asks for the call, the second wins
        until(lambda: run.state == "answered")
        started = [f.name for f in lab.journal.read(run.id) if f.kind == "effect.started"]
        assert "call_llm" in started
        until(lambda: not run.under_way)
        lab._thread.ask(lambda: None)
        assert till.sent == 0
        assert lab._engine.spending.ledger.holds == {}
