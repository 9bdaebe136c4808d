"""A run as the last value of a cell: live, and it can be sent events."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import traitlets

from traaviis_lab.errors import LabError
from traaviis_lab.machine import Event

from .base import LabWidgetBase
from .commands import Answer, object_of, text_of
from .feed import RunFeed, feed_of

if TYPE_CHECKING:
    from traaviis_lab.lab import Run


class RunWidget(LabWidgetBase):
    """One run, live. Every display of the same run shows the same widget: `RunWidget.of(run)`."""

    face = traitlets.Dict().tag(sync=True)
    now = traitlets.Dict().tag(sync=True, to_json=lambda _now, widget: widget.feed.now)

    def __init__(self, run: Run) -> None:
        self.feed: RunFeed = feed_of(run)
        super().__init__(face=self.feed.face)
        self.feed.attach(self)

    @classmethod
    def of(cls, run: Run) -> RunWidget:
        """The widget of this run, made when it is first shown or was closed."""
        with _LOCK:
            feed = feed_of(run)
            known: RunWidget | None = feed.shown() if feed.shown else None
            if known is None or known.comm is None:
                known = cls(run)
                feed.shown = weakref.ref(known)
            return known

    def obey(self, what: str, command: Mapping[str, Any]) -> Answer:
        """Send an event, let a held run go on, stop it, or say everything again."""
        return obey_for_run(self.feed, self, what, command)

    def close(self) -> None:
        """Let go of the run; what is on the screen stays as it is."""
        self.feed.detach(self)
        super().close()


_LOCK = threading.RLock()


def obey_for_run(
    feed: RunFeed, widget: LabWidgetBase, what: str, command: Mapping[str, Any]
) -> Answer:
    """Commands that are about one run."""
    if what == "send":
        feed.run().send_event(Event(text_of(command, "event"), object_of(command, "data")))
    elif what == "go_on":
        run = feed.run()
        return widget.work(lambda: _resumed(run))  # all that waits is taken first
    elif what == "answer":
        run, path, answer = feed.run(), text_of(command, "path"), text_of(command, "answer")
        return widget.work(lambda: answered(run, path, answer))
    elif what == "stop":
        feed.run().stop()
    elif what == "open":
        feed.attach(widget)
        widget.later(feed.whole)
    else:
        raise LabError(f"Command {what!r} is not known here.", hint="Reload the page.")
    return None


def answered(run: Run, path: str, answer: str) -> None:
    """Say what becomes of an effect that asks: the run checks the word."""
    run.answer(path, cast("Any", answer))


def _resumed(run: Run) -> None:
    run.resume()
