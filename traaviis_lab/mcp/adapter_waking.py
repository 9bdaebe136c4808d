"""Wake clients when what they watch has changed: by subscription, or on a stream they hold open."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any

import mcp_types as types
from mcp.server.connection import Connection
from mcp.server.subscriptions import (
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)
from mcp.shared.exceptions import MCPError

from traaviis_lab.errors import LabError

from .adapter_asking import Context
from .call import Client
from .library import Library
from .reply import bad

PAUSE = 0.05
"""Seconds in which what comes twice is told once."""
_WATCHED = 64
_PATIENCE = 10.0

End = Callable[[], None]
TOOLS, RESOURCES = ToolsListChanged(), ResourcesListChanged()


class Bell:
    """Gathers what happened, on any thread, and tells each of it once, on the server's loop."""

    def __init__(self, tell: Callable[[list[ServerEvent]], object]) -> None:
        self._tell, self._loop = tell, asyncio.get_running_loop()
        self._rung: dict[ServerEvent, None] = {}
        self._lock = threading.Lock()

    def ring(self, event: ServerEvent) -> None:
        """Note that something happened; it is told within the pause."""
        with self._lock:
            first = not self._rung
            self._rung[event] = None
        if first:
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody listens
                self._loop.call_soon_threadsafe(self._loop.call_later, PAUSE, self._told)

    def updated(self, uri: str) -> None:
        """Note that what stands at an address has changed."""
        self.ring(ResourceUpdated(uri))

    def _told(self) -> None:
        with self._lock:
            rung, self._rung = list(self._rung), {}
        self._tell(rung)


class _Session:
    """What one session of the older protocol watches."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.bell = Bell(self._start)
        self.watched: dict[str, End] = {}
        self._sending: asyncio.Task[None] | None = None
        self._left: dict[ServerEvent, None] = {}

    def _start(self, events: list[ServerEvent]) -> None:
        self._left.update(dict.fromkeys(events))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.ensure_future(self._send())

    async def _send(self) -> None:
        # One at a time: a client that reads nothing holds this task alone, and not for ever.
        while self._left:
            event = next(iter(self._left))
            del self._left[event]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await self._tell(event)

    async def _tell(self, event: ServerEvent) -> None:
        match event:
            case ResourceUpdated(uri):
                await self._connection.send_resource_updated(uri)
            case ToolsListChanged():
                await self._connection.send_tool_list_changed()
            case ResourcesListChanged():
                await self._connection.send_resource_list_changed()
            case PromptsListChanged():
                await self._connection.send_prompt_list_changed()

    def close(self) -> None:
        for end in self.watched.values():
            end()
        self.watched.clear()
        if self._sending is not None:
            self._sending.cancel()


class _Stream:
    """What a stream of the newer protocol is fed from; the SDK subscribes to it."""

    def __init__(self) -> None:
        self.bell = Bell(self._tell)
        self.handler = ListenHandler(self)
        self._listener: Callable[[ServerEvent], None] | None = None

    async def publish(self, event: ServerEvent) -> None:
        """Part of the SDK's port; events come by the bell."""
        self.bell.ring(event)

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> End:
        """Called by the SDK when the stream is there."""
        self._listener = listener

        def end() -> None:
            self._listener = None

        return end

    def _tell(self, events: list[ServerEvent]) -> None:
        for event in events:
            if self._listener is not None:
                self._listener(event)


class Waking:
    """The handlers of subscriptions. Each client is woken by what its own tenant may see."""

    def __init__(self, library: Library, who: Callable[[Context], Client]) -> None:
        self._library, self._who = library, who
        self._sessions: dict[str, _Session] = {}
        self._streams: set[_Stream] = set()

    def tools_changed(self) -> None:
        """Tell everyone that `tools/list` answers otherwise now. On the server's loop."""
        bells = [one.bell for one in self._sessions.values()]
        for bell in bells + [one.bell for one in self._streams]:
            bell.ring(TOOLS)

    def close(self) -> None:
        """End the standing streams, as a last word to who listens."""
        for one in list(self._streams):
            one.handler.close()
        for session in list(self._sessions.values()):
            session.close()

    def session(self, client: Client, connection: Connection, ended: End) -> None:
        """Know a session of the older protocol from its first message to its end."""
        name = connection.session_id
        if name is None or name in self._sessions:
            return
        session = self._sessions[name] = _Session(connection)
        end = self._library.changed(client, lambda: session.bell.ring(RESOURCES))

        def gone() -> None:
            end()
            session.close()
            self._sessions.pop(name, None)
            ended()

        connection.exit_stack.callback(gone)

    async def subscribe(
        self, context: Context, params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        """Wake this session when what stands at an address changes."""
        session, uri = self._of(context), str(params.uri)
        if uri not in session.watched:
            if len(session.watched) >= _WATCHED:
                raise MCPError(types.INVALID_PARAMS, f"{_WATCHED} addresses are watched already.")
            session.watched[uri] = self._watch(context, uri, session.bell)
        return types.EmptyResult()

    async def unsubscribe(
        self, context: Context, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        """Wake it no more for that address."""
        end = self._of(context).watched.pop(str(params.uri), None)
        if end is not None:
            end()
        return types.EmptyResult()

    async def listen(
        self, context: Context, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Hold a stream open, and tell on it what was asked for."""
        stream, wanted = _Stream(), params.notifications
        ends: list[End] = []
        uris = wanted.resource_subscriptions or []
        if len(uris) > _WATCHED:
            raise MCPError(types.INVALID_PARAMS, f"A stream watches {_WATCHED} addresses at most.")
        self._streams.add(stream)
        try:
            for uri in dict.fromkeys(map(str, uris)):
                # As for an address with nothing at it: taken, and never woken.
                with contextlib.suppress(MCPError):
                    ends.append(self._watch(context, uri, stream.bell))
            if wanted.resources_list_changed:
                ring = stream.bell.ring
                ends.append(self._library.changed(self._who(context), lambda: ring(RESOURCES)))
            return await stream.handler(context, params)
        finally:
            self._streams.discard(stream)
            for end in ends:
                end()

    def _of(self, context: Context) -> _Session:
        found = self._sessions.get(connection_of(context).session_id or "")
        if found is None:
            raise MCPError(types.INVALID_REQUEST, "There is no session to wake.")
        return found

    def _watch(self, context: Context, uri: str, bell: Bell) -> End:
        try:
            return self._library.watch(self._who(context), (uri,), bell.updated)
        except LabError as error:
            said = bad(error, self._library.lab).text
            raise MCPError(types.INVALID_PARAMS, said) from None


def connection_of(context: Context) -> Connection:
    """The connection behind a request. The SDK keeps it to itself, but knows when it ends."""
    connection: Any = context.session._connection
    if not isinstance(connection, Connection):
        raise MCPError(types.INTERNAL_ERROR, "There is no connection.")
    return connection
