"""Tools over MCP: what is listed, and how a call comes to the desk and its answer back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mcp_types as types
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from .adapter_asking import Context, MustAsk, Open, ask_later, ask_now, can_ask
from .call import Client, Question
from .catalogue import Tool, catalogue
from .desk import Desk
from .library import Library


class Tools:
    """The handlers of `tools/list` and `tools/call`."""

    def __init__(
        self, desk: Desk, library: Library, who: Callable[[Context], Client], waits: float
    ) -> None:
        self._desk, self._library, self._who = desk, library, who
        self._open = Open(waits)
        self._shown: dict[str, types.Tool] = {}

    async def list(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        """What this client may call now."""
        found = self._desk.listed(self._who(context))
        return types.ListToolsResult(tools=[self._as_shown(tool) for tool in found])

    async def call(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Perform one call; what went wrong in it is told as its result."""
        client = self._who(context)
        client.calls += 1
        before = self._open.take(client.grant.id, params)

        async def progress(done: float, total: float | None, message: str) -> None:
            await context.session.report_progress(done, total, message or None)

        async def elicit(question: Question) -> str | None:
            if before is not None and before[0] == question:
                return before[1]
            if not can_ask(context):
                return None
            if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
                raise MustAsk(question)
            return await ask_now(context, question, self._open.waits)

        try:
            reply = await self._desk.perform(
                client, params.name, params.arguments or {}, progress, elicit
            )
        except MustAsk as asked:
            name = self._open.put(client.grant.id, params, asked.question)
            return ask_later(asked.question, name)
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=reply.text)],
            structured_content=reply.data,
            is_error=reply.is_error,
        )

    def schema(self, name: str) -> dict[str, Any] | None:
        """The schema of a tool's arguments, asked for before every call of the newer protocol."""
        tool = catalogue().get(name)
        return self._as_shown(tool).input_schema if tool is not None else None

    def _as_shown(self, tool: Tool) -> types.Tool:
        shown = self._shown.get(tool.name)
        if shown is None:
            shown = self._shown[tool.name] = types.Tool(
                name=tool.name,
                title=tool.title,
                description=tool.description,
                input_schema=tool.schema(),
                annotations=types.ToolAnnotations.model_validate(tool.annotations()),
                _meta=self._library.tool_meta(tool),
            )
        return shown
