"""Where a live run stands for its debugger: what it takes, what holds it, what waits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError
from traaviis_lab.journal import Fact
from traaviis_lab.widgets.ledger import Ledger
from traaviis_lab.widgets.place import place, timers

from .pages import shown
from .subject import Subject

if TYPE_CHECKING:
    from traaviis_lab.lab import Run

TAIL = 200
"""This many of a run's last facts are read when it is opened."""
MAX_WAITING = 200
"""This much of a mailbox is shown; `held.waiting` counts all of it."""
_NOTHING: dict[str, Any] = {
    "takes": [], "blocked": {}, "arrows": {}, "timers": [], "refused": None,
    "held": None, "mailbox": [], "breakpoints": [],
}  # fmt: skip


class Stand:
    """Follows a run's facts and says where it stands. Not safe for threads."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._ledger = Ledger()
        self.take(facts)

    def take(self, facts: Iterable[Fact]) -> None:
        """Follow these facts."""
        for fact in facts:
            self._ledger.take(fact)

    def now(self, subject: Subject, total: int) -> dict[str, Any]:
        """The `now` of the wire: all of it, also where there is nothing to say."""
        ends = self._ledger.status
        try:
            run = subject.live()
        except LabError:
            status = "closed" if ends == "running" else ends
            return {**_NOTHING, "status": status, "seq": total, "total": total}
        if run is None:
            status = "asleep" if ends == "running" else ends
            return {**_NOTHING, "status": status, "seq": total, "total": total}
        here = place(run.chart, run.snapshot)
        return {
            "status": ends if ends != "running" or not run.done else "done",
            "seq": run.seq,
            "total": total,
            **{name: here[name] for name in ("takes", "blocked", "arrows")},
            "timers": timers(run),
            "refused": self._ledger.refused,
            **_held(run),
        }


def _held(run: Run) -> dict[str, Any]:
    """What holds the run, with its large values cut; what waits; its breakpoints."""
    held = run.held
    points = [one.to_json() for one in run.breakpoints]
    if held is None:
        return {"held": None, "mailbox": [], "breakpoints": points}
    told = held.to_json()
    preview = dict(told["preview"])
    for name in ("changes", "effects"):
        preview[name] = [shown(one) for one in preview[name]]
    told |= {"preview": preview, "event": shown(told["event"]), "waiting": len(held.mailbox)}
    waits = [one.to_json() for one in held.mailbox[:MAX_WAITING]]
    return {"held": told, "mailbox": waits, "breakpoints": points}
