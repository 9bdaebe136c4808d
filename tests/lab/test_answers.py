"""After a crash a person can be asked what became of an effect, and answers by `run.answer`."""

import threading

import pandas as pd
import pytest

from tests.lab.holding import soon
from traaviis_lab import Lab, LabError, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import JournalError


class Paying(Machine):
    """Pays, which may have happened or not."""

    data = {"receipt": None}

    paying = State(enter=fx.call("pay", into="receipt", repeat="human"), initial=True)
    paid = State(final=True)
    unpaid = State(final=True)

    paying.to(paid, on="done.invoke.paying")
    paying.to(unpaid, on="error.invoke.paying")


@pytest.fixture
def asks(tmp_path):
    """A run whose process died while it paid, live again; and how often it paid."""
    path, gate, calls = tmp_path / "p.duckdb", threading.Event(), []

    def pay():
        calls.append(1)
        assert gate.wait(20)
        return f"receipt {len(calls)}"

    with Lab(path) as lab:
        lab.register(pay)
        lab.start(Paying, id="r")
        soon(lambda: calls)
    gate.set()
    with Lab(path) as lab:
        lab.register(pay)
        yield lab.resume("r", Paying), calls


def test_it_asks_and_waits(asks):
    run, calls = asks
    (question,) = run.questions().to_dict("records")
    assert (question["path"], question["effect"], question["label"]) == ("1/0", "call", "call pay")
    assert question["owner"] == "paying"
    assert "call was under way" in question["question"]
    assert question["spec"]["function"] == "pay"
    assert isinstance(question["asked"], pd.Timestamp)
    assert [one["asks"] for one in run.under_way] == [True]
    assert run.effects().status.tolist() == ["asked"]
    assert run.lab.sql("select status from effects").status.tolist() == ["asked"]
    assert (run.state, calls) == ("paying", [1])
    assert len(run.lab.recording("r").questions()) == 1


def test_it_is_performed_again(asks):
    run, calls = asks
    run.answer("1/0", "repeat")
    assert len(run.questions()) == 0
    run.wait("paid")
    assert (run.data["receipt"], len(calls)) == ("receipt 2", 2)
    row = run.effects().iloc[0]
    assert (row.status, row.starts) == ("completed", 2)


def test_it_is_taken_for_failed(asks):
    run, calls = asks
    run.answer("1/0", "fail")
    run.wait("unpaid")
    assert (run.data["receipt"], len(calls)) == (None, 1)
    assert "a person said" in run.effects().error[0]["message"]


def test_it_is_taken_for_done_with_a_result(asks):
    run, calls = asks
    run.answer("1/0", "result", "receipt 1")
    run.wait("paid")
    assert (run.data["receipt"], len(calls)) == ("receipt 1", 1)
    assert run.replay().facts == run.seq


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (("2/0", "repeat"), LabError, "asks nothing"),
        (("1/0", "perhaps"), LabError, "'perhaps' is no answer"),
        (("1/0", "repeat", "receipt 1"), LabError, "not with 'repeat'"),
        (("1/0", "result", object()), JournalError, "result"),
    ],
)
def test_a_wrong_answer_changes_nothing(asks, answer, error, says):
    run, calls = asks
    before = run.seq
    with pytest.raises(error, match=says):
        run.answer(*answer)
    assert (run.seq, run.state, calls) == (before, "paying", [1])
    assert len(run.questions()) == 1
    run.answer("1/0", "fail")
    with pytest.raises(LabError, match="asks nothing"):
        run.answer("1/0", "fail")


def test_who_resumes_again_is_asked_the_same_once(asks):
    run, _ = asks
    path = run.lab.path
    run.lab.close()
    with Lab(path) as lab:
        again = lab.resume("r", Paying)
        assert len(again.questions()) == 1
        assert [f.kind for f in lab.journal.read("r")].count("human.asked") == 1
