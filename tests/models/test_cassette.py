"""Cassettes: recorded once, replayed ever after, and honest about what they do not have."""

import asyncio
import json
import time
from datetime import UTC, datetime

import pytest

from traaviis_lab.cost import Usage
from traaviis_lab.errors import CassetteMiss, DefinitionError, EffectTimeout, ModelFailed
from traaviis_lab.models import Answer, Cassette, Chunk, Models, Scripted

from .asking import Far, answer, asking, run, streamed


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "talk.jsonl"


def through(cassette, inner=None, name="p/m"):
    return cassette.wrap(inner, name)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()[1:]]


def recorded(path, *answers, request=None, name="p/m"):
    tape = Cassette(path)
    provider = through(tape, Scripted(answers), name)
    for _ in answers:
        answer(provider, request)
    tape.close()


def test_what_is_recorded_is_replayed_with_nobody_there(path):
    tape = Cassette(path, now=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    written = Answer("yes", usage=Usage(5, 1), cost_usd=0.25, model="m-2",
                     provenance={"source": "live", "request_id": "r1"})  # fmt: skip
    told = answer(through(tape, Far(Scripted([written]))))
    assert told.provenance == {"source": "scripted", "request_id": "r1"}
    tape.close()

    again = answer(through(Cassette(path, "replay")))
    assert (again.text, again.usage, again.model) == ("yes", Usage(5, 1), "m-2")
    assert again.cost_usd is None, "nothing is paid now"
    kept = dict(again.provenance)
    kept.pop("recorded_seconds", None)
    assert kept == {
        "source": "recorded",
        "recorded_source": "scripted",
        "recorded_at": "2026-01-02T03:04:05+00:00",
        "request_id": "r1",
        "cost_usd": 0.25,
    }


def test_the_nth_of_the_same_gets_the_nth_and_then_it_is_a_miss(path):
    recorded(path, "one", "two")
    replay = through(Cassette(path, "replay"))
    assert [answer(replay).text, answer(replay).text] == ["one", "two"]
    with pytest.raises(CassetteMiss, match="recorded 2 times, and is asked once more"):
        answer(replay)
    lasting = through(Cassette(path, "replay", repeat_last=True))
    assert [answer(lasting).text for _ in range(4)] == ["one", "two", "two", "two"]


def test_each_opening_counts_anew_and_requests_count_apart(path):
    recorded(path, "one")
    recorded(path, "other", request=asking("Ho"))
    recorded(path, "elsewhere", name="q/m")
    tape = Cassette(path, "replay")
    assert answer(through(tape), asking("Ho")).text == "other"
    assert answer(through(tape)).text == "one"
    assert answer(through(tape, name="q/m")).text == "elsewhere"
    assert tape.models() == ["p/m", "q/m"]


def test_auto_asks_only_for_what_is_missing(path):
    recorded(path, "one")
    far = Far(Scripted(["two", "three"]))
    tape = Cassette(path)
    provider = through(tape, far)
    assert [answer(provider).text for _ in range(3)] == ["one", "two", "three"]
    assert far.asked == 2
    tape.close()
    replay = through(Cassette(path, "replay"))
    assert [answer(replay).text for _ in range(3)] == ["one", "two", "three"]


def test_record_asks_always_and_stands_in_place_of_what_was(path):
    recorded(path, "old", "old too")
    tape = Cassette(path, "record")
    assert answer(through(tape, Scripted(["new"]))).text == "new"
    tape.close()
    replay = through(Cassette(path, "replay"))
    assert [answer(replay).text, answer(replay).text] == ["new", "old too"]


def test_replay_asks_nobody_even_where_somebody_is(path):
    recorded(path, "one")
    far = Far(Scripted(["live"]))
    provider = through(Cassette(path, "replay"), far)
    assert provider.source == "recorded"
    answer(provider)
    with pytest.raises(CassetteMiss):
        answer(provider)
    assert far.asked == 0


def test_between_the_two_it_is_as_the_one_that_is_asked(path):
    far = Far(Scripted(["x"], streams=True))
    provider = through(Cassette(path), far)
    assert (provider.source, provider.streams) == ("live", False)
    run(provider.close())
    assert far.closed == 1
    alone = through(Cassette(path))
    assert (alone.source, alone.streams) == ("recorded", False)
    run(alone.close())


def test_streams_replay_as_they_came(path):
    tape = Cassette(path)
    texts, whole = streamed(through(tape, Scripted(["Well, that is all."])))
    tape.close()
    replay = through(Cassette(path, "replay"))
    assert replay.streams
    again, same = streamed(replay)
    assert (again, same.text, same.usage) == (texts, whole.text, whole.usage)
    assert answer(through(Cassette(path, "replay"))).text == "Well, that is all."


def test_what_was_not_streamed_can_be(path):
    recorded(path, "Well, that is all.")
    replay = through(Cassette(path, "replay"))
    assert not replay.streams
    texts, whole = streamed(replay)
    assert len(texts) > 3
    assert "".join(texts) == whole.text


def test_failures_are_recorded_with_their_status_and_cost_nothing(path):
    tape = Cassette(path)
    provider = through(tape, Scripted([ModelFailed("busy", hint="Wait.", status=429), "yes"]))
    with pytest.raises(ModelFailed, match="busy"):
        answer(provider)
    answer(provider)
    tape.close()
    replay = through(Cassette(path, "replay"))
    with pytest.raises(ModelFailed, match="busy") as caught:
        answer(replay)
    assert caught.value.status == 429
    assert caught.value.hint.startswith("Wait. This failure was recorded on 20")
    assert caught.value.sent is False
    assert answer(replay).text == "yes"


def test_a_stream_that_breaks_off_breaks_off_again(path):
    class Breaking(Far):
        async def stream(self, request):
            yield Chunk("Well, ")
            raise ModelFailed("cut", status=502)

    async def collect(provider, found):
        async for piece in provider.stream(asking()):
            found.append(piece.text)

    tape, first, again = Cassette(path), [], []
    with pytest.raises(ModelFailed, match="cut"):
        run(collect(through(tape, Breaking(None)), first))
    tape.close()
    with pytest.raises(ModelFailed, match="cut"):
        run(collect(through(Cassette(path, "replay")), again))
    assert first == again == ["Well, "]


@pytest.mark.parametrize(
    "error",
    [
        ModelFailed("no key", status=401),
        ModelFailed("not yours", status=403),
        ModelFailed("unreachable"),
        EffectTimeout("late"),
        ConnectionError("cut"),
    ],
)
def test_what_says_nothing_about_the_request_is_not_kept(path, error):
    tape = Cassette(path)
    provider = through(tape, Scripted([error, "yes"]))
    with pytest.raises(type(error)):
        answer(provider)
    assert answer(provider).text == "yes"
    tape.close()
    assert [line["n"] for line in lines(path)] == [1]


def test_a_cancelled_call_leaves_no_hole(path):
    async def story():
        tape = Cassette(path)
        slow = tape.wrap(Scripted(["slow"], seconds_per_token=9), "p/m")
        tasks = [asyncio.create_task(slow.complete(asking()))]
        await asyncio.sleep(0.01)
        await tape.wrap(Scripted(["quick"]), "p/m").complete(asking())
        tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        stream = tape.wrap(Scripted(["a b"]), "p/m").stream(asking())
        await anext(stream)
        await stream.aclose()
        tape.close()

    run(story())
    replay = through(Cassette(path, "replay"))
    assert answer(replay).text == "quick"
    with pytest.raises(CassetteMiss):
        answer(replay)


def test_calls_at_once_are_all_recorded_and_all_found(path):
    async def story(inner, mode):
        tape = Cassette(path, mode)
        provider = tape.wrap(inner, "p/m")
        calls = (provider.complete(asking(str(n % 3))) for n in range(30))
        told = await asyncio.gather(*calls)
        tape.close()
        return sorted(one.text for one in told)

    async def live(request):
        await asyncio.sleep(int(request.messages[0]["content"]) / 100)
        return f"{request.messages[0]['content']}-{next(numbers)}"

    numbers = iter(range(99))
    first = run(story(Scripted(live), "auto"))
    assert len(set(first)) == 30
    assert run(story(None, "replay")) == first


def test_a_miss_shows_the_nearest_and_the_difference(path):
    recorded(path, "x", request=asking("Completely different"), name="q/m")
    text = "word " * 50
    recorded(path, "x", request=asking(text + "How much is the blue door?", temperature=0.5))
    recorded(path, "x", request=asking("Where is my key?"))
    with pytest.raises(CassetteMiss) as caught:
        answer(through(Cassette(path, "replay")), asking(text + "How much is the red door?"))
    said = str(caught.value)
    assert "'p/m'" in said
    assert "messages[0].content: recorded '...ord word How much is the blue door?'" not in said
    assert "blue door?', asked ..." in said
    assert "red door?'" in said
    assert "temperature: recorded 0.5, asked nothing" in said
    assert "mode='auto'" in caught.value.hint
    assert len(said) < 500


def test_a_miss_of_an_empty_one_and_of_one_without_a_provider(path):
    with pytest.raises(CassetteMiss, match="Nothing is recorded in it") as caught:
        answer(through(Cassette(path)))
    assert "have a provider that may be asked" in caught.value.hint
    assert not path.exists(), "looking makes no file"


def test_there_must_be_something_to_replay(path):
    with pytest.raises(DefinitionError, match="no cassette .* to replay"):
        Cassette(path, "replay")
    with pytest.raises(DefinitionError, match="mode='twice'"):
        Cassette(path, "twice")


def test_secrets_are_struck_from_both_sides_and_it_is_found_all_the_same(path):
    def strike(value):
        return json.loads(json.dumps(value).replace("hunter22", "[secret PIN]"))

    tape = Cassette(path, strike=strike)
    inner = Scripted(
        [{"text": "It is hunter22", "tool_calls": [{"name": "t", "args": "hunter22"}]}]
    )
    request = asking("My pin is hunter22")
    assert answer(through(tape, inner), request).text == "It is hunter22"
    tape.close()
    assert "hunter22" not in path.read_text()
    again = answer(through(Cassette(path, "replay", strike=strike)), request)
    assert again.text == "It is [secret PIN]"
    with pytest.raises(CassetteMiss) as caught:
        answer(through(Cassette(path, "replay", strike=strike)), asking("My pin was hunter22"))
    assert "hunter22" not in str(caught.value)


def test_the_key_of_the_wish_is_never_stored(path):
    recorded(path, "x", request=asking(key="wish-1", timeout=3))
    assert "wish-1" not in path.read_text()
    assert answer(through(Cassette(path, "replay")), asking(key="wish-2")).text == "x"


def test_tokens_are_those_that_were_counted_then(path):
    written = Answer("x", usage=Usage(123, 1))
    tape = Cassette(path)
    inner = Scripted([written, "y"])
    provider = through(tape, inner)
    assert provider.count(asking()) == inner.count(asking()), "it will be asked"
    answer(provider)
    tape.close()
    replay = through(Cassette(path, "replay"))
    found = replay.count(asking())
    assert (found.tokens, found.most, found.exact) == (123, 123, True)
    unknown = replay.count(asking("something else"))
    assert not unknown.exact
    assert unknown.tokens < unknown.most
    answer(replay)
    assert not replay.count(asking()).exact, "the next one is not recorded"


@pytest.mark.parametrize(
    ("limit", "then", "found"),
    [(0, 5, True), (5, 0, True), (5, 3, True), (5, 2, False), (2, 0, False), (2, 2, True)],
)
def test_another_limit_finds_what_it_would_not_have_changed(path, limit, then, found):
    recorded(path, "a b c", request=asking(max_tokens=limit))
    replay = through(Cassette(path, "replay"))
    if found:
        answer(replay, asking(max_tokens=then))
    else:
        with pytest.raises(CassetteMiss, match="max_tokens: recorded"):
            answer(replay, asking(max_tokens=then))


def test_it_can_take_as_long_as_it_took(path):
    tape = Cassette(path)
    answer(through(tape, Scripted(["a b c"], seconds_per_token=0.03)))
    tape.close()
    for take in (answer, streamed):
        began = time.perf_counter()
        take(through(Cassette(path, "replay", paced=True)))
        assert time.perf_counter() - began > 0.08
    began = time.perf_counter()
    answer(through(Cassette(path, "replay")))
    assert time.perf_counter() - began < 0.08


def test_what_cannot_be_written_as_json_is_refused_before_it_is_asked(path):
    far = Far(Scripted(["x"]))
    with pytest.raises(DefinitionError, match="'p/m' cannot be recorded: Canonical JSON"):
        answer(through(Cassette(path), far), asking(temperature=float("nan")))
    assert far.asked == 0


def test_the_cell_that_opens_it_may_be_run_again(path):
    models = Models()
    models.add("p", Scripted(lambda request: "x"))
    for mode in ("auto", "auto", "record", "record", "auto"):
        models.insert(Cassette(path, mode))
        answer(models.route("p/m", "t").provider, asking(mode))
    models.eject()
    assert len(lines(path)) == 3


def test_it_stays_where_it_was_opened(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tape = Cassette("here.jsonl")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    answer(through(tape, Scripted(["x"])))
    tape.close()
    assert len(lines(tmp_path / "here.jsonl")) == 1


def test_a_shelf_with_a_cassette_needs_no_provider(path):
    recorded(path, "yes", name="openai/gpt-4o")
    models = Models()
    models.insert(Cassette(path))
    route = models.route("openai/gpt-4o", "default")
    assert (route.model, answer(route.provider).text) == ("gpt-4o", "yes")
    with pytest.raises(ModelFailed) as caught:
        models.route("openai/gpt-3", "default")
    assert "Did you mean 'openai/gpt-4o'?" in caught.value.hint
    models.insert(Cassette(path, "record"))
    with pytest.raises(ModelFailed):
        models.route("openai/gpt-4o", "default")
    assert models.eject().mode == "record"
    assert models.eject() is None
