"""The MCP server of a lab, and the handle by which a notebook holds it."""

from __future__ import annotations

import asyncio
import atexit
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from traaviis_lab import bridge
from traaviis_lab._version import __version__
from traaviis_lab.errors import LabError
from traaviis_lab.journal.sandbox import sandboxes
from traaviis_lab.lab.faces import mimebundle

from .adapter import Adapter
from .approval import Approver
from .call import Client
from .catalogue import SETS, catalogue
from .clients import Clients
from .desk import Desk
from .grants import SCOPES, Grant, Grants, Scope
from .library import Library
from .record import Line, Record
from .serving import Gate, Serving, listening
from .serving.sockets import ADDRESS
from .settings import Settings

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab
    from traaviis_lab.lab.approving import Approvals

_LOGGER = logging.getLogger("traaviis_lab")
_LATELY, _LAST_WORDS = 10.0, 0.1  # seconds


def serve(lab: Lab, **settings: Any) -> McpServer:
    """Serve a lab over MCP at 127.0.0.1, and answer the handle when it listens.

    The settings are those of `Settings`. Raises `LabError` for one that is none, and for a port
    that is taken.
    """
    server = McpServer(lab, Settings.of(lab, settings))
    server.start()
    return server


class McpServer:
    """A lab that is served. `lab.serve_mcp()` makes it; any thread may use it."""

    def __init__(self, lab: Lab, settings: Settings) -> None:
        self.lab, self._settings = lab, settings
        self._grants, self._clients = Grants(), Clients(self._changed)
        self._listeners: dict[object, Callable[[], object]] = {}
        self._times: deque[float] = deque(maxlen=100_000)
        self._token, self._grant = self._grants.add(
            settings.tenant, settings.scopes, "the connection file"
        )
        self._record = Record(lab, self._called)
        approver = Approver(settings.waits, settings.asks)
        self._desk = Desk(lab, approver, self._record, settings.limits)
        self._desk.sets.update({name: name in settings.sets for name in SETS})
        self._library = Library(self._desk)
        self._serving: Serving | None = None
        self._file, self._port = "", 0

    def start(self) -> None:
        """Listen. Raises `LabError` where the port is taken."""
        said = self._settings
        catalogue()  # read now, and not while the first client waits
        socket = listening(said.port)
        self._port = socket.getsockname()[1]
        self._adapter = Adapter(
            self._desk, self._library, self._clients, said.limits, said.waits, said.mount
        )
        self._gate = Gate(
            self._adapter,
            self._port,
            self._grants.find,
            said.limits,
            said.origins,
            None if said.token else self._grant,
        )
        self._serving = Serving(
            socket,
            self._gate,
            said.limits,
            around=self._adapter.running,
            closing=self._closing,
            cut=self._gate.end_calls,
        )
        self._serving.start()
        self._desk.meter.start()
        atexit.register(self.stop)
        try:
            self._file = self._written()
        except OSError as error:
            self.stop()
            raise LabError(
                f"The connection file cannot be written: {error}.",
                hint="Set JUPYTER_RUNTIME_DIR to a folder of yours that can be written.",
            ) from error

    def stop(self) -> None:
        """Stop serving; also twice, and from any thread. `lab.serve_mcp()` starts anew."""
        here, self._serving = self._serving, None
        if here is None:
            return
        atexit.unregister(self.stop)
        self._desk.meter.stop()
        here.stop()
        self._desk.close()
        self._library.close()
        sandboxes(self.lab.journal).close()
        if self._file and here.is_ours:
            bridge.remove(self._file)
        self._changed()

    # What it is

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://{ADDRESS}:{self._port}/mcp"

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def is_running(self) -> bool:
        """Whether it answers."""
        return self._serving is not None and self._serving.is_running

    @property
    def tenant(self) -> str:
        """Whose machines its first token is for."""
        return self._grant.tenant

    @property
    def token(self) -> str:
        """What its clients have to show; empty where none is asked for."""
        return self._token if self._settings.token else ""

    @property
    def settings(self) -> dict[str, Any]:
        """What it was told, as `lab.serve_mcp` takes it, with the tool sets that are on now."""
        on = frozenset(name for name, is_on in self._desk.sets.items() if is_on)
        return {**vars(self._settings), "sets": on}

    @property
    def connection_file(self) -> str:
        """The file, readable by this user alone, from which the bridge learns address and token."""
        return self._file

    @property
    def approvals(self) -> Approvals:
        """What waits for a person's yes or no."""
        return self.lab.approvals

    def check_same(self, settings: Mapping[str, Any]) -> None:
        """Raises `LabError` where it is served with other settings than these."""
        wanted = self._settings.but(settings)
        for name in settings:
            now, then = getattr(self._settings, name), getattr(wanted, name)
            if now != then and not (name == "port" and then in (0, self._port)):
                raise LabError(
                    f"This lab is served already, with {name}={_said(now)}, not {_said(then)}.",
                    hint="lab.serve_mcp().stop() first, or leave the setting out.",
                )

    # Tool sets

    @property
    def sets(self) -> dict[str, bool]:
        """Which tool sets are on."""
        return dict(self._desk.sets)

    def switch(self, set: str, on: bool) -> None:
        """Switch a tool set on or off; clients are told. Raises `LabError` for no such set."""
        if set not in self._desk.sets:
            raise LabError(f"There is no tool set {set!r}.", hint=f"There are: {', '.join(SETS)}.")
        if self._desk.sets[set] == on:
            return
        self._desk.sets[set] = bool(on)
        if self._serving is not None:
            self._serving.call(self._adapter.tools_changed)
        self._changed()

    # Who calls

    def clients(self) -> list[Client]:
        """The clients that were heard of lately, the last one first."""
        return self._clients.listed()

    def calls(self, last: int = 20) -> list[Line]:
        """The last calls, the newest first."""
        return list(self._record.lines)[: -last - 1 : -1] if last > 0 else []

    def rate(self) -> float:
        """Calls a second, over the last ten seconds."""
        since = time.monotonic() - _LATELY
        return sum(1 for at in list(self._times) if at >= since) / _LATELY

    def on_change(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back, on any thread, when a call has ended or a setting changed; answers the end."""
        key = object()
        self._listeners = {**self._listeners, key: callback}

        def end() -> None:
            self._listeners = {k: v for k, v in self._listeners.items() if k is not key}

        return end

    # Tokens

    def add_token(
        self, tenant: str | None = None, scopes: Iterable[Scope] = SCOPES, label: str = ""
    ) -> str:
        """A further token, for a tenant and with scopes of its own. It is shown this once."""
        token, _ = self._grants.add(tenant or self.tenant, scopes, label)
        self._changed()
        return token

    def revoke(self, grant_id: str) -> None:
        """Take a token back; its streams, sessions and calls end. Raises `LabError` for no such
        token."""
        self._grants.revoke(grant_id)
        if self._serving is not None:
            self._serving.ask(self._cut_off(grant_id))
        self._changed()

    def grants(self) -> list[Grant]:
        """What tokens there are; none of them says the token itself."""
        return list(self._grants)

    def client_config(self, kind: str, *, bridge: bool = False) -> str:
        """The text to paste into a client's settings: "claude-code", "vscode", "cursor", ...

        Raises `LabError` for a client that is not known, and when the server is stopped.
        """
        from .client_config import client_config

        if not self.is_running:
            raise LabError("The server is stopped; nobody can connect.", hint="lab.serve_mcp()")
        return client_config(self, kind, bridge=bridge)

    def __repr__(self) -> str:
        if not self.is_running:
            return "<McpServer: stopped>"
        on = ", ".join(name for name, is_on in self._desk.sets.items() if is_on) or "none"
        guard = "" if self._settings.token else ", open to every process of this machine"
        return f"<McpServer {self.url}, tenant {self.tenant}, tools: {on}{guard}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return mimebundle("mcp", self)

    async def _cut_off(self, grant_id: str) -> None:
        self._gate.end_streams(grant_id)
        await self._adapter.revoked(grant_id)
        self._gate.end_calls(grant_id)

    def _closing(self) -> None:
        self._adapter.closing()
        # The streams of the newer protocol end by themselves, with a last word.
        asyncio.get_running_loop().call_later(_LAST_WORDS, self._gate.end_streams)

    def _called(self) -> None:
        self._times.append(time.monotonic())
        self._changed()

    def _changed(self) -> None:
        for callback in self._listeners.values():
            try:
                callback()
            except Exception:
                _LOGGER.exception("A listener of the MCP server failed")

    def _written(self) -> str:
        here = bridge.here()
        return bridge.write(
            bridge.Connection(
                self.url,
                self._token,
                kernel=here.kernel,
                notebook=here.notebook,
                tenant=self.tenant,
                version=__version__,
                started=datetime.now(UTC).isoformat(timespec="seconds"),
            )
        )


def _said(value: object) -> str:
    return repr(sorted(value) if isinstance(value, frozenset) else value)
