"""The open questions as HTML: what a cell shows of `lab.approvals`, with or without a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from .shown import shown_json, shown_line

if TYPE_CHECKING:
    from .approving import Approval

MOST = 20
LONGEST = 4_000


def approvals_html(pending: Sequence[Approval]) -> str:
    """Each question with what it is about, and the line of Python that answers it."""
    if not pending:
        return "<p>Nobody asks for anything.</p>"
    rest = len(pending) - MOST
    more = f"<p>and {rest:,} more</p>" if rest > 0 else ""
    head = (
        f"<p><b>{len(pending):,} open question{'' if len(pending) == 1 else 's'}.</b> Answer with "
        '<code>lab.approvals.answer(id, "once")</code>, <code>"always"</code> (this tool for this '
        'agent), <code>"deny"</code> or <code>"never"</code> (for this tool and agent).</p>'
    )
    return f"{head}<ol>{''.join(map(_item, pending[:MOST]))}</ol>{more}"


def _text(text: str) -> str:
    """Text that is neither HTML nor, for those who look for formulas in HTML, mathematics."""
    return escape(text).replace("\\", "<span>\\</span>").replace("$", "<span>$</span>")


def _item(one: Approval) -> str:
    about = [("tool", one.tool), ("tenant", one.tenant), ("run", one.run)]
    facts = ", ".join(
        f"{name} <code>{escape(shown_line(text, 200))}</code>" for name, text in about if text
    )
    arguments = f"<pre>{escape(shown_json(dict(one.arguments), LONGEST))}</pre>"
    return (
        f"<li><p>{_text(shown_line(one.text, 500))}<br>id <code>{escape(one.id)}</code>"
        f"{', ' if facts else ''}{facts}</p>{arguments if one.arguments else ''}</li>"
    )
