"""One message to the server and what comes back for it, tried again only where that is harmless."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from traaviis_lab.errors import LabError

from .answers import Mark, messages_in
from .link import Link, Place, Told
from .messages import GONE, INTERNAL, Message, failed, with_id
from .wire import Answer

Send = Callable[[bytes], Awaitable[None]]
_TRIES, _RESUMED = 4, 2
_TAIL = 0.2  # seconds for a stream to end after its answer, so that the connection can be kept
_HANDED = 10.0  # seconds until what needs no answer must have been taken
# What may be asked twice: nothing happens by it, or nothing more the second time.
_HARMLESS = frozenset(
    {
        "completion/complete",
        "initialize",
        "logging/setLevel",
        "ping",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/subscribe",
        "resources/templates/list",
        "resources/unsubscribe",
        "server/discover",
        "tools/list",
    }
)


@dataclass
class Flight:
    """A request under way: whether it was sent, and whether the client wants it no more."""

    message: Message
    task: asyncio.Task[None] | None = None
    sent: bool = False
    unwanted: bool = False
    refused: bool = False

    def note_sent(self) -> None:
        """From now on the server may have it."""
        self.sent = True


class Exchange:
    """Gives messages to the server of a link, and what it says to the client."""

    def __init__(self, link: Link, send: Send, tell: Told) -> None:
        self._link, self._send, self._tell = link, send, tell

    async def request(self, flight: Flight) -> None:
        """Ask, and see to it that there is an answer, if only that there can be none."""
        asked = flight.message
        try:
            for _ in range(_TRIES):
                if await self._tried(flight):
                    return
            said = failed(asked.id, GONE, "The server went away again and again.", "Try again.")
        except LabError as error:
            code = GONE if self._link.place is None else INTERNAL
            said = failed(asked.id, code, error.message, error.hint)
        except ConnectionError:
            said = failed(
                asked.id,
                GONE,
                f"The connection to the kernel broke during {asked.method}: it may have been "
                "performed, or not, and is not sent again.",
                "Look at the state of things before you repeat it.",
            )
        await self._send(said)

    async def hand_over(self, message: Message) -> None:
        """Pass on what needs no answer; it is dropped where nobody is there to hear it."""
        self._link.remembered.note(message)
        place = self._link.place
        # In the era without sessions, servers are told nothing but requests.
        if place is None or not (place.session or place.version):
            return
        try:
            async with asyncio.timeout(_HANDED), place.post(message) as answer:
                async for _ in answer.pieces():
                    pass
        except ConnectionRefusedError:
            self._link.lost(place)
        except (LabError, OSError) as error:
            self._tell(f"{message.method or 'An answer'} was not passed on: {error}")

    async def _tried(self, flight: Flight) -> bool:
        """Ask once. False: nothing was done by that, and it can be asked again."""
        asked, link = flight.message, self._link
        place = await (link.fresh() if asked.method == "initialize" else link.ready())
        try:
            mark = Mark()
            async with place.post(asked, flight.note_sent) as answer:
                if self._unknown(place, flight, answer):
                    return False
                if answer.status == 202:
                    raise LabError("The server took the request and will not answer it.")
                if 300 <= answer.status < 400:
                    raise LabError("The server wants us to go elsewhere, which we never do.")
                if await self._carried(place, flight, answer, mark):
                    return True
            return flight.unwanted or await self._resumed(place, flight, mark)
        except ConnectionRefusedError:
            link.lost(place)
            return False
        except ConnectionError:
            if flight.unwanted:
                return True
            if asked.method not in _HARMLESS:
                raise
            return False

    def _unknown(self, place: Place, flight: Flight, answer: Answer) -> bool:
        """Whether the server knows our token or our session no more, and did nothing."""
        modern_or_first = flight.message.version or flight.message.method == "initialize"
        if answer.status == 404 and place.session and not modern_or_first:
            self._link.lost(place)
            return True
        if answer.status != 401:
            return False
        self._link.lost(place)
        if flight.refused:
            raise LabError(
                f"The server does not take the token in {place.connection.file}.",
                hint="Run lab.serve_mcp() in the notebook again, then try again.",
            )
        flight.refused = True
        return True

    async def _carried(self, place: Place, flight: Flight, answer: Answer, mark: Mark) -> bool:
        """Pass on what the answer holds; whether the answer to the request was among it."""
        asked = flight.message
        stream = messages_in(answer, mark)
        async with contextlib.aclosing(stream):
            async for found in stream:
                if found.kind != "response":
                    await self._send(found.text)
                elif found.id is None or found.key == asked.key:
                    self._heed(place, asked, answer, found)
                    await self._send(
                        found.text if found.id is not None else with_id(found, asked.id)
                    )
                    break
                else:
                    self._tell("The server answered a request that it was not asked; dropped.")
            else:
                return False
            with contextlib.suppress(TimeoutError, LabError, ConnectionError):
                async with asyncio.timeout(_TAIL):
                    async for _ in stream:
                        pass
        return True

    def _heed(self, place: Place, asked: Message, answer: Answer, found: Message) -> None:
        """Remember what a later session has to be told again."""
        result = found.body.get("result")
        if not isinstance(result, Mapping):
            return
        if asked.method == "initialize":
            self._link.opened(place, answer, result)
            self._link.remembered.greeted(asked, result)
        else:
            self._link.remembered.note(asked)

    async def _resumed(self, place: Place, flight: Flight, mark: Mark) -> bool:
        """Go on with a stream that ended before the answer, where its server can do that."""
        failures = 0 if mark.last else _RESUMED
        while failures < _RESUMED:
            before = mark.last
            await asyncio.sleep(mark.wait)
            with contextlib.suppress(ConnectionError):
                async with place.listen(mark.last) as answer:
                    if answer.status == 200 and await self._carried(place, flight, answer, mark):
                        return True
            failures = 0 if mark.last != before else failures + 1
        raise ConnectionResetError("the stream ended without an answer")
