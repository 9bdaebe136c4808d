"""What the browser is told of one run's costs: each fact is folded in once, and sums are sent."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError
from traaviis_lab.journal import Fact
from traaviis_lab.lab.costing import RunCosts, run_limits
from traaviis_lab.travel.costing.family import starts_machines
from traaviis_lab.travel.costing.reading import hear
from traaviis_lab.widgets.drawing import chart_words
from traaviis_lab.widgets.pump import UIPump, the_pump

from .told import told_call

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab
    from traaviis_lab.widgets.feed import Sink

PAUSE = 0.2
"""So many seconds pass between two messages: sums are sent whole."""
_ABOUT = ("model.", "tool.", "estimate.", "budget.", "run.")


class RunFeed:
    """The costs of one run as they are shown. Facts come in on any thread."""

    pause = PAUSE

    def __init__(self, costs: RunCosts, *, pump: UIPump | None = None) -> None:
        thing = costs.thing
        self._pump = pump or the_pump()
        self._id, self._lab = thing.id, weakref.ref(thing.lab)
        self._facts: deque[Fact] = deque()
        self._sinks: weakref.WeakSet[Sink] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._order = tuple(thing.chart.states)
        self._end = thing.lab.dispatcher.subscribe(_weakly(self), run=thing.id)
        weakref.finalize(self, self._end)
        fresh = RunCosts(thing)  # what came since `costs` was made, and before we listened
        self._about = (thing.id, thing.chart.name, thing.trail.info.tenant)
        self._account, self._seq = fresh.account, fresh.seq
        self._status = "done" if thing.done else "running" if _is_live(thing) else "recorded"
        words = chart_words(thing.chart)
        self.face = {name: words[name] for name in ("machine", "title", "titles", "svg")}
        self.face |= {"run": thing.id, "many": False}
        if starts_machines(thing.chart):  # those have costs of their own
            name = (self.face["title"] or self.face["machine"]).rstrip(".")
            self.face["title"] = f"{name}, without the runs that it starts"
        self.now: dict[str, Any] = {}
        self.now = self._told()

    def attach(self, sink: Sink) -> None:
        """Send `sink` every change from now on, as long as it lives."""
        self._sinks.add(sink)

    def hear(self, fact: Fact) -> None:
        """A fact of the run happened. Any thread; only takes note of it."""
        if fact.kind.startswith(_ABOUT):
            self._facts.append(fact)
            self._pump.mark(self)

    def flush(self) -> None:
        """Fold in what came and send it to every sink."""
        with self._lock:
            changed = False
            while self._facts:
                fact = self._facts.popleft()
                if fact.seq > self._seq:
                    self._seq = fact.seq
                    changed |= self._take(fact)
            if not changed:
                return
            self.now = self._told()
        for sink in list(self._sinks):
            sink.post({"type": "costs", "now": self.now})

    def csv(self) -> tuple[str, str]:
        """A file's name and a row per call."""
        lab = self._lab()
        if lab is None or not lab.is_open:
            raise LabError("The lab of this run is closed.", hint="Open it again: Lab(path).")
        return f"costs-{self._id}.csv", str(_thing(lab, self._id).costs().to_csv())

    def close(self) -> None:
        """Hear no more."""
        self._end()

    def _take(self, fact: Fact) -> bool:
        if fact.kind == "run.done":
            self._status = "done"
            return True
        return hear(self._account, fact)

    def _told(self) -> dict[str, Any]:
        account = self._account
        line = account.line
        return {
            "status": self._status,
            "seq": self._seq,
            "total": account.sums(),
            "states": account.by_state(self._order),
            "models": account.by_model(),
            "calls": [told_call(call) for call in account.dearest()],
            "line": {
                "at": [point.at / 1e6 for point in line],
                "usd": [point.usd for point in line],
                "tokens": [point.tokens for point in line],
                "seconds": [point.seconds for point in line],
            },
            "limits": self._limits(),
        }

    def _limits(self) -> list[dict[str, Any]]:
        """The budgets that are about the run; as they were where the lab is gone.

        One that was closed still knows them: its last calls are shown after that.
        """
        lab = self._lab()
        if lab is None:
            return list(self.now.get("limits", ()))
        return [limit._asdict() for limit in run_limits(lab, *self._about)]


def _weakly(feed: RunFeed) -> Callable[[Fact], None]:
    ref = weakref.ref(feed)

    def heard(fact: Fact) -> None:
        feed = ref()
        if feed is not None:
            feed.hear(fact)

    return heard


def _is_live(thing: Any) -> bool:
    return thing.id in thing.lab.live()


def _thing(lab: Lab, run: str) -> Any:
    return lab.run(run) if run in lab.live() else lab.recording(run)
