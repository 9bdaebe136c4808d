"""Answers that are shown as they are written, and streams that end badly."""

import json

import pytest

from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.cost import Usage
from traaviis_lab.models import Answer
from traaviis_lab.runtime.asking.streamed import newest

from .asking import chart_asking, error, result, until
from .models import Odd, called, hangs


@pytest.fixture
def lab():
    with Lab() as opened:
        yield opened


def news(lab):
    rows = lab.sql("select body from events where kind = 'effect.progress' order by seq")
    return [json.loads(body) for body in rows["body"]]


def test_the_newest_words_are_shown_and_the_result_is_the_whole(lab):
    words = " ".join(f"word{n}" for n in range(200))
    lab.models.scripted("small", [words], seconds_per_token=0.002)
    effect = fx.call_llm("small/m", "tell", stream=True, max_tokens=1000)
    assert result(lab, effect) == words
    told = news(lab)
    assert len(told) > 2
    assert all(len(one["message"]) <= 310 for one in told)
    assert told[-1]["message"].endswith("word199")
    assert told[-1]["message"].startswith("... word")
    fractions = [one["fraction"] for one in told]
    assert fractions == sorted(fractions)
    assert 0 < fractions[-1] < 1
    assert called(lab)[0]["streamed"] is True


def test_how_far_it_is_is_not_known_without_a_limit(lab):
    lab.models.scripted("small", ["a b c"])
    result(lab, fx.call_llm("small/m", "tell", stream=True))
    assert [one["fraction"] for one in news(lab)] == [None] * len(news(lab))
    assert news(lab)[-1]["message"] == "a b c"


def test_a_provider_that_streams_needs_no_news_for_what_is_there_at_once(lab):
    lab.models.scripted("small", ["a b c"] * 3, streams=True)
    assert result(lab, fx.call_llm("small/m", "tell")) == "a b c"
    assert news(lab) == []
    assert called(lab)[0]["streamed"] is True
    result(lab, fx.call_llm("small/m", "tell", stream=False))
    assert "streamed" not in called(lab)[1]


def test_a_stream_that_breaks_off_is_not_taken_for_whole(lab):
    class Broken(Odd):
        async def stream(self, request):
            for piece in self.pieces:
                yield type("C", (), {"text": piece})()

    lab.models.add("far", Broken(hangs, pieces=("half ", "an ")))
    told = error(lab, fx.call_llm("far/m", "tell", stream=True))
    assert told["kind"] == "ModelFailed"
    assert told["message"] == "m: the answer broke off after 2 pieces."
    assert called(lab)[0]["error"]["kind"] == "ModelFailed"


def test_leaving_the_state_closes_the_stream(lab):
    odd = Odd(hangs, pieces=["one "] * 1000)
    lab.models.add("far", odd)
    run = lab.start(chart_asking(fx.call_llm("far/m", "tell", stream=True)), id="r")
    until(lambda: news(lab))
    run.send("leave")
    until(lambda: odd.closed == 1)
    until(lambda: called(lab))
    assert called(lab)[0]["error"]["kind"] == "Cancelled"


def test_a_stream_that_takes_too_long_is_closed(lab):
    odd = Odd(hangs, pieces=["one "] * 1000)
    lab.models.add("far", odd)
    told = error(lab, fx.call_llm("far/m", "tell", stream=True, timeout=0.2))
    assert told["kind"] == "EffectTimeout"
    assert odd.closed == 1


def test_a_streamed_object_is_checked_like_any_other(lab):
    async def whole(request):
        return Answer('{"a": 1}', usage=Usage(1, 1))

    lab.models.add("far", Odd(whole, pieces=['{"a"', ": 1}"]))
    assert result(lab, fx.call_llm("far/m", "?", schema={"type": "object"}, stream=True)) == {
        "a": 1
    }


@pytest.mark.parametrize("text", ["", "short", "x" * 299, "y" * 1000, "word " * 400])
def test_the_newest_words_are_few_and_the_last(text):
    shown = newest(text)
    assert len(shown) <= 304
    assert text.endswith(shown.removeprefix("...").lstrip()) or not text
