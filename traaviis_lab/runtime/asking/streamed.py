"""Take an answer as it is written, and let the effect's news show its newest words."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import ModelFailed
from traaviis_lab.models import Answer, Provider, Request

if TYPE_CHECKING:
    from traaviis_lab.runtime.interpreter import Scope

SHOWN = 300
"""Characters of the newest text that are shown."""
SOON = 0.1
"""Seconds within which a whole answer needs no news, where nobody asked for them."""


async def streamed(scope: Scope, provider: Provider, request: Request, at_once: bool) -> Answer:
    """The whole answer, shown as it comes.

    Raises `ModelFailed` where it ends before it is whole, and what the provider raises.
    """
    pieces: Any = provider.stream(request)
    since, tail, count = time.monotonic(), "", 0
    async with AsyncExitStack() as stack:
        if hasattr(pieces, "aclose"):
            await stack.enter_async_context(aclosing(pieces))
        async for piece in pieces:
            if isinstance(piece, Answer):
                return piece
            count += 1
            tail = (tail + piece.text)[-2 * SHOWN :]
            if at_once or time.monotonic() - since > SOON:
                done = min(1.0, count / request.max_tokens) if request.max_tokens else None
                scope.news.tell(done, scope.clear(newest(tail)))
    raise ModelFailed(
        f"{request.model}: the answer broke off after {count} pieces.",
        hint="fx.retry(...) asks again.",
    )


def newest(text: str, most: int = SHOWN) -> str:
    """The end of a text, from the beginning of a word."""
    if len(text) <= most:
        return text
    end = text[-most:]
    _, space, rest = end.partition(" ")
    return f"... {rest}" if space and rest else f"...{end}"
