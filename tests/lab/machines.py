"""Machines that several tests of the lab share."""

from traaviis_lab import Machine, State


class Counter(Machine):
    """Counts."""

    data = {"n": 0}
    on = State(initial=True)
    on.to(None, on="count", assign={"n": "data.n + event.by"})
