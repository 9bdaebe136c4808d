"""One server of tools: connected when it is needed, connected anew when it was lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from traaviis_lab.effects.secret_places import put_in
from traaviis_lab.errors import DefinitionError, EffectTimeout, LabError, ToolFailed

from .definition import Definition
from .mcp_door import Connection, Heard, open_door
from .permission import wanted
from .settings import Http, Settings, Stdio

FRESH = 60.0
"""Seconds after which a list of tools is asked for again before a tool is called."""
Reveal = Callable[[str, str], str]
Clear = Callable[[Any], Any]


class Server:
    """A server as it stands. Its coroutines are of one loop; what it knows is read from anywhere.

    Args:
        settings: what a person said about it.
        reveal: a secret by its name, for a host; "" where it goes to no host.
        clear: takes the values of secrets out of what the server says.
        listed: told on the loop what the server says of its tools, each time it says so.
    """

    def __init__(
        self,
        settings: Settings,
        reveal: Reveal,
        clear: Clear,
        listed: Callable[[dict[str, Definition]], None],
    ) -> None:
        self.settings = settings
        self._reveal, self._clear, self._tell = reveal, clear, listed
        self._connection: Connection | None = None
        self._turn: asyncio.Lock | None = None
        self._listed = 0.0
        self._closed = False
        self.definitions: dict[str, Definition] = {}
        self.problems: tuple[str, ...] = ()
        self.is_known = False

    @property
    def name(self) -> str:
        """Its name in the lab."""
        return self.settings.name

    @property
    def is_open(self) -> bool:
        """Whether there is a connection now."""
        return self._connection is not None and self._connection.is_open

    async def ready(self, *, anew: bool = False) -> None:
        """Be connected and know its tools; `anew`: ask for them in any case.

        Raises `ToolFailed`, naming the server, and `NotInstalled`.
        """
        self._turn = self._turn or asyncio.Lock()
        async with self._turn:
            try:
                connection = await self._connected()
                old = time.monotonic() - self._listed > FRESH or connection.gate.changed
                if anew or old or not self.is_known:
                    await self._list(connection)
            except (ToolFailed, TimeoutError) as error:
                raise self._named(error) from None

    async def call(
        self, definition: Definition, arguments: Mapping[str, Any], limit: float, heard: Heard
    ) -> dict[str, Any]:
        """What a tool answers, as MCP has it. `limit`: seconds; 0: as long as its server was given.

        Raises `ToolFailed`, `EffectTimeout`, and `ToolFailed` too where the tool is described
        otherwise meanwhile.
        """
        name, seconds = definition.name, limit or self.settings.timeout
        for again in (True, False):
            await self.ready()
            connection, now = self._connection, self.definitions.get(name)
            if now is None or now.fingerprint != definition.fingerprint or connection is None:
                raise ToolFailed(
                    f"{self.name}.{name} is described otherwise than when this call was allowed.",
                    hint="It was not called. Look at lab.tools, and call it again.",
                )
            try:
                return await connection.call(name, arguments, seconds, heard)
            except TimeoutError:
                raise EffectTimeout(
                    f"{self.name}.{name} took longer than {seconds:g} seconds.",
                    hint="Give it more with timeout=..., or look at the server.",
                ) from None
            except ToolFailed as error:
                if again and connection.forgotten:
                    continue
                raise self._named(error, name) from None
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """End the connection, and the program; it is not opened again."""
        self._closed = True
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connected(self) -> Connection:
        if self._closed:
            raise ToolFailed("It was removed.")
        if self._connection is not None and self._connection.is_open:
            return self._connection
        if self._connection is not None:
            lost, self._connection = self._connection, None
            await lost.close()
        open_door()
        self._listed = 0.0
        wire, settings = self._wire(), self.settings
        self._connection = Connection(wire, settings.max_bytes, settings.timeout)
        return self._connection

    async def _list(self, connection: Connection) -> None:
        connection.gate.changed = False
        found: dict[str, Definition] = {}
        problems = []
        try:
            told = self._clear(await connection.tools())
        except ToolFailed:
            await connection.close()
            raise
        for one in told:
            try:
                made = Definition.of(one)
            except DefinitionError as error:
                problems.append(error.message)
                continue
            if made.name in found:
                problems.append(f"{made.name!r} is listed twice; the first one counts.")
            elif wanted(made.name, self.settings.rules.tools):
                found[made.name] = made
        self._tell(found)  # before anybody can call one that is described otherwise
        self.definitions, self.problems = found, tuple(problems[:20])
        self._listed, self.is_known = time.monotonic(), True

    def _wire(self) -> Stdio | Http:
        """How it is reached, its secrets put in."""
        wire = self.settings.wire
        if isinstance(wire, Http):
            host = wire.host
            made = put_in({"headers": wire.headers}, lambda name: self._reveal(name, host))
            return replace(wire, headers=made["headers"])
        made = put_in({"env": wire.env}, lambda name: self._reveal(name, ""))
        return replace(wire, env=made["env"])

    def _named(self, error: Exception, tool: str = "") -> ToolFailed:
        who = f"{self.name}.{tool}" if tool else f"The server {self.name!r}"
        if isinstance(error, TimeoutError):
            return ToolFailed(
                f"{who}: it did not tell its tools within {self.settings.timeout:g} seconds.",
                hint="Give it more with timeout=..., or look at the server.",
            )
        hint = error.hint if isinstance(error, LabError) else ""
        return ToolFailed(self._clear(f"{who}: {error}"), hint=hint)
