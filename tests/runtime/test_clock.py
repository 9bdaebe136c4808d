"""Time as it passes, and time that is told."""

import asyncio

import pytest

from traaviis_lab.runtime import ToldClock, WallClock


def test_a_told_clock_calls_back_in_order_of_time_and_only_when_told():
    async def go():
        clock, seen = ToldClock(now=0), []
        clock.attach(asyncio.get_running_loop())
        clock.call_at(3_000_000, lambda: seen.append(("late", clock.now())))
        clock.call_at(1_000_000, lambda: seen.append(("early", clock.now())))
        clock.call_at(2_000_000, lambda: seen.append(("never", clock.now()))).cancel()
        await asyncio.sleep(0)
        assert seen == []
        await asyncio.to_thread(clock.advance, 2.5)
        assert seen == [("early", 1_000_000)]
        assert clock.now() == 2_500_000
        await asyncio.to_thread(clock.advance_to, 3_000_000)
        assert seen[1:] == [("late", 3_000_000)]

    asyncio.run(go())


def test_a_timer_that_plans_the_next_one_is_followed_on_the_way():
    async def go():
        clock, seen = ToldClock(now=0), []
        clock.attach(asyncio.get_running_loop())

        def tick():
            seen.append(clock.now())
            clock.call_at(clock.now() + 1_000_000, tick)

        clock.call_at(1_000_000, tick)
        await asyncio.to_thread(clock.advance, 5)
        assert seen == [1_000_000 * n for n in range(1, 6)]

    asyncio.run(go())


def test_a_told_clock_does_not_go_back():
    clock = ToldClock(now=5)
    with pytest.raises(ValueError, match="go back"):
        clock.advance(-1)
    clock.advance_to(1)
    assert clock.now() == 5


@pytest.mark.parametrize("clock", [WallClock(), ToldClock()])
def test_what_is_past_is_called_back_at_once(clock):
    async def go():
        clock.attach(asyncio.get_running_loop())
        came = asyncio.Event()
        clock.call_at(clock.now() - 1, came.set)
        await asyncio.wait_for(came.wait(), 5)
        clock.call_at(clock.now() + 10_000_000_000, came.set).cancel()

    asyncio.run(go())


def test_a_wall_clock_that_was_set_back_waits_for_the_rest():
    async def go():
        clock = WallClock()
        clock.attach(asyncio.get_running_loop())
        came, real = asyncio.Event(), clock.now
        clock.call_at(real() + 20_000, came.set)
        behind = [15_000]
        clock.now = lambda: real() - behind[0]
        await asyncio.sleep(0.025)
        assert not came.is_set()
        behind[0] = 0
        await asyncio.wait_for(came.wait(), 5)

    asyncio.run(go())
