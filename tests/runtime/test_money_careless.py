"""Careless and lying providers, and what they may do to budgets and sums: nothing that is hidden."""

import asyncio
import threading

import pytest

from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.cost import Usage
from traaviis_lab.errors import (
    BudgetExceeded,
    DefinitionError,
    EffectError,
    LabError,
    ModelFailed,
    PermissionDenied,
)
from traaviis_lab.models import Answer, Count

from .asking import chart_asking, until
from .models import Odd, called


@pytest.fixture
def lab():
    with Lab() as opened:
        opened.prices.set("far/m", input=0.0, output=1e4, max_output=100)  # a dollar at most
        yield opened


async def whole(request):
    return Answer("ok", usage=Usage(10, 100))


async def short(request):
    return Answer("ok", usage=Usage(10, 10))


def says(answer):
    async def act(request):
        return answer

    return Odd(act)


def test_who_gets_no_recorded_answer_any_more_pays_for_a_new_one(lab, tmp_path):
    lab.models.add("far", Odd(whole))
    with lab.models.cassette(tmp_path / "c.jsonl"):
        lab.models.ask("hi", "far/m", max_tokens=100)
    odd = Odd(whole)
    lab.models.add("far", odd)
    lab.budget(usd=2.5)
    call = fx.call_llm("far/m", "hi", max_tokens=100)
    with lab.models.cassette(tmp_path / "c.jsonl"):
        run = lab.run_pipeline(fx.parallel(*[call] * 5, settle=True))
    assert [one["status"] for one in run.data["result"]].count("completed") == 3
    assert len(odd.requests) == 2
    row = lab.budgets()["lab"]
    assert (row.spent["usd"], row.reserved["usd"], row.spent["calls"]) == (2.0, 0.0, 2)
    costs = sorted((fact["source"], fact["cost_usd"]) for fact in called(lab, run.id))
    assert costs == [("live", 1.0), ("live", 1.0), ("recorded", 0.0)]


def test_what_is_recorded_takes_nothing_of_any_budget(lab, tmp_path):
    lab.models.add("far", Odd(whole))
    for _ in range(2):
        with lab.models.cassette(tmp_path / "c.jsonl"):
            assert lab.models.ask("hi", "far/m") == "ok"
        lab.budget(usd=0, tokens=0, calls=0)
    assert lab.budgets()["lab"].spent["calls"] == 0


@pytest.mark.parametrize(
    "usage",
    [("a", 1), (None, 1), (1.5, 1), (True, 1), (-1, 1), (1, 1, 10**9), (1, 1, 0, 0, 7), (9, 0)],
)
def test_a_usage_that_cannot_be_is_counted_instead(lab, usage):
    lab.models.add("far", says(Answer("ok", usage=Usage(*usage))))
    lab.budget(usd=5, tokens=1000)
    assert lab.models.ask("hi", "far/m") == "ok"
    row = lab.budgets()["lab"]
    assert (row.spent["tokens"], row.reserved["tokens"]) == (60, 0)
    assert called(lab)[0]["usage_counted"]


@pytest.mark.parametrize("usd", [1e300, float("inf"), float("nan"), -1.0, "1", True])
def test_a_cost_that_cannot_be_is_worked_out_instead(lab, usd):
    lab.models.add("openai", says(Answer("ok", usage=Usage(1000, 1000), cost_usd=usd)))
    lab.budget(usd=5)
    lab.models.ask("hi", "openai/gpt-4o-mini", max_tokens=1000)
    assert lab.budgets()["lab"].spent["usd"] == pytest.approx(0.00075)
    assert lab.budgets()["lab"].reserved["usd"] == 0


@pytest.mark.parametrize(
    "answer",
    [
        Answer(None),
        Answer("ok", tool_calls=None),
        Answer("ok", provenance=None),
        Answer("", (5,)),
        7,
    ],
)
def test_an_answer_that_is_none_has_spent_all_of_it_and_says_so(lab, answer):
    lab.models.add("far", says(answer))
    lab.budget(usd=5)
    with pytest.raises(ModelFailed, match="far/m: "):
        lab.models.ask("hi", "far/m")
    row = lab.budgets()["lab"]
    assert (row.spent["usd"], row.reserved["usd"]) == (1.0, 0.0)
    assert called(lab)[0]["error"]["kind"] == "ModelFailed"


@pytest.mark.parametrize("count", [(-500, -500), ("a", "b"), (None, None), (1.5, 2.5), (1, 1, -99)])
def test_a_count_that_is_none_is_not_sent(lab, count):
    odd = Odd(short)
    odd.count = lambda request: Count(*count[:2], False, "odd", *count[2:])
    lab.models.add("far", odd)
    lab.budget(tokens=1000)
    with pytest.raises(ModelFailed, match="no count of tokens"):
        lab.models.ask("hi", "far/m")
    assert odd.requests == []
    assert lab.budgets()["lab"].reserved["tokens"] == 0


def test_a_price_that_is_not_known_is_what_a_hard_budget_says_first(lab):
    lab.models.add("far", Odd(short))
    lab.budget(usd=5)
    with pytest.raises(BudgetExceeded, match="its price is not known"):
        lab.models.ask("hi", "far/unheard-of")


def test_a_soft_budget_says_what_is_not_in_its_sum(tmp_path):
    for _ in range(2):
        with Lab(tmp_path / "a.duckdb") as lab:
            lab.models.add("far", Odd(short))
            lab.budget(usd=5, hard=False)
            lab.models.ask("hi", "far/unheard-of")
            row = lab.budgets()["lab"]
            assert row.spent["usd"] == 0
            assert f"what {row.unknown['usd']} call" in repr(row)
    assert row.unknown == {"usd": 2}
    assert list(lab_frame(tmp_path)["unknown"]) == [2]


def lab_frame(folder):
    with Lab(folder / "a.duckdb") as lab:
        return lab.budgets().frame()


def test_sums_beyond_all_reason_do_not_keep_a_journal_shut(tmp_path):
    with Lab(tmp_path / "a.duckdb") as lab:
        lab.models.add("far", says(Answer("ok", usage=Usage(1, 1), cost_usd=1e9)))
        lab.prices.set("far/m", input=1, output=1)
        lab.prices.forget("far/m")
        lab.budget(usd=10**12, hard=False)
        lab.run_pipeline(fx.sequence(*[fx.call_llm("far/m", "hi")] * 12))
    with Lab(tmp_path / "a.duckdb") as lab:
        assert lab.budgets()["lab"].spent["usd"] == 12e9


class Kid(Machine):
    asking = State(initial=True, enter=fx.call_llm("far/m", "hi"))
    ok = State(final=True)
    asking.to(ok, on="done.invoke.asking")


class Boss(Machine):
    working = State(initial=True, enter=fx.invoke_fsm("Kid"))
    ok = State(final=True)
    dear = State(final=True)
    working.to(ok, on="done.invoke.working")
    working.to(dear, on="budget.exceeded")


@pytest.mark.parametrize(
    "about",
    [
        {"run": "b"},
        {"machine": Boss},
        {"machine": Boss, "state": Boss.working},
        {"machine": "Boss", "per": "run"},
        {"per": "run"},
    ],
)
def test_what_a_run_has_done_by_machines_it_starts_counts_in_its_budgets(lab, about):
    odd = Odd(short)
    lab.models.add("far", odd)
    lab.add(Kid)
    lab.add(Boss)
    lab.budget("mine", usd=1, **about)
    run = lab.start(Boss, "b").wait()
    assert run.state == "ok"
    row = next(one for one in lab.budgets() if one.of in ("", "b"))
    assert row.spent["calls"] == 1
    lab.budget("mine", usd=0.5, **about)
    run = lab.start(Boss, "b2" if "run" not in about else "b3").wait()
    assert run.state == ("ok" if "run" in about else "dear")
    assert len(odd.requests) == (2 if "run" in about else 1)


def test_a_state_that_is_not_there_is_no_budget(lab):
    with pytest.raises(DefinitionError, match="Boss has no state 'workign'") as wrong:
        lab.budget(machine=Boss, state="workign", usd=1)
    assert "working" in wrong.value.hint
    lab.add(Kid)
    with pytest.raises(DefinitionError, match="Kid has no state"):
        lab.budget(machine="Kid", state="nope", usd=1)


def test_prices_that_are_set_while_others_ask_are_never_missed(lab):
    def set_many():
        for n in range(1, 3000):
            lab.prices.set("far/m", input=n, output=n)

    setting = threading.Thread(target=set_many)
    setting.start()
    while setting.is_alive():
        assert lab.prices.find("far/m") is not None
    setting.join()
    assert lab.prices.find("far/m").output == 2999


def test_a_price_that_is_none_is_refused(lab):
    for price in (1e300, 10**10, True, "1", -1):
        with pytest.raises(DefinitionError, match="no price"):
            lab.prices.set("far/m", input=price, output=1.0)
    with pytest.raises(DefinitionError, match="no tenant"):
        lab.prices.set("far/m", input=1, output=1, tenant=5)
    with pytest.raises(DefinitionError, match="names no model"):
        lab.prices.find(5)


def test_an_estimate_invents_neither_times_nor_costs(lab):
    lab.models.add("far", Odd(short))
    lab.add(Kid)
    first = lab.estimate(Kid)
    assert first.seconds is None  # nobody knows how long the model takes
    assert first.to_json()["seconds"] is None
    assert "unknown" in repr(first).partition("seconds")[2].splitlines()[0]
    assert first.usd.expected > 0
    lab.start(Kid, estimate=first).wait()
    assert lab.estimate(Kid).seconds.expected > 0
    assert set(lab.calibration().table().query("level == 'run'")["unit"]) == {"usd", "tokens"}

    class Outside(Machine):
        working = State(initial=True, enter=fx.invoke_fsm("Unheard"))

    for unknown in (lab.estimate(Outside), lab.estimate(Outside)):
        assert (unknown.usd, unknown.seconds) == (None, None)
        assert "unknown" in unknown._repr_html_()


@pytest.mark.parametrize("wrong", [{"event": 5}, {"event": ["go", None]}, {"limit": 0}])
def test_an_estimate_of_what_makes_no_sense_says_so(lab, wrong):
    with pytest.raises(LabError):
        lab.estimate(Kid, **wrong)
    with pytest.raises(LabError, match="no live run"):
        lab.estimate(run="k")


def test_tables_of_what_is_not_counted_say_what_is(lab):
    lab.models.scripted("s", lambda request: "ok")
    run = lab.run_pipeline(fx.call_llm("s/m", "hi"))
    costs, trend = lab.costs(), lab.calibration().trend
    for ask in (
        lambda: costs.distribution("euro"),
        lambda: costs.drift("euro"),
        lambda: costs.drift("usd", -1),
        lambda: trend("cell"),
        lambda: trend("call", "euro"),
        lambda: run.costs("x"),
        lambda: run.costs(-1),
    ):
        with pytest.raises(LabError) as wrong:
            ask()
        assert wrong.value.hint


@pytest.mark.parametrize(
    "error", [ModelFailed("cut", status=429), DefinitionError("odd"), PermissionDenied("no")]
)
def test_an_answer_that_had_begun_is_paid_for_whatever_it_failed_with(lab, error):
    async def breaks(request):
        raise error

    lab.models.add("far", Odd(breaks, pieces=["a", "b"]))
    lab.budget(usd=5)
    with pytest.raises(type(error)):
        lab.models.ask("hi", "far/m", stream=True)
    assert lab.budgets()["lab"].spent["usd"] == 1.0
    assert called(lab)[0]["cost_usd"] is None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), MemoryError()])
def test_what_would_end_the_process_leaves_nothing_set_aside(lab, error):
    async def ends(request):
        raise error

    lab.models.add("far", Odd(ends))
    lab.budget(usd=5)
    with pytest.raises(EffectError):
        lab.models.ask("hi", "far/m")
    row = lab.budgets()["lab"]
    assert (row.spent["usd"], row.reserved["usd"]) == (1.0, 0.0)


def test_a_price_that_rises_while_a_call_waits_is_heeded(lab):
    gate = threading.Event()

    async def waits(request):
        while not gate.is_set():
            await asyncio.sleep(0.002)
        return Answer("ok", usage=Usage(10, 10))

    odd = Odd(waits)
    lab.models.add("far", odd)
    lab.budget(usd=1.5)
    call = fx.call_llm("far/m", "hi")
    run = lab.start(chart_asking(fx.parallel(call, call, settle=True)))
    until(lambda: odd.requests)
    lab.prices.set("far/m", input=0.0, output=1e5)
    gate.set()
    until(lambda: run.state != "asking")
    assert [one["status"] for one in run.data["result"]] == ["completed", "failed"]
    assert len(odd.requests) == 1
    assert run.data["result"][1]["error"]["asked"] == 10.0
