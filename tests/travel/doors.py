"""Doors whose runs are replayed, on the chart they ran on, on changed ones, from changed records."""

import json

import orjson
import pytest

from tests.lab.conftest import Door
from traaviis_lab import Chart, EventRefused, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import Diverged
from traaviis_lab.journal import MemoryJournal
from traaviis_lab.travel import Trail, replay


class Waiter(Machine):
    """Waits, and may be called back."""

    idle = State(initial=True)
    waiting = State(enter=fx.delay("1h"), on_success="idle")
    idle.to(waiting, on="go")
    waiting.to(idle, on="back")


def door_run(lab, clock):
    """Opened, closed by half, turned back by its timer; one event refused, one note."""
    run = lab.start(Door, id="door")
    run.send("open_command", user_id="u1")
    run.send("fully_open")
    with pytest.raises(EventRefused):
        run.send("obstacle")
    run.note("seen", by="me")
    run.send("close_command")
    clock.advance(31)
    run.send("fully_open")
    return run


def door_with(**changes):
    """The door with something else at a place: `closing__0="..."` is its first arrow."""
    spec = json.loads(json.dumps(Door.chart.to_spec()))
    for place, change in changes.items():
        state, _, number = place.partition("__")
        arrow = spec["states"][state]["transitions"][int(number)]
        arrow.update(change)
        for key in [key for key, value in arrow.items() if value is None]:
            del arrow[key]
    return Chart.from_spec(spec)


def parting(run, chart=None):
    with pytest.raises(Diverged) as caught:
        run.replay(chart)
    return caught.value


def tampered(run, seq, change=lambda fact: None, chart=None):
    """What replay says of the run when fact `seq` is another one (None: lost, the rest moves up)."""
    journal = MemoryJournal()
    journal.put_chart(run.chart.hash, orjson.dumps(run.chart.spec))
    number = 0
    for fact in run.lab.journal.read(run.id):
        new = change(fact) if fact.seq == seq else fact
        if new is not None:
            number += 1
            journal.append([new._replace(seq=number, hash=b"")])
    with pytest.raises(Diverged) as caught:
        replay(Trail(journal, run.id, chart or run.chart))
    return caught.value


def body_with(**fields):
    return lambda fact: fact._replace(body=orjson.dumps({**orjson.loads(fact.body), **fields}))
