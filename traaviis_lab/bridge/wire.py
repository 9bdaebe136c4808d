"""HTTP to one address of this machine: exchanges over connections that are kept between them.

What went wrong is told apart, since a call must not be made twice: ConnectionRefusedError means
that nothing was sent, any other ConnectionError that the request may have been received, and
LabError that the answer is none.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from traaviis_lab.errors import LabError

MOST = 64 * 1024 * 1024  # bytes of one answer or one event
_HEAD, _PIECE = 65_536, 65_536
_PATIENCE = 5.0  # seconds until a connection is made
_FRESH = 2.0  # seconds a connection is kept; servers close theirs after five and more
_KEPT = 16
_Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Answer:
    """What a server answered: its status, its headers (lower case), and its body as it comes."""

    def __init__(self, status: int, headers: dict[str, str], reader: asyncio.StreamReader) -> None:
        self.status, self.headers, self._reader = status, headers, reader
        self.chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self.length = -1 if self.chunked else _length(status, headers)
        self.whole = self.length == 0
        self.kept = headers.get("connection", "").lower() != "close"

    @property
    def kind(self) -> str:
        """Its content type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body, piece by piece, to its end."""
        if self.chunked:
            async for piece in self._chunks():
                yield piece
        elif self.length < 0:
            self.kept = False
            while piece := await self._reader.read(_PIECE):
                yield piece
        else:
            async for piece in self._exactly(self.length):
                yield piece
        self.whole = True

    async def body(self) -> bytes:
        """The whole body; raises LabError where it is larger than anything that we take."""
        found = bytearray()
        async for piece in self.pieces():
            found += piece
            if len(found) > MOST:
                raise LabError(f"The server's answer is larger than {MOST >> 20} MB.")
        return bytes(found)

    async def _exactly(self, size: int) -> AsyncIterator[bytes]:
        while size:
            piece = await self._reader.read(min(size, _PIECE))
            if not piece:
                raise ConnectionResetError("the answer broke off")
            size -= len(piece)
            yield piece

    async def _chunks(self) -> AsyncIterator[bytes]:
        while True:
            line = (await self._reader.readuntil(b"\n")).partition(b";")[0].strip()
            if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", line):
                raise LabError("The server's answer is not in chunks as it says.")
            size = int(line, 16)
            if not size:
                break
            async for piece in self._exactly(size):
                yield piece
            if await self._reader.readexactly(2) != b"\r\n":
                raise LabError("The server's answer is not in chunks as it says.")
        while (await self._reader.readuntil(b"\n")).strip():
            pass


class Wire:
    """Connections to one server."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: list[tuple[float, _Pair]] = []

    @asynccontextmanager
    async def exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        sent: Callable[[], object] | None = None,
    ) -> AsyncIterator[Answer]:
        """Send a request and give its answer; leaving early closes the connection."""
        reader, writer = await self._connected()
        answer: Answer | None = None
        try:
            writer.write(self._request(method, target, headers, body))
            if sent is not None:
                sent()
            answer = await _answer(reader)
            yield answer
        except (EOFError, asyncio.LimitOverrunError) as error:
            raise _told(error) from error
        except OSError as error:
            raise (
                error if isinstance(error, ConnectionError) else ConnectionResetError(str(error))
            ) from error
        finally:
            if answer and answer.whole and answer.kept and len(self._idle) < _KEPT:
                self._idle.append((_now(), (reader, writer)))
            else:
                writer.transport.abort()

    def close(self) -> None:
        """Close what is kept."""
        while self._idle:
            self._idle.pop()[1][1].transport.abort()

    async def _connected(self) -> _Pair:
        if self._idle:
            # A server that has closed them meanwhile is heard before they are used.
            await asyncio.sleep(0)
        while self._idle:
            since, (reader, writer) = self._idle.pop()
            if _now() - since < _FRESH and not reader.at_eof() and reader.exception() is None:
                return reader, writer
            writer.transport.abort()
        try:
            async with asyncio.timeout(_PATIENCE):
                return await asyncio.open_connection(self._host, self._port, limit=_HEAD)
        except OSError as error:  # a timeout is one, too
            raise ConnectionRefusedError(f"nobody answers at {self._host}:{self._port}") from error

    def _request(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _now() -> float:
    return asyncio.get_running_loop().time()


def _told(error: Exception) -> Exception:
    if isinstance(error, EOFError):
        return ConnectionResetError("the connection was closed before the answer was whole")
    return LabError("The server's answer is no HTTP.")


async def _answer(reader: asyncio.StreamReader) -> Answer:
    for _ in range(8):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")[:-2]
        found = re.fullmatch(r"HTTP/1\.[01] (\d{3})(?: .*)?", first)
        pairs = [line.partition(":") for line in lines]
        if not found or not all(colon and name.strip() for name, colon, _ in pairs):
            break
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise LabError("The server's answer is packed, which nobody asked for.")
        if int(found[1]) >= 200:
            return Answer(int(found[1]), headers, reader)
    raise LabError("The server's answer is no HTTP.")


def _length(status: int, headers: dict[str, str]) -> int:
    """The bytes of a body; -1: until the connection ends."""
    if status in {204, 304}:
        return 0
    said = headers.get("content-length")
    if said is None:
        return -1
    if not re.fullmatch(r"\d{1,15}", said):
        raise LabError("The server's answer has no length that can be read.")
    return int(said)
