"""Breakpoints: a run is held before a turn, and nothing of it has happened."""

from types import SimpleNamespace

import pytest

from tests.lab.conftest import Door
from tests.lab.holding import Order, kinds, soon
from traaviis_lab import DefinitionError, Event, Machine, State
from traaviis_lab.errors import LabError
from traaviis_lab.lab import debugging
from traaviis_lab.runtime.holding import stepping


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


# What holds a run


def test_a_run_is_held_before_a_state_is_entered_and_nothing_has_happened(door):
    before = door.snapshot
    breakpoint = door.breakpoint("opening")
    step = door.send("open_command", user="u1")
    assert (step.snapshot, step.moves) == (before, ())
    assert (door.snapshot, door.state) == (before, "closed")
    held = door.held
    assert held.reason == "Breakpoint b1: open_command would enter opening."
    assert (held.breakpoint, held.event) == ("b1", Event("open_command", {"user": "u1"}))
    assert [(m.event, m.entered) for m in held.moves] == [("open_command", ("opening",))]
    assert (held.active, held.places) == ({"closed"}, ({"opening"},))
    assert [(w.name, w.kind) for w in held.mailbox] == [("open_command", "event")]
    assert kinds(door, "event") == []
    assert breakpoint.hits == 1
    assert door.resume() is None
    assert (door.state, door.held, breakpoint.hits) == ("opening", None, 1)


def test_a_run_is_held_before_a_state_is_left(door):
    door.breakpoint("closed", on="exit")
    door.send("open_command")
    assert door.held.reason == "Breakpoint b1: open_command would leave closed."


def test_an_event_a_pattern_of_events_and_an_event_from_within(order):
    order.breakpoint(event="cart.*")
    order.send("cart.add", price=3)
    assert order.held.reason == "Breakpoint b1: cart.add came in."
    assert order.held.changes == ({"path": "data.total", "old": 0, "new": 3},)
    order.resume()
    order.breakpoint(event="done.invoke.paying")
    order.send("buy")
    soon(lambda: order.held)
    assert order.held.reason == (
        "Breakpoint b2: the result of call would lead to done.invoke.paying."
    )
    assert order.held.mailbox[0].kind == "effect"
    assert order.state == "paying"
    order.resume()
    assert (order.state, order.data["paid"]) == ("paid", {"receipt": 3})


def test_an_effect_that_would_be_asked_for_with_its_templates_filled(order):
    order.send("cart.add", price=7)
    order.breakpoint(effect="call")
    order.send("buy")
    assert order.held.reason == "Breakpoint b1: buy would ask for call."
    assert [e["args"] for e in order.held.effects] == [{"sum": 7}]
    assert order.under_way == ()
    order.resume()
    order.wait("paid")
    assert order.data["paid"] == {"receipt": 7}


def test_an_effect_that_stays_inside_the_run_holds_too_and_says_its_line_once(door, caplog):
    door.send("open_command")
    door.send("fully_open")
    door.breakpoint(effect="log")
    with caplog.at_level("INFO", "traaviis_lab.run"):
        door.send("close_command")
        assert door.held.effects == ({"kind": "log", "message": "closing"},)
        assert caplog.records == []
        door.resume()
    assert [r.getMessage() for r in caplog.records] == ["Door d: closing"]


def test_an_error(order):
    def broken(sum):
        raise LabError("no money")

    order.lab.register(broken, "pay")
    order.breakpoint(error=True)
    order.send("cart.add", price=7)
    order.send("buy")
    soon(lambda: order.held)
    assert order.held.reason == (
        "Breakpoint b1: the failure of call would lead to error.invoke.paying."
    )
    order.resume()
    assert order.state == "failed"
    told = [f.body for f in order.lab.journal.read("o") if f.kind == "effect.failed"]
    assert b'"kind":"LabError","message":"no money"' in told[0]


def test_a_guard_that_cannot_be_computed_is_an_error_too(lab):
    class Careless(Machine):
        """Divides by what comes."""

        a = State(initial=True)
        b = State()
        a.to(b, on="go", when="1 / event.by > 0")
        a.to(b, on="error.execution")

    run = lab.start(Careless)
    run.breakpoint(error=True)
    run.send("go", by=1)
    assert run.state == "b"
    run = lab.start(Careless)
    run.breakpoint(error=True)
    run.send("go", by=0)
    assert run.held.reason == "Breakpoint b1: go would lead to error.execution."


def test_an_expression_alone_holds_when_it_becomes_true_and_not_while_it_is(order):
    breakpoint = order.breakpoint(when="data.total > 5")
    order.send("cart.add", price=5)
    assert order.held is None
    order.send("cart.add", price=1)
    assert order.held.reason == "Breakpoint b1: cart.add would make data.total > 5 true."
    order.resume()
    order.send("cart.add", price=1)
    assert order.held is None
    order.send("cart.clear")
    order.send("cart.add", price=9)
    assert order.held is not None
    assert breakpoint.hits == 2


def test_an_expression_about_the_event_is_new_with_each_event(order):
    order.breakpoint(when="event.price > 5")
    order.send("cart.add", price=6)
    assert order.held is not None
    order.resume()
    order.send("cart.add", price=1)
    assert order.held is None
    order.send("cart.add", price=7)
    assert order.held is not None


def test_an_expression_with_others_is_a_condition(order):
    order.breakpoint(event="cart.add", when="data.total > 5")
    order.send("cart.add", price=6)
    order.resume()
    order.send("cart.add", price=1)
    assert order.held.reason == "Breakpoint b1: cart.add came in and data.total > 5."


def test_an_expression_that_cannot_be_computed_does_not_hold_and_says_so(order):
    breakpoint = order.breakpoint(when="data.nothing > 5")
    order.send("cart.add", price=6)
    assert order.held is None
    assert "nothing" in breakpoint.problem
    assert breakpoint.to_json()["problem"] == breakpoint.problem


def test_from_the_nth_time_on(order):
    breakpoint = order.breakpoint(event="cart.add", hit=3)
    for _ in range(2):
        order.send("cart.add", price=1)
        assert order.held is None
    assert breakpoint.hits == 2
    for n in (3, 4):
        order.send("cart.add", price=1)
        assert order.held is not None
        order.resume()
        assert (order.data["total"], breakpoint.hits) == (n, n)
    assert breakpoint.text == "event cart.add comes, from time 3 on"


def test_once(order):
    breakpoint = order.breakpoint(event="cart.add", once=True)
    order.send("cart.add", price=1)
    assert order.held.breakpoint == breakpoint.id
    assert (order.breakpoints, breakpoint.enabled) == ((), False)
    order.resume()
    order.send("cart.add", price=1)
    assert (order.held, order.data["total"]) == (None, 2)


def test_all_that_is_given_must_hold(order):
    order.breakpoint("paying", event="buy", effect="call", when="data.total > 10")
    order.send("cart.add", price=5)
    order.send("buy")
    order.wait("paid")
    order.send("again")
    order.send("cart.add", price=50)
    order.send("buy")
    assert order.held.reason == (
        "Breakpoint b1: buy would enter paying and came in and would ask for call "
        "and data.total > 10."
    )


# Breakpoints as things


def test_breakpoints_are_switched_off_on_and_removed(door):
    first, second = door.breakpoint("opening"), door.breakpoint("open", hit=2, once=True)
    assert door.breakpoints == (first, second)
    assert second.to_json() == {
        "id": "b2",
        "text": "open is entered, from time 2 on, once",
        "enabled": True,
        "hits": 0,
        "spec": {"state": "open", "hit": 2, "once": True},
    }
    first.disable()
    assert (first.enabled, repr(first)) == (
        False,
        "<Breakpoint b1: opening is entered (off, 0 hits)>",
    )
    door.send("open_command")
    assert door.state == "opening"
    first.enable()
    assert first.enabled
    first.remove()
    first.remove()
    assert door.breakpoints == (second,)
    with pytest.raises(LabError, match="no breakpoint 'b1' any more"):
        first.enable()
    third = door.breakpoint(**second.spec)
    assert (third.id, third.spec) == ("b3", second.spec)


@pytest.mark.parametrize(
    ("spec", "message", "hint"),
    [
        ({}, "needs something to wait for", "run.breakpoint"),
        ({"state": "openning"}, "no state 'openning'", "'opening'"),
        ({"event": "open_comand"}, "no event 'open_comand'", "'open_command'"),
        ({"event": "open.*"}, "no event", ""),
        ({"effect": "lgo"}, "no effect 'lgo'", "'log'"),
        ({"state": "open", "on": "leave"}, "'enter' or 'exit'", "exit"),
        ({"event": "open_command", "on": "exit"}, "needs a state", ""),
        ({"state": "open", "hit": 0}, "from 1 on, not 0", ""),
        ({"state": 3}, "is a text, not 3", ""),
        ({"state": "open", "once": "yes"}, "True or False", ""),
        ({"error": "yes"}, "True or False, not 'yes'", "error=True"),
        ({"when": "data.opened >"}, "breakpoint, when", ""),
        ({"when": "1 + 1"}, "bool", ""),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_work_is_refused_with_the_nearest_name(door, spec, message, hint):
    with pytest.raises(DefinitionError, match=message) as refused:
        door.breakpoint(**spec)
    assert hint in refused.value.hint
    assert (door.breakpoints, door.seq) == ((), 1)


def test_a_breakpoint_that_is_gone_before_one_looks_is_answered_all_the_same(door, monkeypatch):
    def set_and_clear(hold, spec, acknowledge):
        made = stepping.set_breakpoint(hold, spec, lambda _: None)
        stepping.clear_breakpoint(hold, made.id, acknowledge)
        return made

    monkeypatch.setattr(debugging, "stepping", SimpleNamespace(set_breakpoint=set_and_clear))
    gone = door.breakpoint("open")
    assert (gone.id, gone.text, gone.enabled, door.breakpoints) == (
        "b1",
        "open is entered",
        False,
        (),
    )


def test_a_run_that_is_done_can_be_held_by_nothing(door):
    door.stop()
    with pytest.raises(LabError, match="is done"):
        door.breakpoint("open")
    with pytest.raises(LabError, match="is done"):
        door.pause()
    assert door.resume() is None
