"""Where a replay parts from the record, it says where, how and why."""

import json
import pickle

import pytest

from tests.lab.conftest import Door
from traaviis_lab import Chart, Lab, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import DefinitionError, Diverged
from traaviis_lab.journal import MemoryJournal
from traaviis_lab.travel import Trail, replay

from .doors import Waiter, body_with, door_run, door_with, parting, tampered
from .shop import Shop, shopping


@pytest.fixture
def clock():
    return ToldClock()


@pytest.fixture
def lab(clock):
    with Lab(clock=clock) as opened:
        yield opened


# A chart that has changed


def test_a_changed_guard(lab, clock):
    run = door_run(lab, clock)
    error = parting(run, door_with(open__0={"when": "data.locked"}))
    assert (error.run, error.seq) == ("door", 6)
    assert "is not taken in open" in error.message
    assert error.expected["state"] == ["closing"]
    assert error.actual == {"refused": error.differences[0]["actual"]}
    assert error.cause == {
        "kind": "chart",
        "text": "The chart has changed: `when` of open#0 is data.locked, was !data.locked.",
        "where": ["open#0"],
    }
    assert error.hint == error.cause["text"]


def test_a_changed_target_assignment_and_effect(lab, clock):
    run = door_run(lab, clock)
    error = parting(run, door_with(closed__0={"to": "open"}))
    assert error.seq == 2
    assert error.differences == [{"path": "state", "expected": ["opening"], "actual": ["open"]}]
    assert error.message.endswith("state is open; the record says opening.")
    error = parting(run, door_with(opening__0={"assign": {"opened": "data.opened + 2"}}))
    assert (error.seq, error.differences) == (
        3,
        [{"path": "data.opened", "expected": 1, "actual": 2}],
    )
    assert "`assign.opened` of opening#0 is data.opened + 2, was data.opened + 1" in error.hint
    error = parting(run, door_with(open__0={"do": [{"kind": "log", "message": "shutting"}]}))
    assert error.differences == [
        {"path": "effects[0].message", "expected": "closing", "actual": "shutting"}
    ]
    error = parting(run, door_with(open__0={"do": None}))
    assert [(one["path"], "actual" in one) for one in error.differences] == [("effects[0]", False)]


def test_on_another_chart_only_what_comes_of_a_step_counts(lab, clock):
    run = door_run(lab, clock)
    spec = json.loads(json.dumps(Door.chart.to_spec()))
    spec["states"]["closed"]["transitions"].insert(0, {"on": "knock", "to": "opening"})
    spec["states"]["cellar"] = {}
    spec["version"] = "2.0.0"
    found = run.replay(Chart.from_spec(spec))
    assert not found.same_chart
    assert found.snapshot == run.snapshot
    assert "another Door" in repr(found)


def test_an_event_that_is_no_longer_refused(lab, clock):
    run = door_run(lab, clock)
    spec = json.loads(json.dumps(Door.chart.to_spec()))
    spec["states"]["open"]["transitions"].append({"on": "obstacle", "to": "opening"})
    error = parting(run, Chart.from_spec(spec))
    assert error.seq == 4
    assert error.expected == {"refused": "Event 'obstacle' means nothing in open."}
    assert error.actual["state"] == ["opening"]
    assert "it is taken now" in error.message
    assert error.cause["where"] == ["open#1"]


@pytest.mark.parametrize(("delay", "says"), [("60s", "later"), ("5s", "would have fired")])
def test_a_timer_of_another_length(lab, clock, delay, says):
    run = lab.start(Door, id="door")
    run.send("open_command")
    run.send("fully_open")
    run.send("close_command")
    clock.advance(10)
    run.note("still closing")
    clock.advance(20)
    assert run.state == "opening"
    spec = json.loads(json.dumps(Door.chart.to_spec()))
    spec["states"]["closing"]["after"][0]["delay"] = delay
    error = parting(run, Chart.from_spec(spec))
    assert error.seq == (6 if delay == "5s" else 7)
    assert says in error.message
    assert error.cause["kind"] == "chart"
    assert error.cause["where"] == ["closing#2"]
    spec["states"]["closing"]["after"][0]["delay"] = "0.5m"
    assert run.replay(Chart.from_spec(spec)).facts == run.seq


def test_an_end_where_there_was_none_and_none_where_there_was(lab, clock):
    run = lab.start(Door, id="door")
    run.send("open_command")
    run.send("fully_open")
    spec = json.loads(json.dumps(Door.chart.to_spec()))
    spec["states"]["open"] = {"final": True}
    error = parting(run, Chart.from_spec(spec))
    assert (error.seq, error.differences) == (
        3,
        [{"path": "done", "expected": False, "actual": True}],
    )
    shop = shopping(lab, "s", [("tea", 3)])
    spec = json.loads(json.dumps(Shop.chart.to_spec()))
    spec["states"]["paid"] = {}
    error = parting(shop, Chart.from_spec(spec))
    assert (error.seq, error.actual) == (shop.seq, False)
    assert "`final` of state paid is gone" in error.hint


def test_an_answer_the_chart_waits_for_now(lab):
    lab.register(lambda: 7, "seven")
    run = lab.start(Plain, id="p")
    spec = json.loads(json.dumps(Plain.chart.to_spec()))
    spec["states"]["idle"]["on_success"] = {"to": "ready"}
    run.wait(lambda run: not run.under_way)
    assert run.replay().same_chart
    error = parting(run, Chart.from_spec(spec))
    assert "waits for 'done.invoke.idle'" in error.message
    assert error.cause["kind"] == "chart"


class Plain(Machine):
    """Asks, and does not care for the answer."""

    idle = State(initial=True, enter=fx.call("seven"))
    ready = State()
    idle.to(ready, on="go")


def test_a_fork_or_run_on_a_chart_without_its_states(lab, clock):
    run = door_run(lab, clock)
    spec = {"spec": "traaviis/1", "name": "Door", "states": {"elsewhere": {}}}
    error = parting(run, Chart.from_spec(spec))
    assert error.seq == 1
    assert error.differences[0] == {
        "path": "state", "expected": ["closed"], "actual": ["elsewhere"],
    }  # fmt: skip
    assert "state elsewhere is new" in error.hint


# Python that is not pure


COUNTER = []


def moody(data, event):
    COUNTER.append(1)
    return len(COUNTER) % 2 == 1


class Moody(Machine):
    """Takes an event only every other time."""

    on = State(initial=True)
    off = State()
    on.to(off, on="flip", when=moody)
    on.to(None, on="flip")


def test_a_guard_that_is_not_pure_is_named(lab):
    COUNTER.clear()
    run = lab.start(Moody)
    run.send("flip")
    error = parting(run)
    assert error.seq == 2
    assert error.cause["kind"] == "impure"
    assert error.cause["where"] == [f"{__name__}:moody"]
    assert "is not pure" in error.hint


class Outer:
    limit = 3


def below(data, event):
    return event.data["by"] < Outer.limit


def by_limit(data, event):
    return Outer.limit


class Limited(Machine):
    """Asks something besides its arguments."""

    data = {"limit": 0}
    on = State(initial=True)
    on.to(None, on="count", when=below, assign={"limit": by_limit})


def test_a_function_that_answers_otherwise_than_then_is_named(lab, monkeypatch):
    run = lab.start(Limited)
    run.send("count", by=2)
    monkeypatch.setattr(Outer, "limit", 4)
    error = parting(run)
    assert (error.seq, error.cause["kind"]) == (2, "impure")
    assert error.cause["where"] == [f"{__name__}:below", f"{__name__}:by_limit"]
    assert "answers otherwise than then" in error.hint
    monkeypatch.setattr(Outer, "limit", 1)
    assert parting(run).cause["where"] == [f"{__name__}:below", f"{__name__}:by_limit"]


# A record that was changed


def test_a_step_that_was_changed(lab, clock):
    run = door_run(lab, clock)
    step = {"state": ["open"], "taken": ["opening#0"], "set": {"opened": 5}}
    error = tampered(run, 3, body_with(step=step))
    assert error.seq == 3
    assert error.differences == [{"path": "data.opened", "expected": 5, "actual": 1}]
    assert error.cause["kind"] == "record"
    assert "lab.verify()" in error.hint


def test_an_event_that_was_changed_or_lost(lab, clock):
    run = door_run(lab, clock)
    error = tampered(run, 3, lambda fact: fact._replace(name="kicked"))
    assert error.seq == 3
    assert "it is refused now: Event 'kicked' means nothing" in error.message
    error = tampered(run, 3)
    assert (error.seq, error.actual["refused"][:45]) == (
        5,
        "Event 'close_command' means nothing in openin",
    )
    error = tampered(run, 2, lambda fact: fact._replace(body=b'{"data":{}'))
    assert "cannot be read" in error.message
    assert error.cause["kind"] == "record"


def test_a_result_that_is_missing_or_was_never_asked_for(lab):
    run = shopping(lab, "s", [("tea", 3)])
    kinds = {fact.seq: (fact.kind, fact.name) for fact in lab.journal.read("s")}
    places = {kind: seq for seq, kind in kinds.items()}
    started = places["effect.started", "call"]
    error = tampered(run, started)
    assert error.cause["kind"] == "result"
    assert "the chart did not ask for" in error.message
    updated = places["effect.completed", "update_data"]
    error = tampered(run, updated)
    assert error.cause["kind"] == "result"
    completed = places["effect.completed", "call"]
    other = f"{places['event', 'checkout']}/7"
    error = tampered(run, completed, body_with(path=other))
    assert (error.seq, error.cause["where"]) == (completed, [other])
    assert error.cause["kind"] == "result"
    error = tampered(run, places["event", "done.invoke.paying"])
    assert "waits for 'done.invoke.paying'" in error.message
    assert error.cause["kind"] == "result"


def test_an_effect_the_record_never_started(lab):
    run = lab.start(Waiter, id="w")
    run.send("go")
    run.note("later")
    error = tampered(run, 3)
    assert error.seq == 3
    assert "asks for effect 2/0 (delay)" in error.message
    assert error.cause == {"kind": "result", "text": error.hint, "where": ["2/0"]}


# The error itself


def test_the_error_travels(lab, clock):
    error = parting(door_run(lab, clock), door_with(closed__0={"to": "open"}))
    again = pickle.loads(pickle.dumps(error))
    assert vars(again) == vars(error)
    told = json.loads(json.dumps(error.to_json()))
    assert (told["kind"], told["run"], told["seq"]) == ("Diverged", "door", 2)
    assert told["differences"] == error.differences
    assert told["cause"]["kind"] == "chart"
    plain = Diverged("what", hint="do this")
    assert plain.to_json() == {"kind": "Diverged", "message": "what", "hint": "do this"}


def test_an_effect_nobody_here_knows_is_said_as_that(lab):
    run = lab.start(Waiter, id="w")
    run.send("go")
    journal = MemoryJournal()
    for fact in lab.journal.read("w"):
        journal.append([fact._replace(body=fact.body.replace(b'"delay"', b'"dance"'), hash=b"")])
    with pytest.raises((DefinitionError, Diverged)):
        replay(Trail(journal, "w", Waiter.chart))
