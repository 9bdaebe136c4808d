"""Play event logs through runs in log time, and keep count of what came of every line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError

from .event_log import Entry, Malformed, in_order_of_arrival

if TYPE_CHECKING:
    from traaviis_lab.lab import Run
    from traaviis_lab.runtime import ToldClock

MAX_REASONS = 200


@dataclass(slots=True)
class Tally:
    """What became of one log: lines that were taken, refused, no lines at all, and late ones.

    A late line has a time before that of a line above it; it is played all the same, and counts
    among the taken or refused too.
    """

    lines: int = 0
    accepted: int = 0
    refused: int = 0
    malformed: int = 0
    late: int = 0
    last: str = ""
    reasons: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """The counts for a script, reasons with the most frequent first."""
        names = ("lines", "accepted", "refused", "malformed", "late")
        counts = {name: getattr(self, name) for name in names}
        return {**counts, "reasons": dict(self.reasons.most_common())}


def play(
    runs: Mapping[str, Run],
    logs: Mapping[str, Iterable[Entry | Malformed]],
    clock: ToldClock | None,
    tallies: Mapping[str, Tally],
    *,
    stop_at_done: bool = False,
) -> Iterator[str]:
    """Play each log through the run of its name, merged as they arrived; yields after each line.

    With a told clock the timers of all runs (`after`) fire in log time, between the lines.
    Malformed lines are journalled as notes; refused events are, with the reason, by the run.
    """
    for name, entry in in_order_of_arrival(logs):
        run, tally = runs[name], tallies[name]
        tally.lines += 1
        if isinstance(entry, Malformed):
            _note(run, entry)
            tally.malformed += 1
            tally.last = "(malformed line)"
            _because(tally, f"malformed: {entry.reason}")
        else:
            if clock is not None and entry.at is not None:
                tally.late += entry.at < clock.now()
                clock.advance_to(entry.at)
            _send(run, entry, tally)
        yield name
        if stop_at_done and run.done:
            return


def opening_time(logs: Mapping[str, Iterable[Entry | Malformed]]) -> int | None:
    """The first time that a log tells, in microseconds since the epoch."""
    first = [
        next((e.at for e in log if isinstance(e, Entry) and e.at is not None), None)
        for log in logs.values()
    ]
    return min((at for at in first if at is not None), default=None)


def _send(run: Run, entry: Entry, tally: Tally) -> None:
    from traaviis_lab.machine import Event

    tally.last = entry.event
    before = run.seq
    try:
        run.send_event(Event(entry.event, entry.data))
    except LabError as refusal:
        # What the run wrote down as refused is an answer; anything else (a full disk) is not.
        if run.refused is None or run.refused["seq"] <= before:
            raise
        tally.refused += 1
        _because(tally, refusal.message)
    else:
        tally.accepted += 1


def _because(tally: Tally, reason: str) -> None:
    # A hostile log could make a new reason of each line; the count stays small all the same.
    if reason not in tally.reasons and len(tally.reasons) >= MAX_REASONS:
        reason = "other reasons"
    tally.reasons[reason] += 1


def _note(run: Run, entry: Malformed) -> None:
    run.note("malformed line", line=entry.line, text=entry.text[:500], reason=entry.reason)
