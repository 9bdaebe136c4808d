"""A fork of a run with child machines or a person's answer uses what is recorded and starts no child."""

import threading

import pytest

from tests.lab.holding import soon
from traaviis_lab import Chart, Event, Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import ResultMissing


@pytest.fixture
def lab():
    with Lab() as lab:
        lab.add(chart("Child", {"on": "say", "to": "said", "assign": {"word": "event.word"}}))
        yield lab


def chart(name, arrow, **states):
    here = {"transitions": [arrow]}
    return Chart.from_spec(
        {
            "spec": "traaviis/1",
            "name": name,
            "states": {"here": here, **states, "said": {"final": True}},
        }
    )


def parent(effect):
    working = {"enter": [effect.to_spec()], "on_success": [{"to": "said"}]}
    return chart("Parent", {"on": "go", "to": "working"}, working=working)


def test_a_fork_takes_a_childs_end_from_the_record_at_every_place(lab):
    ask = fx.invoke_fsm("Child", into="answer")
    run = lab.start(parent(fx.retry(ask, attempts=2) >> fx.log("{{ data.answer.data.word }}")))
    run.send("go")
    soon(lambda: len(lab.live()) == 2)  # no fact of the parent says when its child is there
    (child,) = [one for one in lab.live().values() if one.id != run.id]
    child.send("say", word="yes")
    run.wait()
    for at in range(1, run.seq):
        fork = run.fork(at=at, until="end")
        assert (fork.state, fork.data) == (run.state, run.data)
        fork.replay()
    assert [one.run for one in lab.journal.runs() if one.machine == "Child"] == [child.id]


def test_what_the_record_does_not_have_is_asked_for_or_given(lab):
    run = lab.start(parent(fx.invoke_fsm("Child", into="answer")))
    run.send("go")
    with pytest.raises(ResultMissing):
        run.fork(at=1, event=Event("go"))
    given = {"run": "none", "state": "said", "data": {"word": "no"}}
    fork = run.fork(at=2, results={"2/0": given}, until="end")
    assert (fork.state, fork.data["answer"]) == ("said", given)
    assert run.state == "working"


def test_a_persons_answer_is_never_asked_for_again(tmp_path):
    path, end = tmp_path / "a.duckdb", threading.Event()
    with Lab(path) as lab:
        lab.register(end.wait, "hang")
        run = lab.start(parent(fx.call("hang", into="answer", repeat="human")), id="p")
        run.send("go")
    with Lab(path) as lab:
        run = lab.resume("p")
        (asked,) = run.questions().path
        run.answer(asked, "result", "by hand")
        run.wait()
        for at in range(2, run.seq):
            fork = run.fork(at=at, until="end")
            assert (fork.state, fork.data["answer"]) == ("said", "by hand"), at
            assert fork.questions().empty
    end.set()
