"""The door to MCP servers: one open connection, with everything that comes in bounded."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError, NotInstalled, ToolFailed

from .child import Child
from .foreign import one_line
from .gate import Gate
from .guarded import Guarded
from .http_door import bounded_client
from .settings import Stdio

if TYPE_CHECKING:
    from mcp.client.session import ClientSession

THREAD = "traaviis-tools"
MOST_PAGES, MOST_TOOLS = 50, 500
LARGEST_LIST = 4 * 2**20
"""Bytes of one message that a server may send at least; a list of tools is one."""
_LOGGERS = ("client", "mcp", "mcp.client.streamable_http", "mcp.shared.jsonrpc_dispatcher",
            "mcp.client.client", "httpx2", "httpcore2")  # fmt: skip
Heard = Callable[[float, float | None, str | None], None]
_LOOK = "Does the command start an MCP server, and the URL lead to one?"


class Connection:
    """A server that is spoken to. Made by `connect`; used on one loop."""

    def __init__(self, wire: Any, most: int, timeout: float) -> None:
        self._wire, self._timeout = wire, timeout
        self._most = max(LARGEST_LIST, 4 * most + 65_536)
        self._leaving = asyncio.Event()
        self._ready: asyncio.Future[ClientSession] = asyncio.get_running_loop().create_future()
        self._child: Child | None = None
        self.forgotten = False
        self.gate = Gate(self._leaving.set)
        self._task = asyncio.create_task(self._live())

    @property
    def is_open(self) -> bool:
        """Whether it can be spoken to."""
        return not self._task.done() and not self._leaving.is_set()

    async def tools(self) -> list[dict[str, Any]]:
        """What the server says of its tools, bounded. Raises `ToolFailed`."""
        import mcp_types as types

        session, found, cursor = await self._session(), [], None
        for _ in range(MOST_PAGES):
            params = types.PaginatedRequestParams(cursor=cursor)
            page = await self._ask(session.list_tools(params=params), self._timeout, "its tools")
            found += [one.model_dump(by_alias=True, mode="json") for one in page.tools]
            if len(found) > MOST_TOOLS:
                raise ToolFailed(f"It lists more than {MOST_TOOLS} tools.")
            cursor = page.next_cursor
            if not cursor:
                return found
        raise ToolFailed(f"Its list of tools has more than {MOST_PAGES} pages.")

    async def call(
        self, tool: str, arguments: Mapping[str, Any], seconds: float, heard: Heard
    ) -> dict[str, Any]:
        """What a tool answers, as MCP has it. Cancelled here, it is cancelled there.

        Raises `ToolFailed`, and `TimeoutError` where it takes too long.
        """
        import mcp_types as types

        session = await self._session()
        params = types.CallToolRequestParams(name=tool, arguments=dict(arguments))

        async def tell(progress: float, total: float | None, message: str | None) -> None:
            heard(progress, total, message)

        # Not `session.call_tool`: that checks answers by the server's own schemas, whose patterns
        # nothing bounds.
        request = types.CallToolRequest(params=params)
        kind: Any = _Either
        asked = session.send_request(request, kind, progress_callback=tell)
        result = await self._ask(asked, seconds, f"the tool {tool}")
        if isinstance(result, types.InputRequiredResult):
            raise ToolFailed(
                "It asks for more input while it is called, which this lab gives no server.",
                hint="Give it all it needs as arguments.",
            )
        plain: dict[str, Any] = result.model_dump(by_alias=True, mode="json")
        return plain

    async def close(self) -> None:
        """Leave, and end the server where it is a program. Bounded in time."""
        self._leaving.set()
        if not self._ready.done():
            self._task.cancel()  # it is greeting still, and hears of nothing else
        done, _ = await asyncio.wait({self._task}, timeout=6.0)
        if not done:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=1.0)

    async def _session(self) -> ClientSession:
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.shield(self._ready)
        except TimeoutError:
            self.gate.lose("It did not answer when it was greeted.")
            words = await self._last_words()
            raise ToolFailed(
                f"It did not answer within {self._timeout:g} seconds when it was greeted.{words}",
                hint=_LOOK,
            ) from None

    async def _ask(self, asked: Any, seconds: float, what: str) -> Any:
        from mcp.shared.exceptions import MCPError

        try:
            async with asyncio.timeout(seconds):
                return await asked
        except MCPError as error:
            raise await self._failure(error.code, error.message) from None
        except TimeoutError:
            raise
        except ValueError as error:  # what pydantic raises is one
            raise ToolFailed(
                f"What it answers about {what} is no MCP: {one_line(error, 300)}"
            ) from None
        except (OSError, RuntimeError) as error:
            raise ToolFailed(f"{type(error).__name__}: {one_line(error, 300)}") from None

    async def _failure(self, code: int, message: str) -> ToolFailed:
        from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR, INVALID_REQUEST

        if code == INVALID_REQUEST and message == "Session terminated":
            self.forgotten = True  # it has not looked at the call
            self.gate.lose("It has forgotten this session.")
            return ToolFailed(self.gate.lost)
        if code == INTERNAL_ERROR and self.gate.status >= 400:
            self.gate.lose(f"It answered with the HTTP status {self.gate.status}.")
        if code == CONNECTION_CLOSED or self.gate.lost:
            if not self.gate.lost:
                await asyncio.wait({self._task}, timeout=1.0)  # which knows why
            self.gate.lose("The connection ended.")
            return ToolFailed(
                f"{self.gate.lost}{await self._last_words()}",
                hint="The next call opens a new connection.",
            )
        return ToolFailed(f"It refuses: {one_line(message, 500)}")

    async def _last_words(self) -> str:
        return "" if self._child is None else await self._child.last_words()

    async def _live(self) -> None:
        """Hold the connection: it has to be opened and closed in one task."""
        try:
            await self._hold()
        except asyncio.CancelledError:
            self.gate.lose("The connection was closed.")
            raise
        except LabError as error:
            self.gate.lose(str(error))
        except BaseException as error:
            failed = self.gate.status >= 400
            said = f"It answered with the HTTP status {self.gate.status}."
            self.gate.lose(said if failed else _reason(error))
        finally:
            self.gate.lose("The connection ended.")
            if not self._ready.done():
                words = await self._last_words()
                self._ready.set_exception(ToolFailed(self.gate.lost + words, hint=_LOOK))
                self._ready.exception()  # it may be that nobody asks
            if self._child is not None:
                await self._child.close()

    async def _hold(self) -> None:
        from mcp import Client
        from mcp_types import Implementation

        async with contextlib.AsyncExitStack() as stack:
            guarded = Guarded(await self._transport(stack), self.gate)
            us = Implementation(name="traaviis-lab", version=_version())
            opened = await stack.enter_async_context(Client(guarded, client_info=us, cache=None))
            if not self._ready.done():
                self._ready.set_result(opened.session)
            await self._leaving.wait()

    async def _transport(self, stack: contextlib.AsyncExitStack) -> Any:
        if isinstance(self._wire, Stdio):
            wire = self._wire
            self._child = await Child.start(wire.command, wire.env, wire.cwd, self._most)
            return _Pipes(self._child, self.gate)
        from mcp.client.streamable_http import streamable_http_client

        client = await stack.enter_async_context(
            bounded_client(self._wire, self.gate, self._most, self._timeout)
        )
        return streamable_http_client(
            self._wire.url, http_client=client, max_sse_event_size=self._most
        )


class _Either:
    """Either kind of answer that a call may have, as the SDK wants to be told of one kind."""

    @staticmethod
    def model_validate(raw: Mapping[str, Any], *, by_name: bool) -> Any:
        """The answer as the SDK's object."""
        import mcp_types as types

        asks = raw.get("resultType") == "input_required"
        kind: Any = types.InputRequiredResult if asks else types.CallToolResult
        return kind.model_validate(raw, by_name=by_name)


def open_door() -> None:
    """Import the SDK. Raises `NotInstalled` without the extra `[mcp]`."""
    try:
        import mcp.client.client
        import mcp.client.streamable_http  # noqa: F401
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "pydantic", "httpx2"):
            raise
        raise NotInstalled(
            "External tools need the extra [mcp].", hint="pip install 'traaviis-lab[mcp]'"
        ) from None
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if _is_ours not in logger.filters:
            logger.addFilter(_is_ours)


def _is_ours(record: logging.LogRecord) -> bool:
    """Keep the SDK's logs of foreign texts out; what matters of them is in the errors."""
    return record.threadName != THREAD


class _Pipes:
    """A child's pipes as the streams of a transport."""

    def __init__(self, child: Child, gate: Gate) -> None:
        self._child, self._gate = child, gate
        self._tasks: list[asyncio.Task[None]] = []
        self._streams: tuple[Any, ...] = ()

    async def __aenter__(self) -> tuple[Any, Any]:
        import anyio

        came, incoming = anyio.create_memory_object_stream[Any](0)
        outgoing, goes = anyio.create_memory_object_stream[Any](0)
        self._streams = (came, incoming, outgoing, goes)
        work = (self._read(came), self._write(goes))
        self._tasks = [asyncio.create_task(one) for one in work]
        return incoming, outgoing

    async def __aexit__(self, *exc: Any) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for stream in self._streams:
            stream.close()

    async def _read(self, came: Any) -> None:
        import anyio
        from mcp.shared.message import SessionMessage

        gone = (anyio.ClosedResourceError, anyio.BrokenResourceError)
        with came, contextlib.suppress(*gone):
            try:
                async for line in self._child.lines():
                    if not self._gate.count(len(line)):
                        return
                    if (message := self._message(line)) is not None:
                        await came.send(SessionMessage(message))
                self._gate.lose("The server ended.")
            except ToolFailed as error:
                self._gate.lose(str(error))

    def _message(self, line: bytes) -> Any:
        from mcp_types import jsonrpc_message_adapter

        try:
            return jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError:
            if line.strip():
                self._gate.wrong()
            return None

    async def _write(self, goes: Any) -> None:
        try:
            async for item in goes:
                text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                await self._child.write(text.encode())
        except (OSError, RuntimeError):
            self._gate.lose("The server takes nothing any more.")


def _reason(error: BaseException) -> str:
    """What went wrong, in one line; of a group its first error."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    kind = type(error).__name__
    if kind in ("ConnectError", "ConnectTimeout"):
        return f"It cannot be reached: {one_line(error, 300)}"
    return f"{kind}: {one_line(error, 300)}".rstrip(": ")


def _version() -> str:
    from traaviis_lab._version import __version__

    return __version__
