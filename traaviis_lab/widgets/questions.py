"""Questions to a person as the browser is told of them, and the answers that come back."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from traaviis_lab.lab.shown import shown_json, shown_line

from .commands import text_of

if TYPE_CHECKING:
    from traaviis_lab.lab.approving import Allowed, Approval, Approvals

    from .pump import Flushable, UIPump

MOST = 20
"""So many are shown at a time, the oldest; the others come up as these are answered."""
LONGEST = 20_000
"""Characters of a question's arguments; a person decides on them, so much is shown."""


class Questions:
    """The open questions of a lab as one feed tells of them."""

    def __init__(self, approvals: Approvals, feed: Flushable, pump: UIPump) -> None:
        self._approvals = approvals
        self._known: dict[str, dict[str, Any]] = {}
        self.end = weakref.finalize(feed, approvals.on_change(_marking(feed, pump)))

    def told(self) -> dict[str, Any]:
        """Those that are shown, oldest first, and how many more there are: `{rows, more}`."""
        pending = self._approvals.pending()
        shown = pending[:MOST]
        self._known = {one.id: self._known.get(one.id) or _told(one) for one in shown}
        return {"rows": list(self._known.values()), "more": len(pending) - len(shown)}

    def decide(self, command: Mapping[str, Any]) -> None:
        """Answer one. Raises `LabError` if it is answered already, or is not asked any more."""
        answer = cast("Allowed", text_of(command, "answer"))
        self._approvals.answer(text_of(command, "question"), answer)


def _marking(feed: Flushable, pump: UIPump) -> Callable[[], None]:
    ref = weakref.ref(feed)

    def mark() -> None:
        feed = ref()
        if feed is not None:
            pump.mark(feed)

    return mark


def _told(one: Approval) -> dict[str, Any]:
    return {
        "id": one.id,
        "text": shown_line(one.text, 500),
        "who": shown_line(one.who, 100),
        "tool": shown_line(one.tool, 100),
        "tenant": shown_line(one.tenant, 100),
        "run": shown_line(one.run, 200),
        "at": int(one.at * 1000),
        "arguments": shown_json(dict(one.arguments), LONGEST) if one.arguments else "",
    }
