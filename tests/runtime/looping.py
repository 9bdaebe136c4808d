"""Run a test on a loop of its own, for a minute at most, and let tasks go on for a moment."""

import asyncio


def on_loop(test):
    """Run a coroutine; one that hangs fails."""

    async def watched():
        return await asyncio.wait_for(test, 60)

    return asyncio.run(watched())


async def a_moment():
    """Let whatever can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)
