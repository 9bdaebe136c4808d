"""Caches: fresh or fetched once, bounded, and never between tenants."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traaviis_lab import ToldClock
from traaviis_lab.runtime.sharing.caches import MISS, Cache
from traaviis_lab.runtime.sharing.line import Caller

from .looping import a_moment, on_loop

TTL = 10.0


def caller(n, run="run"):
    return Caller(run, f"{n}/0")


def key(name, tenant="t"):
    return tenant, name


def cache_of(**bounds):
    clock = ToldClock(now=0)
    return clock, Cache("prices", clock, **bounds)


async def fetch(cache, n, name, value, ttl=TTL):
    assert await cache.ask(caller(n), key(name), ttl) == MISS
    cache.leave(caller(n), "completed", value)


def test_a_value_is_answered_while_it_is_fresh_for_who_asks():
    async def go():
        clock, cache = cache_of()
        await fetch(cache, 1, "a", {"price": 3})
        clock.advance(9.5)
        hit = await cache.ask(caller(2), key("a"), TTL)
        assert hit == {"hit": True, "value": {"price": 3}, "age": 9.5}
        hit["value"]["price"] = 4  # what one gets is one's own
        assert await cache.ask(caller(3), key("a"), 9.6) == {
            "hit": True, "value": {"price": 3}, "age": 9.5,
        }  # fmt: skip
        await fetch(cache, 4, "a", {"price": 5}, ttl=9.5)
        assert (await cache.ask(caller(5), key("a"), TTL))["value"] == {"price": 5}
        assert (cache.hits, cache.misses) == (3, 2)

    on_loop(go())


def test_nothing_is_answered_for_another_key_or_another_tenant():
    async def go():
        _, cache = cache_of()
        await fetch(cache, 1, "a", 1)
        assert await cache.ask(caller(2), key("b"), TTL) == MISS
        assert await cache.ask(caller(3), key("a", tenant="u"), TTL) == MISS

    on_loop(go())


def test_a_time_of_zero_caches_nothing_and_waits_for_nobody():
    async def go():
        _, cache = cache_of()
        await fetch(cache, 1, "a", 1, ttl=0)
        assert await cache.ask(caller(2), key("a"), TTL) == MISS
        assert await cache.ask(caller(3), key("a"), 0) == MISS

    on_loop(go())


def test_those_who_ask_while_it_is_fetched_wait_for_it():
    async def go():
        _, cache = cache_of()
        assert await cache.ask(caller(1), key("a"), TTL) == MISS
        others = [asyncio.create_task(cache.ask(caller(n), key("a"), TTL)) for n in (2, 3)]
        await a_moment()
        assert cache.row()["waiting"] == 2
        cache.leave(caller(1), "completed", [1, None])
        assert await asyncio.gather(*others) == [{"hit": True, "value": [1, None], "age": 0.0}] * 2
        row = cache.row()
        assert (row["hits"], row["misses"], row["fetching"], row["waiting"]) == (2, 1, 0, 0)

    on_loop(go())


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
def test_where_it_could_not_be_fetched_the_next_one_tries(outcome):
    async def go():
        _, cache = cache_of()
        await cache.ask(caller(1), key("a"), TTL)
        second, third = (asyncio.create_task(cache.ask(caller(n), key("a"), TTL)) for n in (2, 3))
        await a_moment()
        cache.leave(caller(1), outcome, {"kind": "EffectError"})
        assert await second == MISS
        assert not third.done()
        cache.leave(caller(2), "completed", 7)
        assert (await third)["value"] == 7

    on_loop(go())


def test_one_that_is_cancelled_when_it_was_to_fetch_hands_that_on():
    async def go():
        _, cache = cache_of()
        await cache.ask(caller(1), key("a"), TTL)
        second, third = (asyncio.create_task(cache.ask(caller(n), key("a"), TTL)) for n in (2, 3))
        await a_moment()
        cache.leave(caller(1), "failed", {})
        second.cancel()  # it was called, and has not heard it yet
        assert await third == MISS
        cache.leave(caller(3), "completed", 7)
        assert cache.row()["fetching"] == 0
        assert (await cache.ask(caller(4), key("a"), TTL))["value"] == 7

    on_loop(go())


def test_a_part_of_what_fetches_a_value_does_not_wait_for_itself():
    async def go():
        _, cache = cache_of()
        assert await cache.ask(Caller("r", "5/0"), key("a"), TTL) == MISS
        inner = cache.ask(Caller("r", "5/0/0/1"), key("a"), TTL)
        assert await asyncio.wait_for(inner, 5) == MISS
        cache.leave(Caller("r", "5/0/0/1"), "completed", "inner")
        cache.leave(Caller("r", "5/0"), "completed", "outer")
        assert (await cache.ask(caller(9), key("a"), TTL))["value"] == "outer"

    on_loop(go())


def test_a_part_of_who_was_called_to_fetch_does_not_wait_for_itself_either():
    async def go():
        _, cache = cache_of()
        await cache.ask(caller(1), key("a"), TTL)
        second = asyncio.create_task(cache.ask(Caller("r", "5/0"), key("a"), TTL))
        await a_moment()
        cache.leave(caller(1), "failed", {})
        assert await second == MISS
        assert await cache.ask(Caller("r", "5/0/0"), key("a"), TTL) == MISS

    on_loop(go())


def test_what_is_on_its_way_when_it_is_cleared_is_not_kept():
    async def go():
        _, cache = cache_of()
        await fetch(cache, 1, "a", 1)
        await cache.ask(caller(2), key("b"), TTL)
        waits = asyncio.create_task(cache.ask(caller(3), key("b"), TTL))
        await a_moment()
        assert cache.clear() == 1
        assert await cache.ask(caller(4), key("b"), TTL) == MISS
        cache.leave(caller(2), "completed", "old")
        assert (await waits)["value"] == "old"  # it had asked before
        late = asyncio.create_task(cache.ask(caller(5), key("b"), TTL))
        await a_moment()
        cache.leave(caller(4), "completed", "new")
        assert (await late)["value"] == "new"
        assert (cache.row()["entries"], cache.bytes) == (1, len('"new"'))

    on_loop(go())


def test_what_was_under_way_before_a_crash_is_kept_when_it_comes():
    async def go():
        _, cache = cache_of()
        cache.enter(caller(1), key("a"))
        cache.enter(caller(2), key("a"))
        cache.leave(caller(2), "completed", 2)
        waits = asyncio.create_task(cache.ask(caller(3), key("a"), TTL))
        await a_moment()
        cache.leave(caller(1), "completed", 1)
        assert (await waits)["value"] == 1

    on_loop(go())


def test_a_value_that_is_not_json_is_not_kept_and_the_next_one_fetches():
    async def go():
        _, cache = cache_of()
        await cache.ask(caller(1), key("a"), TTL)
        waits = asyncio.create_task(cache.ask(caller(2), key("a"), TTL))
        await a_moment()
        cache.leave(caller(1), "completed", {1, 2})
        assert await waits == MISS
        assert cache.row()["entries"] == 0

    on_loop(go())


def test_a_clock_that_was_set_back_makes_values_stale_and_not_eternal():
    async def go():
        clock, cache = cache_of()
        await fetch(cache, 1, "a", 1)
        clock._now = -1
        assert await cache.ask(caller(2), key("a"), TTL) == MISS

    on_loop(go())


@settings(deadline=None)
@given(
    st.integers(0, 4),
    st.integers(0, 40),
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 30)), max_size=30),
)
def test_it_never_holds_too_much_and_what_was_used_last_stays_longest(most, most_bytes, asked):
    async def go():
        _, cache = cache_of(most=most, most_bytes=most_bytes)
        model: dict[str, str] = {}
        for n, (name, size) in enumerate(asked):
            answer = await cache.ask(caller(n), key(name), TTL)
            assert answer["hit"] is (name in model)
            if answer["hit"]:
                assert answer["value"] == model[name]
                model[name] = model.pop(name)
                continue
            cache.leave(caller(n), "completed", "x" * size)
            model[name] = "x" * size
            while len(model) > most or sum(len(one) + 2 for one in model.values()) > most_bytes:
                del model[next(iter(model))]
            row = cache.row()
            assert (row["entries"], row["bytes"]) == (
                len(model), sum(len(one) + 2 for one in model.values()),
            )  # fmt: skip

    on_loop(go())


OPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "good", "bad", "cancel", "clear"]),
        st.integers(0, 20),
        st.integers(0, 2),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=200)
@given(OPS)
def test_one_at_a_time_fetches_and_nobody_waits_for_ever(ops):  # noqa: C901
    async def go():  # noqa: C901
        _, cache = cache_of()
        fetching, tasks, answers = set(), {}, 0

        async def one(n):
            nonlocal answers
            answer = await cache.ask(caller(n), key("a"), 1e-9 if n % 5 == 0 else TTL)
            answers += 1
            if not answer["hit"]:
                fetching.add(n)

        for n, (what, which, moments) in enumerate(ops):
            if what == "ask":
                tasks[n] = asyncio.create_task(one(n))
            elif what == "cancel" and tasks:
                sorted(tasks.items())[which % len(tasks)][1].cancel()
            elif what == "clear" and which % 4 == 0:
                cache.clear()
            elif what in ("good", "bad") and fetching:
                done = sorted(fetching)[which % len(fetching)]
                fetching.discard(done)
                cache.leave(caller(done), "completed" if what == "good" else "failed", done)
            for _ in range(moments):
                await asyncio.sleep(0)
            if not any(did == "clear" for did, _, _ in ops):
                assert len(fetching) <= 1
        while True:
            await a_moment()
            if not fetching:
                break
            cache.leave(caller(fetching.pop()), "failed", {})
        assert all(task.done() for task in tasks.values())
        row = cache.row()
        assert (row["fetching"], row["waiting"], cache._flights) == (0, 0, {})
        assert row["hits"] + row["misses"] == answers

    on_loop(go())
