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
KEPT = 8192
"""Characters of the newest text that are kept, to find a long secret in whole."""
SOON = 0.1
"""Seconds within which a whole answer needs no news, where nobody asked for them."""


async def streamed(scope: Scope, provider: Provider, request: Request, at_once: bool) -> Answer:
    """The whole answer, shown as it comes.

    Raises `ModelFailed` where it ends before it is whole, and what the provider raises.
    """
    pieces: Any = provider.stream(request)
    since, tail, count = time.monotonic(), "", 0
    try:
        async with AsyncExitStack() as stack:
            if hasattr(pieces, "aclose"):
                await stack.enter_async_context(aclosing(pieces))
            async for piece in pieces:
                if isinstance(piece, Answer):
                    return piece
                count += 1
                tail = (tail + piece.text)[-KEPT:]
                if at_once or time.monotonic() - since > SOON:
                    done = min(1.0, count / request.max_tokens) if request.max_tokens else None
                    scope.news.tell(done, newest(_shown(scope, tail)))
    except Exception as error:
        if count:  # what came is paid for, whatever it failed with
            error.answered = count  # type: ignore[attr-defined]
        raise
    raise ModelFailed(
        f"{request.model}: the answer broke off after {count} pieces.",
        hint="fx.retry(...) asks again.",
    )


def _shown(scope: Scope, text: str) -> str:
    """The text without secrets, nor the beginning of one that may be about to come."""
    known = scope.engine.secrets
    if not known.known:
        return text
    text = text[: len(text) - known.begun_in(text)]
    struck: str = scope.clear(text)
    return struck


def newest(text: str, most: int = SHOWN) -> str:
    """The end of a text, from the beginning of a word."""
    if len(text) <= most:
        return text
    end = text[-most:]
    _, space, rest = end.partition(" ")
    return f"... {rest}" if space and rest else f"...{end}"
