"""The tools of a lab: what `lab.tools` is, and how a server of tools is added to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from traaviis_lab.errors import DefinitionError, LabError
from traaviis_lab.machine.names import did_you_mean
from traaviis_lab.tools import Http, Rules, Settings, Toolset
from traaviis_lab.tools.settings import MOST_BYTES, patterns, read_wire
from traaviis_lab.tools.toolset import Person

from .tool_table import Row, Table, rows_of

if TYPE_CHECKING:
    from .lab import Lab


class Tooling:
    """The part of `Lab` that has tools: registered functions, and those of MCP servers."""

    @cached_property
    def tools(self) -> Tools:
        """What `call_tool` may call: `lab.tools.add_mcp("npx some-server", name="files")`."""
        return Tools(self)  # type: ignore[arg-type]


class Tools(Table):
    """The tools of a lab by name, and the servers they are of. At the end of a cell: a table.

    A registered function is a tool under its own name; a tool of a server has the server's name
    and a dot before its own: `files.read_file`.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._set.person = cast(Person, lab.approvals)
        super().__init__(lambda: rows_of(self._set, self._lab._engine.functions))

    @property
    def _set(self) -> Toolset:
        return self._lab._engine.tools

    def add_mcp(  # noqa: PLR0913 - all but the first have names
        self,
        server: str | Sequence[str],
        *,
        name: str,
        env: Mapping[str, Any] | None = None,
        cwd: str | None = None,
        token: Mapping[str, str] | None = None,
        headers: Mapping[str, Any] | None = None,
        timeout: float | str = 30.0,
        max_bytes: int = MOST_BYTES,
        tools: Sequence[str] | None = None,
        allow: Sequence[str] | None = None,
        deny: Sequence[str] | None = None,
        trust: bool = False,
        usd: float | None = None,
        connect: bool = True,
    ) -> Table:
        """Add the tools of an MCP server: a command (`"npx some-server --flag"`), or a URL.

        The command is split without a shell, and gets `env` (`{"secret": "NAME"}` is a secret of
        the lab) and what every program needs. A URL takes a `token` (`{"secret": "NAME"}`) and
        `headers`; its host has to be allowed, with `lab.allow_host`. `tools`: only these, by names
        and patterns such as `read_*`; `allow`: those that need no question (a pattern does not
        cover what its server calls destructive, the exact name does); `deny`: never; `trust`:
        believe the server where it says that a tool only reads. `usd` is what a call costs, if
        that is known. Without `connect` it is connected when a tool is called.

        Raises `DefinitionError`, `PermissionDenied` for a host that is not allowed, `ToolFailed`
        where the server cannot be asked, `NotInstalled` without the extra `[mcp]`.
        """
        rules = Rules(
            patterns("tools", tools), patterns("allow", allow), patterns("deny", deny), bool(trust)
        )
        wire = read_wire(server, env, cwd, token, headers)
        limit: Any = timeout
        self._add(Settings(name, wire, rules, limit, max_bytes, usd), connect)
        return self.of(name)

    def _add(self, settings: Settings, connect: bool) -> None:
        lab, name = self._lab, settings.name
        if isinstance(settings.wire, Http):
            lab._engine.hosts.check(settings.wire.host)
        lab._thread.ask(lambda: None)  # a lab that is closed says so before anything is begun
        is_new = name not in self._set.servers
        old = self._set.add(settings)
        if old is not None:
            lab._thread.wait_for(self._set.shut(old))
        if connect:
            try:
                lab._thread.wait_for(self._set.open(name))
            except LabError:
                if is_new or old is not None:  # nothing stays of a server that is none
                    self.remove(name)
                raise

    def of(self, server: str) -> Table:
        """The tools of one server. Raises `LabError` where there is none of this name."""
        if server not in self._set.servers:
            known = did_you_mean(server, sorted(self._set.servers), "There are")
            raise LabError(f"There is no server of tools {server!r}.", hint=known)
        return Table(lambda: [row for row in rows_of(self._set, {}) if row.server == server])

    def refresh(self, server: str | None = None) -> Tools:
        """Ask servers for their tools again; one that was lost is connected anew.

        Raises `ToolFailed` where one cannot be asked, `LabError` where there is none.
        """
        if server is not None:
            self.of(server)
        for name in [server] if server is not None else sorted(self._set.servers):
            self._lab._thread.wait_for(self._set.open(name, anew=True))
        return self

    def accept(self, name: str, *, always: bool = False) -> Row:
        """Take a tool as it is described now; `always`: allow it for good, also after restarts.

        Raises `LabError` for a tool that is not there.
        """
        tool = self._tool(name)
        self._lab._thread.ask(lambda: self._set.accept(tool, always=always))
        return self[name]

    def withdraw(self, name: str) -> Row:
        """Take back that a tool was allowed for good. Raises `LabError` if it is not there."""
        self._set.withdraw(self._tool(name))
        return self[name]

    def remove(self, server: str) -> None:
        """Forget a server and its tools, and end it. Raises `LabError` where there is none."""
        self._lab._thread.check_caller()
        self._lab._thread.wait_for(self._set.shut(self._set.take(server)))

    def servers(self) -> dict[str, str]:
        """The servers by name, and how each one stands: open, or not connected."""
        return {
            name: "open" if one.is_open else "not connected"
            for name, one in sorted(self._set.servers.items())
        }

    def problems(self) -> dict[str, tuple[str, ...]]:
        """What servers said of tools and was left out, by server."""
        return {name: one.problems for name, one in self._set.servers.items() if one.problems}

    def _tool(self, name: str) -> Any:
        found = self._set.known(name)
        if found is None:
            known = did_you_mean(name, [row.name for row in self], "There are")
            raise DefinitionError(f"There is no tool {name!r} of a server here.", hint=known)
        return found
