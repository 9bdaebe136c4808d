"""Held runs and their composed effects: leaf by leaf, and outcomes that wait in the mailbox."""

import asyncio

import pytest

from tests.lab.planned import Planned, chart_of, check_facts, check_recall, facts_of
from traaviis_lab import effects as fx
from traaviis_lab.runtime import engine

X, Y = fx.call("x"), fx.call("y")


class Held:
    """A run whose effects `x` and `y` answer when they are told to."""

    def __init__(self, planned, tree):
        self.planned = planned
        for name in ("x", "y"):
            planned.lab.register(self._function(name), name)
        self.run = planned.lab.start(chart_of(tree, fx.sequence()), id="r")

    def _function(self, name):
        async def answers():
            await self.planned._gate(resists=False, answers=True)
            return name

        return answers

    def send(self, name):
        self.run.send(name)
        self.planned.settle()

    def answer(self):
        self.planned.settle(answers=True)

    def over(self):
        """All of it has ended as it should."""
        self.planned.settle(answers=True)
        assert not self.run.under_way
        assert not [f for f in facts_of(self.run) if f.name == "trouble"]
        check_facts(facts_of(self.run))
        check_recall(self.planned, self.run)
        self.run.replay()


@pytest.fixture
def held():
    with Planned() as planned:
        yield lambda tree: Held(planned, tree)


def test_a_breakpoint_on_an_effect_holds_before_each_leaf_of_a_sequence(held):
    made = held(X >> Y)
    run = made.run
    run.breakpoint(effect="call")
    made.send("go")
    assert run.held.reason == "Breakpoint b1: go would ask for call."
    assert not run.under_way
    run.resume()
    made.answer()
    assert run.held.reason == "Breakpoint b1: the result of call would ask for call."
    assert run.held.effects == ({"kind": "call", "function": "y"},)
    run.resume()
    made.answer()
    assert run.state == "idle"
    made.over()


def test_a_step_by_effect_goes_leaf_by_leaf(held):
    made = held(X >> Y)
    run = made.run
    run.breakpoint(event="go", once=True)
    made.send("go")
    run.step("effect")
    made.answer()
    assert run.held.event.data["result"] == "x"
    run.step("effect")
    made.answer()
    assert run.held.event.data["result"] == "y"
    run.resume()
    made.over()


@pytest.mark.parametrize("tree", [fx.race(X, Y), fx.race(fx.with_compensation(X, Y), Y)])
@pytest.mark.parametrize("how", ["step", "resume"])
def test_who_lost_a_race_while_it_was_held_has_the_one_outcome_that_waited(held, tree, how):
    made = held(tree)
    run = made.run
    made.send("go")
    run.breakpoint(event="more")
    made.send("more")
    made.answer()
    assert len(run.held.mailbox) == 3
    if how == "resume":
        run.resume()
    while run.held and run.held.mailbox:
        run.step()
        made.planned.settle()
    if run.held:
        run.resume()
    assert run.state == "idle"
    made.over()


def test_a_clock_that_waits_in_the_mailbox_is_forgotten_with_its_timeout(held):
    made = held(fx.timeout(X, 1))
    run = made.run
    made.send("go")
    run.breakpoint(state="idle")
    made.answer()
    made.planned.clock.advance(5)
    assert [one.name for one in run.held.mailbox] == ["call", "delay"]
    run.resume()
    assert (run.state, run.held) == ("idle", None)
    made.over()


def test_what_waits_of_a_state_that_is_left_first_is_forgotten(held):
    made = held((X & Y) >> X)
    run = made.run
    made.send("go")
    run.breakpoint(event="leave")
    made.send("leave")
    made.answer()
    assert len(run.held.mailbox) == 3
    run.resume()
    assert run.state == "idle"
    made.over()


@pytest.mark.parametrize("grace", [0.0, 60.0])
def test_one_that_resists_while_it_is_held_has_the_outcome_that_waits(held, monkeypatch, grace):
    monkeypatch.setattr(engine, "GRACE", grace)
    made = held(fx.race(X, fx.call("late")))
    run = made.run

    async def late():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
        return "late"

    made.planned.lab.register(late)
    made.send("go")
    run.breakpoint(event="more")
    made.send("more")
    made.answer()
    for _ in range(9):
        if run.held and run.held.mailbox:
            run.step()
            made.planned.settle()
    assert not run.under_way
    run.resume()
    made.over()
