"""Wait for a run without holding up the server's loop, and say meanwhile where it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError
from traaviis_lab.mcp.lanes import aside

if TYPE_CHECKING:
    from traaviis_lab.lab import Recording, Run
    from traaviis_lab.mcp.call import Call

LONGEST_WAIT = 60.0


async def until(
    call: Call, thing: Run | Recording, holds: Callable[[], bool], seconds: float
) -> bool:
    """Whether `holds` came true within so many seconds; it is looked at after each fact."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def heard(_: Any) -> None:
        try:
            loop.call_soon_threadsafe(changed.set)
        except RuntimeError:  # the server has stopped meanwhile
            return

    end = call.lab.dispatcher.subscribe(heard, run=thing.id)
    try:
        async with asyncio.timeout(min(seconds, LONGEST_WAIT)):
            told = -1
            while True:
                changed.clear()
                if await aside(holds):
                    return True
                if thing.seq > told:
                    told = thing.seq
                    await call.progress(told, None, await aside(_where, thing))
                await changed.wait()
    except TimeoutError:
        return await aside(holds)
    finally:
        end()


async def to_end(call: Call, run: Run, seconds: float) -> bool:
    """Whether a run came to its end in time; the call cancelled, the run is stopped."""
    if seconds <= 0:
        return run.done
    try:
        return await until(call, run, lambda: run.done, seconds)
    except asyncio.CancelledError:
        await asyncio.shield(aside(stop, run))
        raise


def stop(run: Run) -> None:
    """End a run, if that is still to be done."""
    try:
        run.stop()
    except LabError:  # it ended, or the lab was closed, meanwhile
        return


def _where(thing: Run | Recording) -> str:
    state = thing.state if isinstance(thing.state, str) else " & ".join(thing.state)
    return f"{thing.id} is in {state}"
