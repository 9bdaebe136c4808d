"""Replay: hermetic, and exact."""

import random
import socket
import time

import pytest

from tests.lab.conftest import Door
from traaviis_lab import Chart, Lab, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import DefinitionError, LabError
from traaviis_lab.runtime import WallClock

from .doors import Waiter, door_run, parting
from .shop import Shop, shopping


@pytest.fixture
def clock():
    return ToldClock()


@pytest.fixture
def lab(clock):
    with Lab(clock=clock) as opened:
        yield opened


def test_a_run_comes_out_as_recorded(lab, clock):
    run = door_run(lab, clock)
    found = run.replay()
    assert (found.run, found.machine, found.facts) == ("door", "Door", run.seq)
    assert found.steps == len(run.history())
    assert found.snapshot == run.snapshot
    assert found.same_chart
    assert f"{found.steps} steps in {found.facts} facts came out as recorded" in repr(found)
    assert "door" in found._repr_html_()
    assert run.replay() == found, "how long it took does not matter"
    assert run.replay(Door) == found


def test_a_part_of_a_run(lab, clock):
    run = door_run(lab, clock)
    for seq in range(1, run.seq + 1):
        found = run.replay(upto=seq)
        assert found.facts == seq
        assert found.snapshot == run.at(seq)
    for wrong in (0, run.seq + 1, "3", True):
        with pytest.raises(LabError, match="has no seq"):
            run.replay(upto=wrong)


def test_effects_that_answered_failed_and_were_cancelled(lab):
    def charge(amount):
        if amount > 10:
            raise ValueError("too much")
        return {"paid": amount}

    good = shopping(lab, "good", [("tea", 3), ("cup", 4)], charge)
    bad = shopping(lab, "bad", [("piano", 900)], charge)
    assert good.state == "paid"
    assert bad.state == "browsing"
    for run in (good, bad):
        assert run.replay().snapshot == run.snapshot
    stopped = lab.start(Waiter, id="w")
    stopped.send("go")
    stopped.stop()
    assert stopped.replay().snapshot == stopped.snapshot
    left = lab.start(Waiter, id="left")
    left.send("go")
    left.send("back")
    assert left.replay().snapshot == left.snapshot


def test_nobody_is_asked_while_a_run_is_replayed(lab, monkeypatch):
    calls = []
    run = shopping(lab, "s", [("tea", 3)], lambda amount: calls.append(amount) or {"paid": amount})
    assert calls == [3]
    expected = run.snapshot

    def forbidden(*args, **kwargs):
        raise AssertionError("replay asked for something of the world")

    for place, name in (
        (socket, "socket"),
        (socket, "create_connection"),
        (random, "random"),
        (time, "time"),
        (time, "time_ns"),
        (time, "sleep"),
        (WallClock, "now"),
        (WallClock, "call_at"),
        (ToldClock, "now"),
        (ToldClock, "call_at"),
        (lab._engine.interpreter, "perform"),
        (lab.journal, "append"),
        (lab.journal, "put_blob"),
    ):
        monkeypatch.setattr(place, name, forbidden)
    monkeypatch.setitem(lab._engine.functions, "charge", forbidden)
    assert run.replay().snapshot == expected
    assert lab.replay_all(Shop).ok
    assert calls == [3]


class Grower(Machine):
    """One list, grown in three ways."""

    data = {"items": []}
    on = State(initial=True)
    on.to(None, on="assigned", assign={"items": "data.items + [event.item]"})
    on.to(None, on="updated", do=fx.put_data("last", "{{ event.item }}"))
    on.to(None, on="updated_list", do=fx.update_data("items", "data.items + [data.last]"))
    on.to(None, on="put", do=fx.put_data("items", "{{ data.items + [event.item] }}"))


@pytest.mark.parametrize("way", ["assigned", "put", "updated"])
def test_large_data_is_replayed(lab, way):
    run = lab.start(Grower)
    for number in range(400):
        run.send(way, item=f"{number}:" + "x" * 1024)
        if way == "updated":
            run.send("updated_list")
    assert len(run.data["items"]) == 400
    assert run.replay().snapshot == run.snapshot
    longer = {"transitions": Grower.chart.to_spec()["states"]["on"]["transitions"]}
    spec = {**Grower.chart.to_spec(), "version": "2", "states": {"on": longer, "more": {}}}
    found = run.replay(Chart.from_spec(spec))
    assert found.snapshot == run.snapshot
    assert not found.same_chart
    for arrow in longer["transitions"]:  # the 300th of the items that came is left out
        arrow["when"] = (
            "!event.item.startsWith('300:')" if way != "updated" else "size(data.items) < 300"
        )
    assert parting(run, Chart.from_spec(spec)).seq > 300


def test_a_machine_whose_functions_are_python(lab):
    run = lab.start(Callables)
    for by in (1, 2, 3):
        run.send("count", by=by)
    assert run.data == {"n": 6}
    assert run.replay().snapshot == run.snapshot


def add(data, event):
    return data["n"] + event.data["by"]


class Callables(Machine):
    """Counts in Python."""

    data = {"n": 0}
    on = State(initial=True)
    on.to(None, on="count", assign={"n": add})


def test_what_is_no_machine_is_refused(lab, clock):
    run = door_run(lab, clock)
    with pytest.raises(DefinitionError, match="is not a machine"):
        run.replay("door.yaml")
