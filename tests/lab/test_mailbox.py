"""The mailbox of a held run: what comes waits in order, and is taken or refused in its turn."""

import threading

import pytest

from tests.lab.conftest import Door
from tests.lab.holding import Order, kinds, recalled, soon
from traaviis_lab import EventRefused, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import JournalError, LabError
from traaviis_lab.runtime.holding import hold, stepping


@pytest.fixture
def shop(lab):
    lab.register(lambda sum: {"receipt": sum}, "pay")
    return lab


@pytest.fixture
def door(lab):
    return lab.start(Door, id="d")


@pytest.fixture
def order(shop):
    return shop.start(Order, id="o")


def test_what_comes_while_a_run_is_held_waits_in_order_timers_and_outcomes_too(shop, clock):
    class Both(Machine):
        """Waits for a call, a timer and a person."""

        data = {"log": []}
        on = State(
            initial=True,
            enter=[fx.call("slow")],
        )
        on.to(None, on="done.invoke.on", assign={"log": "data.log + ['call']"})
        on.to(None, on="said", assign={"log": "data.log + [event.word]"})
        on.after("5s", None, assign={"log": "data.log + ['timer']"})

    go, answered = threading.Event(), threading.Event()

    def slow():
        go.wait(20)
        answered.set()

    shop.register(slow)
    run = shop.start(Both)
    run.pause()
    run.send("said", word="first")
    clock.advance(5)
    go.set()
    soon(lambda: len(run.held.mailbox) == 3)
    run.send("said", word="last")
    assert [(w.name, w.kind) for w in run.held.mailbox] == [
        ("said", "event"), ("after.on.0", "timer"), ("call", "effect"), ("said", "event"),
    ]  # fmt: skip
    assert (run.data["log"], run.timers) == ([], {})
    assert len(run.under_way) == 1
    again = recalled(run)
    assert again.hold.to_json() == run._live.engine.holds[run.id].state.to_json()
    assert (again.timers, list(again.pending)) == ({}, [run.under_way[0]["path"]])
    run.resume()
    assert run.data["log"] == ["first", "timer", "call", "last"]
    facts = {f.seq: f for f in shop.journal.read(run.id)}
    causes = [facts[f.cause].kind for f in facts.values() if f.kind == "event" and f.cause]
    assert causes.count("event.held") == 3


def test_an_event_that_is_refused_when_its_turn_comes_leaves_the_mailbox(door):
    door.breakpoint("opening")
    door.send("open_command")
    door.send("open_command")
    door.send("fully_open")
    door.resume()
    assert door.state == "open"
    [(refused, cause)] = [
        (f.name, f.cause) for f in door.lab.journal.read("d") if f.kind == "event.refused"
    ]
    assert (refused, door.refused["name"]) == ("open_command", "open_command")
    assert door.lab.sql("select kind from events where seq = ?", [cause])["kind"][0] == "event.held"


def test_what_can_be_refused_at_once_is(door):
    door.pause()
    with pytest.raises(JournalError, match="JSON"):
        door.send("open_command", what={1, 2})
    with pytest.raises(EventRefused, match="reserved"):
        door.send("done.invoke.x")
    assert door.held.mailbox == ()
    door.send("means_nothing")
    assert "means nothing" in door.held.refusal
    door.stop()
    with pytest.raises(EventRefused, match="is done"):
        door.send("open_command")


def test_a_full_mailbox_says_so(door, monkeypatch):
    monkeypatch.setattr(hold, "MOST_WAITING", 2)
    door.pause()
    door.send("open_command")
    door.send("fully_open")
    with pytest.raises(LabError, match="2 wait in its mailbox") as full:
        door.send("close_command")
    assert "run.resume()" in full.value.hint
    door.resume()
    assert door.state == "open"


def test_a_long_mailbox_flows_in_slices(order):
    order.pause()
    for _ in range(350):
        order.send("cart.add", price=1)
    assert order.resume() is None
    assert order.data["total"] == 350
    assert recalled(order).snapshot == order.snapshot


def test_whoever_resumes_second_waits_for_the_mailbox_too_and_a_step_says_how_far_it_came(order):
    order.pause()
    for _ in range(350):
        order.send("cart.add", price=1)

    def both(hold, acknowledge):
        stepping.resume(hold, lambda _: None)
        assert hold.state.mailbox
        stepping.resume(hold, acknowledge)

    order._told(both)
    assert order.data["total"] == 350
    order.pause()
    for _ in range(350):
        order.send("cart.add", price=1)
    assert order.step("effect").snapshot.data["total"] == 700


def test_a_timer_that_waits_is_forgotten_with_its_state(door, clock):
    door.send("open_command")
    door.send("fully_open")
    door.send("close_command")
    door.pause()
    door.send("obstacle")
    door.send("fully_open")
    door.send("close_command")
    clock.advance(31)
    assert [w.name for w in door.held.mailbox][-1] == "after.closing.0"
    door.step()
    assert [w.name for w in door.held.mailbox] == ["fully_open", "close_command"]
    assert recalled(door).hold.to_json() == door._live.engine.holds["d"].state.to_json()
    door.resume()
    assert (door.state, list(door.timers)) == ("closing", ["after.closing.0"])


def test_the_outcome_of_an_effect_whose_state_is_left_meanwhile_is_dropped(shop):
    class Impatient(Machine):
        """Leaves before the answer is there."""

        on = State(initial=True, enter=[fx.call("slow")])
        off = State()
        on.to(off, on="done.invoke.on")
        on.to(off, on="off")
        off.to(None, on="*")

    go = threading.Event()
    shop.register(lambda: go.wait(20), "slow")
    run = shop.start(Impatient)
    run.pause()
    run.send("off")
    go.set()
    soon(lambda: len(run.held.mailbox) == 2)
    run.send("other")
    assert [w.kind for w in run.held.mailbox] == ["event", "effect", "event"]
    run.step()
    assert (run.state, run.under_way) == ("off", ())
    assert [w.name for w in run.held.mailbox] == ["other"]
    assert kinds(run, "effect.cancelled", "effect.completed") == [("effect.cancelled", "call")]


def test_a_held_run_can_be_stopped_and_says_what_came_too_late(door):
    door.breakpoint("opening")
    door.send("open_command")
    door.send("fully_open")
    door.stop()
    assert (door.done, door.held) == (True, None)
    assert kinds(door, "run.done", "event.refused") == [
        ("run.done", "stopped"), ("event.refused", "open_command"), ("event.refused", "fully_open"),
    ]  # fmt: skip
    assert recalled(door).hold.mailbox == {}
    assert door.lab.verify().problems == ()
