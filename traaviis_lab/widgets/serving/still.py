"""A lab's server without a kernel: text and HTML that a notebook's file may hold.

Neither address, nor token, nor a count: they are of one kernel, and the next run of the same
notebook says the same.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from traaviis_lab.widgets.lab_feed import title_of

if TYPE_CHECKING:
    from .handle import Handle

_HOW = 'server = lab.serve_mcp(); print(server.client_config("claude-code"))'


def still_text(handle: Handle) -> str:
    """One line: what it is, whether it serves, and which tool sets are on."""
    return f"<MCP server of {title_of(handle.lab)}: {_state(handle)}; tool sets: {_on(handle)}>"


def still_html(handle: Handle) -> str:
    """The same as a small table, and how to have the server."""
    lines = "".join(
        f"<tr><td>{escape(name)}</td><td>{'on' if on else 'off'}</td></tr>"
        for name, on in handle.sets.items()
    )
    return (
        f"<p><b>MCP server</b> of {escape(title_of(handle.lab))}: {_state(handle)}</p>"
        f"<table><thead><tr><th>tool set</th><th></th></tr></thead><tbody>{lines}</tbody></table>"
        "<p>Address and token are of one kernel and stand in no file of a notebook. In a cell: "
        f"<code>{escape(_HOW)}</code></p>"
    )


def _state(handle: Handle) -> str:
    return "serving" if handle.is_running else "stopped"


def _on(handle: Handle) -> str:
    return ", ".join(name for name, on in handle.sets.items() if on) or "none"
