"""Ask a provider in a test: requests in short, whole answers, streams taken to their end."""

import asyncio

from traaviis_lab.models import Chunk, Request


def asking(text="Hi", model="m", **fields):
    return Request(model, ({"role": "user", "content": text},), **fields)


def run(coroutine):
    return asyncio.run(coroutine)


def answer(provider, request=None):
    return asyncio.run(provider.complete(request or asking()))


async def pieces(provider, request):
    return [piece async for piece in provider.stream(request)]


def streamed(provider, request=None):
    """The texts of the pieces, and the answer."""
    *chunks, whole = asyncio.run(pieces(provider, request or asking()))
    assert all(isinstance(one, Chunk) for one in chunks)
    return [one.text for one in chunks], whole


class Far:
    """A provider that claims to be elsewhere, and counts what it is asked."""

    source, streams = "live", False

    def __init__(self, inner):
        self.inner, self.asked, self.closed = inner, 0, 0

    def count(self, request):
        return self.inner.count(request)

    async def complete(self, request):
        self.asked += 1
        return await self.inner.complete(request)

    async def stream(self, request):
        self.asked += 1
        async for piece in self.inner.stream(request):
            yield piece

    async def close(self):
        self.closed += 1
