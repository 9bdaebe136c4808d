"""What the tests of both far doors share: a stub server, and each door to it."""

import asyncio
import contextlib

from traaviis_lab.models import Request
from traaviis_lab.models.litellm_door import LiteLlm
from traaviis_lab.models.openai_door import OpenAi

KEY = "sk-very-secret-key-1234567890"
HI = ({"role": "user", "content": "Where is my order 4711?"},)


def door_to(kind, url, key=KEY):
    """A provider of this kind, and how it calls the stub's model."""
    if kind == "openai":
        return OpenAi(url, key=lambda: key), "small"
    return LiteLlm(key=lambda provider: key, options={"api_base": url}), "openai/small"


@contextlib.asynccontextmanager
async def asked(kind, url):
    """`ask(**fields)` and `hear(**fields)`: the whole answer, and one in pieces."""
    door, model = door_to(kind, url)

    def request(**fields):
        return Request(**{"model": model, "messages": HI, "timeout": 5.0, **fields})

    async def ask(**fields):
        return await door.complete(request(**fields))

    async def hear(**fields):
        return [piece async for piece in door.stream(request(**fields))]

    try:
        yield ask, hear
    finally:
        await door.close()


def run(kind, server, test):
    """What `test(ask, hear)` comes to, with a door of this kind to the server."""

    async def go():
        async with asked(kind, server.url) as (ask, hear):
            return await test(ask, hear)

    return asyncio.run(go())


def failing(kind, server, *replies, streamed=False, **fields):
    """The errors that these replies come to."""
    server.plan(*replies)

    async def test(ask, hear):
        found = []
        for _ in replies:
            try:
                await (hear if streamed else ask)(**fields)
            except Exception as error:
                found.append(error)
        return found

    return run(kind, server, test)
