"""The quick way through most turns: one event, one fact, nothing under way, nothing asked for.

What it answers is what `Turn` would: the fact of an event. Where more follows than that, it
answers None and a turn goes on from what was decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from traaviis_lab.journal import Fact
from traaviis_lab.machine import Event, Snapshot, Step, step

from .bodies import admit, step_body

if TYPE_CHECKING:
    from .run import Run


class Decided(NamedTuple):
    """What an event leads to: its data as JSON, and the step."""

    text: bytes
    step: Step


def decide(run: Run, snapshot: Snapshot, event: Event) -> Decided:
    """What an event leads to from here. Raises `EventRefused`, and `JournalError` for its data."""
    data, text = admit(event.data)
    return Decided(text, step(run.texts.chart, snapshot, Event(event.name, data)))


def plain_fact(run: Run, event: Event, decided: Decided) -> Fact | None:
    """The event's fact, if that is all there is to its turn."""
    texts, (text, here) = run.texts, decided
    there = here.snapshot
    if texts.timed or run.pending or run.calls or here.effects or there.done:
        return None
    body = b'{"data":%b,"step":%b}' % (text, step_body(texts, run.snapshot.data, here))
    state, now = texts.state(there.active)[0], run.engine.clock.now()
    return Fact(run.id, run.seq + 1, now, run.tenant, "event", event.name, None, body, state)
