"""Asking models: what is sent, what is written down of it, and how it fails."""

import asyncio
import json
import time

import pytest

from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.cost import Usage
from traaviis_lab.errors import ModelFailed
from traaviis_lab.models import Answer

from .asking import chart_asking, error, result, until
from .models import Odd, called, hangs


@pytest.fixture
def lab():
    with Lab() as opened:
        yield opened


async def says_ok(request):
    return Answer("ok", usage=Usage(12, 1), model="big-2026", provenance={"source": "live"})


def test_what_an_effect_says_is_what_the_model_is_asked(lab):
    small = lab.models.scripted("small", ["Blue"])
    effect = fx.call_llm(
        "small/talker", "What colour is {{ data.thing }}?", system="One word.", max_tokens=5,
        temperature=0.5, stop=["."], seed=7, timeout="9s",
    )  # fmt: skip
    assert result(lab, effect, {"thing": "the sky"}) == "Blue"
    (asked,) = small.requests
    assert asked.model == "talker"
    assert asked.messages == (
        {"role": "system", "content": "One word."},
        {"role": "user", "content": "What colour is the sky?"},
    )
    assert (asked.max_tokens, asked.temperature, asked.stop) == (5, 0.5, (".",))
    assert (asked.seed, asked.timeout, asked.tools, asked.schema) == (7, 9.0, (), {})


def test_a_talk_so_far_can_be_sent_and_the_key_is_that_of_the_wish(lab):
    small = lab.models.scripted("small", ["fine"])
    talk = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
    run = lab.run_pipeline(fx.call_llm("small", messages="{{ data.talk }}"), {"talk": talk})
    assert run.data["result"] == "fine"
    assert small.requests[0].messages == tuple(talk)
    assert small.requests[0].key == f"{run.id}:1/0"


def test_a_call_is_a_fact_that_says_what_it_took(lab):
    lab.models.scripted("small", ["a blue one"])
    lab.models.alias("triage", "small/talker")
    run = lab.start(chart_asking(fx.call_llm("triage", "what?", max_tokens=9)), id="r")
    until(lambda: run.state == "answered")
    (fact,) = called(lab)
    usage = fact["usage"]
    assert fact["path"] == "1/0"
    assert fact["node"] == "Asking/asking#0"
    assert (fact["name"], fact["model"], fact["asked"]) == ("small/talker",) * 2 + ("triage",)
    assert (fact["source"], fact["answered"], fact["finish"]) == ("scripted", "talker", "stop")
    assert (fact["tokens_in"], fact["tokens_out"]) == (usage["tokens_in"], usage["tokens_out"])
    assert usage["tokens_out"] == 3
    assert fact["cost_usd"] == 0.0
    assert fact["cost"] == {"usd": 0.0, "how": "free"}
    assert fact["count"]["tokens"] == usage["tokens_in"]
    assert fact["estimate"]["tokens_out"]["most"] == 9
    assert fact["max_tokens"] == 9
    assert "temperature" not in fact
    assert fact["cause_seq"] == 2.0
    assert list(run.history()["seq"])[-1] > 3


def test_what_it_cost_is_known_by_price_or_said_to_be_unknown(lab):
    lab.models.add("far", Odd(says_ok))
    lab._engine.prices.set("far/priced", input=1.0, output=10.0)
    for model in ("far/priced", "far/unheard-of"):
        assert result(lab, fx.call_llm(model, "hi")) == "ok"
    priced, unknown = called(lab)
    assert priced["cost_usd"] == pytest.approx((12 * 1.0 + 1 * 10.0) / 1e6)
    assert priced["cost"]["how"] == "priced"
    assert unknown["cost_usd"] is None
    assert unknown["cost"] == {"usd": None, "how": "unknown"}
    assert lab.sql("select unpriced from costs where model = 'far/unheard-of'")["unpriced"][0] == 1


def test_the_provider_may_tell_the_cost_and_a_person_knows_better(lab):
    async def told(request):
        return Answer("ok", usage=Usage(1, 1), cost_usd=0.25)

    lab.models.add("far", Odd(told))
    lab._engine.prices.set("far/own", input=0, output=0)
    result(lab, fx.call_llm("far/told", "hi"))
    result(lab, fx.call_llm("far/own", "hi"))
    assert [(one["cost_usd"], one["cost"]["how"]) for one in called(lab)] == [
        (0.25, "told"),
        (0.0, "free"),
    ]


@pytest.mark.parametrize("usage", [None, Usage(-1, 5), Usage(10**30, 1)])
def test_usage_that_is_not_told_or_cannot_be_is_counted(lab, usage):
    async def answer(request):
        return Answer("ok", usage=usage)

    lab.models.add("far", Odd(answer))
    assert result(lab, fx.call_llm("far/m", "hi")) == "ok"
    (fact,) = called(lab)
    assert fact["usage_counted"] is True
    assert (fact["tokens_in"], fact["tokens_out"]) == (10, 10)


@pytest.mark.parametrize("cost", [float("nan"), -1.0, float("inf")])
def test_a_cost_that_is_none_is_not_believed(lab, cost):
    async def answer(request):
        return Answer("ok", usage=Usage(1, 1), cost_usd=cost, provenance={"odd": {1, 2}})

    lab.models.add("far", Odd(answer))
    assert result(lab, fx.call_llm("far/m", "hi")) == "ok"
    assert called(lab)[0]["cost_usd"] is None


def test_a_call_that_failed_after_it_was_sent_is_a_fact_too(lab):
    async def breaks(request):
        raise ModelFailed("It broke.", hint="Again.", status=500)

    lab.models.add("far", Odd(breaks))
    told = error(lab, fx.call_llm("far/m", "hi"))
    assert (told["kind"], told["message"], told["status"]) == ("ModelFailed", "It broke.", 500)
    (fact,) = called(lab)
    assert fact["error"]["message"] == "It broke."
    assert (fact["cost_usd"], fact["tokens_in"], fact["usage"]) == (None, None, None)


def test_a_provider_that_answers_nonsense_fails_the_effect(lab):
    async def nonsense(request):
        return "ok"

    lab.models.add("far", Odd(nonsense))
    told = error(lab, fx.call_llm("far/m", "hi"))
    assert told["message"] == "far/m: its provider answered str, not an Answer."


def test_an_answer_that_takes_too_long_is_given_up(lab):
    lab.models.add("far", Odd(hangs))
    begun = time.monotonic()
    told = error(lab, fx.call_llm("far/m", "hi", timeout="50ms"))
    assert time.monotonic() - begun < 5
    assert told["kind"] == "EffectTimeout"
    assert told["message"] == "far/m did not answer within 0.05 s."
    assert called(lab)[0]["error"]["kind"] == "EffectTimeout"


def test_a_call_nobody_waits_for_any_more_is_written_down(lab):
    odd = Odd(hangs)
    lab.models.add("far", odd)
    run = lab.start(chart_asking(fx.call_llm("far/m", "hi")), id="r")
    until(lambda: odd.requests)
    run.send("leave")
    until(lambda: called(lab))
    (fact,) = called(lab)
    assert fact["error"]["kind"] == "Cancelled"
    assert fact["cost_usd"] is None
    assert fact["cause_seq"] == 2.0
    assert run.replay().facts == run.seq


def test_no_model_and_no_default_say_what_to_do(lab):
    lab.models.scripted("small", ["yes"] * 3)
    assert "There is no model 'smal/x' here" in error(lab, fx.call_llm("smal/x", "hi"))["message"]
    assert "no default" in error(lab, fx.call_llm(prompt="hi"))["message"]
    lab.models.default = "small/x"
    assert result(lab, fx.call_llm(prompt="hi")) == "yes"
    assert called(lab)[0]["asked"] == ""
    assert called(lab)[0]["name"] == "small/x"


def test_policy_refuses_by_label_and_nothing_is_sent(lab):
    odd = Odd(says_ok)
    lab.models.add("far", odd, region="us-east")
    lab.models.allow(label="personal", regions=["eu-*"])
    told = error(lab, fx.call_llm("far/m", "hi", labels=["personal"]))
    assert told["kind"] == "PermissionDenied"
    assert odd.requests == []
    assert called(lab) == []
    assert result(lab, fx.call_llm("far/m", "hi")) == "ok"


def test_places_of_a_loop_and_of_attempts_are_one_node(lab):
    answers = iter([ModelFailed("no"), "a", "b"])
    lab.models.scripted("small", lambda request: next(answers))
    asking = fx.retry(fx.call_llm("small/m", "{{ item }}"), attempts=2, delay=0)
    lab.run_pipeline(fx.log("first") >> fx.for_each("data.items", asking), {"items": ["1", "2"]})
    assert [fact["node"] for fact in called(lab)] == ["Pipeline/working#0/1/*/0"] * 3
    assert lab.sql("select count(*) as n from model_calls")["n"][0] == 3


def test_a_replay_asks_nobody_and_a_live_fork_asks_again(lab):
    small = lab.models.scripted("small", lambda request: f"answer {len(small.requests)}")
    run = lab.start(chart_asking(fx.call_llm("small/m", "hi")), id="r")
    until(lambda: run.state == "answered")
    assert run.replay().facts == run.seq
    assert len(small.requests) == 1
    kept = run.fork(1, live=True)  # the record has the answer, which is taken first
    until(lambda: kept.state == "answered")
    assert kept.data["result"] == "answer 1"
    assert len(small.requests) == 1
    other = chart_asking(fx.call_llm("small/m", "hello"))
    live = run.fork(chart=other, live=True)
    until(lambda: live.state == "answered")
    assert live.data["result"] == "answer 2"
    assert [fact["purpose"] for fact in called(lab, live.id)] == [""]
    assert called(lab, kept.id) == []


def test_many_calls_at_once_are_each_written_down(lab):
    async def slow(request):
        await asyncio.sleep(0.02)
        return Answer(request.messages[0]["content"], usage=Usage(1, 1))

    lab.models.add("far", Odd(slow, source="local"))
    asking = fx.for_each("data.items", fx.call_llm("far/m", "{{ item }}"), concurrency=0)
    run = lab.run_pipeline(asking, {"items": [str(n) for n in range(100)]})
    assert run.data["result"] == [str(n) for n in range(100)]
    assert len(called(lab)) == 100
    assert {fact["path"] for fact in called(lab)} == {f"1/0/{n}" for n in range(100)}


def test_the_facts_body_is_json_that_says_the_same_as_the_columns(lab):
    lab.models.scripted("small", ["x"])
    result(lab, fx.call_llm("small/m", "hi"))
    rows = lab.sql("select tokens_in, body from model_calls")
    assert json.loads(rows["body"][0])["usage"]["tokens_in"] == rows["tokens_in"][0]
