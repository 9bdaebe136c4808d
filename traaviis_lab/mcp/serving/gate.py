"""The gate before the server: who may come in, from where, how much and how often."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from traaviis_lab.mcp.grants import Grant

from .body import Receive, Refused, leave_unread, unfit, whole
from .caller import client_of
from .limits import Limits, Uses
from .sockets import ADDRESS

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

GRANT = "traaviis.grant"
"""Where the grant of a request stands in its ASGI scope."""
PATH = "/mcp"
_METHODS = ("GET", "POST", "DELETE")


class Gate:
    """Lets a request through to the server behind it, or answers with a status and one line.

    Args:
        app: the server behind it.
        port: its own, for Host and Origin.
        find: the grant of a token, in constant time; None for no token of ours.
        origins: pages of other origins that may call, beside the server's own.
        open_to: a grant for everyone, where no token is asked for: for tests alone.
    """

    def __init__(
        self,
        app: App,
        port: int,
        find: Callable[[str], Grant | None],
        limits: Limits,
        origins: Collection[str] = (),
        open_to: Grant | None = None,
    ) -> None:
        self._app, self._find, self._limits, self._open_to = app, find, limits, open_to
        self._uses = Uses(limits)
        names = [f"{ADDRESS}:{port}", f"localhost:{port}"]
        self._hosts = {name.encode() for name in names}
        self._pages = {one.encode("idna" if not one.isascii() else "ascii") for one in origins}
        self._origins = {f"http://{name}".encode() for name in names} | self._pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        send = self._for_pages(scope, send)
        refused = self._unwelcome(scope)
        if refused is None and scope["method"] == "OPTIONS":
            await _answer(send, 204, "", self._preflight(scope))
            return
        grant = None if refused else self._known(scope)
        if refused is None and grant is None:
            refused = Refused(401, "A token is needed: Authorization: Bearer ...")
        if refused is None and scope["method"] not in _METHODS:
            refused = Refused(405, "GET, POST and DELETE are known here.")
        if refused is not None or grant is None:
            await _refuse(scope, receive, send, refused or Refused(401, ""))
            return
        scope[GRANT] = grant
        await self._counted(grant, scope, receive, send)

    def _unwelcome(self, scope: Scope) -> Refused | None:
        hosts = _all(scope, b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return Refused(403, "This server is not known by that name.")
        origins = _all(scope, b"origin")
        if len(origins) > 1 or (origins and origins[0] not in self._origins):
            return Refused(403, "Pages of that origin may not call.")
        # As it came, not decoded: %2e and // are other paths, and there are none.
        if scope.get("raw_path", b"") != PATH.encode():
            return Refused(404, "There is nothing here.")
        return None

    def _known(self, scope: Scope) -> Grant | None:
        if self._open_to is not None:
            return self._open_to
        given = _all(scope, b"authorization")
        if len(given) != 1:
            return None
        scheme, _, token = given[0].partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        return self._find(token.strip().decode("latin-1"))

    async def _counted(self, grant: Grant, scope: Scope, receive: Receive, send: Send) -> None:
        use = self._uses.of(grant.id)
        stands = scope["method"] == "GET" or _all(scope, b"mcp-method") == [_LISTENS]
        under_way, most = (
            (use.streams, self._limits.streams) if stands else (use.calls, self._limits.token_calls)
        )
        if len(under_way) >= most:
            await _refuse(scope, receive, send, Refused(429, "Too many calls are under way."))
            return
        started = _Started(send)
        try:
            async with asyncio.timeout(None) as end:
                under_way.add(end)
                await self._in_turn(grant, scope, receive, started, end)
        except TimeoutError:
            await started.cut_off()
        finally:
            under_way.discard(end)

    async def _in_turn(
        self, grant: Grant, scope: Scope, receive: Receive, send: Send, end: asyncio.Timeout
    ) -> None:
        body: bytes | None = b""
        if scope["method"] == "POST":
            found = await whole(receive, self._limits)
            if isinstance(found, Refused):
                await _refuse(scope, receive, send, found)
                return
            body = found
        if body is None:
            return
        name = client_of(scope["headers"], body, scope.get("client"))
        client = self._uses.client(grant.id, name)
        if len(client.calls) >= self._limits.calls:
            await say(send, Refused(429, "Too many calls of this client are under way."))
            return
        wait = self._uses.wait(grant.id, name)
        if wait is None:
            await say(send, Refused(429, "Too many calls; wait a moment."))
            return
        if end not in self._uses.of(grant.id).streams:
            client.calls.add(end)
        try:
            await asyncio.sleep(wait) if wait else None
            await self._pass_on(scope, receive, send, body)
        finally:
            client.calls.discard(end)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        if scope["method"] == "POST":
            refused = unfit(body, self._limits.depth)
            if refused is not None:
                await say(send, refused)
                return
            receive = _again(body, receive)
        await self._app(scope, receive, send)

    def end_streams(self, grant_id: str | None = None) -> None:
        """End the standing streams of a token, or all. On the server's loop."""
        for use in self._uses.each(grant_id):
            _end(use.streams)

    def end_calls(self, grant_id: str | None = None) -> None:
        """Cut off the calls under way of a token, or of all. On the server's loop."""
        for use in self._uses.each(grant_id):
            _end(use.calls)

    def _preflight(self, scope: Scope) -> Headers:
        return [
            (b"access-control-allow-methods", b"GET, POST, DELETE"),
            (b"access-control-allow-headers", b", ".join(_all(scope, _ASKED)) or b"authorization"),
            (b"access-control-max-age", b"600"),
        ]

    def _for_pages(self, scope: Scope, send: Send) -> Send:
        """A page of an allowed origin may read the answers; nobody else is told anything."""
        origin = _all(scope, b"origin")
        if not origin or origin[0] not in self._pages:
            return send
        also: Headers = [
            (b"access-control-allow-origin", origin[0]),
            (b"access-control-expose-headers", b"mcp-session-id"),
            (b"vary", b"origin"),
        ]

        async def told(message: MutableMapping[str, Any]) -> None:
            if message["type"] == _START:
                message = {**message, "headers": [*message.get("headers", ()), *also]}
            await send(message)

        return told


class _Started:
    """A `send` that knows how far the answer is, so that it can be cut off properly."""

    def __init__(self, send: Send) -> None:
        self._send, self._started, self._done = send, False, False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        self._started = True
        self._done = self._done or not message.get("more_body", message["type"] == _START)
        await self._send(message)

    async def cut_off(self) -> None:
        """End the answer where it is."""
        if not self._started:
            await _answer(self._send, 503, "The server stops.", [(b"connection", b"close")])
        elif not self._done:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _end(under_way: set[asyncio.Timeout]) -> None:
    for one in list(under_way):
        one.reschedule(asyncio.get_running_loop().time())


_START = "http.response.start"
_LISTENS = b"subscriptions/listen"
_ASKED = b"access-control-request-headers"


def _all(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that answers the body that was read, and then whatever comes."""
    left: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Any:
        return left.pop() if left else await receive()

    return received


async def _refuse(scope: Scope, receive: Receive, send: Send, refused: Refused) -> None:
    # Who waits for leave to send the body has not sent it, and is told at once.
    if scope["method"] != "GET" and not _all(scope, b"expect") and refused.status != 408:
        await leave_unread(receive)
    await say(send, refused)


async def say(send: Send, refused: Refused) -> None:
    """Answer with a status and one line, and close."""
    headers: Headers = [(b"connection", b"close")]
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    elif refused.status == 429:
        headers.append((b"retry-after", b"1"))
    elif refused.status == 405:
        headers.append((b"allow", ", ".join(_METHODS).encode()))
    await _answer(send, refused.status, refused.text, headers)


async def _answer(send: Send, status: int, text: str, headers: Headers) -> None:
    body = b""
    if text:
        error = {"code": -32600, "message": text}
        body = json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode()
        headers = [(b"content-type", b"application/json"), *headers]
    size = (b"content-length", str(len(body)).encode())
    start = {"type": _START, "status": status, "headers": [size, *headers]}
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})
