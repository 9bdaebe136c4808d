"""The quick way through most turns: one event, one fact, nothing under way, nothing asked for.

What it answers is what `Turn` would: the fact and the step of an event. Where more follows than
that, it answers None and a turn is made; `step` is pure, so deciding twice costs only time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from traaviis_lab.journal import Fact
from traaviis_lab.machine import Event, Step, step

from .bodies import admit, step_body

if TYPE_CHECKING:
    from .run import Run


def take_plainly(run: Run, event: Event) -> tuple[Fact, Step] | None:
    """The event's fact and step, if that is all there is to its turn. Raises as `Turn.take`."""
    texts, here = run.texts, run.snapshot
    if texts.timed or run.pending or run.calls:
        return None
    data, text = admit(event.data)
    answer = step(texts.chart, here, Event(event.name, data))
    there = answer.snapshot
    if answer.effects or there.done:
        return None
    body = b'{"data":%b,"step":%b}' % (text, step_body(texts, here.data, answer))
    state = texts.state(there.active)[0]
    now = run.engine.clock.now()
    fact = Fact(
        run.id, run.seq + 1, now, run.tenant, "event", event.name, None, body, state
    )  # fmt: skip
    return fact, answer
