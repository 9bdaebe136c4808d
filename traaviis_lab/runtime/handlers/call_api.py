"""Perform `call_api`: one HTTP request, to a host this lab allows, with its secrets put in last."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from traaviis_lab.effects import CallApi
from traaviis_lab.effects.secret_places import put_in
from traaviis_lab.errors import ApiFailed, EffectError
from traaviis_lab.machine.problems import show
from traaviis_lab.runtime.interpreter import Scope

from .http_door import Request, Response

KEPT = ("content-type", "etag", "last-modified", "link", "location", "retry-after", "x-request-id")
"""Header lines of an answer that are worth keeping and tell nothing of who asked."""
KEYED = ("POST", "PATCH", "PUT")
EXCERPT = 200
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
LONGEST_KEY = 200


async def call_api(effect: CallApi, scope: Scope) -> dict[str, Any]:
    """The answer: `{status, headers, json}`, or `text` where it is no JSON.

    Raises `PermissionDenied` for a host that is not allowed, `EffectTimeout`, and `ApiFailed` for
    a status that is not expected, too large an answer, or none.
    """
    door = scope.engine.http
    host = await door.host_of(effect.url)
    scope.engine.hosts.check(host)
    request = _filled(effect, scope, host)
    async with door.answer(request) as response:
        if not _is_expected(effect, response.status_code):
            raise await _refused(effect, host, response)
        body = await _read(effect, host, response)
    return _told(response, body)


def _filled(effect: CallApi, scope: Scope, host: str) -> Request:
    """The request with its secrets; what data brought in asks for none (`secret_places.py`)."""
    places = None if effect.reveals is None else set(effect.reveals)

    def reveal(name: str) -> str:
        return scope.secrets.reveal(name, host)

    def in_url(name: str) -> str:
        return quote(reveal(name), safe="")

    url = put_in({"url": effect.url}, in_url, places)["url"]
    made = put_in({**effect.with_secrets(), "url": ""}, reveal, places)
    headers = {str(name): _line(name, value) for name, value in made["headers"].items()}
    if effect.method in KEYED and not any(name.lower() == "idempotency-key" for name in headers):
        headers["Idempotency-Key"] = key_line(scope.key)
    seconds = float(effect.timeout)
    params = _asked(made["params"])
    return Request(host, effect.method, url, headers, params, made["json"], made["body"], seconds)


def key_line(key: str) -> str:
    """An idempotency key as it may stand in a header line."""
    line = quote(key, safe=":/.-_~^+ ")
    if len(line) <= LONGEST_KEY:
        return line
    return line[:100] + hashlib.sha256(key.encode()).hexdigest()


def _line(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise EffectError(
            f"call_api: the header {name!r} is no text but a {type(value).__name__}.",
            hint="Header lines are texts or numbers.",
        )
    line = str(value)
    if not _HEADER.fullmatch(name) or not line.isascii() or not line.isprintable():
        raise EffectError(
            f"call_api: the header {name!r} cannot be sent.",
            hint="A header has a name without spaces, and a text in ASCII, on one line.",
        )
    return line


def _asked(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters. Raises `EffectError` for what cannot be written into a URL."""
    for name, value in params.items():
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, Mapping | list):
                raise EffectError(
                    f"call_api: the parameter {name!r} is {show(value)}.",
                    hint="Parameters are texts, numbers, or lists of them; json=... takes more.",
                )
    return dict(params)


def _is_expected(effect: CallApi, status: int) -> bool:
    expected = [str(one) for one in effect.expect] or ["2xx"]
    return str(status) in expected or f"{status // 100}xx" in expected


async def _read(effect: CallApi, host: str, response: Response) -> bytes:
    """The answer's body. Raises `ApiFailed` as soon as it is larger than it may be."""
    said = response.headers.get("content-length", "")
    parts, size = [], int(said) if said.isdecimal() and effect.method != "HEAD" else 0
    if size <= effect.max_bytes:
        size = 0
        async for part in response.aiter_bytes():
            parts.append(part)
            size += len(part)
            if size > effect.max_bytes:
                break
    if size > effect.max_bytes:
        raise ApiFailed(
            f"{effect.method} {host}: the answer is larger than {effect.max_bytes:,} bytes.",
            hint="Allow more with max_bytes=..., or ask for less.",
            status=response.status_code,
        )
    return b"".join(parts)


async def _refused(effect: CallApi, host: str, response: Response) -> ApiFailed:
    """The failure for a status that is not expected, with the beginning of what was said."""
    body = b""
    async for part in response.aiter_bytes():
        body += part
        if len(body) > 4 * EXCERPT:
            break
    said = body[: 4 * EXCERPT].decode(response.encoding or "utf-8", errors="replace")
    said = " ".join(said.split())[:EXCERPT]
    status, hint = response.status_code, ""
    if 300 <= status < 400:
        where = response.headers.get("location", "")
        hint = f"It points to {where[:EXCERPT]!r}; redirects are not followed."
    elif status in (401, 403):
        hint = "Look at the secrets and headers it is sent."
    elif status == 429 or status >= 500:
        hint = "fx.retry(...) tries again."
    else:
        hint = f"Where {status} is an answer too: fx.call_api(..., expect=['2xx', {status}])."
    told = f"{effect.method} {host}{response.url.path} answered {status}"
    return ApiFailed(told + (f": {said}" if said else "."), hint=hint, status=status)


def _told(response: Response, body: bytes) -> dict[str, Any]:
    headers = {name: response.headers[name] for name in KEPT if name in response.headers}
    told = {"status": response.status_code, "headers": headers}
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return {**told, "json": orjson.loads(body)}
        except orjson.JSONDecodeError:
            pass
    return {**told, "text": _text(response, body)}


def _text(response: Response, body: bytes) -> str:
    try:
        return body.decode(response.encoding or "utf-8", errors="replace")
    except LookupError:
        return body.decode(errors="replace")
