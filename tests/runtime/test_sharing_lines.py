"""Rate limits and bulkheads: never too many, first come first served, nothing leaks."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traaviis_lab import ToldClock
from traaviis_lab.errors import BulkheadFull
from traaviis_lab.runtime.sharing.bulkheads import Bulkhead
from traaviis_lab.runtime.sharing.limits import Limit
from traaviis_lab.runtime.sharing.line import Caller

from .looping import a_moment, on_loop


def caller(n):
    return Caller("run", f"{n}/0")


def limit_of(limit, per):
    clock = ToldClock(now=0)
    clock.attach(asyncio.get_running_loop())
    made = Limit("api", clock)
    made.follow({"limit": limit, "per": per})
    return clock, made


def bulkhead_of(limit, queue=-1):
    made = Bulkhead("db", ToldClock(now=0))
    made.follow({"limit": limit, "queue": queue})
    return made


def start(gate, n, into):
    async def one():
        into.append((n, await gate.ask(caller(n))))

    return asyncio.get_running_loop().create_task(one())


# Rate limits


def test_those_who_wait_start_when_the_window_has_room():
    async def go():
        clock, limit = limit_of(2, 1.0)
        through = []
        for n in range(5):
            start(limit, n, through)
        await a_moment()
        assert [n for n, _ in through] == [0, 1]
        assert limit.row()["waiting"] == 3
        await clock._walk(999_999)
        assert len(through) == 2
        await clock._walk(2_000_000)
        assert through[2:] == [(n, {"waited": w}) for n, w in ((2, 1.0), (3, 1.0), (4, 2.0))]
        row = limit.row()
        assert (row["in_use"], row["waiting"], row["calls"], row["waits"]) == (1, 0, 5, 3)

    on_loop(go())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(1, 3)),
        st.tuples(st.just("wait"), st.integers(0, 1_500_000)),
        st.tuples(st.just("cancel"), st.integers(0, 30)),
    ),
    max_size=25,
)


@settings(deadline=None)
@given(st.integers(1, 4), st.sampled_from([0.000001, 0.3, 1.0]), STEPS)
def test_no_window_ever_holds_more_than_the_limit_and_nobody_is_forgotten(limit, per, steps):
    async def go():
        clock, gate = limit_of(limit, per)
        tasks, through, starts = [], [], []

        async def one(n):
            waited = (await gate.ask(caller(n)))["waited"]
            through.append(n)
            starts.append(clock.now())
            assert waited >= 0

        for what, amount in steps:
            if what == "ask":
                tasks += [asyncio.create_task(one(len(tasks) + n)) for n in range(amount)]
            elif what == "wait":
                await clock._walk(clock.now() + amount)
            elif amount < len(tasks):
                tasks[amount].cancel()
        await a_moment()
        await clock._walk(clock.now() + round(per * 1e6) * (len(tasks) + 1))
        await asyncio.gather(*tasks, return_exceptions=True)
        assert through == [n for n, task in enumerate(tasks) if not task.cancelled()]
        width = round(per * 1e6)
        for first, last in zip(starts, starts[limit:], strict=False):
            assert last - first >= width
        row = gate.row()
        assert (row["waiting"], row["calls"]) == (0, len(through))

    on_loop(go())


@settings(deadline=None)
@given(st.integers(1, 3), st.lists(st.integers(0, 800_000), min_size=1, max_size=20))
def test_each_starts_at_the_first_moment_that_has_room(limit, gaps):
    async def go():
        clock, gate = limit_of(limit, 1.0)
        starts, foreseen, tasks = [], [], []

        async def one():
            await gate.ask(caller(len(starts)))
            starts.append(clock.now())

        for gap in gaps:
            await clock._walk(clock.now() + gap)
            room = foreseen[-limit] + 1_000_000 if len(foreseen) >= limit else 0
            foreseen.append(max(clock.now(), room, *foreseen[-1:]))
            tasks.append(asyncio.create_task(one()))
        await clock._walk(clock.now() + 30_000_000)
        await asyncio.gather(*tasks)
        assert starts == foreseen

    on_loop(go())


def test_newer_rules_let_those_who_wait_on_sooner():
    async def go():
        _, limit = limit_of(1, 3600.0)
        through = []
        tasks = [start(limit, n, through) for n in range(3)]
        await a_moment()
        limit.follow({"limit": 2, "per": 3600.0})
        await a_moment()
        assert [n for n, _ in through] == [0, 1]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    on_loop(go())


def test_a_clock_that_was_set_back_makes_nobody_wait_longer_than_the_window():
    async def go():
        clock, limit = limit_of(1, 1.0)
        through = []
        await limit.ask(caller(1))
        clock._now = -3_600_000_000
        task = start(limit, 2, through)
        await a_moment()
        await clock._walk(clock.now() + 1_000_000)
        await task
        assert through == [(2, {"waited": 1.0})]

    on_loop(go())


def test_what_was_under_way_before_a_crash_counts_as_a_start():
    async def go():
        clock, limit = limit_of(1, 1.0)
        limit.enter(caller(1))
        await clock._walk(500_000)
        limit.enter(caller(2))  # one too many
        task = asyncio.create_task(limit.ask(caller(3)))
        await a_moment()
        await clock._walk(1_400_000)
        assert not task.done()
        await clock._walk(1_500_000)
        assert await task == {"waited": 1.0}

    on_loop(go())


def test_a_start_that_was_cancelled_before_it_came_to_pass_is_the_next_ones():
    async def go():
        clock, limit = limit_of(1, 1.0)
        through = []
        await limit.ask(caller(0))
        second = start(limit, 2, through)
        start(limit, 3, through)
        await a_moment()
        clock._now = 1_000_000
        limit.follow({"limit": 1, "per": 1.0})
        second.cancel()  # it was called, and has not heard it yet
        await a_moment()
        assert through == [(3, {"waited": 1.0})]
        assert limit.row()["calls"] == 2

    on_loop(go())


def test_nobody_overtakes_those_who_wait_where_a_timer_is_late():
    async def go():
        clock, limit = limit_of(1, 1.0)
        through = []
        await limit.ask(caller(0))
        start(limit, 2, through)
        await a_moment()
        clock._now = 1_500_000  # and nobody was called
        start(limit, 3, through)
        await a_moment()
        await clock._walk(2_500_000)
        assert through == [(2, {"waited": 1.5}), (3, {"waited": 1.0})]

    on_loop(go())


# Bulkheads


def test_a_full_queue_refuses_and_says_so():
    async def go():
        gate, through = bulkhead_of(1, queue=1), []
        tasks = [start(gate, n, through) for n in range(2)]
        await a_moment()
        with pytest.raises(BulkheadFull) as full:
            await gate.ask(caller(3))
        assert str(full.value) == (
            "Bulkhead 'db' is full: 1 of 1 are under way, and 1 wait, as many as may."
        )
        assert "queue=-1" in full.value.hint
        tasks[1].cancel()  # its place is free at once, before its task has run
        tasks.append(start(gate, 4, through))
        await a_moment()
        gate.leave(caller(0), "completed", None)
        await tasks[2]
        assert [n for n, _ in through] == [0, 4]
        assert gate.row()["refused"] == 1

    on_loop(go())


def test_without_a_queue_nobody_waits():
    async def go():
        gate = bulkhead_of(1, queue=0)
        await gate.ask(caller(1))
        with pytest.raises(BulkheadFull, match="none may wait"):
            await gate.ask(caller(2))

    on_loop(go())


@pytest.mark.parametrize("called", [False, True])
def test_the_place_of_one_that_is_cancelled_while_it_waits_is_the_next_ones(called):
    async def go():
        gate, through = bulkhead_of(1), []
        await gate.ask(caller(0))
        second, third = start(gate, 2, through), start(gate, 3, through)
        await a_moment()
        if called:
            gate.leave(caller(0), "completed", None)
            second.cancel()
        else:
            second.cancel()
            assert gate.row()["waiting"] == 1
            gate.leave(caller(0), "completed", None)
        await third
        assert [n for n, _ in through] == [3]
        gate.leave(caller(3), "completed", None)
        assert gate.row()["in_use"] == 0

    on_loop(go())


OPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "end", "end", "cancel", "enter", "rules"]),
        st.integers(0, 20),
        st.integers(0, 2),
    ),
    min_size=5,
    max_size=50,
)


@settings(deadline=None, max_examples=200)
@given(OPS, st.integers(1, 3))
def test_never_more_than_may_are_inside_and_no_place_leaks(ops, limit):  # noqa: C901
    async def go():  # noqa: C901
        gate = bulkhead_of(limit)
        most, inside, tasks, came, extra = limit, set(), {}, [], 0

        async def one(n):
            await gate.ask(caller(n))
            inside.add(n)
            came.append(n)
            assert len(inside) <= most + extra

        for n, (what, which, moments) in enumerate(ops):
            if what == "ask":
                tasks[n] = asyncio.create_task(one(n))
            elif what == "cancel" and (open_ones := [t for t in tasks.values() if not t.done()]):
                open_ones[which % len(open_ones)].cancel()
            elif what == "end" and inside:
                done = sorted(inside)[which % len(inside)]
                inside.discard(done)
                gate.leave(caller(done), ("completed", "failed", "cancelled")[which % 3], None)
            elif what == "enter" and which % 4 == 0:
                gate.enter(caller(1_000 + n))
                inside.add(1_000 + n)
                extra += 1
            elif what == "rules" and which % 4 == 0:
                most += 1
                gate.follow({"limit": most, "queue": -1})
            for _ in range(moments):
                await asyncio.sleep(0)
        while True:
            await a_moment()
            if not inside:
                break
            gate.leave(caller(inside.pop()), "completed", None)
        assert all(task.done() for task in tasks.values())
        assert came == sorted(came), "first come, first served"
        row = gate.row()
        assert (row["in_use"], row["waiting"], row["calls"]) == (0, 0, len(came) + extra)

    on_loop(go())
