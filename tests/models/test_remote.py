"""Both far doors against a server on this machine: what is sent, and what comes back."""

import asyncio
import json

import pytest

from tests.models.remote import HI, KEY, door_to, run
from tests.servers.models import ModelServer, Reply
from traaviis_lab.cost import Usage
from traaviis_lab.models import Answer, Chunk, Request

SCHEMA = {
    "type": "object",
    "properties": {"topic": {"type": "string"}},
    "required": ["topic"],
    "additionalProperties": False,
}
TOOL = {"name": "find", "description": "Find an order.", "parameters": SCHEMA}
CALL = {"id": "c1", "name": "find", "arguments": '{"topic": "4711"}'}


@pytest.fixture
def server():
    with ModelServer() as running:
        yield running


@pytest.fixture(params=["openai", "litellm"])
def kind(request):
    return request.param


def test_an_answer_is_read_with_its_usage(kind, server):
    details = {
        "prompt_tokens": 20,
        "completion_tokens": 9,
        "total_tokens": 29,
        "prompt_tokens_details": {"cached_tokens": 8},
        "completion_tokens_details": {"reasoning_tokens": 4},
    }
    server.plan(Reply("It is on its way.", usage=details, finish="length", model="small-2"))
    answer = run(
        kind, server, lambda ask, _: ask(temperature=0.5, stop=("END",), seed=7, key="r:1")
    )
    assert answer.text == "It is on its way."
    assert answer.usage == Usage(20, 9, cache_read=8, reasoning=4)
    assert (answer.finish, answer.model, answer.cost_usd) == ("length", "small-2", None)
    assert answer.provenance["source"] == "live"
    assert answer.provenance["request_id"]
    sent = server.requests[0]
    assert sent["headers"]["authorization"] == f"Bearer {KEY}"
    assert sent["headers"]["idempotency-key"] == "r:1"
    assert sent["body"] | {"stop": ["END"]} == {
        "model": "small",
        "messages": [{"role": "user", "content": "Where is my order 4711?"}],
        "temperature": 0.5,
        "stop": ["END"],
        "seed": 7,
    }


def test_tools_and_schemas_are_sent_and_tool_calls_read(kind, server):
    server.plan(Reply(None, tool_calls=(CALL,)), Reply('{"topic": "x"}'))

    async def test(ask, _):
        return await ask(tools=(TOOL,)), await ask(schema=SCHEMA, max_tokens=50)

    first, second = run(kind, server, test)
    assert first.tool_calls == ({"id": "c1", "name": "find", "args": {"topic": "4711"}},)
    assert (first.text, first.finish) == ("", "tool_calls")
    assert server.requests[0]["body"]["tools"] == [{"type": "function", "function": TOOL}]
    assert second.text == '{"topic": "x"}'
    told = server.last["response_format"]["json_schema"]
    assert told["schema"] == SCHEMA
    assert told["strict"] is True
    assert server.last["max_tokens"] == 50


def test_a_talk_with_tool_calls_goes_back_as_it_came(kind, server):
    talk = (
        {"role": "user", "content": "Where is it?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "c1", "name": "find", "args": {"topic": "4711"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "in Bremen"},
    )
    run(kind, server, lambda ask, _: ask(messages=talk, tools=(TOOL,)))
    call = server.last["messages"][1]["tool_calls"][0]
    assert (call["id"], call["type"], call["function"]["name"]) == ("c1", "function", "find")
    assert json.loads(call["function"]["arguments"]) == {"topic": "4711"}
    assert server.last["messages"][2]["tool_call_id"] == "c1"


def test_arguments_that_are_no_json_stay_text(kind, server):
    server.plan(Reply(None, tool_calls=({**CALL, "arguments": '{"topic": '},)))
    answer = run(kind, server, lambda ask, _: ask(tools=(TOOL,)))
    assert answer.tool_calls[0]["args"] == '{"topic": '


def test_a_stream_comes_in_pieces_and_ends_with_the_whole(kind, server):
    server.plan(Reply("one two three"), Reply("a", tool_calls=(CALL,)), Reply(usage=None))

    async def test(_, hear):
        return await hear(), await hear(tools=(TOOL,)), await hear()

    words, tools, untold = run(kind, server, test)
    assert [piece.text for piece in words[:-1]] == ["one", " two", " three"]
    assert all(isinstance(piece, Chunk) for piece in words[:-1])
    whole = words[-1]
    assert isinstance(whole, Answer)
    assert whole.text == "one two three"
    assert (whole.usage, whole.finish) == (Usage(5, 3), "stop")
    assert server.requests[0]["body"]["stream_options"] == {"include_usage": True}
    assert tools[-1].tool_calls == ({"id": "c1", "name": "find", "args": {"topic": "4711"}},)
    assert tools[-1].finish == "tool_calls"
    assert untold[-1].usage is None  # not counted by anybody and said to be the server's


def test_usage_that_is_not_told_or_cannot_be_is_unknown(kind, server):
    odd = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    server.plan(
        Reply(usage=None), Reply(usage={**odd, "prompt_tokens_details": {"cached_tokens": 9}})
    )

    async def test(ask, _):
        return [await ask() for _ in range(2)]

    assert [answer.usage for answer in run(kind, server, test)] == [None, None]


def test_cancelling_ends_the_call(kind, server):
    server.usual = Reply(hang=True)

    async def test(ask, hear):
        for one in (ask, hear):
            task = asyncio.create_task(one())
            while len(server.requests) < (1 if one is ask else 2):
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        for _ in range(200):
            if server.left == 2:
                return
            await asyncio.sleep(0.01)

    run(kind, server, test)
    assert server.left == 2


def test_a_stream_that_is_left_early_ends_the_call(kind, server):
    async def go():
        door, model = door_to(kind, server.url)
        pieces = door.stream(Request(model, HI))
        assert (await anext(pieces)).text == "Hello"
        await pieces.aclose()
        await door.close()

    asyncio.run(go())


def test_the_same_door_from_one_loop_after_the_other(kind, server):
    door, model = door_to(kind, server.url)

    async def go():
        answer = await door.complete(Request(model, HI))
        await door.close()
        again = await door.complete(Request(model, HI))
        await door.close()
        return answer.text, again.text

    assert asyncio.run(go()) == asyncio.run(go())
    assert KEY not in repr(door)
