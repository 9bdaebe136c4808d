"""Apps: a page that a client shows beside a tool's answer (the extension MCP Apps)."""

from __future__ import annotations

from .diagram import APP, DIAGRAM, EXTENSION, MIME, app_content

__all__ = ["APP", "DIAGRAM", "EXTENSION", "MIME", "app_content"]
