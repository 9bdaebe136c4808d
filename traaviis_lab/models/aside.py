"""A loop in a thread of its own, for a library that keeps what it has for a whole process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_END = object()
_PATIENCE = 5.0


class Aside:
    """Runs coroutines on a loop that is nobody else's. May be used from any loop and thread.

    Args:
        name: the thread's name.
        leave: what is to be awaited there before its loop ends.
    """

    def __init__(self, name: str, leave: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._name, self._leave = name, leave
        self._lock = threading.Lock()
        self._users: set[int] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def ident(self) -> int | None:
        """The thread's number, None as long as there is none."""
        return self._thread.ident if self._thread is not None else None

    def enter(self, user: object) -> None:
        """Count one more who uses it; the loop is there as long as there is one."""
        with self._lock:
            self._users.add(id(user))
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_run, args=(self._loop,), name=self._name, daemon=True
                )
                self._thread.start()

    def quit(self, user: object) -> None:
        """Count one less; with the last one the loop ends. Waits for that, so not on a loop."""
        with self._lock:
            self._users.discard(id(user))
            if self._users or self._loop is None or self._thread is None:
                return
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
            asyncio.run_coroutine_threadsafe(_end(self._leave), loop)
            thread.join(_PATIENCE)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` comes to; cancelled here, it is cancelled there."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._there()))

    async def pieces(
        self, make: Callable[[], Coroutine[Any, Any, AsyncIterator[T]]]
    ) -> AsyncIterator[T]:
        """What an iterator made there brings, one after the other; closed here, it ends there."""
        here: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        queue: asyncio.Queue[Any] = asyncio.Queue()

        def put(item: Any) -> None:
            if not here.is_closed():
                here.call_soon_threadsafe(queue.put_nowait, item)

        async def pump() -> None:
            try:
                iterator = await make()
                async for piece in iterator:
                    put((piece, None))
                put((_END, None))
            except Exception as error:
                put((_END, error))

        there = asyncio.run_coroutine_threadsafe(pump(), self._there())
        try:
            while True:
                piece, error = await queue.get()
                if error is not None:
                    raise error
                if piece is _END:
                    return
                yield piece
        finally:
            there.cancel()

    def _there(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError(f"{self._name} is not entered")
        return self._loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


async def _end(leave: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Let what is under way end, and then the loop."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_PATIENCE / 2):
            await leave()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
    finally:
        loop.call_soon(loop.stop)
