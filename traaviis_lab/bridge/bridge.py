"""The bridge: what a client writes goes to the kernel's server, what comes back to the client."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from traaviis_lab.errors import LabError

from .exchanging import Exchange, Flight
from .link import PATIENCE, Link
from .listening import Listener
from .messages import INTERNAL, INVALID_REQUEST, PARSE_ERROR, Message, failed, id_in, key_of, read
from .stdio import MOST_LINE, Inlet, Outlet, take_stdio

AT_ONCE = 32  # requests under way at the server; more wait here for their turn
_MOST = 4096  # requests held at all; then we stop reading
_GRACE, _FAREWELL = 1.0, 0.5  # seconds for what is under way at the end; for leaving


class Bridge:
    """One client on two descriptors, one kernel's server behind it.

    Args:
        kernel, notebook: which server, as `connection.find` takes them.
        tell: is told what happens, for a person: a line each, never a token.
        patience: how long a request waits for a server that went away.
    """

    def __init__(
        self,
        kernel: str | None = None,
        notebook: str | None = None,
        *,
        tell: Callable[[str], object],
        patience: float = PATIENCE,
    ) -> None:
        self._said = ""
        self._say = tell
        self._link = Link(kernel, notebook, self._tell, self._news, patience)
        self._flying: dict[str, Flight] = {}
        self._turns, self._seats = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(_MOST)
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None

    async def run(self, into: int, out: int, stop: asyncio.Event) -> None:
        """Carry messages from one descriptor and to another, until the first ends or `stop`."""
        self._out = Outlet(out, stop.set)
        self._exchange = Exchange(self._link, self._out.send, self._tell)
        reading = asyncio.create_task(self._read(Inlet(into)))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set() and self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE)
        left = [reading, stopping, *self._tasks, *([self._listening] if self._listening else ())]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._leave()
        self._out.close(_FAREWELL)

    async def _read(self, inlet: Inlet) -> None:
        while (line := await inlet.line()) is not None:
            if len(line) > MOST_LINE:
                await self._out.send(failed(None, PARSE_ERROR, "The message is too large."))
                continue
            try:
                message = read(line)
            except ValueError as error:
                said = failed(id_in(line), _code_of(error), f"That is no message: {error}.")
                await self._out.send(said)
            else:
                await self._take(message)

    async def _take(self, message: Message) -> None:
        if message.kind == "request":
            await self._seats.acquire()
            flight = self._flying[message.key] = Flight(message)
            flight.task = self._started(self._fly(flight))
            if message.method == "initialize":
                # What follows belongs to the session that this opens.
                await asyncio.wait({flight.task})
        elif message.method == "notifications/cancelled":
            await self._cancelled(message)
        else:
            await self._exchange.hand_over(message)
            if message.method == "notifications/initialized" and self._listening is None:
                listener = Listener(self._link, self._out.send)
                self._listening = asyncio.create_task(listener.run())

    async def _fly(self, flight: Flight) -> None:
        message = flight.message
        try:
            # A subscription stands as long as the client likes, and is no call.
            standing = message.method == "subscriptions/listen"
            async with contextlib.nullcontext() if standing else self._turns:
                await self._exchange.request(flight)
        except Exception as error:
            self._tell(f"{message.method} failed here: {type(error).__name__}: {error}")
            await self._out.send(failed(message.id, INTERNAL, "The bridge failed at this request."))
        finally:
            self._seats.release()
            if self._flying.get(message.key) is flight:
                del self._flying[message.key]

    async def _cancelled(self, message: Message) -> None:
        flight = self._flying.get(key_of(message.params.get("requestId")))
        if flight is None or flight.task is None:
            return
        flight.unwanted = True
        if flight.sent and not flight.message.version:
            await self._exchange.hand_over(message)
        else:
            # Without a session, closing the connection is how a server is told.
            flight.task.cancel()

    def _started(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _news(self) -> None:
        for message in self._link.remembered.news():
            await self._out.send(message.text)

    async def _leave(self) -> None:
        place = self._link.place
        if place is None:
            return
        if place.session:
            with contextlib.suppress(OSError, LabError):
                async with asyncio.timeout(_FAREWELL), place.leave():
                    pass
        place.wire.close()

    def _tell(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._say(text)


def carry(kernel: str | None, notebook: str | None, *, tell: Callable[[str], object]) -> None:
    """Be the bridge on standard input and output, until the client goes or we are told to end."""
    into, out = take_stdio()

    async def carried() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            if number := getattr(signal, name, None):
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        await Bridge(kernel, notebook, tell=tell).run(into, out, stop)

    asyncio.run(carried())


def _code_of(error: ValueError) -> int:
    # Broken JSON and broken UTF-8 are errors of their own classes.
    return INVALID_REQUEST if type(error) is ValueError else PARSE_ERROR
