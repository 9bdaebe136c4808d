"""A transport of the SDK's whose messages go through a gate before anybody acts on them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from .gate import Gate


class Guarded:
    """A transport whose messages go through the gate."""

    def __init__(self, transport: Any, gate: Gate) -> None:
        self._transport, self._gate = transport, gate
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> tuple[Any, Any]:
        import anyio

        async with contextlib.AsyncExitStack() as stack:
            incoming, outgoing = await stack.enter_async_context(self._transport)
            send, receive = anyio.create_memory_object_stream[Any](0)
            stack.callback(receive.close)
            relay = asyncio.create_task(self._relay(incoming, send))
            stack.push_async_callback(_ended, relay)
            self._stack = stack.pop_all()
        return receive, outgoing

    async def __aexit__(self, *exc: Any) -> bool | None:
        return await self._stack.__aexit__(*exc)

    async def _relay(self, incoming: Any, send: Any) -> None:
        import anyio

        with send, contextlib.suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            async for item in incoming:
                if isinstance(item, Exception):
                    self._gate.wrong()
                elif self._gate.lets(_method(item)):
                    await send.send(item)
                if self._gate.lost:
                    return
        self._gate.over()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _method(item: Any) -> str | None:
    return getattr(item.message, "method", None)
