"""What a machine hears when a hard budget does not cover a call: `budget.exceeded`, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from traaviis_lab.effects.failures import breach_in
from traaviis_lab.errors import EventRefused
from traaviis_lab.journal import Journal
from traaviis_lab.machine import Chart, Event, Snapshot, step

EXCEEDED = "budget.exceeded"
STATUS = "budget"
"""The status of a run that was stopped, since its machine takes neither the event nor the error."""


def breach_event(error: Mapping[str, Any], kind: str) -> Event | None:
    """The event for the failure of an effect of this kind; None for any other failure."""
    breach = breach_in(error)
    return None if breach is None else Event(EXCEEDED, {**breach, "effect": kind})


def takes(chart: Chart, snapshot: Snapshot, event: Event) -> bool:
    """Whether the machine takes this event where it stands."""
    if snapshot.done:
        return False
    try:
        step(chart, snapshot, event)
    except EventRefused:
        return False
    return True


def breach_that_ended(journal: Journal, run: str, upto: int) -> Mapping[str, Any] | None:
    """The failure that a run was stopped for, as its facts tell it; None for any other end."""
    last: Mapping[str, Any] | None = None
    for fact in journal.read(run, upto=upto, hashed=False):
        if fact.kind == "effect.failed":
            last = breach_in(orjson.loads(fact.body).get("error", {})) or last
        elif fact.kind == "run.done" and fact.name == STATUS:
            return last
    return None
