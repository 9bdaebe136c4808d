"""What effects share over the lab: who asks comes to the gate of that name, and gives back once."""

import asyncio
from types import SimpleNamespace

import pytest

from traaviis_lab import ToldClock
from traaviis_lab.effects import Permit
from traaviis_lab.errors import BulkheadFull, CircuitOpen, DefinitionError, EffectError, LabError
from traaviis_lab.journal import MemoryJournal
from traaviis_lab.runtime import Engine
from traaviis_lab.runtime.handlers import LEAVES
from traaviis_lab.runtime.sharing import Shared

from .looping import on_loop

BREAKER = Permit("circuit_breaker", "x", {"failures": 1, "reset": 10.0, "probes": 1, "on": []})
LIMIT = Permit("rate_limit", "x", {"limit": 1, "per": 1.0})
BULKHEAD = Permit("bulkhead", "x", {"limit": 1, "queue": 0})
CACHE = Permit("cache", "x", {"ttl": 10.0}, {"id": 1})
ALL = pytest.mark.parametrize("permit", [BREAKER, LIMIT, BULKHEAD, CACHE], ids=lambda one: one.of)
FAILED = {"kind": "EffectError", "message": "no", "hint": ""}


def shared_on(loop):
    clock = ToldClock(now=0)
    clock.attach(loop)
    return clock, Shared(clock)


def with_shared(test):
    """Run an async test that takes the clock and what is shared."""

    def run(*args, **kwargs):
        async def go():
            await test(*shared_on(asyncio.get_running_loop()), *args, **kwargs)

        on_loop(go())

    return run


@with_shared
async def test_the_same_name_is_another_thing_for_each_kind(clock, shared):
    first = {"state": "closed"}, {"waited": 0.0}, {"waited": 0.0}, {"hit": False}
    for permit, answer in zip((BREAKER, LIMIT, BULKHEAD, CACHE), first, strict=True):
        assert await shared.ask("r", permit.of, permit, "t") == answer
    assert [list(one) for one in (shared.circuits, shared.limits, shared.bulkheads)] == [
        [("t", "x")]
    ] * 3
    with pytest.raises(BulkheadFull):
        await shared.ask("r", "other", BULKHEAD, "t")
    shared.leave("r", "cache", CACHE, "completed", {"price": 3})
    assert await shared.ask("s", "p", CACHE, "t") == {
        "hit": True, "value": {"price": 3}, "age": 0.0,
    }  # fmt: skip
    assert await shared.ask("s", "p", CACHE, "another tenant") == {"hit": False}
    with pytest.raises(EffectError, match="no permit of 'magic'"):
        await shared.ask("r", "p", Permit("magic", "x"), "t")


@ALL
def test_a_place_is_given_back_once_and_only_by_who_has_it(permit):
    @with_shared
    async def go(clock, shared):
        await shared.ask("r", "1/0", permit, "t")
        shared.leave("r", "2/0", permit, "failed", FAILED)
        shared.leave("s", "1/0", permit, "failed", FAILED)
        for _ in range(3):
            shared.leave("r", "1/0", permit, "completed", "value")
        shared.leave("r", "1/0", permit, "failed", FAILED)
        assert shared._inside == {}
        await clock._walk(2_000_000)
        assert await shared.ask("s", "1/0", permit, "t")

    go()


@ALL
def test_a_run_that_is_let_go_gives_everything_back(permit):
    @with_shared
    async def go(clock, shared):
        shared.enter("r", "1/0", permit, "t")
        shared.enter("r", "2/0", permit, "t")
        shared.forget("r")
        shared.forget("nobody")
        await clock._walk(2_000_000)
        answer = await asyncio.wait_for(shared.ask("s", "1/0", permit, "t"), 5)
        assert answer in ({"state": "closed"}, {"waited": 0.0}, {"hit": False})
        shared.forget("s")
        assert shared._inside == {}

    go()


@ALL
def test_who_asks_again_from_the_same_place_does_not_wait_for_itself(permit):
    @with_shared
    async def go(clock, shared):
        await shared.ask("r", "1/0", permit, "t")
        await clock._walk(2_000_000)
        await asyncio.wait_for(shared.ask("r", "1/0", permit, "t"), 5)
        shared.leave("r", "1/0", permit, "cancelled")
        assert shared._inside == {}

    go()


@with_shared
async def test_what_is_under_way_after_a_crash_takes_its_place(clock, shared):
    for permit in (BREAKER, LIMIT, BULKHEAD, CACHE):
        shared.enter("r", permit.of, permit, "t")
    with pytest.raises(BulkheadFull):
        await shared.ask("s", "1/0", BULKHEAD, "t")
    waits = asyncio.create_task(shared.ask("s", "2/0", LIMIT, "t"))
    shared.leave("r", "circuit_breaker", BREAKER, "failed", FAILED)
    with pytest.raises(CircuitOpen):
        await shared.ask("s", "3/0", BREAKER, "t")
    shared.leave("r", "cache", CACHE, "completed", 1)
    assert await shared.ask("s", "4/0", CACHE, "t") == {"hit": True, "value": 1, "age": 0.0}
    await clock._walk(1_000_000)
    assert await waits == {"waited": 1.0}


@with_shared
async def test_a_key_that_is_not_json_is_refused_and_names_unknown_are_told(clock, shared):
    with pytest.raises(DefinitionError, match="Canonical JSON"):
        await shared.ask("r", "1/0", Permit("cache", "x", {"ttl": 1.0}, {1, 2}), "t")
    await shared.ask("r", "1/0", BREAKER, "t")
    with pytest.raises(LabError, match="No circuit 'y'") as unknown:
        shared.reset_circuit("y")
    assert "Known: 'x'." in unknown.value.hint
    shared.leave("r", "1/0", BREAKER, "failed", FAILED)
    shared.reset_circuit("x")
    assert await shared.ask("r", "2/0", BREAKER, "t") == {"state": "closed"}
    assert shared.clear_cache("x") == 0


def test_the_handler_asks_for_the_effect_above_the_permit_and_for_the_runs_tenant():
    async def go():
        engine = Engine(MemoryJournal(), ToldClock(), "memory")
        run = SimpleNamespace(id="r", tenant="t")
        scope = SimpleNamespace(engine=engine, run=run, path="12/0/3/1")
        assert await LEAVES[Permit](CACHE, scope) == {"hit": False}
        engine.shared.leave("r", "12/0/3", CACHE, "completed", "value")
        scope.path = "13/0/1"
        assert (await LEAVES[Permit](CACHE, scope))["value"] == "value"
        run.tenant = "u"
        assert await LEAVES[Permit](CACHE, scope) == {"hit": False}
        await engine.close()

    on_loop(go())
