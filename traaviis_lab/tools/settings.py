"""How a server of tools is reached and what a person said about it. Secrets are references here."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from traaviis_lab.effects.secret_places import check_places, places_in
from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.names import parse_duration

MOST_BYTES = 256 * 1024
LARGEST = 16 * 2**20
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_THE_DOORS = frozenset({
    "host", "content-length", "transfer-encoding", "connection", "te", "accept",
    "accept-encoding", "content-type", "mcp-session-id", "mcp-protocol-version",
})  # fmt: skip


@dataclass(frozen=True)
class Stdio:
    """A server that is a program of its own, spoken to through its pipes."""

    command: tuple[str, ...]
    env: Mapping[str, Any] = field(default_factory=dict)
    cwd: str | None = None

    @property
    def origin(self) -> str:
        """What stands for this very program in the book, and tells nothing of it."""
        return _mark(["stdio", *self.command])


@dataclass(frozen=True)
class Http:
    """A server at a URL."""

    url: str
    headers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """What stands for this very address in the book, and tells nothing of it."""
        return _mark(["http", self.url])

    @property
    def host(self) -> str:
        """`name:port`, as hosts are allowed."""
        parts = urlsplit(self.url)
        name = parts.hostname or ""
        port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
        return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


@dataclass(frozen=True)
class Rules:
    """What a person said about a server's tools: names and patterns such as `read_*`."""

    tools: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    trust: bool = False


@dataclass(frozen=True)
class Settings:
    """All that is said about one server. `usd`: what a call costs; None: that is unknown."""

    name: str
    wire: Stdio | Http
    rules: Rules = Rules()
    timeout: float = 30.0
    max_bytes: int = MOST_BYTES
    usd: float | None = None

    def __post_init__(self) -> None:
        """Check what was said. Raises `DefinitionError`."""
        if not isinstance(self.name, str) or not _NAME.match(self.name):
            raise DefinitionError(
                f"{self.name!r} is no name for a server of tools.",
                hint='A letter, then letters, digits, _ and -: name="files".',
            )
        seconds = parse_duration(self.timeout)
        if seconds is None or seconds <= 0:
            raise DefinitionError(
                f"timeout is {self.timeout!r}, and must be a duration above 0.",
                hint="A number of seconds, or 250ms, 2s, 5m.",
            )
        object.__setattr__(self, "timeout", float(seconds))
        whole = isinstance(self.max_bytes, int) and not isinstance(self.max_bytes, bool)
        if not whole or not 1 <= self.max_bytes <= LARGEST:
            raise DefinitionError(
                f"max_bytes is {self.max_bytes!r}, and must be a whole number from 1 to "
                f"{LARGEST:,}.",
                hint="It is how large one answer of a tool may be, in bytes.",
            )
        number = isinstance(self.usd, int | float) and not isinstance(self.usd, bool)
        if self.usd is not None and not (number and 0 <= self.usd < 1e6):
            raise DefinitionError(
                f"usd is {self.usd!r}, and must be what one call costs in US dollars.",
                hint="0 where it costs nothing; nothing at all where that is unknown.",
            )


def read_wire(
    where: str | Sequence[str],
    env: Mapping[str, Any] | None,
    cwd: str | None,
    token: Any,
    headers: Mapping[str, Any] | None,
) -> Stdio | Http:
    """How a server is reached: by a command or at a URL. Raises `DefinitionError`."""
    if isinstance(where, str) and re.match(r"https?://", where, re.IGNORECASE):
        if env or cwd:
            raise DefinitionError(
                "A server at a URL has no environment and no folder here.",
                hint="env= and cwd= belong to a command.",
            )
        return _http(where, token, headers)
    if token is not None or headers:
        raise DefinitionError(
            "A program on this machine takes no token and no headers.",
            hint='Hand it secrets by its environment: env={"API_KEY": {"secret": "NAME"}}.',
        )
    return _stdio(where, env, cwd)


def patterns(name: str, given: Any) -> tuple[str, ...]:
    """Names and patterns as a tuple. Raises `DefinitionError` for what is no list of texts."""
    if given is None:
        return ()
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list | tuple | set | frozenset) or not all(
        isinstance(one, str) and one for one in listed
    ):
        raise DefinitionError(
            f"{name} is {given!r}, and must be a list of names and patterns.",
            hint=f'{name}=["read_*", "list_folder"], as the server calls its tools.',
        )
    return tuple(listed)


def _stdio(where: Any, env: Mapping[str, Any] | None, cwd: str | None) -> Stdio:
    try:
        parts = shlex.split(where) if isinstance(where, str) else list(where)
    except (ValueError, TypeError) as error:
        raise _no_command(where, f": {error}") from None
    if not parts or not all(isinstance(one, str) and "\0" not in one for one in parts):
        raise _no_command(where)
    told = dict(env or {})
    for name, value in told.items():
        if not _VARIABLE.match(str(name)) or not _is_said(value):
            raise DefinitionError(
                f"env: {name!r} cannot be set like that.",
                hint='env={"ROOT": "data", "API_KEY": {"secret": "NAME"}}.',
            )
    check_places("env", {"env": told})
    return Stdio(tuple(parts), told, cwd)


def _no_command(where: Any, why: str = "") -> DefinitionError:
    return DefinitionError(
        f"{where!r} is no command and no URL of a server{why}.",
        hint='lab.tools.add_mcp("npx some-server --flag", name="files"), or a URL http://...',
    )


def _http(url: str, token: Any, headers: Mapping[str, Any] | None) -> Http:
    parts = urlsplit(url)
    try:
        fine = bool(parts.hostname) and (parts.port or 1) > 0 and url.isprintable()
    except ValueError:
        fine = False
    if not fine or "@" in parts.netloc or " " in url:
        raise DefinitionError(
            f"{url.rpartition('@')[2]!r} is no URL of a server.",
            hint="Write http(s)://host/path; a token is given as token={'secret': 'NAME'}.",
        )
    lines = dict(headers or {})
    if token is not None:
        if not isinstance(token, Mapping) or list(token) != ["secret"]:
            raise DefinitionError(
                "The token is no reference to a secret of the lab.",
                hint='lab.secrets["FILES_TOKEN"] = "..."; then token={"secret": "FILES_TOKEN"}.',
            )
        lines["Authorization"] = f"Bearer $secret{{{token['secret']}}}"
    for name, value in lines.items():
        fits = _HEADER.match(str(name)) and str(name).lower() not in _THE_DOORS
        if not fits or not _is_said(value):
            raise DefinitionError(
                f"headers: {name!r} cannot be sent like that.",
                hint='headers={"X-Key": {"secret": "NAME"}}; some names are the engine\'s.',
            )
        if str(name).lower() == "authorization" and not places_in({"headers": {name: value}}):
            raise DefinitionError(
                "The header Authorization holds no reference to a secret of the lab.",
                hint='headers={"Authorization": "Bearer $secret{NAME}"}.',
            )
    check_places("headers", {"headers": lines})
    return Http(url, lines)


def _is_said(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, Mapping) and list(value) == ["secret"])


def _mark(parts: list[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
