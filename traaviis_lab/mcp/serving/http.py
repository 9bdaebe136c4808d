"""HTTP on the socket: uvicorn's protocol, with deadlines for those who send or read too slowly."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from .gathering import Gathering
from .limits import Limits

App = Callable[..., Any]
_GRACE = 1.0
"""Seconds that answers under way have when the server stops."""

# What strangers send us is no warning to a notebook; a fault of ours is said.
_LOGGER = logging.getLogger("traaviis_lab.mcp.http")
_LOGGER.setLevel(logging.ERROR)


class _Connection(H11Protocol):
    """One connection. It ends when its headers do not come, or what it is sent is not read."""

    def __init__(self, limits: Limits, config: uvicorn.Config, state: ServerState) -> None:
        super().__init__(config, state, {})
        self.access_log, self.logger = False, _LOGGER
        self._limits = limits
        self._to_come, self._to_be_read = _Deadline(self), _Deadline(self)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Gathering(transport, self.loop))  # type: ignore[arg-type]
        if len(self.connections) > self._limits.connections:
            self.transport.abort()
            return
        self._to_come.set(self._limits.header_time)

    def connection_lost(self, exc: Exception | None) -> None:
        self._to_come.clear()
        self._to_be_read.clear()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self._to_come.set(self._limits.header_time)
        else:
            self._to_come.clear()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._to_be_read.set(self._limits.write_time)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._to_be_read.clear()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        # Closing waits until everything is read; not for ever.
        self._to_be_read.set(self._limits.write_time)

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: the request is answered as if it had asked for no upgrade."""


class _Deadline:
    """When a connection is cut off, unless what it waits for has come: then it is cleared."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        if self._timer is None:
            here = self._connection
            self._timer = here.loop.call_later(seconds, here.transport.abort)

    def clear(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Http:
    """The connections of one server. Belongs to its loop."""

    def __init__(self, app: App, limits: Limits) -> None:
        # log_config=None: the kernel's logging stays as it is.
        self._config = uvicorn.Config(
            app,
            log_config=None,
            lifespan="off",
            ws="none",
            interface="asgi3",
            proxy_headers=False,
            timeout_keep_alive=max(1, int(limits.idle_time)),
        )
        self._config.load()
        self._state = ServerState()
        self._limits = limits

    def connection(self) -> asyncio.Protocol:
        """The protocol of a new connection."""
        return _Connection(self._limits, self._config, self._state)

    async def close(self, cut: Callable[[], None]) -> None:
        """End every connection: answers under way have a moment, then `cut` ends them."""
        for one in list(self._state.connections):
            with contextlib.suppress(h11.ProtocolError):
                one.shutdown()
        tasks = list(self._state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE)
            cut()
            await asyncio.wait(tasks, timeout=_GRACE)
        for task in tasks:
            task.cancel()
        for one in list(self._state.connections):
            one.transport.abort()

    def abandon(self) -> None:
        """In a child that was forked: close its copies of the connections, and touch no loop."""
        for one in list(self._state.connections):
            told = one.transport.get_extra_info("socket")
            if told is not None:
                with contextlib.suppress(OSError):
                    os.close(told.fileno())
