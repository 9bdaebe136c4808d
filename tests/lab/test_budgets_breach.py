"""What becomes of a machine whose call a hard budget does not cover; and what soft ones say."""

import pytest

from tests.runtime.asking import until
from tests.runtime.paying import Till, pay
from traaviis_lab import Chart, Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import BudgetExceeded


@pytest.fixture
def lab():
    with Lab() as opened:
        opened.till = Till(opened)
        yield opened


def chart(effect, on=(), name="Payer", **state):
    """Performs the effect in `paying`; `on` are the events that lead to `heard`."""
    paying = {
        "enter": [effect.to_spec()],
        "on_success": {"to": "paid"},
        "transitions": [{"on": e, "to": "heard", "assign": {"event": "event"}} for e in on],
        **state,
    }
    states = {"paying": paying, "paid": {"final": True}, "heard": {"final": True}}
    return Chart.from_spec({"spec": "traaviis/1", "name": name, "states": states})


def through(lab, machine, **names):
    run = lab.start(machine, **names)
    until(lambda: run.done or not run.under_way)
    return run


def kinds(lab, run, *wanted):
    return [f.name for f in lab.journal.read(run.id) if f.kind in wanted]


def refused(lab):
    """A lab that has 0.1 left of 1."""
    lab.budget(usd=1)
    through(lab, chart(pay(0.9)))
    return lab


EXPENSIVE = pay(0.5)


def test_the_machine_takes_the_event(lab):
    run = through(refused(lab), chart(EXPENSIVE, on=["budget.exceeded", "error.*"]))
    heard = run.data["event"]
    assert run.state == "heard"
    assert (heard["budget"], heard["unit"], heard["limit"]) == ("lab", "usd", 1)
    assert (heard["spent"], heard["asked"]) == (0.9, 0.5)
    assert (heard["effect"], heard["model"]) == ("call_llm", "shop/till")
    assert kinds(lab, run, "event") == ["budget.exceeded"]


def test_else_its_error(lab):
    run = through(refused(lab), chart(EXPENSIVE, on=["error.invoke.paying"]))
    assert run.state == "heard"
    assert run.data["event"]["kind"] == "BudgetExceeded"


def test_a_guard_that_says_no_is_no_taking(lab):
    state = {"transitions": [{"on": "budget.exceeded", "when": "event.limit > 5", "to": "paid"}]}
    run = through(refused(lab), chart(EXPENSIVE, **state))
    assert kinds(lab, run, "run.done") == ["budget"]


def test_and_else_the_run_is_stopped_and_says_why(lab):
    side = fx.delay("1h")
    machine = Chart.from_spec(
        {
            "spec": "traaviis/1",
            "name": "Payer",
            "states": {"paying": {"enter": [EXPENSIVE.to_spec(), side.to_spec()]}},
        }
    )
    run = through(refused(lab), machine)
    assert run.done
    assert run.state == "paying"
    assert kinds(lab, run, "run.done") == ["budget"]
    assert kinds(lab, run, "effect.cancelled") == ["delay"]
    said = repr(run.explain())
    assert "Was stopped by a budget" in said
    assert "does not cover a call of shop/till" in said


@pytest.mark.parametrize("on", [["budget.exceeded"], ["error.invoke.paying"], []])
def test_it_replays_and_forks_as_it_was(lab, on):
    run = through(refused(lab), chart(fx.sequence(pay(0.01), EXPENSIVE), on=on))
    run.replay()
    sent = lab.till.sent
    for seq in range(1, run.seq + 1):
        fork = run.fork(at=seq, until="end")
        until(lambda fork=fork: fork.done or not fork.under_way)
        assert (fork.state, fork.done) == (run.state, run.done)
        fork.replay()
    assert lab.till.sent == sent  # what is on record is not paid again
    assert lab.budgets()["lab"].spent["usd"] == 0.91


def test_a_fork_that_calls_for_itself_spends(lab):
    lab.budget(usd=1)
    run = through(lab, chart(pay(0.4)))
    otherwise = chart(pay(0.4, tokens=1))  # of which no record has a result
    fork = run.fork(at=0, live=True, chart=otherwise)
    until(lambda: fork.done)
    assert lab.budgets()["lab"].spent["usd"] == 0.8
    again = run.fork(at=0, live=True, chart=otherwise)
    until(lambda: again.done)
    assert kinds(lab, again, "run.done") == ["budget"]


def test_a_retry_does_not_try_it_again_and_a_fallback_takes_it(lab):
    retried = through(refused(lab), chart(fx.retry(EXPENSIVE, 5, delay=0)))
    assert kinds(lab, retried, "effect.failed") == ["call_llm", "retry"]
    named = fx.retry(EXPENSIVE, 5, delay=0, on=("BudgetExceeded",))
    assert kinds(lab, through(lab, chart(named)), "effect.failed") == ["call_llm", "retry"]
    run = through(lab, chart(fx.fallback(fx.retry(EXPENSIVE, 5, delay=0), pay(0.05))))
    assert run.state == "paid"
    run.replay()


def test_it_counts_for_no_circuit_breaker(lab):
    guarded = fx.circuit_breaker(EXPENSIVE, "shop", failures=1)
    through(refused(lab), chart(guarded))
    row = lab.circuits().iloc[0]
    assert (row.state, row.failures, row.failed) == ("closed", 0, 0)


def test_where_all_of_a_fallback_are_refused_the_machine_hears_of_it(lab):
    run = through(
        refused(lab), chart(fx.fallback(EXPENSIVE, pay(0.7)), on=["budget.exceeded"])
    )  # fmt: skip
    assert run.state == "heard"
    assert run.data["event"]["effect"] == "fallback"
    other = fx.fallback(EXPENSIVE, pay(0.05, fate="unsent"))
    run = through(lab, chart(other, on=["budget.exceeded", "error.*"]))
    assert run.data["event"]["kind"] == "EffectError"  # something else went wrong, too


def test_a_parallel_that_settles_goes_on_with_what_it_has(lab):
    several = fx.parallel(EXPENSIVE, pay(0.05), settle=True)
    run = through(refused(lab), chart(several))
    assert run.state == "paid"


def test_in_a_pipeline_it_is_raised(lab):
    with pytest.raises(BudgetExceeded, match="Budget 'lab' does not cover"):
        refused(lab).run_pipeline(EXPENSIVE)


def test_a_child_that_a_budget_stopped_tells_its_parent(lab):
    lab.add(chart(EXPENSIVE, name="Child"))
    lab.budget(machine="Child", usd=0)
    run = through(lab, chart(fx.invoke_fsm("Child"), on=["budget.exceeded"]))
    assert run.state == "heard"
    assert run.data["event"]["budget"] == "machine Child"


def test_a_soft_budget_warns_once_at_its_mark_and_once_beyond(lab):
    lab.budget(usd=1, hard=False)
    run = through(lab, chart(fx.sequence(*[pay(0.3)] * 6)))
    assert run.state == "paid"
    assert kinds(lab, run, "budget.warned", "budget.exceeded") == ["lab", "lab"]
    facts = [f.kind for f in lab.journal.read(run.id) if f.kind.startswith("budget.")]
    assert facts.index("budget.warned") == 6  # after the third was settled
    assert lab.budgets()["lab"].spent["usd"] == 1.8
    assert lab.budgets()["lab"].left["usd"] == -0.8


def test_a_machine_that_listens_hears_the_warning(lab):
    lab.budget(usd=1, hard=False, warn_at=0.5)
    calm = {"transitions": [{"on": "*", "to": "heard"}]}  # hears of whatever is sent, and of this
    run = through(lab, chart(fx.sequence(pay(0.6), fx.delay(0.01)), **calm))
    assert "budget.warning" not in kinds(lab, run, "event", "event.refused")
    lab.budgets().remove("lab")
    lab.budget(usd=1, hard=False, warn_at=0.5)
    run = through(lab, chart(fx.sequence(pay(0.6), fx.delay("1h")), on=["budget.warning"]))
    assert run.state == "heard"
    assert (run.data["event"]["spent"], run.data["event"]["hard"]) == (0.6, False)
    run.replay()


def test_nobody_waits_for_a_soft_budget(lab):
    lab.budget(usd=0, hard=False)
    run = lab.run_pipeline(fx.parallel(*[pay(0.01, most=1)] * 50))
    assert run.state == "done"
    assert lab.budgets()["lab"].spent["usd"] == 0.5
