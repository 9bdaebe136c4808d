"""The SDK's own client, with a token, in either protocol."""

import asyncio
from contextlib import asynccontextmanager

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.mcp.talking import NEW, OLD

MODES = {OLD: "legacy", NEW: NEW}


@asynccontextmanager
async def client_of(server, era, token=None, **says):
    """The client, connected. `says` are its own settings."""
    said = {"Authorization": f"Bearer {token or server.token}"}
    async with httpx2.AsyncClient(headers=said, timeout=60) as http:
        way = streamable_http_client(server.url, http_client=http)
        async with Client(way, mode=MODES[era], **says) as client:
            yield client


def talked(server, era, talk, **says):
    """What `talk(client)` answers, run to its end."""

    async def run():
        async with client_of(server, era, **says) as client:
            return await asyncio.wait_for(talk(client), 60)

    return asyncio.run(run())
