"""The door to httpx2, which the SDK speaks HTTP with: answers are counted while they come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from .gate import Gate
from .settings import Http

if TYPE_CHECKING:
    import httpx2


def bounded_client(wire: Http, gate: Gate, most: int, timeout: float) -> httpx2.AsyncClient:
    """A client whose answers are counted while they come. `most`: bytes of one message."""
    import httpx2

    class Counted(httpx2.AsyncByteStream):
        """A body that breaks off where it is too long."""

        def __init__(self, inner: Any, streamed: bool) -> None:
            self._inner, self._streamed = inner, streamed

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for piece in self._inner:
                size += len(piece)
                if not gate.count(len(piece)):
                    raise httpx2.ReadError(gate.lost)
                if size > most and not self._streamed:
                    gate.lose(f"It sent a message of more than {most:,} bytes.")
                    raise httpx2.ReadError(gate.lost)
                yield piece

        async def aclose(self) -> None:
            await self._inner.aclose()

    class Bounded(httpx2.AsyncHTTPTransport):
        """Counts what comes back, and takes nothing that is packed."""

        async def handle_async_request(self, request: Any) -> Any:
            response = await super().handle_async_request(request)
            if request.method == "POST":
                gate.status = response.status_code
            if response.headers.get("content-encoding", "identity") != "identity":
                await response.aclose()
                gate.lose("It packs its answers, which it was asked not to do.")
                raise httpx2.ReadError(gate.lost)
            streamed = response.headers.get("content-type", "").startswith("text/event-stream")
            response.stream = Counted(response.stream, streamed)
            return response

    headers = {**wire.headers, "accept-encoding": "identity", "user-agent": "traaviis-lab"}
    waits = httpx2.Timeout(timeout, read=None)
    return httpx2.AsyncClient(
        transport=Bounded(), headers=headers, timeout=waits, trust_env=False,
        follow_redirects=False,
    )  # fmt: skip
