"""A provider as it stands on the shelf: with its name and place, and who asks it just now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from .port import Answer, Chunk, Count, Provider, Request

_LOGGER = logging.getLogger("traaviis_lab")
HERE = ("local", "scripted", "recorded")
"""Sources of answers that nothing leaves this process for."""
SOURCES = ("live", *HERE)
PATIENCE = 5.0
"""Seconds that a provider has to let go of what it holds."""


@asynccontextmanager
async def held(
    pieces: AsyncIterator[Chunk | Answer],
) -> AsyncIterator[AsyncIterator[Chunk | Answer]]:
    """A stream that is closed afterwards, where it is one that can be."""
    try:
        yield pieces
    finally:
        if (close := getattr(pieces, "aclose", None)) is not None:
            await close()


class Shelved:
    """A `Provider` that passes everything on and counts who waits for it.

    Args:
        name: what it is called here.
        provider: who answers.
        region: where it computes, as policies call it; "" where that is not known.
        on_prem: whether what it is sent stays in the house.
    """

    __slots__ = ("asked", "name", "on_prem", "provider", "region", "under_way")

    def __init__(self, name: str, provider: Provider, region: str, on_prem: bool) -> None:
        self.name, self.provider, self.region, self.on_prem = name, provider, region, on_prem
        self.asked = self.under_way = 0

    @property
    def source(self) -> str:
        """As the provider's own."""
        return self.provider.source

    @property
    def streams(self) -> bool:
        """As the provider's own."""
        return self.provider.streams

    @property
    def is_far(self) -> bool:
        """Whether what it is sent leaves this process."""
        return self.provider.source not in HERE

    async def ready(self, request: Request) -> None:
        """Let the provider open the model, if it has to."""
        if (ready := getattr(self.provider, "ready", None)) is not None:
            await ready(request.model)

    def is_recorded(self, request: Request) -> bool:
        """Whether an answer is there already."""
        return self.provider.source == "recorded"

    def count(self, request: Request) -> Count:
        """As the provider counts."""
        return self.provider.count(request)

    async def complete(self, request: Request) -> Answer:
        """As the provider answers."""
        self.asked += 1
        self.under_way += 1
        try:
            return await self.provider.complete(request)
        finally:
            self.under_way -= 1

    async def stream(self, request: Request) -> AsyncIterator[Chunk | Answer]:
        """As the provider streams; closing this closes that."""
        self.asked += 1
        self.under_way += 1
        try:
            async with held(self.provider.stream(request)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self.under_way -= 1

    async def close(self) -> None:
        """Let the provider let go. What goes wrong with that is logged and troubles nobody."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.provider.close()
        except TimeoutError:
            _LOGGER.warning("models: %s did not close within %g s", self.name, PATIENCE)
        except Exception as error:
            with suppress(Exception):
                _LOGGER.warning("models: %s did not close: %s", self.name, error)
