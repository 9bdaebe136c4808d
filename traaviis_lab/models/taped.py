"""One model by way of a cassette: a provider that looks there first, and writes there after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import ModelFailed

from .counting import count_messages, count_text, most_tokens, split_text
from .port import Answer, Chunk, Count, Provider, Request
from .recorded import Recorded, answer_json, failure_json
from .shelved import held

if TYPE_CHECKING:
    from .cassette import Cassette, Place

_ABOUT_THE_KEY = frozenset({401, 403, 407})


class Taped:
    """A `Provider` between a cassette and the one that is recorded, who may be missing."""

    __slots__ = ("_cassette", "_name", "_provider")

    def __init__(self, cassette: Cassette, provider: Provider | None, name: str) -> None:
        self._cassette, self._name = cassette, name
        self._provider = provider if cassette.records else None

    @property
    def source(self) -> str:
        """`recorded` where nobody else is asked, else the provider's own."""
        return "recorded" if self._provider is None else self._provider.source

    @property
    def streams(self) -> bool:
        """As the provider's own; without one, as it was recorded."""
        if self._provider is None:
            return self._cassette.streamed(self._name)
        return self._provider.streams

    async def ready(self, request: Request) -> None:
        """Let the provider open the model, if it is going to be asked."""
        ready = getattr(self._provider, "ready", None)
        if ready is not None and not self.is_recorded(request):
            await ready(request)

    def is_recorded(self, request: Request) -> bool:
        """Whether this request will be answered from the file, so that it costs nothing."""
        return self._provider is None or self._cassette.peek(self._name, request) is not None

    def count(self, request: Request) -> Count:
        """What was counted then, if the answer will come from the file; else what is now."""
        found = self._cassette.peek(self._name, request)
        if found is not None and found.tokens_in is not None:
            return Count(found.tokens_in, found.tokens_in, True, "as the provider counted then")
        if self._provider is not None:
            return self._provider.count(request)
        tokens = count_messages(request, count_text)
        return Count(tokens, most_tokens(request), False, "counted by rule; nothing was recorded")

    async def complete(self, request: Request) -> Answer:
        """The recorded answer, else the provider's, which is recorded."""
        place = self._cassette.take(self._name, request, self._provider is not None)
        if place.recorded is not None:
            if self._cassette.paced:
                await asyncio.sleep(place.recorded.seconds)
            return place.recorded.give()
        began = perf_counter()
        with _Attempt(self._cassette, place, began) as attempt:
            answer = await self._asked.complete(request)
            attempt.is_over = True
        return self._kept(place, answer, None, perf_counter() - began)

    async def stream(self, request: Request) -> AsyncIterator[Chunk | Answer]:
        """As `complete`, in the pieces it came in."""
        place = self._cassette.take(self._name, request, self._provider is not None)
        if place.recorded is not None:
            async for piece in self._replayed(place.recorded):
                yield piece
            return
        began, chunks = perf_counter(), list[str]()
        with _Attempt(self._cassette, place, began, chunks) as attempt:
            async with held(self._asked.stream(request)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Chunk):
                        chunks.append(piece.text)
                        yield piece
                    else:
                        attempt.is_over = True
                        yield self._kept(place, piece, chunks, perf_counter() - began)

    async def close(self) -> None:
        """Let the provider close; the cassette is the shelf's."""
        if self._provider is not None:
            await self._provider.close()

    @property
    def _asked(self) -> Provider:
        assert self._provider is not None  # the cassette gave a place to be filled
        return self._provider

    async def _replayed(self, recorded: Recorded) -> AsyncIterator[Chunk | Answer]:
        chunks = recorded.chunks
        if chunks is None:
            chunks = split_text(recorded.answer.get("text", ""))
        pause = recorded.seconds / max(1, len(chunks)) if self._cassette.paced else 0.0
        for text in chunks:
            await asyncio.sleep(pause)
            yield Chunk(text)
        yield recorded.give()

    def _kept(
        self, place: Place, answer: Answer, chunks: list[str] | None, seconds: float
    ) -> Answer:
        why = self._cassette.keep(place, answer_json(answer, chunks), seconds)
        if not why:
            return answer
        return replace(answer, provenance={**answer.provenance, "not_recorded": why})


class _Attempt:
    """A place that is given back, or filled with the failure, if no answer comes of it."""

    __slots__ = ("_began", "_cassette", "_chunks", "_place", "is_over")

    def __init__(
        self, cassette: Cassette, place: Place, began: float, chunks: list[str] | None = None
    ) -> None:
        self._cassette, self._place, self._began = cassette, place, began
        self._chunks = chunks
        self.is_over = False

    def __enter__(self) -> _Attempt:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if self.is_over:
            return
        status = error.status if isinstance(error, ModelFailed) else None
        if isinstance(error, ModelFailed) and status and status not in _ABOUT_THE_KEY:
            said = failure_json(error, self._chunks)
            self._cassette.keep(self._place, said, perf_counter() - self._began)
        else:
            self._cassette.give_back(self._place)
