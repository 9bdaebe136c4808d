"""Resources, prompts and completions over MCP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import mcp_types as types
from mcp.shared.exceptions import MCPError

from traaviis_lab.errors import LabError

from .adapter_asking import Context
from .call import Client
from .library import Library
from .reply import bad

Page = types.PaginatedRequestParams | None


class Shelves:
    """The handlers of what is read rather than called."""

    def __init__(self, library: Library, who: Callable[[Context], Client]) -> None:
        self._library, self._who = library, who

    async def resources(self, context: Context, params: Page) -> types.ListResourcesResult:
        """What this client may read now."""
        found = await self._library.resources(self._who(context))
        return types.ListResourcesResult(
            resources=[
                types.Resource(
                    uri=one.uri,
                    name=one.name,
                    title=one.title or None,
                    description=one.description or None,
                    mime_type=one.mime,
                    _meta=dict(one.meta) if one.meta else None,
                )
                for one in found
            ]
        )

    async def templates(self, context: Context, params: Page) -> types.ListResourceTemplatesResult:
        """The kinds of addresses there are."""
        found = self._library.templates(self._who(context))
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(
                    uri_template=one.template,
                    name=one.name,
                    title=one.title or None,
                    description=one.description or None,
                    mime_type=one.mime,
                )
                for one in found
            ]
        )

    async def read(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        """What stands at an address."""
        try:
            found = await self._library.read(self._who(context), str(params.uri))
        except LabError as error:
            raise self.mistake(error, uri=str(params.uri)) from None
        content = types.TextResourceContents(
            uri=found.uri,
            mime_type=found.mime,
            text=found.text,
            _meta=dict(found.meta) if found.meta else None,
        )
        return types.ReadResourceResult(contents=[content])

    async def prompts(self, context: Context, params: Page) -> types.ListPromptsResult:
        """The prompts a person may choose from."""
        found = self._library.prompts(self._who(context))
        return types.ListPromptsResult(prompts=[_prompt(one) for one in found])

    async def prompt(
        self, context: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        """The messages of one prompt."""
        try:
            said = await self._library.prompt(
                self._who(context), params.name, params.arguments or {}
            )
        except LabError as error:
            raise self.mistake(error) from None
        return types.GetPromptResult(messages=[_message(role, text) for role, text in said])

    async def complete(
        self, context: Context, params: types.CompleteRequestParams
    ) -> types.CompleteResult:
        """What may stand for an argument that begins so."""
        asked, about = params.argument, params.ref
        ref: tuple[Literal["prompt", "resource"], str] = (
            ("prompt", about.name)
            if isinstance(about, types.PromptReference)
            else ("resource", about.uri)
        )
        context_of = (params.context.arguments if params.context else None) or {}
        try:
            found = await self._library.complete(
                self._who(context), ref, asked.name, asked.value, context_of
            )
        except LabError as error:
            raise self.mistake(error) from None
        return types.CompleteResult(completion=types.Completion(values=found[:100]))

    def mistake(self, error: LabError, **about: str) -> MCPError:
        """An error of the client's making, as it is sent: without secrets."""
        said = bad(error, self._library.desk.lab).text
        return MCPError(code=types.INVALID_PARAMS, message=said, data=about or None)


def _prompt(one: Any) -> types.Prompt:
    arguments = [
        types.PromptArgument(name=a.name, description=a.description or None, required=a.required)
        for a in one.arguments
    ]
    return types.Prompt(
        name=one.name, title=one.title or None, description=one.description, arguments=arguments
    )


def _message(role: str, text: str) -> types.PromptMessage:
    said: Literal["user", "assistant"] = "assistant" if role == "assistant" else "user"
    return types.PromptMessage(role=said, content=types.TextContent(type="text", text=text))
