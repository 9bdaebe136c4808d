"""Scripted models: what may be written down as an answer, cut, counted, and taken back."""

import asyncio
import math
import time

import pytest

from traaviis_lab import Lab
from traaviis_lab.cost import Usage
from traaviis_lab.errors import DefinitionError, EffectTimeout, ModelFailed
from traaviis_lab.models import Answer, Chunk, Provider, Scripted

from .asking import answer, asking, pieces, run, streamed


def test_it_is_a_provider():
    provider: Provider = Scripted(["yes"])
    assert (provider.source, provider.streams) == ("scripted", False)
    assert Scripted([], streams=True).streams


def test_answers_come_in_order_and_run_out():
    provider = Scripted(iter(["one", "two"]))
    assert [answer(provider).text, answer(provider).text] == ["one", "two"]
    with pytest.raises(ModelFailed, match="all 2 are given") as caught:
        answer(provider)
    assert "a function of the request" in caught.value.hint
    assert repr(provider) == "<Scripted: 2 of 2 answers given>"
    assert len(provider.requests) == 3


def test_a_function_answers_plain_or_async():
    assert answer(Scripted(lambda request: request.messages[-1]["content"] * 2)).text == "HiHi"

    async def slowly(request):
        await asyncio.sleep(0)
        return {"text": "", "tool_calls": [{"name": "look", "args": {"at": 1}}]}

    told = answer(Scripted(slowly))
    assert told.tool_calls == ({"id": "call_1", "name": "look", "args": {"at": 1}},)
    assert told.finish == "tool_calls"


@pytest.mark.parametrize(
    ("given", "schema", "text", "finish"),
    [
        ("yes", {}, "yes", "stop"),
        ({"text": "no", "finish": "content_filter"}, {}, "no", "content_filter"),
        ({"score": 1}, {}, '{"score":1}', "stop"),
        ({"text": "no"}, {"type": "object"}, '{"text":"no"}', "stop"),
        ({}, {}, "{}", "stop"),
        (Answer("as is", finish="length"), {}, "as is", "length"),
    ],
)
def test_what_may_be_answered(given, schema, text, finish):
    told = answer(Scripted([given]), asking(schema=schema))
    assert (told.text, told.finish) == (text, finish)
    assert told.provenance == {"source": "scripted"}
    assert told.model == "m"


@pytest.mark.parametrize("raised", [ModelFailed("429", status=429), ConnectionError, OSError("x")])
def test_failures_can_be_scripted(raised):
    kind = raised if isinstance(raised, type) else type(raised)
    with pytest.raises(kind):
        answer(Scripted([raised]))
    with pytest.raises(kind):
        streamed(Scripted(lambda request: raised))


@pytest.mark.parametrize("wrong", ["yes", {"text": "yes"}, Answer("yes"), 3, None, [3], [None]])
def test_what_is_no_script_is_refused_at_once(wrong):
    with pytest.raises(DefinitionError):
        Scripted(wrong)


def test_what_a_function_gives_is_looked_at_too():
    with pytest.raises(DefinitionError, match="3 is no scripted answer"):
        answer(Scripted(lambda request: 3))


def test_usage_is_counted_by_the_rule_and_as_foreseen():
    provider, request = Scripted(lambda request: "two words"), asking("Hello there")
    counted = provider.count(request)
    assert counted.exact
    assert counted.tokens == counted.most
    told = answer(provider, request)
    # user | Hell o | _ther e | a frame of 4; two | _word s
    assert told.usage == Usage(counted.tokens, 3) == Usage(1 + 4 + 4, 3)


def test_usage_may_be_written_or_kept_secret():
    written = Answer("x", usage=Usage(7, 9, cache_read=3), cost_usd=0.5, model="gpt")
    told = answer(Scripted([written]))
    assert (told.usage, told.cost_usd, told.model) == (written.usage, 0.5, "gpt")
    assert answer(Scripted(["x"], tells_usage=False)).usage is None


def test_the_limit_cuts_and_says_so():
    told = answer(Scripted(["one two three four"]), asking(max_tokens=2))
    assert (told.text, told.finish, told.usage.tokens_out) == ("one two", "length", 2)
    whole = answer(Scripted(["one two"]), asking(max_tokens=2))
    assert (whole.text, whole.finish) == ("one two", "stop")
    with pytest.raises(ModelFailed, match="max_tokens=-1") as caught:
        answer(Scripted(["x"]), asking(max_tokens=-1))
    assert caught.value.status == 400


def test_a_stop_word_ends_it():
    told = answer(Scripted(["a b END c STOP"]), asking(stop=("STOP", "END")))
    assert (told.text, told.finish) == ("a b ", "stop")


def test_it_streams_in_pieces_that_make_the_answer():
    texts, whole = streamed(Scripted(["Well, that is\n\nall."]))
    assert "".join(texts) == whole.text == "Well, that is\n\nall."
    assert len(texts) == whole.usage.tokens_out > 3
    assert streamed(Scripted([""])) == ([], whole.__class__("", usage=Usage(6, 0), model="m",
                                                            provenance={"source": "scripted"}))  # fmt: skip


def test_it_can_be_slow_and_is_cut_in_time():
    slow = Scripted(lambda request: "a b c d e", seconds_per_token=0.02)
    began = time.perf_counter()
    answer(slow)
    assert time.perf_counter() - began >= 0.1
    with pytest.raises(EffectTimeout, match=r"within 0\.03 s"):
        answer(slow, asking(timeout=0.03))
    with pytest.raises(EffectTimeout):
        streamed(slow, asking(timeout=0.03))


def test_it_can_be_cancelled_while_it_answers():
    async def story():
        task = asyncio.create_task(Scripted(["a b c"], seconds_per_token=10).complete(asking()))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        stream = Scripted(["a b c"]).stream(asking())
        assert await anext(stream) == Chunk("a")
        await stream.aclose()
        assert await pieces(Scripted(["x"]), asking())

    run(story())


@pytest.mark.parametrize("wrong", [-1, math.nan, math.inf, "1", None, True])
def test_a_pace_is_a_time(wrong):
    with pytest.raises(DefinitionError, match="is no time"):
        Scripted(["x"], seconds_per_token=wrong)


def test_a_function_that_ends_as_a_generator_does_is_a_failure():
    def odd(request):
        raise GeneratorExit

    with pytest.raises(ModelFailed, match="raised GeneratorExit"):
        answer(Scripted(odd))
    with Lab() as lab:
        lab.models.scripted("s", odd)
        with pytest.raises(ModelFailed, match="raised GeneratorExit"):
            lab.models.ask("hi", "s/m", wait=20)


def test_only_the_latest_requests_are_kept():
    provider = Scripted(lambda request: "x")

    async def many():
        for n in range(1005):
            await provider.complete(asking(str(n)))

    run(many())
    assert len(provider.requests) == 1000
    assert provider.requests[-1].messages[0]["content"] == "1004"
