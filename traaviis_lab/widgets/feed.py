"""What the browser is told of one run: the whole once, then small patches to everybody who looks.

All widgets on a run share one feed. It holds the run weakly through its lab: looking at a run
does not keep it, nor the lab, alive.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from traaviis_lab.errors import LabError
from traaviis_lab.journal import Fact

from .drawing import chart_words
from .lane import changed_rows, window
from .ledger import MAX_STEPS, Ledger
from .place import place, timers
from .portrait import changes, fields_changed, portray_data
from .pump import UIPump, the_pump

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab, Run

_NO_MORE: dict[str, Any] = {
    "takes": [], "blocked": {}, "arrows": {}, "timers": [], "held": None
}  # fmt: skip
TAIL = 200
"""This many of a run's last facts are read when it is first shown."""

MANY = 40
BUSY = 0.1
"""Where more effects than `MANY` change at once, so many seconds pass until the next patch."""

_PLAIN = (
    "status", "state", "seq", "active", "taken", "takes", "blocked", "arrows",
    "refused", "timers", "held",
)  # fmt: skip


class Sink(Protocol):
    """Where messages to one browser model go."""

    def post(self, message: dict[str, Any]) -> None:
        """Send one message. Called on the pump's thread."""


class RunFeed:
    """One run as it is shown. Facts come in on any thread; `flush` is called by the pump."""

    pause = 0.0

    def __init__(self, run: Run, *, pump: UIPump | None = None) -> None:
        self.id = run.id
        self._pump = pump or the_pump()
        self._run, self._lab = weakref.ref(run), weakref.ref(run.lab)
        self._facts: deque[Fact] = deque()
        self._lock = threading.Lock()
        self._sinks: weakref.WeakSet[Sink] = weakref.WeakSet()
        self._ledger = Ledger()
        self._pictured: Any = None
        self.face = {"run": run.id, "tenant": run.tenant, **chart_words(run.chart)}
        self.shown: weakref.ref[Any] | None = None
        self._changed_at = 0
        weakref.finalize(self, run.on(_weakly(self)))
        lab_gone = weakref.finalize(run.lab, _mark_weakly(weakref.ref(self)))
        weakref.finalize(self, lab_gone.detach)
        for fact in run.lab.journal.read(run.id, after=max(0, run.seq - TAIL), hashed=False):
            self._ledger.take(fact)
        self._ledger.book.know(run.under_way)
        self._shown = (self._ledger.book.turns, window(self._ledger.book))
        self.now = self._whole(run)

    def attach(self, sink: Sink) -> None:
        """Send `sink` every change from now on, as long as it lives."""
        with self._lock:
            self._sinks.add(sink)

    def detach(self, sink: Sink) -> None:
        """Send it no more."""
        with self._lock:
            self._sinks.discard(sink)

    def whole(self) -> dict[str, Any]:
        """The message that says everything."""
        with self._lock:
            return {"type": "run", "run": self.id, "face": self.face, "now": self.now}

    def run(self) -> Run:
        """The run. Raises `LabError` if its lab is gone."""
        run = self._run()
        if run is not None:
            return run
        lab = self._lab()
        if lab is None or not lab.is_open:
            if self.now["status"] == "running":
                self._pump.mark(self)  # so that everybody who looks is told
            raise LabError("The lab of this run is closed.", hint="lab.resume(id) goes on with it.")
        run = lab.run(self.id)
        self._run = weakref.ref(run)
        return run

    def hear(self, fact: Fact) -> None:
        """A fact of the run happened. Any thread; only takes note of it."""
        self._facts.append(fact)
        self._pump.mark(self)

    def flush(self) -> None:
        """Work out what changed and send it to every sink."""
        with self._lock:
            patch = self._patch()
            sinks = list(self._sinks) if patch else []
        for sink in sinks:
            sink.post({"type": "patch", "run": self.id, "patch": patch})

    def _patch(self) -> dict[str, Any] | None:
        ledger = self._ledger
        ledger.new_steps, moves = [], ledger.moves
        while self._facts:
            ledger.take(self._facts.popleft())
        old = self.now
        try:
            new = self._place(self.run())
        except LabError:
            new = self._last_words()
        patch: dict[str, Any] = {k: new[k] for k in _PLAIN if k in new and new[k] != old[k]}
        out: dict[str, Any] = {"rev": old["rev"] + 1, "set": patch}
        # all the run has been in, not only where it is now: states passed between two looks count
        if came := sorted(new.pop("been", frozenset()).difference(old["visited"])):
            out["visited"] = came
            new["visited"] = [*old["visited"], *came]
        if ledger.new_steps:
            out["steps"] = ledger.new_steps[-MAX_STEPS:]
        if "data" in new and (fields := fields_changed(old["data"], new["data"])):
            out["data"] = fields
        if rows := changed_rows(old["effects"], new["effects"]):
            out["effects"] = rows
        self.pause = BUSY if rows and len(rows["set"]) > MANY else 0.0
        if "data" in new:
            news = self._news(old, new, ledger.moves - moves)
            patch |= news
            new |= news
        if not patch and len(out) == 2:
            return None
        self.now = {**old, **new, "rev": out["rev"], "steps": list(ledger.steps)}
        return out

    def _news(self, old: dict[str, Any], new: dict[str, Any], span: int) -> dict[str, Any]:
        """What of the data is to be shown as changed.

        The run may be ahead of the facts heard of it: facts that come late tell of changes that
        are shown already, and must not take them away.
        """
        if found := changes(old["data"], new["data"]):
            self._changed_at = new["seq"]
            return {"changes": found, "span": max(1, span)}
        if self._ledger.moved_at > self._changed_at and old["changes"]:
            return {"changes": [], "span": 0}
        return {}

    def _whole(self, run: Run) -> dict[str, Any]:
        here = self._place(run)
        return {
            "rev": 0,
            "visited": sorted(here.pop("been")),
            **here,
            "changes": [],
            "span": 0,
            "steps": list(self._ledger.steps),
        }

    def _place(self, run: Run) -> dict[str, Any]:
        """Where the run stands, and what its facts say."""
        here, ledger = run.snapshot, self._ledger
        if here.data is not self._pictured:
            self._pictured, self._picture = here.data, portray_data(here.data)
        return {
            **place(run.chart, here),
            "status": self._status(here.done),
            "seq": run.seq,
            "taken": ledger.taken,
            "data": self._picture,
            "refused": ledger.refused,
            "effects": self._effects(),
            "timers": timers(run),
            "held": _held(run),
            "been": run.visited | here.active,
        }

    def _last_words(self) -> dict[str, Any]:
        """What can still be said when the run cannot be reached any more."""
        ledger = self._ledger
        status = ledger.status if ledger.status != "running" else "closed"
        return {"status": status, "effects": self._effects(), **_NO_MORE}

    def _effects(self) -> dict[str, Any]:
        """The rows that are shown, the same object as long as nothing changed."""
        book = self._ledger.book
        if self._shown[0] != book.turns:
            self._shown = (book.turns, window(book))
        return self._shown[1]

    def _status(self, done: bool) -> str:
        lab = self._lab()
        if done:
            return self._ledger.status if self._ledger.status != "running" else "done"
        return "running" if lab is not None and lab.is_open else "closed"


def _held(run: Run) -> dict[str, Any] | None:
    """Why the run is held, in a line; `lab.debug(run)` shows the whole."""
    held = run.held
    if held is None:
        return None
    waiting = len(held.mailbox)
    return {"breakpoint": held.breakpoint, "reason": held.reason, "waiting": waiting}


def _weakly(feed: RunFeed) -> Callable[[Fact], None]:
    ref = weakref.ref(feed)

    def hear(fact: Fact) -> None:
        feed = ref()
        if feed is not None:
            feed.hear(fact)

    return hear


def _mark_weakly(ref: weakref.ref[RunFeed]) -> Callable[[], None]:
    def mark() -> None:
        feed = ref()
        if feed is not None:
            feed._pump.mark(feed)

    return mark


_FEEDS: weakref.WeakKeyDictionary[Lab, weakref.WeakValueDictionary[str, RunFeed]] = (
    weakref.WeakKeyDictionary()
)
_FEEDS_LOCK = threading.Lock()


def feed_of(run: Run) -> RunFeed:
    """The one feed of this run, made when it is first looked at."""
    with _FEEDS_LOCK:
        known = _FEEDS.setdefault(run.lab, weakref.WeakValueDictionary())
        feed = known.get(run.id)
        if feed is None:
            feed = known[run.id] = RunFeed(run)
        return feed
