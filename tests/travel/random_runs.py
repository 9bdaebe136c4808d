"""Runs of charts nobody drew, in one lab, for the laws of looking back."""

import contextlib

from traaviis_lab import Chart, EventRefused, Lab, ToldClock
from traaviis_lab.errors import RunawayChart

CLOCK = ToldClock()
LAB = Lab(clock=CLOCK)


def play(spec, events, data=None):
    """A run of the chart on these events; None where it never comes to rest."""
    try:
        run = LAB.start(Chart.from_spec(spec), data=data)
    except RunawayChart:
        return None
    for name, given in events:
        with contextlib.suppress(EventRefused, RunawayChart):
            run.send(name, **given)
    return run
