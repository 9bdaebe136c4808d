"""Circuit breakers: closed, open, half open; against a model, and case by case."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from traaviis_lab import ToldClock
from traaviis_lab.errors import CircuitOpen
from traaviis_lab.runtime.sharing.circuits import Circuit
from traaviis_lab.runtime.sharing.line import Caller

FAILED = {"kind": "EffectTimeout", "message": "too slow", "hint": ""}
BENIGN = {"kind": "ValueError", "message": "a wrong order", "hint": ""}


def breaker(failures=2, reset=10.0, probes=1, on=()):
    clock = ToldClock(now=0)
    circuit = Circuit("pay", clock)
    circuit.follow({"failures": failures, "reset": reset, "probes": probes, "on": on})
    return clock, circuit


def caller(n):
    return Caller("run", f"{n}/0")


def fail(circuit, n, error=FAILED):
    circuit.ask(caller(n))
    circuit.leave(caller(n), "failed", error)


def opened(**rules):
    clock, circuit = breaker(**rules)
    for n in range(rules.get("failures", 2)):
        fail(circuit, n)
    assert circuit.state == "open"
    return clock, circuit


def test_so_many_failures_in_a_row_open_it_and_it_says_since_when_and_until_when():
    clock, circuit = breaker(failures=2)
    clock.advance(5)
    fail(circuit, 1)
    assert circuit.ask(caller(2)) == {"state": "closed"}
    circuit.leave(caller(2), "failed", FAILED)
    with pytest.raises(CircuitOpen) as refused:
        circuit.ask(caller(3))
    assert str(refused.value) == (
        "Circuit 'pay' is open since 1970-01-01 00:00:05 UTC, after 2 failures in a row; "
        "it probes at 1970-01-01 00:00:15 UTC."
    )
    assert "'EffectTimeout: too slow'" in refused.value.hint
    assert "lab.reset_circuit('pay')" in refused.value.hint
    row = circuit.row()
    assert (row["state"], row["opened"], row["probes_at"]) == ("open", 5_000_000, 15_000_000)
    assert (row["calls"], row["failed"], row["refused"]) == (2, 2, 1)


def test_a_success_in_between_ends_the_row():
    _, circuit = breaker(failures=2)
    for n in range(4):
        fail(circuit, 2 * n)
        circuit.ask(caller(2 * n + 1))
        circuit.leave(caller(2 * n + 1), "completed", None)
    assert (circuit.state, circuit.failures) == ("closed", 0)


def test_failures_that_are_not_meant_count_as_successes_and_cancelled_ones_as_nothing():
    _, circuit = breaker(failures=2, on=("TimeoutError",))
    fail(circuit, 1)
    circuit.ask(caller(2))
    circuit.leave(caller(2), "cancelled", None)
    assert circuit.failures == 1
    fail(circuit, 3, BENIGN)
    assert circuit.failures == 0
    assert circuit.row()["failed"] == 2


def test_when_its_time_is_over_so_many_probes_go_through_and_others_fail_at_once():
    clock, circuit = opened(probes=2)
    clock.advance(9.999999)
    with pytest.raises(CircuitOpen, match="open since"):
        circuit.ask(caller(5))
    clock.advance(0.000001)
    assert circuit.row()["state"] == "half_open"
    assert circuit.ask(caller(6)) == {"state": "half_open"}
    assert circuit.ask(caller(7)) == {"state": "half_open"}
    with pytest.raises(CircuitOpen, match="half open, open since .*: 2 of 2 probes are under way"):
        circuit.ask(caller(8))
    circuit.leave(caller(6), "completed", 1)
    with pytest.raises(CircuitOpen):
        circuit.ask(caller(9))
    circuit.leave(caller(7), "completed", 1)
    assert (circuit.state, circuit.failures, circuit.opened) == ("closed", 0, None)


def test_a_probe_that_fails_opens_it_again_for_the_whole_time():
    clock, circuit = opened(failures=3)
    clock.advance(12)
    fail(circuit, 9)
    assert circuit.row()["probes_at"] == 22_000_000
    clock.advance(9)
    with pytest.raises(CircuitOpen):
        circuit.ask(caller(10))


def test_a_probe_that_is_cancelled_lets_another_one_through():
    clock, circuit = opened()
    clock.advance(10)
    circuit.ask(caller(5))
    circuit.leave(caller(5), "cancelled", None)
    assert circuit.ask(caller(6)) == {"state": "half_open"}


def test_what_was_under_way_when_it_opened_says_nothing_about_later():
    clock, circuit = breaker(failures=1)
    circuit.ask(caller(1))
    circuit.ask(caller(2))
    circuit.ask(caller(3))
    circuit.leave(caller(1), "failed", FAILED)
    clock.advance(10)
    circuit.ask(caller(4))
    circuit.leave(caller(2), "completed", None)
    assert circuit.state == "half_open"
    circuit.leave(caller(4), "completed", None)
    assert circuit.state == "closed"
    circuit.leave(caller(3), "failed", FAILED)
    assert circuit.state == "closed"


def test_what_was_under_way_before_a_crash_counts_unless_it_is_open():
    clock, circuit = opened()
    circuit.enter(caller(5))
    clock.advance(10)
    circuit.leave(caller(5), "completed", None)
    assert circuit.state == "half_open"
    circuit.ask(caller(6))
    circuit.enter(caller(7))  # one too many
    circuit.leave(caller(7), "failed", FAILED)
    assert circuit.state == "open"


def test_the_newest_rules_hold_also_where_it_is_open_or_half_open():
    clock, circuit = opened(probes=2)
    circuit.follow({"failures": 2, "reset": 60, "probes": 2})
    clock.advance(30)
    with pytest.raises(CircuitOpen):
        circuit.ask(caller(5))
    circuit.follow({"failures": 2, "reset": 20, "probes": 2})
    circuit.ask(caller(6))
    circuit.leave(caller(6), "completed", None)
    assert circuit.state == "half_open"
    circuit.follow({"failures": 2, "reset": 20, "probes": 1})
    assert circuit.ask(caller(7)) == {"state": "closed"}


def test_one_failed_probe_opens_it_again_whatever_newer_rules_say_of_failures():
    clock, circuit = opened()
    clock.advance(10)
    circuit.ask(caller(5))
    circuit.follow({"failures": 100, "reset": 10, "probes": 1})
    circuit.leave(caller(5), "failed", FAILED)
    assert circuit.state == "open"


def test_a_clock_that_was_set_back_does_not_keep_it_open():
    clock, circuit = opened()
    clock._now = -3_600_000_000
    with pytest.raises(CircuitOpen):
        circuit.ask(caller(5))
    clock.advance(10)
    assert circuit.ask(caller(6)) == {"state": "half_open"}


def test_it_is_closed_by_hand():
    _, circuit = opened()
    circuit.close()
    assert circuit.ask(caller(5)) == {"state": "closed"}
    assert circuit.failures == 0


class AgainstAModel(RuleBasedStateMachine):
    """The model remembers what ended since the last change of state, and counts it anew."""

    @initialize(
        failures=st.integers(1, 3), probes=st.integers(1, 3), reset=st.sampled_from([0.0, 1.0, 2.5])
    )
    def begin(self, failures, probes, reset):
        self.clock, self.circuit = breaker(failures, reset, probes, on=("EffectError",))
        self.failures, self.probes, self.reset = failures, probes, round(reset * 1e6)
        self.state, self.opened, self.count = "closed", 0, 0
        self.since, self.mine, self.others = [], [], []  # of this state; of earlier ones

    def turn(self, state):
        self.state, self.since = state, []
        self.others, self.mine = self.others + self.mine, []

    @rule()
    def ask(self):
        self.count += 1
        if self.state == "open" and self.clock.now() >= self.opened + self.reset:
            self.turn("half_open")
        room = {"closed": 1, "open": 0}.get(
            self.state, self.probes - len(self.mine) - self.since.count("good")
        )
        if room > 0:
            assert self.circuit.ask(caller(self.count)) == {"state": self.state}
            self.mine.append(self.count)
        else:
            with pytest.raises(CircuitOpen):
                self.circuit.ask(caller(self.count))
        assert self.circuit.state == self.state

    @precondition(lambda self: self.mine)
    @rule(data=st.data(), how=st.sampled_from(["good", "bad", "benign", "cancelled"]))
    def end(self, data, how):
        n = data.draw(st.sampled_from(self.mine))
        self.mine.remove(n)
        self.tell(n, how)
        if how != "cancelled":
            self.since.append("bad" if how == "bad" else "good")
        in_a_row = self.since[::-1].index("good") if "good" in self.since else len(self.since)
        too_many = {"closed": self.failures, "half_open": 1}[self.state]
        if in_a_row >= too_many:
            self.opened = self.clock.now()
            self.turn("open")
        elif self.state == "half_open" and self.since.count("good") >= self.probes:
            self.turn("closed")
        if not (self.state == "open" and self.reset == 0):
            assert self.circuit.state == self.state

    @precondition(lambda self: self.others)
    @rule(data=st.data(), how=st.sampled_from(["good", "bad", "cancelled"]))
    def end_of_an_earlier_one(self, data, how):
        n = data.draw(st.sampled_from(self.others))
        self.others.remove(n)
        before = self.circuit.row()
        self.tell(n, how)
        after = self.circuit.row()
        assert (after["state"], after["failures"]) == (before["state"], before["failures"])

    def tell(self, n, how):
        outcome = {"good": "completed", "cancelled": "cancelled"}.get(how, "failed")
        error = {"bad": FAILED, "benign": BENIGN}.get(how)
        self.circuit.leave(caller(n), outcome, error)

    @rule(seconds=st.sampled_from([0.5, 1.0, 2.0]))
    def wait(self, seconds):
        self.clock.advance(seconds)

    def teardown(self):
        if hasattr(self, "circuit"):
            assert self.circuit.row()["under_way"] == len(self.mine) + len(self.others)


TestAgainstAModel = AgainstAModel.TestCase
TestAgainstAModel.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
