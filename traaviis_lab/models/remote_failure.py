"""What went wrong with a far model, told in one sentence that holds no key and no prompt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from traaviis_lab.errors import DefinitionError, EffectTimeout, LabError, ModelFailed

from .chat_answer import is_unreadable
from .port import Request

EXCERPT = 200
LONGEST_KEY = 200
_SENDABLE = re.compile(rf"[A-Za-z0-9:/._~^+ -]{{1,{LONGEST_KEY}}}")
_KEYLIKE = re.compile(
    r"(?i)\b(?:sk|pk|rk)-[\w*.-]{6,}|\bbearer\s+[^\s\"']{6,}"
    r"|(?<=key)[\"']?\s*[=:]\s*[\"']?[^\s\"',}]{6,}"
)
_LONG = 16
_MOST_SAID = 65536
_HINTS = {
    400: "Look at what it was asked: its messages, tools and schema.",
    401: "Look at the key: is it set, still good, and for this provider?",
    402: "The account has no credit left.",
    403: "The key may not use this model, or not from here.",
    404: "Look at the model's name, and at the base URL.",
    408: "fx.retry(...) tries again.",
    413: "The request is too large. Send less of the talk.",
    429: "Too many requests, or the quota is used up. fx.retry(...) tries again later.",
}
_AROUND = re.compile(r"\A(?:(?:litellm\.)?\w+(?:Error|Timeout): |\w+Exception - )+")
"""What LiteLLM writes before what a server said."""
_NO_ANSWER = "Empty or invalid response from LLM endpoint"
_TIMEOUTS = {"APITimeoutError", "TimeoutException", "TimeoutError"}
_CUT = {"RemoteProtocolError", "ReadError", "IncompleteRead", "ClientPayloadError"}
_TOO_LONG = ("context length", "context_length", "maximum context", "too many tokens")


def failed(
    where: str, request: Request, status: int | None, said: str, secrets: Iterable[str] = ()
) -> ModelFailed:
    """The error for what a server answered, or for no answer where there is no status."""
    told = excerpt(said, request, secrets)
    verb = f"answered {status}" if status is not None else "could not be asked"
    return ModelFailed(
        f"{where}: {request.model} {verb}" + (f": {told}" if told else "."),
        hint=_hint(status, said),
        status=status,
    )


def unusable(where: str, request: Request, why: str, status: int | None = None) -> ModelFailed:
    """The error for an answer that cannot be used."""
    return ModelFailed(
        f"{where}: {request.model} answered what cannot be used: {why}.",
        hint="Is it a server of the Chat Completions API? fx.retry(...) asks again.",
        status=status,
    )


def late(where: str, request: Request) -> EffectTimeout:
    """The error for an answer that takes too long."""
    return EffectTimeout(
        f"{where}: {request.model} took longer than {request.timeout:g} seconds.",
        hint="Give it more with timeout=..., or ask for less.",
    )


def as_ours(error: Exception, where: str, request: Request, secrets: Iterable[str]) -> Exception:
    """The error that a client library's is for us. It has no chain: chains hold keys."""
    if isinstance(error, LabError):
        return error
    chain = list(_chain(error))
    kinds = {kind.__name__ for one in chain for kind in type(one).__mro__}
    if kinds & _TIMEOUTS:
        return late(where, request)
    if why := _unusable(chain, kinds):
        return unusable(where, request, why)
    status = getattr(error, "status_code", None)
    if type(status) is int and status >= 300 and "APIConnectionError" not in kinds:
        failure = failed(where, request, status, _said(error), secrets)
        if wait := _wait(error):
            failure.hint = f"{failure.hint} It asks to wait {wait} s.".strip()
        return failure
    last = chain[-1]
    said = _said(error) if "APIError" in kinds and last is error else ""
    return failed(where, request, None, said or f"{type(last).__name__}: {last}", secrets)


def _unusable(chain: list[BaseException], kinds: set[str]) -> str:
    """Why an answer cannot be used, where one came."""
    for one in chain:
        if is_unreadable(one):
            return str(one)
    if kinds & _CUT:
        return "the connection broke before it was whole"
    if kinds & {"JSONDecodeError", "UnicodeDecodeError"} or _NO_ANSWER in str(chain[0]):
        return "it, or a part of it, is no JSON of this API"
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, what it came from, and so on."""
    seen: BaseException | None = error
    for _ in range(12):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _said(error: Exception) -> str:
    """What the server said, without what the client library puts around it."""
    body = getattr(error, "body", None)
    if isinstance(body, Mapping) and isinstance(body.get("message"), str):
        return str(body["message"])
    if isinstance(body, str) and body:
        return body
    return _AROUND.sub("", str(getattr(error, "message", "") or error))


def _wait(error: Exception) -> str:
    """For how many seconds a server asks to be left alone; "" where it does not."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    said = str(headers.get("retry-after", "")) if headers is not None else ""
    return said if said.isdecimal() and len(said) < 8 else ""


def excerpt(said: str, request: Request, secrets: Iterable[str] = ()) -> str:
    """The beginning of what was said, on one line, without keys and without what was asked."""
    said = said[:_MOST_SAID]
    for secret in secrets:
        if secret:
            said = said.replace(secret, "[key]")
    for message in request.messages:
        content = message.get("content")
        if isinstance(content, str) and len(content) >= _LONG:
            said = said.replace(content, "[what it was asked]")
    said = _KEYLIKE.sub("[key]", said)
    line = "".join(sign if sign.isprintable() else " " for sign in said[: 8 * EXCERPT])
    line = " ".join(line.split())
    return line if len(line) <= EXCERPT else line[:EXCERPT] + " ..."


def key_from(reveal: Any, where: str, *, empty: bool = False) -> str:
    """The key as a header line can hold it; asked for anew with each request.

    `empty` allows for none. Raises `DefinitionError` for what is no key, without showing it.
    """
    try:
        key = reveal()
    except LabError as error:
        error.sent = False  # type: ignore[attr-defined]  # nothing went out, nothing is to be paid
        raise
    except Exception as error:
        raise DefinitionError(
            f"{where}: the key could not be had: {type(error).__name__}.",
            hint="key=... is a function that returns it.",
        ) from None
    if not isinstance(key, str) or not (key or empty) or not (key.isascii() and key.isprintable()):
        raise DefinitionError(
            f"{where}: the key is empty or no text that can be sent.",
            hint="A key is one line of ASCII. Look for blanks and line ends that came with it.",
        )
    return key


def key_line(key: str) -> str:
    """An idempotency key as it may stand in a header line."""
    if _SENDABLE.fullmatch(key):
        return key
    line = quote(key, safe=":/.-_~^+ ")
    return (
        line if len(line) <= LONGEST_KEY else line[:100] + hashlib.sha256(key.encode()).hexdigest()
    )


def _hint(status: int | None, said: str) -> str:
    if any(words in said.lower() for words in _TOO_LONG):
        return "The talk is longer than the model can read. Send less of it, or ask for less."
    if status is None:
        return "Is the server running, and the URL right?"
    if 300 <= status < 400:
        return "Redirects are not followed. Look at the base URL."
    return _HINTS.get(status, "fx.retry(...) tries again." if status >= 500 else "")
