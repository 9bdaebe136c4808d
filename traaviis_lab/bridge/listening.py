"""What a server says unasked in a session, carried to the client for as long as there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from traaviis_lab.errors import LabError

from .answers import EVENTS, Mark, messages_in
from .link import Link, Place

_PAUSE = 1.0
_TRIES = 3


class Listener:
    """Keeps the session's stream open, and finds the way back for a client that only waits."""

    def __init__(self, link: Link, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._link, self._send = link, send

    async def run(self) -> None:
        """Listen until this is cancelled."""
        while True:
            try:
                place = await self._link.ready()
            except LabError:
                await asyncio.sleep(_PAUSE)
                continue
            await self._listen(place)

    async def _listen(self, place: Place) -> None:
        """Listen to one server until it is gone."""
        mark, failures = Mark(), 0
        while not place.gone.is_set():
            try:
                heard = await self._heard(place, mark)
            except ConnectionRefusedError:
                self._link.lost(place)
                return
            except (ConnectionError, LabError):
                heard = True
            failures = 0 if heard else failures + 1
            if failures == _TRIES:
                # It has no such stream. Calls do without.
                await place.gone.wait()
                return
            await asyncio.sleep(max(mark.wait, 0.1))

    async def _heard(self, place: Place, mark: Mark) -> bool:
        async with place.listen(mark.last) as answer:
            if answer.status != 200 or answer.kind != EVENTS:
                return False
            async for message in messages_in(answer, mark):
                if message.kind != "response":
                    await self._send(message.text)
        return True
