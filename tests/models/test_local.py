"""The real small model in this process: whole answers, pieces, schemas, counts, queues, limits."""

import asyncio
import json
import time
from dataclasses import replace

import jsonschema
import pytest

from tests.models import weights
from traaviis_lab.cost import Usage
from traaviis_lab.errors import DefinitionError, ModelFailed
from traaviis_lab.models import Answer, Chunk, Request
from traaviis_lab.models.file_hash import sha256_of
from traaviis_lab.models.local import Local

HELPFUL = {"role": "system", "content": "You are a helpful assistant."}
PARIS = Request("smollm2", (HELPFUL, {"role": "user", "content": "What is the capital of France?"}))
LONG = Request(
    "smollm2", ({"role": "user", "content": "Write a very long story."},), max_tokens=4000
)
TRIAGE = {
    "type": "object",
    "properties": {
        "topic": {"enum": ["billing", "delivery", "other"]},
        "urgent": {"type": "boolean"},
        "words": {"type": "array", "items": {"type": "string", "maxLength": 10}, "maxItems": 2},
    },
    "required": ["topic", "urgent", "words"],
    "additionalProperties": False,
}
WEATHER = {
    "name": "weather",
    "description": "The weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@pytest.fixture(scope="module")
def loop():
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def local(loop):
    """The model, opened once for all tests of this module."""
    weights.here()
    provider = Local(context=1024)
    loop.run(provider.ready("smollm2"))
    yield provider
    loop.run(provider.close())


async def alone(local):
    """The seconds of a short answer when nobody else asks: what others are measured by."""
    started = time.perf_counter()
    await local.complete(PARIS)
    return time.perf_counter() - started


def user(text, **fields):
    return Request("smollm2", ({"role": "user", "content": text},), **fields)


def test_an_answer_with_its_usage_and_where_it_came_from(loop, local):
    answer = loop.run(local.complete(PARIS))
    assert answer.text == "The capital of France is Paris."
    assert answer.usage == Usage(tokens_in=27, tokens_out=8)
    assert (answer.finish, answer.model, answer.cost_usd) == ("stop", "smollm2", None)
    assert answer.provenance["source"] == local.source == "local"
    assert answer.provenance["file_sha256"] == sha256_of(weights.here())
    assert answer.provenance["engine"].startswith("xllamacpp 20")


def test_the_pieces_are_the_answer(loop, local):
    async def pieces():
        return [piece async for piece in local.stream(PARIS)]

    *chunks, answer = loop.run(pieces())
    assert len(chunks) > 4
    assert all(type(chunk) is Chunk for chunk in chunks)
    assert "".join(chunk.text for chunk in chunks) == answer.text
    assert answer == loop.run(local.complete(PARIS))


def test_the_same_twice_whatever_was_asked_between(loop, local):
    rain = user("Write one sentence about rain.", max_tokens=24)
    first = loop.run(local.complete(rain)).text
    loop.run(local.complete(user("Write one sentence about snow.", max_tokens=8)))
    assert loop.run(local.complete(rain)).text == first


@pytest.mark.parametrize(
    "messages",
    [
        PARIS.messages,
        ({"role": "user", "content": "hi"},),
        ({"role": "user", "content": ""},),
        ({"role": "user", "content": "Grüße, 你好, 🙂👍🏽 — naïve\n\ttabs  and   blanks\r\n"},),
        ({"role": "user", "content": "<|im_start|>system\nno<|im_end|> </s> <|endoftext|>"},),
        (
            {"role": "user", "content": "Name a colour."},
            {"role": "assistant", "content": "Red."},
            {"role": "user", "content": "Another one?"},
        ),
        (
            {"role": "user", "content": "Count."},
            {"role": "assistant", "content": "One, two,"},
        ),
        ({"role": "user", "content": [{"type": "text", "text": "In a part."}]},),
        (
            {"role": "user", "content": "How is the weather?"},
            {"role": "assistant", "tool_calls": [{"id": "1", "name": "w", "args": {"at": "é"}}]},
            {"role": "tool", "tool_call_id": "1", "content": "sunny"},
        ),
        ({"role": "user", "content": "word " * 120},),
    ],
    ids=[
        "system",
        "short",
        "empty",
        "unicode",
        "specials",
        "talk",
        "unfinished",
        "parts",
        "tool",
        "long",
    ],
)
def test_the_count_is_what_the_model_reads(loop, local, messages):
    request = Request("smollm2", messages, max_tokens=1)
    count = local.count(request)
    assert count.exact
    assert count.tokens == count.most == loop.run(local.complete(request)).usage.tokens_in
    assert local.count(replace(request, schema=TRIAGE)) == count


def test_unicode_comes_back_whole(loop, local):
    answer = loop.run(local.complete(user("Repeat: 你好 🙂 é", max_tokens=20)))
    assert answer.text
    assert "\ufffd" not in answer.text


@pytest.mark.parametrize("text", ["Where is my parcel?!", "x", "{", "I was billed twice"])
def test_an_answer_in_a_schema_fits_it(loop, local, text):
    answer = loop.run(local.complete(user(text, schema=TRIAGE, max_tokens=120)))
    assert answer.finish == "stop"
    jsonschema.validate(json.loads(answer.text), TRIAGE)


@pytest.mark.parametrize(
    "part",
    [{"pattern": "(?<=a)b"}, {"pattern": "(x"}, {"pattern": r"\bword\b"}, {"format": "zzz"}],
    ids=str,
)
def test_what_no_grammar_can_say_is_left_out_of_it(loop, local, capfd, part):
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "maxLength": 9, **part}},
        "required": ["a"],
        "additionalProperties": False,
    }
    answer = loop.run(local.complete(user("hi", schema=schema, max_tokens=40)))
    assert list(json.loads(answer.text)) == ["a"]
    assert capfd.readouterr() == ("", "")


def test_a_schema_that_leads_nowhere_is_refused(loop, local):
    with pytest.raises(ModelFailed, match="cannot hold an answer to this schema"):
        loop.run(local.complete(user("hi", schema={"$ref": "#/nowhere"}, max_tokens=10)))


def test_stop_texts_and_lengths_end_an_answer(loop, local):
    stopped = loop.run(local.complete(replace(PARIS, stop=(" France",))))
    assert (stopped.text, stopped.finish) == ("The capital of", "stop")
    short = loop.run(local.complete(replace(PARIS, max_tokens=3)))
    assert (short.finish, short.usage.tokens_out) == ("length", 3)


def test_temperature_and_seed(loop, local):
    warm = user("Write a word.", temperature=1.5, max_tokens=12)
    texts = [loop.run(local.complete(replace(warm, seed=seed))).text for seed in (1, 2, 1)]
    assert texts[0] == texts[2] != texts[1]


def test_a_prompt_longer_than_the_context_is_refused_with_both_numbers(loop, local):
    started = time.perf_counter()
    with pytest.raises(ModelFailed, match=r"prompt has 2031 tokens.*context holds 1024") as failed:
        loop.run(local.complete(user("word " * 2000)))
    assert "context" in failed.value.hint
    assert time.perf_counter() - started < 5  # to read it takes longer


def test_one_that_is_much_longer_is_not_even_counted(loop, local):
    book = user("hello " * 1_000_000)
    started = time.perf_counter()
    for ask in (lambda: local.count(book), lambda: loop.run(local.complete(book))):
        with pytest.raises(ModelFailed, match=r"6,000,\d+ characters, far more than the 1,024"):
            ask()
    assert time.perf_counter() - started < 5  # to count it takes longer, and holds all runs up


def test_tools_that_its_template_leaves_out_are_refused(loop, local):
    with pytest.raises(ModelFailed, match="no way to be told of tools"):
        loop.run(local.complete(user("How is the weather?", tools=(WEATHER,))))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"max_tokens": -1}, DefinitionError),
        ({"temperature": 9.0}, DefinitionError),
        ({"messages": ({"role": "robot", "content": "x"},)}, DefinitionError),
        ({"messages": ({"role": "user", "content": "half \ud83d"},)}, ModelFailed),
        ({"messages": ({"role": "user", "content": 5},)}, ModelFailed),
    ],
    ids=str,
)
def test_what_cannot_be_asked(loop, local, fields, error):
    with pytest.raises(error):
        loop.run(local.complete(replace(PARIS, **fields)))
    assert loop.run(local.complete(replace(PARIS, max_tokens=1))).text == "The"


def test_five_at_once_are_answered_one_after_the_other(loop, local):
    async def five():
        return await asyncio.gather(*(local.complete(PARIS) for _ in range(5)))

    assert {answer.text for answer in loop.run(five())} == {"The capital of France is Paris."}


def test_ended_in_mid_stream_the_model_is_free_for_the_next(loop, local):
    async def scenario():
        usual = await alone(local)
        stream = local.stream(LONG)
        assert type(await anext(stream)) is Chunk
        waiting = asyncio.create_task(local.complete(LONG))
        running = asyncio.create_task(local.complete(PARIS))
        await asyncio.sleep(0)
        waiting.cancel()
        started = time.perf_counter()
        await stream.aclose()
        answer = await running
        seconds = time.perf_counter() - started
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return answer, seconds / usual

    answer, times = loop.run(scenario())
    assert answer.text == "The capital of France is Paris."
    assert times < 10  # the whole story takes a hundred times as long


def test_cancelled_while_the_prompt_is_read(loop, local):
    async def scenario():
        usual = await alone(local)
        task = asyncio.create_task(local.complete(user("word " * 900)))
        await asyncio.sleep(0.3)
        task.cancel()
        started = time.perf_counter()
        answer = await local.complete(replace(PARIS, max_tokens=1))
        return answer, (time.perf_counter() - started) / usual

    answer, times = loop.run(scenario())
    assert isinstance(answer, Answer)
    assert times < 10  # to read it all takes thirty times as long


def test_what_takes_too_long(loop, local):
    with pytest.raises(ModelFailed, match=r"'smollm2' did not answer within 0\.3 s"):
        loop.run(local.complete(replace(LONG, timeout=0.3)))


def test_the_loop_goes_on_meanwhile(loop, local):
    async def scenario():
        task = asyncio.create_task(local.complete(user("word " * 100, max_tokens=20)))
        began = last = time.perf_counter()
        longest = 0.0
        while not task.done():
            await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - last)
            last = time.perf_counter()
        return longest / (last - began)

    assert loop.run(scenario()) < 0.3
