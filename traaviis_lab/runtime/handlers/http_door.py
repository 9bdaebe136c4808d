"""The door to httpx: one pool of connections for an engine, made when it is first needed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from contextvars import ContextVar
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from traaviis_lab.errors import ApiFailed, EffectTimeout, NoAnswer

if TYPE_CHECKING:
    import httpx

_ours: ContextVar[bool] = ContextVar("traaviis_http", default=False)
Response: TypeAlias = "httpx.Response"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Request(NamedTuple):
    """One request, with its secrets put in. `host` is for telling of it: it holds none."""

    host: str
    method: str
    url: str
    headers: Mapping[str, str]
    params: Mapping[str, Any]
    json: Any
    body: str
    timeout: float


class HttpDoor:
    """Sends requests. Made and used on the engine's loop; nothing is opened before the first."""

    def __init__(self, workers: Executor) -> None:
        self._workers = workers
        self._client: asyncio.Future[httpx.AsyncClient] | None = None

    async def host_of(self, url: str) -> str:
        """`name:port` of a URL as the request will see it.

        Raises `ApiFailed` for what is no plain http or https URL.
        """
        await self._open()
        import httpx

        try:
            read = httpx.URL(url)
        except (httpx.InvalidURL, ValueError) as error:
            raise ApiFailed(f"call_api: the URL cannot be read: {error}.") from None
        if read.scheme not in _DEFAULT_PORTS or read.userinfo or not read.host:
            raise ApiFailed(
                "call_api: the URL is not of the form http(s)://host/path.",
                hint="Users and passwords go into a header, as a secret.",
            )
        return f"{read.raw_host.decode()}:{read.port or _DEFAULT_PORTS[read.scheme]}"

    @asynccontextmanager
    async def answer(self, request: Request) -> AsyncIterator[httpx.Response]:
        """The answer to a request, its body still to be read.

        Raises `EffectTimeout` where it took too long, `NoAnswer` where there is none.
        """
        client = await self._open()
        import httpx

        hushed = _ours.set(True)
        try:
            async with asyncio.timeout(request.timeout), _stream(client, request) as response:
                yield response
        except (TimeoutError, httpx.TimeoutException):
            raise EffectTimeout(
                f"{_told(request)} took longer than {request.timeout:g} seconds.",
                hint="Give it more with timeout=..., or look at the service.",
            ) from None
        except (httpx.HTTPError, httpx.StreamError, UnicodeError) as error:
            raise NoAnswer(
                f"{_told(request)}: {type(error).__name__}: {error}".rstrip(": "),
                hint="Is the service running, and the URL right?",
            ) from error
        finally:
            _ours.reset(hushed)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            made, self._client = self._client, None
            if made.done() and not made.cancelled() and made.exception() is None:
                await made.result().aclose()

    async def _open(self) -> httpx.AsyncClient:
        """The client. Importing httpx and making one takes a while, so a worker does it."""
        if self._client is None:
            loop = asyncio.get_running_loop()
            self._client = loop.run_in_executor(self._workers, _make)
        return await asyncio.shield(self._client)


def _told(request: Request) -> str:
    return f"{request.method} {request.host}"


def _stream(client: httpx.AsyncClient, request: Request) -> Any:
    """The request under way; parameters are laid over those of the URL."""
    import httpx

    url = httpx.URL(request.url)
    return client.stream(
        request.method,
        url.copy_merge_params(dict(request.params)) if request.params else url,
        headers={"Accept-Encoding": "identity", **request.headers},
        json=request.json,
        content=request.body.encode() if request.body else None,
    )


def _make() -> httpx.AsyncClient:
    """A client that takes nothing from the environment and remembers nothing of its own."""
    import httpx

    for name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy"):
        logging.getLogger(name).addFilter(_unless_ours)
    return httpx.AsyncClient(
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # the whole request has one time
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={"User-Agent": "traaviis-lab"},
    )


def _unless_ours(record: logging.LogRecord) -> bool:
    """Leave out what httpx says of our requests: their URLs and headers hold secrets."""
    return not _ours.get()
