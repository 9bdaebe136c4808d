"""Forks by somebody in a hurry: numbers out of tables, data of the wrong shape, things changed later."""

import math

import numpy as np
import pytest

from traaviis_lab import Event, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import EffectError, LabError

from .conftest import Door
from .holding import soon


class Asker(Machine):
    """Asks, and may end with a question."""

    data = {"answer": None, "n": 0}
    idle = State(initial=True)
    asking = State(enter=[fx.call("ask", args={"n": "{{ data.n }}"}, into="answer")])
    over = State(final=True)
    idle.to(asking, on="go", assign={"n": "data.n + 1"})
    asking.to(idle, on="done.invoke.asking")
    asking.to(idle, on="error.invoke.asking")
    idle.to(over, on="end", do=fx.call("ask", args={"n": "0"}, into="answer"))


@pytest.fixture
def run(lab):
    lab.register(lambda n: {"said": n}, "ask")
    run = lab.start(Asker, id="it's one")
    run.send("go")
    soon(lambda: run.state == "idle")
    assert run.seq == 5
    return run


def test_places_may_be_the_numbers_of_a_table(lab):
    run = lab.start(Door)
    run.send("open_command")
    run.send("fully_open")
    seqs = run.history().seq
    assert isinstance(seqs.iloc[1], np.integer)
    assert run.fork(at=seqs.iloc[1]).state == "opening"
    assert run.fork(at=seqs.iloc[0], until=seqs.iloc[1]).state == "opening"
    fork = run.fork(drop=seqs.iloc[2])
    assert (fork.state, fork.forked_at) == ("opening", 2)
    assert run.fork(drop=seqs[1:]).state == "closed"
    assert fork.replay().facts == fork.seq


@pytest.mark.parametrize(
    ("asked", "says", "cure"),
    [
        ({"drop": [[2]]}, "is no seq", "drop=7"),
        ({"drop": [None, 2]}, "is no seq", "drop=7"),
        ({"drop": ["2", 2]}, "is no seq", "drop=7"),
        ({"drop": b"\x02"}, "is no seq", "drop=7"),
        ({"drop": True}, "is no seq", "drop=7"),
        ({"drop": None}, "is no seq", "drop=7"),
        ({"until": "END"}, "no place until='END'", "'end'"),
        ({"at": 2.0}, "no place at=2.0", "0 to 5"),
        ({"at": math.nan}, "no place at=nan", "0 to 5"),
        ({"event": Event("go", [1])}, "is a dict", "Event('go'"),
        ({"event": Event("go", "n")}, "is a dict", "Event('go'"),
        ({"live": "no"}, "live='no'", "live=True"),
        ({"results": {"2/0": ValueError("x")}}, "no record can hold", "EffectError"),
        ({"results": {"7/0": 1}}, "no effect '7/0'", "run_id = 'it''s one'"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_with_its_cure_and_nothing_is_written(run, lab, asked, says, cure):
    with pytest.raises(LabError) as caught:
        run.fork(**asked)
    assert says in caught.value.message
    assert cure in caught.value.hint
    assert (len(lab.runs()), run.seq) == (1, 5)


def test_a_result_is_taken_as_it_was_given(run):
    answer = {"said": [1]}
    fork = run.fork(results={"+2/0": answer})
    answer["said"].append(2)
    fork.send("go")
    soon(lambda: fork.state == "idle")
    assert fork.data["answer"] == {"said": [1]}


def test_a_fork_that_is_done_keeps_nothing_of_its_parents_record(run, lab):
    tapes = lab._engine.tapes
    fork = run.fork(results={"+2/0": "last"})
    assert list(tapes) == [fork.id]
    fork.send("end")  # its last effect comes home after the end, from the tape and not from `ask`
    soon(lambda: not fork.under_way)
    assert (fork.done, fork.data["answer"]) == (True, "last")
    soon(lambda: not tapes)
    again = fork.fork()
    assert (again.done, dict(tapes)) == (True, {})
    lab._thread.ask(lambda: lab._engine.release(fork.id))
    assert lab.resume(fork.id).done
    assert not tapes


def test_an_outcome_left_out_is_left_out_in_a_fork_of_the_fork_too(run):
    fork = run.fork(drop=4)
    assert [one["path"] for one in fork.under_way] == ["^2/0"]
    second = fork.fork()
    third = second.fork(at=1, until="end")
    for one in (second, third):
        soon(lambda one=one: all(task.done() for task in one._live.tasks.values()))
        assert (one.state, len(one.under_way)) == ("asking", 1)
    assert fork.fork(results={"^2/0": EffectError("no")}).state == "idle"
