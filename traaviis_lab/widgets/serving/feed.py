"""What the browser is told of a lab's server: the whole once, then what changed of it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError
from traaviis_lab.widgets.lab_feed import title_of
from traaviis_lab.widgets.pump import UIPump, the_pump
from traaviis_lab.widgets.questions import Questions

from .told import Calls, told_clients, told_server

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab
    from traaviis_lab.widgets.feed import Sink

    from .handle import Handle

PAUSE = 0.2
"""So many seconds pass between two messages, however many calls there are."""


class ServingFeed:
    """The server of one lab as it is shown. It holds both weakly: looking on keeps neither."""

    pause = PAUSE

    def __init__(self, handle: Handle, *, pump: UIPump | None = None) -> None:
        self._pump = pump or the_pump()
        self._lock = threading.Lock()
        self._sinks: weakref.WeakSet[Sink] = weakref.WeakSet()
        self._lab = weakref.ref(handle.lab)
        self._calls = Calls()
        self._handle: Callable[[], Handle | None] = lambda: None
        self._deaf: Callable[[], object] | None = None
        self.questions = Questions(handle.lab.approvals, self, self._pump)
        self.now: dict[str, Any] = {"rev": 0, **self._told(handle)}
        self.follow(handle)

    def follow(self, handle: Handle) -> None:
        """Show this server from now on: the one that the lab has now."""
        if self._handle() is not handle:
            self._let_go()
            self._handle = weakref.ref(handle)
            self._deaf = handle.on_change(_marking(self))
        self.mark()

    def attach(self, sink: Sink) -> None:
        """Send `sink` every change from now on, as long as it lives."""
        self._sinks.add(sink)

    def mark(self) -> None:
        """Something is different. Any thread."""
        self._pump.mark(self)

    def flush(self) -> None:
        """Send what has changed."""
        handle = self._handle()
        with self._lock:
            told = self._told(handle) if handle is not None else {"serving": False, "rate": 0.0}
            changed = {name: value for name, value in told.items() if self.now.get(name) != value}
            if changed:
                changed["rev"] = self.now["rev"] + 1
                self.now = {**self.now, **changed}
        if changed:
            for sink in list(self._sinks):
                sink.post({"type": "serving", "set": changed})
        if not told["serving"]:
            self._let_go()
        elif told["rate"]:
            self.mark()  # it falls by itself when nobody calls

    def handle(self) -> Handle:
        """The server. Raises `LabError` if it is gone."""
        handle = self._handle()
        if handle is None:
            raise LabError("This server is gone.", hint="Start it again: lab.serve_mcp().")
        return handle

    def lab(self) -> Lab:
        """The lab. Raises `LabError` if it is closed."""
        lab = self._lab()
        if lab is None or not lab.is_open:
            raise LabError("The lab of this server is closed.", hint="Open it again: Lab(path).")
        return lab

    def decide(self, command: Mapping[str, Any]) -> None:
        """Answer a question."""
        self.questions.decide(command)

    def close(self) -> None:
        """Hear no more."""
        self._let_go()
        self.questions.end()

    def _let_go(self) -> None:
        """Hear the server no more, and hold nothing that holds it."""
        deaf, self._deaf = self._deaf, None
        if deaf is not None:
            deaf()

    def _told(self, handle: Handle) -> dict[str, Any]:
        return {
            **told_server(handle),
            "title": title_of(self._lab()),
            "clients": told_clients(handle),
            "calls": self._calls.told(handle),
            "questions": self.questions.told(),
        }


def _marking(feed: ServingFeed) -> Callable[[], None]:
    ref = weakref.ref(feed)

    def mark() -> None:
        feed = ref()
        if feed is not None:
            feed.mark()

    return mark
