"""The shelf of models: names lead to providers, and who is replaced is closed in time."""

import asyncio

import pytest

from traaviis_lab import Lab
from traaviis_lab.errors import DefinitionError, ModelFailed
from traaviis_lab.models import Models, Scripted

from .asking import Far, asking, run


@pytest.fixture
def models():
    shelf = Models()
    shelf.add("local", Scripted(["here"]))
    shelf.add("openai", Far(Scripted(lambda request: f"far {request.model}")), region="us")
    return shelf


def test_what_follows_the_first_slash_goes_to_the_provider(models):
    route = models.route("openai/azure/gpt-4o", "default")
    assert (route.provider_name, route.model) == ("openai", "azure/gpt-4o")
    assert route.name == "openai/azure/gpt-4o"
    assert run(route.provider.complete(asking(model=route.model))).text == "far azure/gpt-4o"


def test_an_alias_may_mean_an_alias_and_be_pointed_elsewhere(models):
    models.alias("small", "local/smollm2")
    models.alias("triage", "small")
    assert models.route("triage", "default").name == "local/smollm2"
    models.alias("small", "openai/gpt-4o")
    assert models.route("triage", "default").name == "openai/gpt-4o"


def test_a_whole_name_may_mean_another_model(models):
    models.alias("openai/gpt-4o", "local/smollm2")
    assert models.route("openai/gpt-4o", "default").name == "local/smollm2"


@pytest.mark.parametrize(
    "steps",
    [[("a", "a")], [("a", "b"), ("b", "a")], [("a", "b"), ("c", "a"), ("b", "c")]],
)
def test_aliases_never_go_in_a_circle(models, steps):
    *before, last = steps
    for alias, target in before:
        models.alias(alias, target)
    known = models.aliases.to_json()
    with pytest.raises(DefinitionError, match="is a circle"):
        models.alias(*last)
    assert models.aliases.to_json() == known, "what was refused changed nothing"


@pytest.mark.parametrize("name", ["", "a b", "a\n", None, 3])
def test_an_alias_is_a_name(models, name):
    with pytest.raises(DefinitionError):
        models.alias(name, "local/x")
    with pytest.raises(DefinitionError):
        models.alias("x", name)


@pytest.mark.parametrize("name", ["", "a/b", "a b", "-a", "local\n", None, 7])
def test_a_provider_has_a_name(models, name):
    with pytest.raises(DefinitionError, match="no name for a provider"):
        models.add(name, Scripted([]))


def test_only_a_provider_is_taken(models):
    with pytest.raises(DefinitionError, match="no provider of models"):
        models.add("odd", "gpt-4o")
    assert "odd" not in models


def test_the_default_is_asked_where_none_is_named(models):
    with pytest.raises(ModelFailed, match="no default") as caught:
        models.route("", "default")
    assert "lab.models.default" in caught.value.hint
    models.default = "local/smollm2"
    assert models.route("", "default").name == "local/smollm2"


def test_an_unknown_model_shows_near_names_and_how_to_add_one(models):
    models.alias("triage", "local/smollm2")
    with pytest.raises(ModelFailed, match="nobody answers for 'opnai'") as caught:
        models.route("opnai/gpt-4o", "default")
    assert "Did you mean 'openai'?" in caught.value.hint
    assert "Known here: local, openai, triage." in caught.value.hint
    assert "lab.models.add('opnai', provider)" in caught.value.hint
    with pytest.raises(ModelFailed) as caught:
        models.route("litellm/claude", "default")
    assert "lab.models.litellm()" in caught.value.hint


def test_a_provider_alone_is_no_model_unless_it_is_scripted(models):
    assert models.route("local", "default").model == ""
    with pytest.raises(ModelFailed, match="which of its models") as caught:
        models.route("openai", "default")
    assert caught.value.hint == "Write 'openai/model'."


def test_the_table_has_a_row_for_each(models):
    models.alias("small", "local/smollm2")
    run(models.route("small", "default").provider.complete(asking()))
    local, far = models.table()
    assert local == {
        "name": "local",
        "source": "scripted",
        "streams": False,
        "region": "",
        "on_prem": True,
        "aliases": ["small"],
        "calls": 1,
    }
    assert (far["region"], far["on_prem"], far["aliases"]) == ("us", False, [])


def test_a_provider_that_is_replaced_is_closed_when_nobody_waits_for_it():
    async def story():
        models, gate = Models(asyncio.get_running_loop()), asyncio.Event()

        async def wait(request):
            await gate.wait()
            return "old"

        old = Far(Scripted(wait))
        models.add("p", old)
        call = asyncio.create_task(models.route("p/m", "t").provider.complete(asking()))
        await asyncio.sleep(0)
        models.add("p", Scripted(["new"]))
        await asyncio.sleep(0.01)
        assert not old.closed, "somebody waits for it"
        assert (await models.route("p/m", "t").provider.complete(asking())).text == "new"
        gate.set()
        assert (await call).text == "old"
        await models.close()
        assert old.closed == 1

    run(story())


def test_an_idle_one_that_is_replaced_is_closed_at_once_and_one_that_stays_is_not():
    async def story():
        models = Models(asyncio.get_running_loop())
        one, other = Far(Scripted([])), Far(Scripted([]))
        models.add("p", one)
        models.add("p", one, region="eu")
        models.add("q", other)
        models.add("twice", other)
        await asyncio.to_thread(models.add, "p", Scripted([]))
        models.remove("twice")
        await asyncio.sleep(0.02)
        assert (one.closed, other.closed) == (1, 0)

    run(story())


def test_closing_goes_on_where_one_provider_fails_or_hangs(monkeypatch, caplog):
    monkeypatch.setattr("traaviis_lab.models.shelved.PATIENCE", 0.01)

    class Bad(Far):
        async def close(self):
            raise RuntimeError("no way")

    class Slow(Far):
        async def close(self):
            await asyncio.sleep(60)

    models, good = Models(), Far(Scripted([]))
    for name, one in (("bad", Bad(None)), ("slow", Slow(None)), ("good", good)):
        models.add(name, one)
    run(models.close())
    assert good.closed == 1
    assert "no way" in caplog.text
    assert "slow did not close" in caplog.text


def test_closing_a_stream_early_closes_the_providers_own():
    async def story():
        ended = []

        class Talker(Far):
            async def stream(self, request):
                try:
                    async for piece in self.inner.stream(request):
                        yield piece
                finally:
                    ended.append(True)

        models = Models()
        models.add("p", Talker(Scripted(["a b c"])))
        stream = models.route("p/m", "t").provider.stream(asking())
        await anext(stream)
        await stream.aclose()
        assert ended == [True]

    run(story())


def test_a_lab_has_a_shelf_and_closes_it():
    far = Far(Scripted([]))
    with Lab() as lab:
        lab._engine.models.add("far", far)
    assert far.closed == 1
