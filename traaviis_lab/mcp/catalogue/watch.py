"""Tools that watch: wait for facts of a run, collect them as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from traaviis_lab.journal import Fact
from traaviis_lab.mcp.call import Call
from traaviis_lab.mcp.lanes import aside

from .analytics import get_workflow_analytics
from .core import FsmId
from .pages import LARGEST, facts_after, page
from .tool import Params, Tool, tool

LONGEST = 60.0
LAST_SEQ = 2**53
AT_ONCE = 200
ASK_AGAIN = 10.0
"""Seconds after which the journal is asked, should a fact have come without a word."""
After = Annotated[int | None, Field(ge=0, description="Absent: from now on.")]
Kind = Annotated[
    str | None, Field(max_length=100, description="event, event.refused, effect, run.done, ...")
]
Name = Annotated[str | None, Field(max_length=200, description="Event, effect kind, ...")]


class StreamFsmEvents(Params):
    """What `stream_fsm_events` takes."""

    fsm_id: FsmId
    after_seq: After = None
    seconds: Annotated[float, Field(gt=0, le=LONGEST)] = 10.0
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    kind: Kind = None
    name: Name = None


class WaitForFsmEvent(Params):
    """What `wait_for_fsm_event` takes."""

    fsm_id: FsmId
    after_seq: After = None
    kind: Kind = None
    name: Name = None
    timeout: Annotated[float, Field(gt=0, le=LONGEST)] = 30.0


@tool("watch", "read", read_only=True, quotes=True)
async def stream_fsm_events(call: Call, params: StreamFsmEvents) -> Mapping[str, Any]:
    """Collect what happens in a run for some seconds, or until `limit` facts or its end. Each is
    also told as progress when it comes. Go on with after_seq = `next`."""
    watch = await _watch(call, params)
    found: list[Fact] = []
    size = 0
    try:
        async with asyncio.timeout(params.seconds):
            async for fact in watch.facts():
                found.append(fact)
                size += len(fact.body)
                text = f"seq {fact.seq}: {fact.kind} {fact.name} in {fact.state}"
                await call.progress(len(found), params.limit, text[:300])
                if len(found) >= params.limit or size > LARGEST:
                    break
    except TimeoutError:
        pass
    return watch.answer(found, params.limit)


@tool("watch", "read", read_only=True, quotes=True)
async def wait_for_fsm_event(call: Call, params: WaitForFsmEvent) -> Mapping[str, Any]:
    """Wait until something happens in a run after `after_seq`, at once if it has already. Go on
    with after_seq = `next`; `facts` is empty after `timeout` seconds, or if the run is over."""
    watch = await _watch(call, params)
    found: list[Fact] = []
    try:
        async with asyncio.timeout(params.timeout):
            async for fact in watch.facts(waits=lambda: not found):
                found.append(fact)
                if len(found) >= AT_ONCE:
                    break
    except TimeoutError:
        pass
    return watch.answer(found, AT_ONCE)


async def _watch(call: Call, params: StreamFsmEvents | WaitForFsmEvent) -> _Watch:
    info = await aside(call.info, params.fsm_id)
    after = info.seq if params.after_seq is None else min(params.after_seq, LAST_SEQ)
    return _Watch(call, info.run, params, after, over=info.done)


class _Watch:
    """The facts of a run that fit, from the journal as they come; it holds no thread meanwhile."""

    def __init__(self, call: Call, run: str, params: Any, after: int, *, over: bool) -> None:
        self.call, self.run, self.params, self.over = call, run, params, over
        self.seen = after  # everything up to here was looked at
        self.done = False

    async def facts(self, waits: Any = lambda: True) -> AsyncIterator[Fact]:
        """Those that are there, and then, as long as `waits()`, those that come."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def heard(_: Fact) -> None:
            try:
                loop.call_soon_threadsafe(changed.set)
            except RuntimeError:  # the server has stopped meanwhile
                return

        end = self.call.lab.dispatcher.subscribe(heard, run=self.run)
        try:
            while True:
                changed.clear()
                for fact in await aside(self._read):
                    self.seen = fact.seq
                    if self._fits(fact):
                        yield fact
                if self.done or not waits():
                    return
                await _either(changed, ASK_AGAIN)
        finally:
            end()

    def answer(self, found: list[Fact], limit: int) -> dict[str, Any]:
        """What goes back: the facts, and from where to go on."""
        rows, more = page(found, limit)
        last = found[len(rows) - 1].seq if more else self.seen
        told = {"fsm_id": self.run, "facts": rows, "next": last, "done": self.done}
        return {**told, "more": True} if more else told

    def _read(self) -> list[Fact]:
        """The next facts. Where there are no more, and the run is over, none will come."""
        found = facts_after(self.call.lab.journal, self.run, self.seen, AT_ONCE)
        self.over = self.over or any(fact.kind == "run.done" for fact in found)
        self.done = self.over and len(found) < AT_ONCE
        return found

    def _fits(self, fact: Fact) -> bool:
        kind, name = self.params.kind, self.params.name
        return name in (None, fact.name) and (
            kind in (None, fact.kind) or fact.kind.startswith(f"{kind}.")
        )


async def _either(changed: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return


TOOLS: tuple[Tool, ...] = (stream_fsm_events, wait_for_fsm_event, get_workflow_analytics)
