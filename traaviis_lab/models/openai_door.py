"""The door to the openai client: every server that speaks the Chat Completions API."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import orjson

from traaviis_lab.errors import DefinitionError, NotInstalled

from .chat_answer import Growing, read_answer, unreadable
from .chat_format import Dialect, as_bytes, chat_body
from .port import Answer, Chunk, Count, Request
from .remote_counting import count_remote, prepare
from .remote_failure import as_ours, key_from, key_line

if TYPE_CHECKING:
    import httpx
    import openai

OPENAI = "https://api.openai.com/v1"
MOST_BYTES = 32_000_000
"""Bytes of an answer that are read; no model writes so much."""
MOST_CONNECTIONS = 1000
_PATH = "/chat/completions"
_ours: ContextVar[bool] = ContextVar("traaviis_openai", default=False)
_LOGGERS = (
    "openai", "openai._base_client", "openai._response", "openai._legacy_response",
    "httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy",
)  # fmt: skip


class OpenAi:
    """A `Provider` for OpenAI, and for vLLM, Ollama, TGI, llama.cpp and all that are alike.

    Nothing is taken from the environment, redirects are not followed, and nothing is tried
    twice: `fx.retry` and `fx.fallback` do that where it can be seen.

    Args:
        base_url: where the API is, with its version: `http://localhost:11434/v1` for Ollama.
        key: a function that gives the key; it is asked with each request. None: send none.
        organization: the organization to be billed, where there are several.
        headers: more header lines.
        streams: whether answers are streamed where a request does not say.
        dialect: how this server differs from others; None: what fits the host.
    """

    source = "live"

    def __init__(
        self,
        base_url: str = OPENAI,
        key: Callable[[], str] | None = None,
        *,
        organization: str = "",
        headers: Mapping[str, str] | None = None,
        streams: bool = False,
        dialect: Dialect | None = None,
    ) -> None:
        self.host, is_openai = _host_of(base_url)
        self._url, self._key = base_url.rstrip("/"), key
        self._lines = {"Accept-Encoding": "identity", **_checked_lines(headers or {})}
        if organization:
            self._lines["OpenAI-Organization"] = organization
        self._streams = streams
        self._dialect = dialect or Dialect("max_completion_tokens" if is_openai else "max_tokens")
        self._is_openai = is_openai
        self.listed_as = "openai" if is_openai else None
        self._clients: WeakKeyDictionary[Any, asyncio.Future[openai.AsyncOpenAI]]
        self._clients = WeakKeyDictionary()
        if is_openai:
            prepare()

    def __repr__(self) -> str:
        return f"<OpenAi at {self.host}>"

    @property
    def streams(self) -> bool:
        """Whether answers are streamed where a request does not say."""
        return self._streams

    def count(self, request: Request) -> Count:
        """Exact for plain talks with models of OpenAI whose tokenizer is at hand; else a bound."""
        return count_remote(request, is_openai=self._is_openai)

    async def complete(self, request: Request) -> Answer:
        """The whole answer. Raises `ModelFailed`, and `EffectTimeout` where it takes too long."""
        content = as_bytes(chat_body(request, self._dialect))
        client = await self._open()
        import httpx

        options, secrets = self._options(content, request)
        hushed = _ours.set(True)
        try:
            async with asyncio.timeout(request.timeout):
                response = await client.post(_PATH, cast_to=httpx.Response, **options)
            return self._read(response)
        except Exception as error:
            failure = as_ours(error, self.host, request, secrets)
        finally:
            _ours.reset(hushed)
        raise failure  # out here, where it has no context: that holds headers

    async def stream(self, request: Request) -> AsyncIterator[Chunk | Answer]:
        """The answer in pieces. What was cut off is a `ModelFailed` and no answer."""
        content = as_bytes(chat_body(request, self._dialect, stream=True))
        client = await self._open()
        options, secrets = self._options(content, request)
        ends = asyncio.get_running_loop().time() + request.timeout
        growing, pieces, failure = Growing(), None, None
        try:
            pieces = await self._step(ends, _begin(client, options))
            while (piece := await self._step(ends, anext(pieces, None))) is not None:
                if text := growing.take(piece):
                    yield Chunk(text)
            growing.check()
        except Exception as error:
            failure = as_ours(error, self.host, request, secrets)
        finally:
            if pieces is not None:
                await pieces.close()
        if failure is not None or pieces is None:
            raise failure or AssertionError
        yield growing.answer(self._provenance(pieces.response, growing.id))

    async def close(self) -> None:
        """Close the connections of this loop; it may be asked again afterwards."""
        made = self._clients.pop(asyncio.get_running_loop(), None)
        if made is not None and made.done() and not made.cancelled() and not made.exception():
            await made.result().close()

    async def _step(self, ends: float, work: Any) -> Any:
        """One step of a stream, hushed and in its time; neither lasts while others work."""
        hushed = _ours.set(True)
        try:
            async with asyncio.timeout_at(ends):
                return await work
        finally:
            _ours.reset(hushed)

    def _options(self, content: bytes, request: Request) -> tuple[dict[str, Any], list[str]]:
        """How a request is sent, and what of it may stand in no error."""
        lines: dict[str, Any] = {"Content-Type": "application/json"}
        secrets: list[str] = []
        if self._key is None:
            from openai import Omit

            lines["Authorization"] = Omit()
        else:
            secrets.append(key_from(self._key, self.host))
            lines["Authorization"] = f"Bearer {secrets[0]}"
        if request.key:
            lines["Idempotency-Key"] = key_line(request.key)
        return {"content": content, "options": {"headers": lines, "max_retries": 0}}, secrets

    def _read(self, response: httpx.Response) -> Answer:
        try:
            body = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            raise unreadable(f"{len(response.content):,} bytes that are no JSON") from None
        named = body.get("id") if isinstance(body, dict) else ""
        return read_answer(body, self._provenance(response, named))

    def _provenance(self, response: httpx.Response, named: Any) -> dict[str, Any]:
        """Where an answer comes from."""
        told = {"source": "live", "host": self.host}
        called = response.headers.get("x-request-id") or named
        if isinstance(called, str) and called:
            told["request_id"] = called[:200]
        return told

    async def _open(self) -> openai.AsyncOpenAI:
        """This loop's client. The import takes a second, so a worker does it."""
        loop = asyncio.get_running_loop()
        made = self._clients.get(loop)
        if made is None or (made.done() and (made.cancelled() or made.exception())):
            made = loop.run_in_executor(None, _make, self._url, self._lines)
            self._clients[loop] = made
        return made.result() if made.done() else await asyncio.shield(made)


async def _begin(client: openai.AsyncOpenAI, options: Mapping[str, Any]) -> Any:
    from openai import AsyncStream

    return await client.post(
        _PATH, cast_to=object, stream=True, stream_cls=AsyncStream[object], **options
    )


def _make(url: str, lines: Mapping[str, str]) -> openai.AsyncOpenAI:
    """A client that takes nothing from the environment and logs nothing of our requests."""
    try:
        import openai
    except ImportError:
        raise NotInstalled(
            "The openai client is not installed.", hint="pip install 'traaviis-lab[openai]'"
        ) from None
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_unless_ours)
    omit: Any = openai.Omit()
    kept_out = {"OpenAI-Organization": omit, "OpenAI-Project": omit}
    for line in os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n"):
        kept_out[line.partition(":")[0].strip()] = omit  # the client would send them
    return openai.AsyncOpenAI(
        api_key="none", organization="", project="", webhook_secret="", base_url=url,
        max_retries=0, timeout=None, http_client=_http(), default_headers={**kept_out, **lines},
    )  # fmt: skip


def _http() -> httpx.AsyncClient:
    """Connections that take nothing from the environment, nor more of an answer than they may."""
    import httpx

    class Bounded(httpx.AsyncByteStream):
        """What comes, as long as it is not too much."""

        def __init__(self, stream: Any) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            left = MOST_BYTES
            async for part in self._stream:
                left -= len(part)
                if left < 0:
                    raise unreadable(f"more than {MOST_BYTES:,} bytes")
                yield part

        async def aclose(self) -> None:
            await self._stream.aclose()

    class Transport(httpx.AsyncHTTPTransport):
        """Sends requests; what comes back is bounded, and not packed."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            if response.headers.get("content-encoding", "identity") != "identity":
                await response.aclose()
                raise unreadable("it is packed, which was not asked for")
            response.stream = Bounded(response.stream)
            return response

    pool = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=100)
    return httpx.AsyncClient(
        transport=Transport(trust_env=False, limits=pool),
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # the whole request has one time
    )


def _host_of(url: str) -> tuple[str, bool]:
    """The host of a base URL, and whether it is OpenAI's. Raises `DefinitionError`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except (ValueError, AttributeError):
        host = port = None
        parts = urlsplit("")
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise DefinitionError(
            f"{url!r} is no URL of an API.",
            hint="Write it with its version: 'https://api.openai.com/v1'.",
        )
    if parts.username or parts.password:
        raise DefinitionError(
            "The base URL has a user or a password in it.", hint="Keys go into key=..."
        )
    return f"{host}:{port}" if port else host, host == "api.openai.com"


def _checked_lines(headers: Any) -> Mapping[str, str]:
    """Header lines that can be sent. Raises `DefinitionError`, which shows no value."""
    if not isinstance(headers, Mapping):
        raise DefinitionError("headers is no mapping.", hint='headers={"X-Team": "support"}')
    for name, value in headers.items():
        for text in (name, value):
            if not (isinstance(text, str) and text.isascii() and text.isprintable()):
                raise DefinitionError(
                    f"The header {name!r} cannot be sent: it, or its value, is no line of ASCII.",
                    hint="Look for line ends that came with it. Keys go into key=...",
                )
    return headers


def _unless_ours(record: logging.LogRecord) -> bool:
    """Leave out what is said of our requests: they hold prompts, and their headers keys."""
    return not _ours.get()
