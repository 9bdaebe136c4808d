"""What the browser is told of many runs' costs: asked anew in SQL when calls came."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError
from traaviis_lab.journal import Fact
from traaviis_lab.lab.costing import LabCosts, lab_costs
from traaviis_lab.travel.costing.spread import histogram
from traaviis_lab.travel.costing.sums import UNITS
from traaviis_lab.widgets.pump import UIPump, the_pump

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab
    from traaviis_lab.widgets.feed import Sink

PAUSE = 1.0
SHARE = 10
"""Between two answers passes so many times what one takes: looking on costs a tenth of a core."""
BINS = 24
MOST_RUNS = 40
MOST_GROUPS = 60


class ManyFeed:
    """The costs of many runs as they are shown."""

    pause = PAUSE

    def __init__(self, costs: LabCosts, *, pump: UIPump | None = None) -> None:
        self._pump = pump or the_pump()
        self._lab, self._chosen = weakref.ref(costs.lab), costs.chosen
        self._sinks: weakref.WeakSet[Sink] = weakref.WeakSet()
        self.face = {"many": True, "where": costs.chosen[0]}
        self._end = costs.lab.dispatcher.subscribe(
            _weakly(self), kind="model.called", at_end=_last(self)
        )
        weakref.finalize(self, self._end)
        self.now = told(costs)

    def attach(self, sink: Sink) -> None:
        """Send `sink` every change from now on, as long as it lives."""
        self._sinks.add(sink)

    def mark(self) -> None:
        """A model answered somewhere."""
        self._pump.mark(self)

    def flush(self) -> None:
        """Ask anew and send it to every sink."""
        lab = self._lab()
        if lab is not None and lab.is_open and self._ask(lab):  # of a closed one all is told
            self._send()

    def flush_last(self) -> None:
        """The lab is being closed, and its journal can still be asked: the last calls show too."""
        lab = self._lab()
        if lab is not None and self._ask(lab):
            self._pump.post(self._send)

    def _ask(self, lab: Lab) -> bool:
        try:
            began = time.monotonic()
            self.now = told(lab_costs(lab, *self._chosen))
            self.pause = max(PAUSE, SHARE * (time.monotonic() - began))
        except LabError:  # the lab was closed meanwhile: what is shown stays
            return False
        return True

    def _send(self) -> None:
        for sink in list(self._sinks):
            sink.post({"type": "costs", "now": self.now})

    def csv(self) -> tuple[str, str]:
        """A file's name and a row per run."""
        return "costs.csv", str(lab_costs(self._open_lab(), *self._chosen).to_csv())

    def close(self) -> None:
        """Hear no more."""
        self._end()

    def _open_lab(self) -> Lab:
        lab = self._lab()
        if lab is None or not lab.is_open:
            raise LabError("The lab of these runs is closed.", hint="Open it again: Lab(path).")
        return lab


def told(costs: LabCosts) -> dict[str, Any]:
    """The message's content: groups, the spread of runs, batches in time, the dearest runs."""
    runs = costs.rows("run")
    runs.sort(key=lambda row: (-(row["usd"] or 0.0), -row["tokens_in"] - row["tokens_out"]))
    spreads = {}
    for unit in UNITS:
        known = [value for _, value in costs.values(unit) if value is not None]
        spreads[unit] = {**histogram(known, BINS), "unknown": len(costs.runs) - len(known)}
    return {
        "count": len(costs.runs),
        "total": costs.total,
        **{f"{by}s": costs.rows(by)[:MOST_GROUPS] for by in ("machine", "tenant", "model")},
        "runs": runs[:MOST_RUNS],
        "spread": spreads,
        "limits": [limit._asdict() for limit in costs.limits()],
        "drift": {unit: _batches(costs, unit) for unit in UNITS},
    }


def _batches(costs: LabCosts, unit: str) -> list[dict[str, Any]]:
    names = ("machine", "batch", "runs", "p50", "p90", "error")
    return [{name: row[name] for name in names} for row in costs.drift_rows(unit)]


def _last(feed: ManyFeed) -> Callable[[], None]:
    ref = weakref.ref(feed)

    def end() -> None:
        feed = ref()
        if feed is not None:
            feed.flush_last()

    return end


def _weakly(feed: ManyFeed) -> Callable[[Fact], None]:
    ref = weakref.ref(feed)

    def heard(_fact: Fact) -> None:
        feed = ref()
        if feed is not None:
            feed.mark()

    return heard
