"""Which wishes of a step count, which timers run, which states wait."""

from traaviis_lab import Machine, Snapshot, State, Step, start
from traaviis_lab import effects as fx
from traaviis_lab.machine import Move
from traaviis_lab.runtime.standing import (
    Invocation,
    asks_of,
    invocations_after,
    timers_after,
)

CALL, LOG = fx.call("f"), fx.log("x")


def step(active, moves, *wishes):
    effects, owners = zip(*wishes, strict=True) if wishes else ((), ())
    return Step(Snapshot(frozenset(active)), effects, moves, (), (), owners)


def asked(answer):
    return [(a.place, a.effect.kind, a.owner) for a in asks_of(answer)]


def test_a_state_only_passed_through_starts_nothing_outside_but_acts_on_the_way():
    moves = (Move("e", (), (), ("a",)), Move("", ("a",), (), ("b",)))
    answer = step({"b"}, moves, (CALL, "a"), (LOG, "a"), (CALL, "b"))
    assert asked(answer) == [(1, "log", ""), (2, "call", "b")]


def test_a_state_entered_twice_in_one_step_starts_its_effects_once():
    moves = (Move("e", (), (), ("a",)), Move("", ("a",), (), ("a",)))
    answer = step({"a"}, moves, (CALL, "a"), (CALL, "a"))
    assert asked(answer) == [(1, "call", "a")]


def test_what_a_transition_asks_for_belongs_to_nobody():
    assert asked(step({"a"}, (Move("e", (), (), ()),), (CALL, ""))) == [(0, "call", "")]


class Timed(Machine):
    """Two timers on one state."""

    waiting = State(initial=True)
    over = State()
    waiting.after("2s", over)
    waiting.after(5, over)
    over.to(waiting, on="again")


def test_timers_start_when_their_state_is_entered_and_end_when_it_is_left():
    chart = Timed.chart
    here = start(chart)
    running = timers_after(chart, {}, here.moves, 1_000_000)
    assert running == {"after.waiting.0": 3_000_000, "after.waiting.1": 6_000_000}
    assert timers_after(chart, running, (Move("x", (), (), ()),), 9) is running
    assert timers_after(chart, running, (Move("x", ("waiting",), (), ("over",)),), 9) == {}
    again = (Move("x", ("waiting",), (), ("waiting",)),)
    assert timers_after(chart, running, again, 2_000_000)["after.waiting.0"] == 4_000_000


def test_a_state_waits_for_its_own_effects_until_it_is_left():
    entered = (Move("e", (), (), ("a",)),)
    asks = asks_of(step({"a"}, entered, (CALL, "a"), (LOG, "a")))
    calls = invocations_after({}, entered, asks)
    assert calls == {"a": Invocation(2)}
    assert invocations_after(calls, (Move("x", ("a",), (), ("b",)),), []) == {}


def test_an_invocation_answers_with_one_result_or_with_all_in_order():
    assert Invocation(0, results={0: "x"}).answer() == "x"
    assert Invocation(0, results={1: "b", 0: "a"}).answer() == ["a", "b"]
