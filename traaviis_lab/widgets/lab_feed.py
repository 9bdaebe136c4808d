"""What the browser is told of a whole lab: counts, and the rows somebody looks at."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from traaviis_lab.journal import Fact
from traaviis_lab.journal.port import OWN

from .board import Board, Look
from .portrait import portray_data
from .pump import UIPump, the_pump
from .questions import Questions

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab

MAX_VIEWS = 24
"""Views that are not closed properly (a page that was reloaded) are forgotten, oldest first."""


class LabFeed:
    """The panel's side of one lab, which it holds weakly."""

    pause = 0.15

    def __init__(self, lab: Lab, *, pump: UIPump | None = None) -> None:
        self._pump = pump or the_pump()
        self._lab = weakref.ref(lab)
        self._facts: deque[Fact] = deque()
        self._lock = threading.Lock()
        self._sends: list[Callable[[dict[str, Any]], None]] = []
        self._looks: OrderedDict[str, Look] = OrderedDict()
        self._sent: dict[str, Any] = {}
        self._board = Board()
        self.board: dict[str, Any] = {}
        ref = weakref.ref(self)

        def hear(fact: Fact) -> None:
            feed = ref()
            if feed is not None and not fact.run.startswith(OWN):  # a book of the lab's is no run
                feed._facts.append(fact)
                feed._pump.mark(feed)

        self.questions = Questions(lab.approvals, self, self._pump)
        self._deaf = weakref.finalize(self, lab.events(hear))
        self._board.load(lab.journal.runs(), lab.live())
        self.board = self._sum_up()

    def end(self) -> None:
        """Hear no more."""
        self._deaf()
        self.questions.end()

    def lab(self) -> Lab | None:
        """The lab, None if it is gone."""
        return self._lab()

    def send_to(self, send: Callable[[dict[str, Any]], None]) -> None:
        """Give every message to `send`, on the pump's thread."""
        self._sends.append(send)

    def look(self, view: str, look: Look) -> None:
        """A view looks at these rows now; they come at once, and again when they change."""
        with self._lock:
            self._looks.pop(view, None)
            self._looks[view] = look
            self._sent.pop(view, None)
            while len(self._looks) > MAX_VIEWS:
                gone, _ = self._looks.popitem(last=False)
                self._sent.pop(gone, None)
        self._pump.post(self.flush)

    def leave(self, view: str) -> None:
        """A view is closed."""
        with self._lock:
            self._looks.pop(view, None)
            self._sent.pop(view, None)

    def wake(self, run: str) -> None:
        """A run was resumed here."""
        with self._lock:
            self._board.wake(run)
        self._pump.mark(self)

    def changed(self) -> None:
        """Something else than a fact changed, say the known machines."""
        self._pump.mark(self)

    def flush(self) -> None:
        """Send what has changed since the last time."""
        with self._lock:
            messages = list(self._messages())
        for message in messages:
            for send in self._sends:
                send(message)

    def _messages(self) -> list[dict[str, Any]]:
        while self._facts:
            self._board.take(self._facts.popleft())
        found = []
        board = self._sum_up()
        if board != {**self.board, "rev": board["rev"]}:
            self.board = board
            found.append({"type": "board", "board": board})
        for view, look in self._looks.items():
            rows = {"view": view, **self._board.window(look)}
            if self._sent.get(view) != rows:
                self._sent[view] = rows
                found.append({"type": "rows", "rows": rows})
        return found

    def _sum_up(self) -> dict[str, Any]:
        lab = self._lab()
        machines = {} if lab is None or not lab.is_open else lab.machines()
        return {
            "rev": self.board.get("rev", 0) + 1,
            **self._board.sums(),
            "title": title_of(lab),
            "questions": self.questions.told(),
            "machines": {
                name: {"data": portray_data(chart.data), "tenant": lab.tenant if lab else ""}
                for name, chart in sorted(machines.items())
            },
        }


def title_of(lab: Lab | None) -> str:
    """What a lab is called: `Lab in memory`, or by its file."""
    if lab is None or not lab.is_open:
        return "Lab (closed)"
    return "Lab in memory" if lab.path is None else f"Lab {lab.path.rsplit('/', 1)[-1]}"
