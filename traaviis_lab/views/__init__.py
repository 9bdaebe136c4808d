"""Text pictures of charts: DOT, Mermaid, SVG, HTML and the terminal."""

from __future__ import annotations

from .dot import to_dot
from .html import to_html
from .mermaid import to_mermaid
from .picture import Detail
from .record import ReportRun
from .svg import Marks, style_css, to_svg
from .terminal import to_text

__all__ = [
    "Detail",
    "Marks",
    "ReportRun",
    "style_css",
    "to_dot",
    "to_html",
    "to_mermaid",
    "to_svg",
    "to_text",
]
