"""What only the door to LiteLLM does: keep it offline and quiet, and look at its version."""

import asyncio
import json
import subprocess
import sys
from importlib import metadata

import pytest

from tests.models.remote import HI, KEY, asked
from tests.servers.models import ModelServer, Reply
from traaviis_lab.errors import NotInstalled
from traaviis_lab.models import Request, litellm_door
from traaviis_lab.models.litellm_door import LiteLlm

ALONE = """
import asyncio, json, logging, os, socket, sys, threading
from traaviis_lab.models import Request
from traaviis_lab.models.litellm_door import LiteLlm

reached, connect, resolve = [], socket.socket.connect, socket.getaddrinfo

def guarded(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1"):
        reached.append(str(address))
        raise OSError("guarded")
    return connect(self, address)

def named(host, *args, **kwargs):
    if host not in ("127.0.0.1", "localhost", None, b"127.0.0.1"):
        reached.append(str(host))
        raise OSError("guarded")
    return resolve(host, *args, **kwargs)

socket.socket.connect, socket.getaddrinfo = guarded, named
before = set(os.environ)
level, handlers, policy = logging.root.level, list(logging.root.handlers), asyncio.get_event_loop_policy()
hook, threads = sys.excepthook, threading.active_count()

async def main(url):
    door = LiteLlm(key=lambda provider: "sk-very-secret", options={"api_base": url})
    ask = Request("openai/gpt-4o-mini", ({"role": "user", "content": "the PIN is 8341"},))
    answer = await door.complete(ask)
    async for piece in door.stream(ask):
        pass
    try:
        await door.complete(Request("openai/gpt-4o-mini", ask.messages, timeout=0.5))
    except Exception as error:
        late = type(error).__name__
    await door.close()
    return answer, late

answer, late = asyncio.run(main(sys.argv[1]))
print(json.dumps({
    "text": answer.text, "cost": answer.cost_usd, "late": late, "reached": reached,
    "env": sorted(set(os.environ) - before), "planted": os.environ.get("PLANTED"),
    "root": [logging.root.level == level, logging.root.handlers == handlers],
    "policy": asyncio.get_event_loop_policy() is policy, "hook": sys.excepthook is hook,
    "threads": [t.name for t in threading.enumerate() if "litellm" in t.name],
}))
"""


@pytest.fixture
def server():
    with ModelServer() as running:
        yield running


def test_it_stays_offline_quiet_and_leaves_the_process_as_it_was(server, tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("PLANTED=yes\nOPENAI_API_KEY=sk-planted\n")
    for name in litellm_door.OFFLINE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LITELLM_MODE", "DEV")  # with which it would read .env
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    server.usual = Reply(
        "Hello", usage={"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010}
    )
    server.plan(server.usual, server.usual, Reply(hang=True))
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-X", "dev", "-W", "default", "-c", ALONE, server.url],
        capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["reached"] == []
    assert told["planted"] is None
    assert (told["text"], told["late"], told["threads"]) == ("Hello", "EffectTimeout", [])
    assert told["cost"] == pytest.approx(0.000156)  # by the price list that it brings along
    assert told["root"] == [True, True]
    assert told["policy"] is told["hook"] is True
    assert set(told["env"]) <= {*litellm_door.OFFLINE, "TIKTOKEN_CACHE_DIR"}
    for word in (
        "8341",
        "sk-very-secret",
        "never awaited",
        "Unclosed",
        "was destroyed",
        "litellm.Info",
    ):
        assert word not in done.stderr, done.stderr


def test_a_price_that_is_not_known_is_none(server):
    async def go():
        async with asked("litellm", server.url) as (ask, _):
            return await ask()

    assert asyncio.run(go()).cost_usd is None


def test_options_may_be_functions_and_the_key_is_asked_by_provider(server):
    seen = []

    def key(provider):
        seen.append(provider)
        return KEY

    async def go():
        door = LiteLlm(key, options={"api_base": lambda: server.url})
        await door.complete(Request("openai/small", HI))
        await door.complete(Request("hosted_vllm/small", HI))
        await door.close()

    asyncio.run(go())
    assert seen == ["openai", "hosted_vllm"]
    assert [one["body"]["model"] for one in server.requests] == ["small", "small"]


def test_two_doors_and_two_loops_share_one_litellm(server):
    async def go():
        async with (
            asked("litellm", server.url) as (one, _),
            asked("litellm", server.url) as (two, _),
        ):
            await asyncio.gather(*[one() for _ in range(5)], *[two() for _ in range(5)])
        return litellm_door._ASIDE.ident

    assert asyncio.run(go()) is None
    assert asyncio.run(go()) is None
    assert len(server.requests) == 20


@pytest.mark.parametrize("version", litellm_door.NEVER)
def test_what_an_attacker_published_is_not_imported(monkeypatch, version):
    monkeypatch.setattr(metadata, "version", lambda name: version)
    with pytest.raises(NotInstalled, match=version) as caught:
        asyncio.run(LiteLlm().complete(Request("openai/small", HI)))
    assert "change every key" in caught.value.hint


def test_where_it_is_missing_or_broken_the_extra_is_named(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    with monkeypatch.context() as patch:
        patch.setattr(metadata, "version", missing)
        with pytest.raises(NotInstalled, match="not installed") as caught:
            litellm_door.load()
        assert "traaviis-lab[models]" in caught.value.hint
    monkeypatch.setitem(sys.modules, "litellm", None)
    with pytest.raises(NotInstalled, match="cannot be imported"):
        litellm_door.load()
