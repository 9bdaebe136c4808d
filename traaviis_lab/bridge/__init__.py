"""The way into a kernel's MCP server from outside: where it is, and a bridge from stdio to it."""

from __future__ import annotations

from .connection import Connection, all_connections, find, listed, remove, write
from .folder import runtime_folder
from .here import Here, here

__all__ = [
    "Connection",
    "Here",
    "all_connections",
    "find",
    "here",
    "listed",
    "remove",
    "runtime_folder",
    "write",
]
