"""What to paste into an MCP client so that it finds this kernel's server."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from traaviis_lab.bridge import here, runtime_folder
from traaviis_lab.errors import LabError

NAME = "traaviis-lab"
"""What the server is called in a client's settings."""
INSPECTOR = "@modelcontextprotocol/inspector"


class Served(Protocol):
    """What has to be known of a server: the handle knows it, and so does a `Connection`."""

    @property
    def url(self) -> str:
        """Where it is."""

    @property
    def token(self) -> str:
        """What opens it; "" where none is asked for."""


@dataclass(frozen=True)
class _Way:
    """One way to the server: a command that is the bridge, or an address with its header."""

    url: str
    headers: Mapping[str, str]
    command: Sequence[str]
    env: Mapping[str, str]
    bridge: bool

    def settings(self) -> dict[str, Any]:
        """As a client's settings file says it."""
        if self.bridge:
            first, *rest = self.command
            env = {"env": dict(self.env)} if self.env else {}
            return {"command": first, "args": rest, **env}
        headers = {"headers": dict(self.headers)} if self.headers else {}
        return {"url": self.url, **headers}


def client_config(served: Served, kind: str, *, bridge: bool = False) -> str:
    """The text for a client: a command line, or JSON for its settings file. It holds the token.

    Args:
        served: the handle of a server, or a `Connection`.
        kind: "claude-code", "claude-desktop", "vscode", "cursor" or "inspector".
        bridge: by way of the bridge, which survives a restart of the kernel and holds no token.
            Claude Desktop starts programs only, so that there it is always the bridge.

    Raises `LabError` for another kind.
    """
    text = _KINDS.get(kind)
    if text is None:
        raise LabError(
            f"There is no client {kind!r} that we know the settings of.",
            hint=f"Known are {', '.join(_KINDS)}; docs/mcp_clients.md says what others need.",
        )
    return text(_way(served, bridge or kind == "claude-desktop"))


def _way(served: Served, bridge: bool) -> _Way:
    headers = {"Authorization": f"Bearer {served.token}"} if served.token else {}
    at = here()
    notebook = getattr(served, "notebook", "") or at.notebook
    kernel = getattr(served, "kernel", "") or at.kernel
    # A notebook keeps its name; its kernel has another one each time it is opened.
    which = ["--notebook", notebook] if notebook else ["--kernel", kernel] if kernel else []
    # A client does not pass its environment on, or has another one than Jupyter.
    told = any(os.environ.get(name) for name in _FOLDERS)
    env = {"JUPYTER_RUNTIME_DIR": os.path.abspath(runtime_folder())} if told else {}
    command = [sys.executable, "-m", "traaviis_lab.bridge", *which]
    return _Way(served.url, headers, command, env, bridge)


_FOLDERS = (
    "JUPYTER_RUNTIME_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_PLATFORM_DIRS",
    "XDG_DATA_HOME",
)


def _claude_code(way: _Way) -> str:
    # Its options that take several values come where no name can be taken for one.
    if way.bridge:
        env = [word for pair in way.env.items() for word in ("--env", "=".join(pair))]
        return _line(
            ["claude", "mcp", "add", *env, "--transport", "stdio", NAME, "--", *way.command]
        )
    headers = [word for pair in way.headers.items() for word in ("--header", ": ".join(pair))]
    return _line(["claude", "mcp", "add", "--transport", "http", NAME, way.url, *headers])


def _claude_desktop(way: _Way) -> str:
    return _json({"mcpServers": {NAME: way.settings()}})


def _vscode(way: _Way) -> str:
    kind = "stdio" if way.bridge else "http"
    return _json({"servers": {NAME: {"type": kind, **way.settings()}}})


def _cursor(way: _Way) -> str:
    return _json({"mcpServers": {NAME: way.settings()}})


def _inspector(way: _Way) -> str:
    if way.bridge:
        env = [word for pair in way.env.items() for word in ("-e", "=".join(pair))]
        return _line(["npx", INSPECTOR, *env, "--", *way.command])
    headers = [word for pair in way.headers.items() for word in ("--header", ": ".join(pair))]
    return _line(["npx", INSPECTOR, "--server-url", way.url, "--transport", "http", *headers])


_KINDS: dict[str, Callable[[_Way], str]] = {
    "claude-code": _claude_code,
    "claude-desktop": _claude_desktop,
    "vscode": _vscode,
    "cursor": _cursor,
    "inspector": _inspector,
}


def _json(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, indent=2, ensure_ascii=False)


def _line(words: Sequence[str]) -> str:
    """Words as one line for this system's shell."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
