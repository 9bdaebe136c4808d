"""Read a request's body whole, within its limits, before anybody looks at what it says."""

from __future__ import annotations

import asyncio
import re
from array import array
from collections.abc import Awaitable, Callable, Mapping
from itertools import accumulate
from typing import Any, NamedTuple

from .limits import Limits

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

# One that does not end goes to the end of the body, or the search would begin anew at each quote.
_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_STEPS = bytes.maketrans(b"[]{}", b"\x01\xff\x01\xff")  # as signed bytes: 1 and -1
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_LEFT_UNREAD = 32_000_000
_LEFT_TIME = 2.0


class Refused(NamedTuple):
    """Why a request is not taken: the HTTP status and one line of text."""

    status: int
    text: str


async def whole(receive: Receive, limits: Limits) -> bytes | Refused | None:
    """The body; why it is refused; or None where the client has gone."""
    found = bytearray()
    try:
        async with asyncio.timeout(limits.body_time):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                found += message.get("body", b"")
                if len(found) > limits.body:
                    return Refused(413, "The request is too large.")
                if not message.get("more_body", False):
                    return bytes(found)
    except TimeoutError:
        return Refused(408, "The request did not come in time.")


async def leave_unread(receive: Receive) -> None:
    """Take a body off the wire and drop it, for a while.

    Who still sends when the connection is closed would not see the answer.
    """
    dropped = 0
    try:
        async with asyncio.timeout(_LEFT_TIME):
            while dropped < _LEFT_UNREAD:
                message = await receive()
                dropped += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def unfit(body: bytes, depth: int) -> Refused | None:
    """Why a body cannot be JSON worth parsing: other than UTF-8, or nested too deep."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return Refused(400, "The request is no JSON in UTF-8.")
    # A parser that guesses would read these as UTF-16 or UTF-32, in which nothing was counted.
    if b"\0" in body:
        return Refused(400, "The request is no JSON in UTF-8.")
    return Refused(400, "The request is nested too deep.") if _deep(body, depth) else None


def _deep(body: bytes, depth: int) -> bool:
    if body.count(b"[") + body.count(b"{") <= depth:
        return False
    steps = array("b", _TEXTS.sub(b"", body).translate(_STEPS, _NO_BRACKETS))
    return max(accumulate(steps), default=0) > depth
