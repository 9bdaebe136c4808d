"""The MCP server of a lab, live: clients, calls, tool sets, and what agents ask a person."""

from __future__ import annotations

from .widget import ServingWidget

__all__ = ["ServingWidget"]
