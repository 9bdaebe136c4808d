"""The live diagram as an MCP App: one page that needs no network and speaks to its host alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import traaviis_lab
from traaviis_lab.mcp.resources import Content, Resource

EXTENSION = "io.modelcontextprotocol/ui"
MIME = "text/html;profile=mcp-app"
DIAGRAM = "ui://traaviis/diagram.html"
META: dict[str, Any] = {"ui": {"csp": {}, "prefersBorder": True}}
"""No domain is asked for: the page loads nothing, and talks to nobody but its host."""

APP = Resource(
    DIAGRAM,
    "diagram",
    "Live diagram",
    "A run's state diagram, live, for clients that show MCP Apps.",
    MIME,
    META,
)


def app_content() -> Content:
    """The page, as it is read at its address."""
    return Content(DIAGRAM, MIME, _page(), META)


@cache
def _page() -> str:
    return (Path(traaviis_lab.__file__).parent / "static" / "mcp_app.html").read_text("utf-8")
