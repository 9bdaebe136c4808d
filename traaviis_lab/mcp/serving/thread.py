"""The server's own thread and loop, so that it answers while a cell is busy or sleeps."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Any

from traaviis_lab.errors import LabError

from . import switching
from .http import App, Http
from .limits import Limits

_STARTS, _STOPS = 20.0, 10.0  # seconds
_ASIDE = 16
"""Threads for what asynchronous tools do aside."""
_running: weakref.WeakSet[Serving] = weakref.WeakSet()


class Serving:
    """One server on one thread. Made once, started once; any thread may stop it.

    Args:
        socket: what it listens on; it is closed with the server.
        app: what answers, as ASGI.
        around: entered on the loop before the first request, left after the last.
        closing: called on the loop when the stop begins, so that standing streams end.
        cut: called on the loop when calls under way have had their moment.
    """

    def __init__(
        self,
        socket: socket.socket,
        app: App,
        limits: Limits,
        around: Callable[[], AbstractAsyncContextManager[Any]],
        closing: Callable[[], None] = lambda: None,
        cut: Callable[[], None] = lambda: None,
    ) -> None:
        self._socket, self._around = socket, around
        self._closing, self._cut = closing, cut
        self._http = Http(app, limits)
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()
        self._started: Future[None] = Future()
        self._thread = threading.Thread(target=self._main, name="traaviis-mcp", daemon=True)
        self._pid = os.getpid()

    @property
    def is_ours(self) -> bool:
        """Whether it was started in this process, and not in the one this was forked from."""
        return self._pid == os.getpid()

    @property
    def is_running(self) -> bool:
        """Whether it answers, in this process."""
        return self.is_ours and self._thread.is_alive() and not self._ending.is_set()

    def start(self) -> None:
        """Start, and answer when it listens."""
        switching.faster()
        _running.add(self)
        self._thread.start()
        try:
            self._started.result(_STARTS)
        except TimeoutError as error:
            self.stop()
            raise LabError(
                "The MCP server did not start in time.", hint="Restart the kernel and try again."
            ) from error

    def stop(self) -> None:
        """Stop, and answer when it has; also twice, and on its own thread, where it cannot wait."""
        if not self.is_ours or not self._thread.is_alive():
            return
        with contextlib.suppress(RuntimeError):  # the loop may be closed this very moment
            self._loop.call_soon_threadsafe(self._ending.set)
        if threading.current_thread() is not self._thread:
            self._thread.join(_STOPS)

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Have something called on the loop, from any thread; when it has stopped, not at all."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)

    def ask(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something awaited on the loop, from any thread; nobody waits for it."""
        if not self.is_running:
            work.close()
            return
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def _main(self) -> None:
        asyncio.set_event_loop(self._loop)
        aside = ThreadPoolExecutor(_ASIDE, thread_name_prefix="traaviis-mcp-aside")
        self._loop.set_default_executor(aside)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            if not self._started.done():
                self._started.set_exception(error)
            else:
                raise
        finally:
            self._socket.close()
            _end(self._loop)
            aside.shutdown(wait=False, cancel_futures=True)
            _running.discard(self)
            switching.slower()

    async def _serve(self) -> None:
        async with self._around():
            server = await self._loop.create_server(self._http.connection, sock=self._socket)
            self._started.set_result(None)
            await self._ending.wait()
            server.close()
            self._closing()
            await self._http.close(self._cut)

    def _abandon(self) -> None:
        """In a forked child there is no such thread: its copies of the sockets are closed."""
        with contextlib.suppress(OSError):
            os.close(self._socket.fileno())
        self._http.abandon()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what still runs on a loop, and close it."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=_STOPS / 4))
    with contextlib.suppress(RuntimeError):
        loop.run_until_complete(loop.shutdown_asyncgens())
    asyncio.set_event_loop(None)
    loop.close()


def _forked() -> None:
    for server in list(_running):
        server._abandon()
    _running.clear()
    switching.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
