"""The door to litellm: models of every provider it knows, behind the same port."""

from __future__ import annotations

import asyncio
import logging
import math
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from importlib import metadata
from typing import Any

from traaviis_lab.errors import NotInstalled

from .aside import Aside
from .chat_answer import Growing, read_answer, unreadable
from .chat_format import Dialect, as_bytes, chat_body
from .port import Answer, Chunk, Count, Request
from .remote_counting import count_remote
from .remote_failure import as_ours, key_from, key_line

NEVER = ("1.82.7", "1.82.8")
"""Releases that an attacker published. They send the machine's secrets away."""
OFFLINE = {
    "LITELLM_MODE": "PRODUCTION",  # else it reads .env into the environment
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches prices when it is imported
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
}
GRACE = 0.2
"""Seconds that a call which nobody waits for any more goes on."""
_left: set[asyncio.Future[Any]] = set()
_ours: ContextVar[bool] = ContextVar("traaviis_litellm", default=False)
_LOGGERS = (
    "LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai._base_client", "httpx",
    "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "asyncio",
)  # fmt: skip


class LiteLlm:
    """A `Provider` for all that LiteLLM knows: a model is called as LiteLLM calls it.

    What LiteLLM does beside asking is switched off: it reads no `.env`, fetches no prices, tries
    nothing twice, drops no parameters, calls nothing back. It runs on a loop of its own.

    Args:
        key: a function that gives the key for a provider (`anthropic`); it is asked with each
            request. Without one, and where it gives "", LiteLLM takes the environment's
            (`ANTHROPIC_API_KEY`), as it does.
        options: what else it is called with, such as `api_base`; a function is asked with each
            request, so that secrets need not be written here.
        streams: whether answers are streamed where a request does not say.
    """

    source = "live"
    listed_as = ""

    def __init__(
        self,
        key: Callable[[str], str] | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        streams: bool = False,
    ) -> None:
        self._key, self._more = key, dict(options or {})
        self._streams = streams
        self._opening: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        return f"<LiteLlm with {', '.join(sorted(self._more)) or 'no options'}>"

    @property
    def streams(self) -> bool:
        """Whether answers are streamed where a request does not say."""
        return self._streams

    def count(self, request: Request) -> Count:
        """Exact for plain talks with models of OpenAI; else a bound."""
        return count_remote(request, is_openai=not self._more.get("api_base"))

    async def complete(self, request: Request) -> Answer:
        """The whole answer. Raises `ModelFailed`, and `EffectTimeout` where it takes too long."""
        asked, secrets = self._asked(request)
        await self._open()
        try:
            async with asyncio.timeout(request.timeout):
                body, cost = await _ASIDE.run(_complete(asked))
            return _priced(read_answer(body, _provenance(request, body)), cost)
        except Exception as error:
            failure = as_ours(error, "litellm", request, secrets)
        raise failure  # out here, where it has no context: that holds keys

    async def stream(self, request: Request) -> AsyncIterator[Chunk | Answer]:
        """The answer in pieces. What was cut off is a `ModelFailed` and no answer."""
        asked, secrets = self._asked(request, stream=True)
        await self._open()
        ends = asyncio.get_running_loop().time() + request.timeout
        growing, failure = Growing(), None
        pieces: Any = _ASIDE.pieces(lambda: _begin(asked))
        try:
            while (piece := await _step(ends, pieces)) is not None:
                if text := growing.take(piece):
                    yield Chunk(text)
            growing.check()
        except Exception as error:
            failure = as_ours(error, "litellm", request, secrets)
        finally:
            await pieces.aclose()
        if failure is not None:
            raise failure
        yield growing.answer(_provenance(request, {"id": growing.id}))

    async def close(self) -> None:
        """Let go of LiteLLM's connections, unless others use them; it may be asked again."""
        if self._opening is not None:
            self._opening = None
            await asyncio.to_thread(_ASIDE.quit, self)

    async def _open(self) -> None:
        """Have LiteLLM at hand. Its import takes seconds, so a worker does it."""
        if self._opening is None or (self._opening.done() and self._opening.exception()):
            self._opening = asyncio.get_running_loop().run_in_executor(None, self._enter)
        if not self._opening.done():
            await asyncio.shield(self._opening)
        else:
            self._opening.result()

    def _enter(self) -> None:
        load()
        _ASIDE.enter(self)

    def _asked(self, request: Request, stream: bool = False) -> tuple[dict[str, Any], list[str]]:
        """What LiteLLM is called with, and what of it may stand in no error."""
        body = chat_body(request, Dialect(), stream=stream)
        as_bytes(body)
        asked = {**body, **_ALONE, "timeout": request.timeout}
        secrets = []
        for name, value in self._more.items():
            asked[name] = key_from(value, f"litellm {name}") if callable(value) else value
            if callable(value):
                secrets.append(asked[name])
        if self._key is not None:
            reveal, provider = self._key, request.model.partition("/")[0]
            if key := key_from(lambda: reveal(provider), "litellm", empty=True):
                asked["api_key"] = key
                secrets.append(key)
        if request.key:
            lines = {"Idempotency-Key": key_line(request.key)}
            asked["extra_headers"] = {**lines, **(asked.get("extra_headers") or {})}
        return asked, secrets


_ALONE = {
    "num_retries": 0,
    "max_retries": 0,
    "drop_params": False,
    "caching": False,
    "no-log": True,
}


def load() -> Any:
    """LiteLLM, imported so that it stays offline and quiet.

    Raises `NotInstalled` where it is not here, or a release that may not be used.
    """
    try:
        version = metadata.version("litellm")
    except metadata.PackageNotFoundError:
        raise NotInstalled(
            "LiteLLM is not installed.", hint="pip install 'traaviis-lab[models]'"
        ) from None
    if version in NEVER:
        raise NotInstalled(
            f"LiteLLM {version} is installed, which an attacker published to steal secrets.",
            hint="Take it off, change every key this machine has seen, and then: "
            "pip install 'traaviis-lab[models]'",
        )
    os.environ.update(OFFLINE)
    try:
        import litellm
    except ImportError as error:
        raise NotInstalled(
            f"LiteLLM {version} is installed and cannot be imported: {error}.",
            hint="pip install --upgrade 'traaviis-lab[models]'",
        ) from None
    litellm.suppress_debug_info = True
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_unless_ours)
    return litellm


async def _complete(asked: Mapping[str, Any]) -> tuple[Any, Any]:
    """A body as of the Chat Completions API, and what LiteLLM says it cost."""
    response = await _response(asked)
    if not hasattr(response, "model_dump"):
        raise unreadable("it is no completion")
    hidden = getattr(response, "_hidden_params", None)
    cost = hidden.get("response_cost") if isinstance(hidden, Mapping) else None
    return response.model_dump(warnings=False), cost


async def _begin(asked: Mapping[str, Any]) -> AsyncIterator[Any]:
    return _pieces(await _response(asked))


async def _response(asked: Mapping[str, Any]) -> Any:
    """What LiteLLM answers. Cut short as it begins, it would lose a coroutine with a warning."""
    import litellm

    _ours.set(True)
    task = asyncio.ensure_future(litellm.acompletion(**asked))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        _left.add(task)
        task.add_done_callback(_gone)
        asyncio.get_running_loop().call_later(GRACE, task.cancel)
        raise


def _gone(task: asyncio.Future[Any]) -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()  # nobody asks for it any more


async def _pieces(response: Any) -> AsyncIterator[Any]:
    """What came. LiteLLM makes up an end and a usage where there were none; they are taken out."""
    async for piece in response:
        yield piece.model_dump(warnings=False)
    if not getattr(response, "received_finish_reason", None):
        raise unreadable("the stream was cut off before its end")
    if not any(getattr(one, "usage", None) for one in getattr(response, "chunks", ())):
        yield {"choices": [], "usage": {}}


async def _step(ends: float, pieces: AsyncIterator[Any]) -> Any:
    async with asyncio.timeout_at(ends):
        return await anext(pieces, None)


def _provenance(request: Request, body: Any) -> dict[str, Any]:
    told = {"source": "live", "host": f"litellm {request.model.partition('/')[0]}"}
    named = body.get("id") if isinstance(body, Mapping) else None
    if isinstance(named, str) and named:
        told["request_id"] = named[:200]
    return told


def _priced(answer: Answer, cost: Any) -> Answer:
    """The answer with its cost. One of 0 says that LiteLLM knows no price."""
    if type(cost) is not float or not math.isfinite(cost) or cost <= 0:
        return answer
    return replace(answer, cost_usd=cost)


async def _leave() -> None:
    """Close what LiteLLM keeps for a loop."""
    import litellm

    if _left:
        await asyncio.wait(_left, timeout=2 * GRACE)
    await litellm.close_litellm_async_clients()
    litellm.in_memory_llm_clients_cache.flush_cache()


_ASIDE = Aside("traaviis-litellm", _leave)


def _unless_ours(record: logging.LogRecord) -> bool:
    """Leave out what is said of our requests: it holds prompts, and headers with keys."""
    return not _ours.get() and record.thread != _ASIDE.ident
