"""The link to a kernel's server: which one it is, its session, and the way back after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from traaviis_lab.errors import LabError

from .answers import messages_in
from .connection import Connection, all_connections, find
from .messages import Message, headers_of, is_token, session_headers
from .remembered import Remembered
from .wire import Answer, Wire

PATIENCE = 20.0  # seconds that a request waits for a server that went away to come back
_PAUSE, _LONGEST_PAUSE, _GREETING = 0.2, 1.0, 10.0
Told = Callable[[str], object]


@dataclass(eq=False)
class Place:
    """One server as it was met, with the session there; thrown away when it is gone."""

    connection: Connection
    wire: Wire
    session: str = ""
    version: str = ""
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def target(self) -> str:
        """What stands in the request line."""
        parts = urlsplit(self.connection.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def headers(self, message: Message | None = None) -> dict[str, str]:
        """The headers of a request about a message, or of the session alone."""
        token = self.connection.token
        return {
            "Host": f"127.0.0.1:{self.connection.port}",
            **({"Authorization": f"Bearer {token}"} if token else {}),
            "Accept": "application/json, text/event-stream",
            **({"Content-Type": "application/json"} if message else {}),
            **(
                headers_of(message, self.session, self.version)
                if message
                else session_headers(self.session, self.version)
            ),
        }

    def post(
        self, message: Message, sent: Callable[[], object] | None = None
    ) -> AbstractAsyncContextManager[Answer]:
        """Send a message, and say when that is done; the answer lives as long as the context."""
        headers = self.headers(message)
        return self.wire.exchange("POST", self.target, headers, message.text, sent)

    def listen(self, last: str = "") -> AbstractAsyncContextManager[Answer]:
        """Open the stream of what the server says unasked, or go on with one from an event."""
        headers = self.headers() | ({"Last-Event-ID": last} if last else {})
        return self.wire.exchange("GET", self.target, headers)

    def leave(self) -> AbstractAsyncContextManager[Answer]:
        """End the session."""
        return self.wire.exchange("DELETE", self.target, self.headers())


class Link:
    """Finds the server and keeps to it, through restarts of its kernel.

    Args:
        kernel, notebook: which one, as `find` takes them.
        tell: is told what happens, for a person.
        back: is called when another server was entered for the same client.
        patience: how long a request waits for a server that went away.
    """

    def __init__(
        self,
        kernel: str | None,
        notebook: str | None,
        tell: Told,
        back: Callable[[], Awaitable[None]],
        patience: float = PATIENCE,
    ) -> None:
        self._asked, self._tell, self._back = (kernel, notebook), tell, back
        self._patience = patience
        self._place: Place | None = None
        self._met: Connection | None = None
        self._gave_up = False
        self._one_at_a_time = asyncio.Lock()
        self.remembered = Remembered()

    @property
    def place(self) -> Place | None:
        """Where we are, if we are anywhere."""
        return self._place

    def lost(self, place: Place) -> None:
        """That server is gone, or does not know us any more."""
        place.gone.set()
        place.wire.close()
        if self._place is place:
            self._place = None

    async def ready(self) -> Place:
        """The server, with a session where the client has one; waits for one that went away.

        Raises LabError, saying what to do, where there is none.
        """
        async with self._one_at_a_time:
            if self._place is None:
                self._place = await self._found(greet=True)
            return self._place

    async def fresh(self) -> Place:
        """The server without a session, for a client that is about to open one itself."""
        async with self._one_at_a_time:
            return await self._found(greet=False)

    def opened(self, place: Place, answer: Answer, result: Mapping[str, Any]) -> None:
        """A session was opened there with this answer."""
        session, version = answer.headers.get("mcp-session-id", ""), result.get("protocolVersion")
        place.session = session if is_token(session) else ""
        place.version = version if isinstance(version, str) else ""
        if self._place is not None and self._place is not place:
            self.lost(self._place)
        self._place = place

    async def _found(self, greet: bool) -> Place:
        now = asyncio.get_running_loop().time
        waits = self._met is not None and not self._gave_up
        until, pause = now() + (self._patience if waits else 0), _PAUSE
        while True:
            try:
                return await self._entered(self._look(), greet)
            except (LabError, OSError) as error:
                if now() >= until:
                    self._gave_up = True
                    raise self._nobody(error) from error
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, _LONGEST_PAUSE)

    def _look(self) -> Connection:
        """The connection of the server that is meant: after the first, the same kernel's."""
        if self._met is None:
            return find(*self._asked, say=self._tell)
        there, met = all_connections(), self._met
        same = [one for one in there if met.kernel and one.kernel == met.kernel]
        same = same or [one for one in there if met.notebook and one.notebook == met.notebook]
        if not (met.kernel or met.notebook):
            same = [one for one in there if not (one.kernel or one.notebook)]
        if same:
            return same[0]
        raise LabError(
            f"The lab of {met.name} is not served any more.",
            hint="Run lab.serve_mcp() there again, then try again.",
        )

    async def _entered(self, connection: Connection, greet: bool) -> Place:
        place = Place(connection, Wire("127.0.0.1", connection.port))
        again = greet and self.remembered.greeting is not None
        if again:
            async with asyncio.timeout(_GREETING):
                await self._greeted(place)
        self._met, self._gave_up = connection, False
        self._tell(f"Connected to {connection.name} at {connection.url}.")
        if again:
            await self._back()
        return place

    async def _greeted(self, place: Place) -> None:
        """Open a session as the client did, and ask again for what it had asked for."""
        first, *rest = self.remembered.messages()
        async with place.post(first) as answer:
            said = await _result(answer, first)
            self.opened(place, answer, said)
        if place.version != self.remembered.version:
            raise LabError(
                "The server has another version of the protocol than before.",
                hint="Start the client again.",
            )
        for message in rest:
            async with place.post(message) as answer:
                async for _ in answer.pieces():
                    pass

    def _nobody(self, error: Exception) -> LabError:
        if isinstance(error, LabError):
            said = error
        else:
            said = LabError(
                f"Nobody answers where a lab should be served ({error}).",
                hint="Run lab.serve_mcp() in the notebook again, then try again.",
            )
        self._tell(f"{said.message} {said.hint}")
        return said


async def _result(answer: Answer, asked: Message) -> Mapping[str, Any]:
    """The result of a request of the bridge's own."""
    async for message in messages_in(answer):
        if message.kind == "response" and message.key == asked.key:
            result = message.body.get("result")
            if isinstance(result, Mapping):
                return result
            break
    raise LabError(
        f"The server does not open a session (HTTP {answer.status}).",
        hint="Start the client again.",
    )
