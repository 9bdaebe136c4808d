"""States that are left by what their own effects bring, and runs that are stopped meanwhile."""

import pytest

from tests.lab.planned import Planned, chart_of, check_facts, check_recall, facts_of
from traaviis_lab import effects as fx


class Told:
    """A lab whose functions answer by a list of answers each, and wait at `None`."""

    def __init__(self, planned):
        self.planned, self.called = planned, []

    def answers(self, name, *answers):
        left = list(answers)

        async def answer():
            self.called.append(name)
            said = left.pop(0) if left else 0
            if said is None:
                await self.planned._gate(resists=False, answers=True)
            if isinstance(said, Exception):
                raise said
            return said

        self.planned.lab.register(answer, name)

    def start(self, tree, other=None):
        chart = chart_of(tree, other or fx.sequence())
        self.run = self.planned.lab.start(chart, id="r")
        self.run.send("go")
        self.planned.settle()
        return self.run

    def over(self):
        self.planned.settle(answers=True)
        assert not self.run.under_way
        check_facts(facts_of(self.run))
        check_recall(self.planned, self.run)
        self.run.replay()


@pytest.fixture
def told(monkeypatch):
    with Planned() as planned:
        planned.watch(monkeypatch)
        yield Told(planned)


def test_what_leaves_the_state_by_its_own_result_is_undone_too(told):
    told.answers("pay", 2)  # data.n is 2: the state is left
    told.answers("refund", "refunded")
    run = told.start(fx.saga((fx.call("pay", into="n"), fx.call("refund")), fx.call("a")))
    assert run.state == "idle"
    told.over()
    assert told.called == ["pay", "refund"]


def test_a_change_within_the_run_that_leaves_the_state_is_undone_too(told):
    told.answers("refund", "refunded")
    pair = fx.with_compensation(fx.update_data("n", "2"), fx.call("refund"))
    run = told.start(pair >> fx.call("a"))
    assert run.state == "idle"
    told.over()
    assert told.called == ["refund"]


@pytest.mark.parametrize(
    "tree", [fx.call("six", into="n"), fx.retry(fx.call("six"), into="n")], ids=["leaf", "composed"]
)
def test_a_state_entered_again_by_its_own_result_waits_for_its_effects_anew(told, tree):
    told.answers("six", 6, 5)  # data.n is 6: the state is entered again
    run = told.start(tree)
    told.over()
    assert told.called == ["six", "six"]
    assert (run.state, run.data["good"]) == ("idle", [5, "at work"])


def test_what_is_still_undone_does_not_count_for_the_state_entered_again(told):
    told.answers("pay")
    told.answers("refund", None)
    told.answers("ship", ValueError("no"), None)
    run = told.start(fx.saga((fx.call("pay"), fx.call("refund")), fx.call("ship")))
    assert told.called == ["pay", "ship", "refund"]
    run.send("again")
    told.planned.settle()
    refund, _ = told.planned.waiting
    told.planned.lab._thread.ask(refund.set)
    told.planned.settle()
    told.over()
    assert (run.state, run.data["good"]) == ("idle", [[0, None], "at work"])
    assert told.called == ["pay", "ship", "refund", "pay", "ship"]


def test_a_run_that_was_stopped_is_not_set_going_by_what_undoes(told):
    told.answers("pay")
    told.answers("ship", None)
    undo = fx.update_data("n", "6") >> fx.raise_event("again") >> fx.put_data("got", "undone")
    run = told.start(fx.saga((fx.call("pay"), undo), fx.call("ship")))
    run.stop()
    told.planned.settle(answers=True)
    assert run.snapshot.done
    assert (run.state, run.data["n"], run.data["got"]) == ("work", 6, "undone")
    told.over()
    assert told.called == ["pay", "ship"]


def test_what_the_end_of_a_run_asked_for_may_fail_and_be_undone(told):
    told.answers("pay")
    told.answers("refund")
    told.answers("ship", ValueError("no"))
    wish = fx.saga((fx.call("pay"), fx.call("refund")), fx.call("ship"))
    run = told.start(fx.sequence(fx.delay("1h")), wish)
    run.send("end")
    told.planned.settle(answers=True)
    assert (run.state, run.snapshot.done) == ("over", True)
    told.over()
    assert told.called == ["pay", "ship", "refund"]
