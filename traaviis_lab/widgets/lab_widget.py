"""A lab as the last value of a cell: all its runs, start one, open one, send to it, stop it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import traitlets

from traaviis_lab.errors import LabError

from .base import LabWidgetBase
from .board import MAX_LIMIT, Look
from .commands import Answer, object_of, text_of
from .costs.words import foreseen_words
from .feed import RunFeed, feed_of
from .lab_feed import LabFeed
from .run_widget import obey_for_run

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab
    from traaviis_lab.machine import Chart

MAX_OPEN = 12


class LabWidget(LabWidgetBase):
    """The control panel of a lab. Every display of the same lab shows the same widget."""

    board = traitlets.Dict().tag(sync=True, to_json=lambda _board, widget: widget.feed.board)

    def __init__(self, lab: Lab) -> None:
        self.feed = LabFeed(lab)
        self._open: dict[str, RunFeed] = {}
        super().__init__()
        mine = weakref.ref(self)

        def send(message: dict[str, Any]) -> None:
            widget = mine()
            if widget is not None:
                widget.post(message)

        self.feed.send_to(send)

    @classmethod
    def of(cls, lab: Lab) -> LabWidget:
        """The widget of this lab, made when it is first shown or was closed."""
        with _LOCK:
            known = _SHOWN.get(lab)
            if known is None or known.comm is None:
                known = _SHOWN[lab] = cls(lab)
            known.feed.changed()
            return known

    def close(self) -> None:
        """Hear nothing more of the lab and of the runs that were open."""
        with _LOCK:
            lab = self.feed.lab()
            if lab is not None and _SHOWN.get(lab) is self:
                del _SHOWN[lab]
        for feed in self._open.values():
            feed.detach(self)
        self._open.clear()
        self.feed.end()
        super().close()

    def obey(self, what: str, command: Mapping[str, Any]) -> Answer:
        """Look at rows, start a run, answer an agent's question; the rest is about one run."""
        match what:
            case "look":
                self.feed.look(text_of(command, "view"), _look(command))
            case "leave":
                self.feed.leave(text_of(command, "view"))
            case "start":
                return {"run": self._start(command)}
            case "estimate":
                return self._estimate(command)
            case "close":
                feed = self._open.pop(text_of(command, "run"), None)
                if feed is not None:
                    feed.detach(self)
            case "decide":
                self.feed.questions.decide(command)
            case "resume":
                self.feed.wake(self._lab().resume(text_of(command, "run")).id)
            case "stop":
                self._lab().run(text_of(command, "run")).stop()
            case _:
                return self._about_run(what, command)
        return None

    def _about_run(self, what: str, command: Mapping[str, Any]) -> Answer:
        run_id = text_of(command, "run")
        feed = self._open.get(run_id)
        if feed is None:
            feed = feed_of(self._lab().run(run_id))
            if what == "open":
                while len(self._open) >= MAX_OPEN:
                    self._open.pop(next(iter(self._open))).detach(self)
                self._open[run_id] = feed
        return obey_for_run(feed, self, what, command)

    def _estimate(self, command: Mapping[str, Any]) -> Answer:
        lab, chart, data = self._lab(), self._chart(command), object_of(command, "data")
        tenant = text_of(command, "tenant") or None
        return self.work(lambda: {"text": foreseen_words(lab.estimate(chart, data, tenant=tenant))})

    def _chart(self, command: Mapping[str, Any]) -> Chart:
        name = text_of(command, "machine")
        chart = self._lab().machines().get(name)
        if chart is None:
            raise LabError(
                f"This lab knows no machine {name!r}.", hint="Make it known: lab.add(YourMachine)."
            )
        return chart

    def _start(self, command: Mapping[str, Any]) -> str:
        lab, chart = self._lab(), self._chart(command)
        run_id = text_of(command, "run") or None
        tenant = text_of(command, "tenant") or None
        return lab.start(chart, id=run_id, data=object_of(command, "data"), tenant=tenant).id

    def _lab(self) -> Lab:
        lab = self.feed.lab()
        if lab is None or not lab.is_open:
            raise LabError("This lab is closed.", hint="Open it again: Lab(path).")
        return lab


_SHOWN: weakref.WeakKeyDictionary[Lab, LabWidget] = weakref.WeakKeyDictionary()
_LOCK = threading.RLock()


def _look(command: Mapping[str, Any]) -> Look:
    def number(name: str, standard: int) -> int:
        value = command.get(name, standard)
        return value if isinstance(value, int) and value >= 0 else standard

    return Look(
        offset=number("offset", 0),
        limit=max(1, min(number("limit", 12), MAX_LIMIT)),
        text=text_of(command, "text").lower(),
        machine=text_of(command, "machine"),
        state=text_of(command, "state"),
        running=command.get("running") is True,
    )
