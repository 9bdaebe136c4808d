"""Which file a model is, what files are none, how many stay open, and closing and opening again."""

import asyncio
import random
import threading

import pytest

from tests.models import weights
from traaviis_lab.errors import DefinitionError, ModelFailed
from traaviis_lab.models import Request
from traaviis_lab.models.local import Local

HI = ({"role": "user", "content": "hi"},)


def ask(model, **fields):
    return Request(model, HI, max_tokens=1, **fields)


@pytest.fixture(scope="module")
def gguf():
    return weights.here()


@pytest.fixture
def threads():
    """Calls: the names of the models that are open and were not before the test."""
    before = set(threading.enumerate())

    def new():
        now = [one for one in threading.enumerate() if one not in before]
        return [one.name for one in now if one.name.startswith("model ")]

    return new


def test_by_name_by_path_and_by_the_name_of_the_file_given(gguf, threads):
    async def scenario():
        local = Local(gguf, context=256)
        try:
            for model in ("smollm2", str(gguf), ""):
                answer = await local.complete(ask(model))
                assert (answer.text, answer.model) == ("Hello", model)
                assert answer.provenance["file"] == "smollm2.gguf"
            assert len(threads()) == 1
        finally:
            await local.close()
        assert threads() == []
        assert (await local.complete(ask("smollm2"))).text == "Hello"
        await local.close()
        await local.close()

    asyncio.run(scenario())


def test_the_one_not_asked_for_longest_is_closed_for_another(gguf, tmp_path, threads):
    other = tmp_path / "other.gguf"
    other.symlink_to(gguf)

    async def scenario():
        local = Local(context=256, keep=1)
        both = await asyncio.gather(local.complete(ask("smollm2")), local.complete(ask(str(other))))
        assert [answer.provenance["file"] for answer in both] == ["smollm2.gguf", "other.gguf"]
        for _ in range(100):
            if len(threads()) == 1:
                break
            await asyncio.sleep(0.05)
        assert threads() == ["model other"]
        await local.close()

    asyncio.run(scenario())


def test_asked_in_another_loop(gguf):
    local = Local(context=256)
    for _ in range(2):
        assert asyncio.run(local.complete(ask("smollm2"))).text == "Hello"
    asyncio.run(local.close())


def test_closed_while_it_answers(gguf):
    async def scenario():
        local = Local(context=512)
        calls = [asyncio.create_task(local.complete(Request("", HI, max_tokens=400)))] * 1
        calls.append(asyncio.create_task(local.complete(ask("smollm2"))))
        await local.ready()
        await asyncio.sleep(0.2)
        await local.close()
        return await asyncio.gather(*calls, return_exceptions=True)

    for outcome in asyncio.run(scenario()):
        assert isinstance(outcome, ModelFailed)
        assert outcome.message == "The model was closed."


def test_let_go_without_closing(gguf, threads):
    local = Local(context=256)
    asyncio.run(local.ready())
    assert len(threads()) == 1
    del local
    assert threads() == []


def test_what_was_computed_is_used_again_where_that_is_wished(gguf):
    async def twice(**settings):
        local = Local(context=256, **settings)
        answers = [await local.complete(ask("smollm2")) for _ in range(2)]
        await local.close()
        return [answer.usage.cache_read for answer in answers]

    assert asyncio.run(twice()) == [0, 0]
    assert asyncio.run(twice(reuse=True)) == [0, 30]


def test_an_answer_ends_where_the_context_does(gguf):
    async def scenario():
        local = Local(context=256)
        most = ({"role": "user", "content": "word " * 190},)
        endless = {"type": "string", "minLength": 2000}
        answer = await local.complete(Request("smollm2", most, schema=endless, max_tokens=500))
        await local.close()
        return answer

    answer = asyncio.run(scenario())
    assert answer.finish == "length"
    assert answer.usage.tokens_in + answer.usage.tokens_out == 256


@pytest.mark.parametrize(
    "what", ["empty", "random", "magic", "header", "half", "end", "after the header"]
)
def test_a_broken_file_is_an_error_and_no_crash(gguf, tmp_path, what, threads):
    content = gguf.read_bytes()
    noise = random.Random(7).randbytes(50_000)
    broken = {
        "empty": b"",
        "random": noise,
        "magic": b"GGUF" + noise,
        "header": content[:3000],
        "half": content[: len(content) // 2],
        "end": content[:-100],
        "after the header": content[:24] + noise,
    }[what]
    file = tmp_path / "broken.gguf"
    file.write_bytes(broken)

    async def scenario():
        local = Local(context=256)
        with pytest.raises(ModelFailed, match=r"broken\.gguf (cannot be opened|is no GGUF file)"):
            await local.complete(ask(str(file)))
        with pytest.raises(ModelFailed, match=r"broken\.gguf"):
            local.count(ask(str(file)))
        file.unlink()
        file.symlink_to(gguf)  # mended, it is opened
        if what == "half":
            assert (await local.complete(ask(str(file)))).text == "Hello"
        await local.close()

    asyncio.run(scenario())
    assert threads() == []


def test_files_and_names_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAAVIIS_CACHE", str(tmp_path))

    async def scenario():
        local = Local()
        with pytest.raises(ModelFailed, match=r"nowhere\.gguf cannot be read: No such file"):
            await local.complete(ask(str(tmp_path / "nowhere.gguf")))
        with pytest.raises(ModelFailed, match="weights of 'smollm2' are not on this") as failed:
            await local.complete(ask(""))
        assert failed.value.hint == "traaviis-lab models add smollm2"
        with pytest.raises(ModelFailed, match="There are no weights called 'zzz'"):
            local.count(ask("zzz"))
        await local.close()

    asyncio.run(scenario())


def test_a_path_is_looked_at_when_it_is_named(tmp_path, gguf):
    with pytest.raises(DefinitionError, match=r"There is no file .*nowhere\.gguf"):
        Local(tmp_path / "nowhere.gguf")
    with pytest.raises(ModelFailed, match="no weights called 'mine'") as failed:
        Local(gguf).count(Request("mine", ({"role": "user", "content": "hi"},)))
    assert f"The model opened here is called {gguf.stem!r}." in failed.value.hint


@pytest.mark.parametrize(
    "wrong",
    [{"context": 0}, {"threads": -1}, {"answer": 0}, {"keep": 0}, {"context": 1.5}],
    ids=str,
)
def test_settings_that_are_none(wrong):
    with pytest.raises(DefinitionError, match="that is no whole number from"):
        Local(**wrong)
