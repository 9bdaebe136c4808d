"""Why in a fork: what came from before it is followed into the run it was forked from."""

import pytest

from tests.travel.loans import Loan, agent, loan
from traaviis_lab import Lab, ToldClock


@pytest.fixture
def lab():
    with Lab(clock=ToldClock()) as opened:
        yield opened


def facts(lab, run):
    return {fact.seq for fact in lab.journal.read(run)}


def named(why):
    """The facts the answer names, by run."""
    return {
        run: {link.seq for link in why.links if link.run == run}
        for run in {x.run for x in why.links}
    }


def test_a_value_from_before_the_fork_is_followed_into_the_parent(lab):
    fork = loan(lab).fork(at=2, id="fork")
    why = fork.why("data.income")
    assert why.links[0].text == "data.income = 1200 before the fork, in run loan at seq 2"
    assert why.links[0].seq == 1
    assert why.facts == {1}
    assert named(why)["loan"] == {1, 2}
    assert "loan seq 2  data.income = 1200, taken from event.income" in str(why)


def test_what_was_given_to_the_fork_is_its_own(lab):
    fork = loan(lab).fork(at=2, data={"limit": 900}, id="fork")
    why = fork.why("data.limit")
    assert why.value == 900
    assert "data.limit = 900, given to the fork" in str(why)
    assert set(named(why)) == {"fork"}


def test_a_result_from_the_record_says_so_and_leads_to_who_asked(lab):
    fork = loan(lab, limit=650).fork(at=4, until="end", id="fork")
    why = fork.why("data.decision")
    assert "data.score = 600, effect call score answered 600, as recorded in run loan" in str(why)
    assert "the effect was asked for before the fork, in run loan at seq 4" in str(why)
    assert any(link.run == "loan" and "entering scoring asked" in link.text for link in why.links)
    assert why.otherwise[0].run == "fork"


def test_a_fork_of_a_fork_leads_all_the_way_back(lab):
    first = loan(lab).fork(at=2, id="first")
    second = first.fork(id="second")
    why = second.why("data.income")
    assert set(named(why)) == {"second", "first", "loan"}
    assert all(seqs <= facts(lab, run) for run, seqs in named(why).items())
    state = second.why("collecting")
    assert {"second", "first", "loan"} <= set(named(state))


def test_a_state_from_before_the_fork_is_followed_too(lab):
    fork = agent(lab, "parent", "good").fork(id="fork")
    why = fork.why()
    assert why.links[0].text.startswith("the run was in checking before the fork, in run parent")
    assert "parent seq" in str(why)


def test_a_fork_without_its_parent_still_answers(lab, monkeypatch):
    fork = loan(lab).fork(at=2, id="fork")
    info = lab.journal.info
    monkeypatch.setattr(lab.journal, "info", lambda run: None if run == "loan" else info(run))
    why = fork.why("data.income")
    assert [link.text for link in why.links] == [
        "data.income = 1200 before the fork, in run loan at seq 2"
    ]


def test_a_fork_that_is_over_waits_for_nothing_and_is_not_what_is_usual(lab):
    run = loan(lab)
    fork = run.fork(id="fork")
    assert fork.explain().healthy
    for number in range(3):
        run.fork(chart=Loan, id=f"again{number}")
    other = loan(lab, "other").explain()
    assert "there is one other run of Loan" in str(other)
