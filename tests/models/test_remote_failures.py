"""Both far doors against a server that answers badly, and against those who ask badly."""

import asyncio
import traceback

import pytest

from tests.models.remote import HI, KEY, asked, door_to, failing, run
from tests.servers.models import ModelServer, Reply, failure
from traaviis_lab.errors import DefinitionError, EffectTimeout, ModelFailed
from traaviis_lab.models import Request


@pytest.fixture
def server():
    with ModelServer() as running:
        yield running


@pytest.fixture(params=["openai", "litellm"])
def kind(request):
    return request.param


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_status_is_told_and_asked_for_once(kind, server, status):
    (error,) = failing(kind, server, failure(status, f"no: {KEY}", Retry_After="7"))
    assert type(error) is ModelFailed
    assert error.status == status
    assert "no: [key]" in error.message
    assert error.hint
    assert len(server.requests) == 1


def test_a_talk_that_is_too_long_is_said_so(kind, server):
    said = "This model's maximum context length is 8192 tokens."
    (error,) = failing(kind, server, failure(400, said))
    assert "longer than the model can read" in error.hint


@pytest.mark.parametrize("streamed", [False, True])
def test_garbage_is_no_answer(kind, server, streamed):
    sse = "text/event-stream"
    part = b'data: {"model": "m", "choices": [{"index": 0, "delta": {"content": "half"}}]}\n\n'
    replies = (
        [
            Reply(raw=b"data: {nope\n\n", kind=sse),
            Reply(raw=b"<html>hi</html>", kind="text/html"),
            Reply(raw=b"", kind=sse),
            Reply(raw=part, kind=sse, headers={"Connection": "close"}),  # ends, and says no end
            Reply(cut=400),
        ]
        if streamed
        else [
            Reply(raw=b'{"choices": ['),
            Reply(raw=b"<html>hi</html>", kind="text/html"),
            Reply(raw=b"[1]"),
            Reply(raw=b'{"choices": 5}'),
            Reply(cut=60),
        ]
    )
    errors = failing(kind, server, *replies, streamed=streamed)
    assert [type(one) for one in errors] == [ModelFailed] * 5, [str(one) for one in errors]
    assert all("small" in one.message and one.hint for one in errors)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_server_that_hangs_is_left_in_time(kind, server, streamed):
    run(kind, server, lambda ask, _: ask())  # have the guest imported
    (error,) = failing(kind, server, Reply(hang=True), streamed=streamed, timeout=0.2)
    assert isinstance(error, EffectTimeout)
    assert "0.2 seconds" in error.message


def test_nobody_at_home(kind, server):
    async def go():
        async with asked(kind, "http://127.0.0.1:9/v1") as (ask, _):
            await ask()

    with pytest.raises(ModelFailed, match="could not be asked") as caught:
        asyncio.run(go())
    assert caught.value.status is None
    assert "running" in caught.value.hint


@pytest.mark.parametrize(
    "fields",
    [
        {"max_tokens": -1},
        {"max_tokens": True},
        {"temperature": float("nan")},
        {"temperature": 3},
        {"messages": ({"role": "king", "content": "x"},)},
        {"messages": ({"role": "user", "content": b"x"},)},
        {"messages": ({"role": "user", "content": "\ud800"},)},
        {"schema": {"type": {1, 2}}},
    ],
)
def test_what_cannot_be_asked_is_not_sent(kind, server, fields):
    with pytest.raises(DefinitionError) as caught:
        run(kind, server, lambda ask, _: ask(**fields))
    assert caught.value.hint
    assert server.requests == []


def test_neither_key_nor_prompt_is_in_an_error_or_a_log(kind, server, caplog):
    caplog.set_level(0)
    secret = "the PIN of the vault is 8341"
    echo = failure(400, f"cannot read {{'role': 'user', 'content': '{secret}'}} of Bearer {KEY}")
    talk = ({"role": "user", "content": secret},)
    errors = failing(kind, server, echo, Reply(raw=b"{"), Reply(cut=10), messages=talk)
    errors += failing(kind, server, echo, streamed=True, messages=talk)
    told = "".join("".join(traceback.format_exception(one)) + repr(one) for one in errors)
    assert len(errors) == 4
    assert all(one.__context__ is None for one in errors)
    for text in (told, caplog.text, str([record.args for record in caplog.records])):
        assert KEY not in text
        assert secret not in text


def test_a_key_that_is_none_is_not_shown(kind, server):
    async def go():
        door, model = door_to(kind, server.url, key="sk-secret\nx: y")
        try:
            await door.complete(Request(model, HI))
        finally:
            await door.close()

    with pytest.raises(DefinitionError, match="key") as caught:
        asyncio.run(go())
    assert "sk-secret" not in "".join(traceback.format_exception(caught.value))
    assert server.requests == []
