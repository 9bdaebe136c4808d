"""What only the door to the openai client does: its dialects, its headers, its limits."""

import asyncio
import subprocess
import sys

import pytest

from tests.models.remote import HI, KEY, failing, run
from tests.servers.models import ModelServer, Reply
from traaviis_lab.errors import DefinitionError, ModelFailed, NotInstalled
from traaviis_lab.models import Request, openai_door
from traaviis_lab.models.chat_format import Dialect, chat_body, is_strict
from traaviis_lab.models.openai_door import OpenAi

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


@pytest.fixture
def server():
    with ModelServer() as running:
        yield running


def ask(door, **fields):
    async def go():
        try:
            return await door.complete(Request("small", HI, timeout=5.0, **fields))
        finally:
            await door.close()

    return asyncio.run(go())


def test_nothing_comes_from_the_environment(server, monkeypatch):
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID", "BASE_URL", "WEBHOOK_SECRET"):
        monkeypatch.setenv(f"OPENAI_{name}", "http://from-the-environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Spy: from-the-environment\nX-Other: that-too")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    ask(OpenAi(server.url))
    headers = server.requests[0]["headers"]
    assert "from-the-environment" not in str(headers)
    assert not {"authorization", "x-spy", "x-other", "openai-organization"} & set(headers)


def test_headers_are_sent_as_asked(server):
    ask(OpenAi(server.url, key=lambda: KEY, organization="org-1", headers={"X-Team": "blue"}))
    headers = server.requests[0]["headers"]
    assert headers["openai-organization"] == "org-1"
    assert headers["x-team"] == "blue"
    assert "openai-project" not in headers


def test_a_long_or_odd_idempotency_key_is_one_line(server):
    ask(OpenAi(server.url), key="run:1/ä\n" + "x" * 500)
    assert server.requests[0]["headers"]["idempotency-key"].startswith("run:1/%C3%A4%0Axxx")
    assert len(server.requests[0]["headers"]["idempotency-key"]) < 200


def test_the_key_is_asked_for_each_time(server):
    keys = iter(["sk-first-000000", "sk-second-11111"])
    door = OpenAi(server.url, key=lambda: next(keys))
    ask(door)
    ask(door)
    sent = [one["headers"]["authorization"] for one in server.requests]
    assert sent == ["Bearer sk-first-000000", "Bearer sk-second-11111"]


def test_calls_share_their_connections(server):
    async def test(ask, _):
        for _ in range(5):
            await ask()

    run("openai", server, test)
    assert server.connections == 1


def test_many_calls_at_once(server):
    server.usual = Reply(delay=0.05)

    async def test(ask, _):
        return await asyncio.gather(*[ask() for _ in range(100)])

    assert len(run("openai", server, test)) == 100


def test_servers_that_know_no_schemas_are_told_in_words():
    asked = Request("m", HI, schema=SCHEMA)
    told = chat_body(asked, Dialect(schema="json_object"))
    assert told["response_format"] == {"type": "json_object"}
    assert '"properties":{"a"' in told["messages"][0]["content"]
    assert told["messages"][1:] == list(HI)
    assert "response_format" not in chat_body(asked, Dialect(schema="prompt"))
    assert "stream_options" not in chat_body(asked, Dialect(stream_usage=False), stream=True)


def test_openai_takes_the_new_word_for_the_limit_and_others_the_old():
    asked = Request("m", HI, max_tokens=7)
    assert OpenAi()._dialect.limit == "max_completion_tokens"
    assert OpenAi("http://127.0.0.1:11434/v1")._dialect.limit == "max_tokens"
    assert chat_body(asked, Dialect("max_completion_tokens"))["max_completion_tokens"] == 7


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (SCHEMA, False),
        ({**SCHEMA, "additionalProperties": False}, False),
        ({**SCHEMA, "additionalProperties": False, "required": ["a"]}, True),
        ({"type": "string"}, False),
        ({"anyOf": [{"type": "string"}]}, False),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "array", "items": SCHEMA}},
                "required": ["a"],
                "additionalProperties": False,
            },
            False,
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"$ref": "#/$defs/b"}, "c": {"type": ["string", "null"]}},
                "$defs": {"b": {"enum": [1, 2]}},
                "required": ["a", "c"],
                "additionalProperties": False,
            },
            True,
        ),
        (
            {
                "type": "object",
                "properties": {"a": {}},
                "required": ["a"],
                "additionalProperties": False,
            },
            False,
        ),
    ],
)
def test_strict_is_said_of_schemas_that_openai_takes(schema, strict):
    assert is_strict(schema) is strict


def test_a_huge_answer_is_not_read_to_its_end(server, monkeypatch):
    monkeypatch.setattr(openai_door, "MOST_BYTES", 10_000)
    for streamed in (False, True):
        (error,) = failing("openai", server, Reply("x" * 20_000), streamed=streamed)
        assert type(error) is ModelFailed
        assert "more than 10,000 bytes" in error.message


def test_a_packed_answer_is_refused(server):
    (error,) = failing("openai", server, Reply(headers={"Content-Encoding": "gzip"}))
    assert "packed" in error.message


def test_a_redirect_is_not_followed(server):
    moved = Reply(status=307, raw=b"", headers={"Location": f"{server.url}/elsewhere"})
    (error,) = failing("openai", server, moved)
    assert (error.status, len(server.requests)) == (307, 1)
    assert "not followed" in error.hint


def test_how_long_to_wait_is_said(server):
    (error,) = failing("openai", server, Reply(status=429, raw=b"{}", headers={"Retry-After": "7"}))
    assert "asks to wait 7 s" in error.hint


@pytest.mark.parametrize(
    "url",
    ["", "api.openai.com", "ftp://x/v1", "http://", "http://me:pw@host/v1", None, "http://h:x"],
)
def test_a_url_that_is_none(url):
    with pytest.raises(DefinitionError) as caught:
        OpenAi(url)
    assert "pw" not in str(caught.value)


def test_a_missing_client_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(NotInstalled, match="openai") as caught:
        ask(OpenAi("http://127.0.0.1:9/v1"))
    assert "traaviis-lab[openai]" in caught.value.hint


def test_the_port_imports_no_client():
    code = (
        "import sys, traaviis_lab.models.openai_door, traaviis_lab.models.litellm_door as l\n"
        "import traaviis_lab.models.openai_door as o\n"
        "o.OpenAi('http://127.0.0.1:1/v1'); l.LiteLlm()\n"
        "print([n for n in ('openai', 'litellm', 'tiktoken', 'httpx') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
