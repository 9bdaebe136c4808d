"""The MCP server in the kernel: an agent drives, watches and debugs the machines of a lab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .server import McpServer, serve

__all__ = ["McpServer", "serve"]


def __getattr__(name: str) -> Any:
    """Open the server when it is asked for (PEP 562): the catalogue is read without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import server

    return getattr(server, name)
