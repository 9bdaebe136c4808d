"""Forks as a person makes them: another event, other data, one left out, another answer."""

import threading
import time

import pytest

from traaviis_lab import Event, EventRefused, Lab, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import EffectError, JournalConflict, JournalError, LabError, ResultMissing

from .conftest import Door


class Clerk(Machine):
    """Asks somebody for each question."""

    data = {"question": "", "answer": None, "n": 0}
    idle = State(initial=True)
    asking = State(enter=[fx.call("ask", args={"about": "{{ data.question }}"}, into="answer")])
    told = State()
    lost = State()
    idle.to(asking, on="question", assign={"question": "event.about"})
    told.to(asking, on="question", assign={"question": "event.about"})
    lost.to(asking, on="question", assign={"question": "event.about"})
    asking.to(told, on="done.invoke.asking", assign={"n": "data.n + 1"})
    asking.to(lost, on="error.invoke.asking")
    asking.to(idle, on="never_mind")


@pytest.fixture
def people(lab):
    """Who is asked: each answer is another one, and every asking is counted."""
    asked = []

    def ask(about):
        asked.append(about)
        if about == "nonsense":
            raise ValueError("what?")
        return f"{about}, says {len(asked)}"

    lab.register(ask)
    return asked


@pytest.fixture
def run(lab, people):
    """Three questions: answered (seq 2 to 5), answered (6 to 9), refused with an error (10 on)."""
    run = lab.start(Clerk, id="clerk")
    for about in ("rain", "wind", "nonsense"):
        run.send("question", about=about)
        until(lambda: not run.under_way)
    assert (run.seq, run.state) == (13, "lost")
    return run


def until(holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def facts(run):
    return list(run.lab.journal.read(run.id))


def test_a_fork_stands_at_its_place_and_goes_on_by_itself(run, people):
    before = facts(run)
    fork = run.fork(at=5)
    assert (fork.state, fork.data, fork.seq) == ("told", run.at(5).data, 1)
    assert (fork.forked_from, fork.forked_at) == ("clerk", 5)
    fork.send("question", about="wind")  # the parent asked that too, later
    fork.wait("told", timeout=20)
    assert fork.data["answer"] == "wind, says 2"
    assert len(people) == 3
    assert facts(run) == before
    assert not fork.lab.verify().problems


def test_a_place_within_a_turn_is_the_end_of_that_turn(run):
    fork = run.fork(at=4)
    assert fork.forked_at == 5
    assert fork.state == "told"


def test_other_data_and_what_the_rest_would_have_been(run):
    fork = run.fork(at=5, data={"n": 10}, until="end")
    assert (fork.state, fork.data["n"]) == ("lost", 11)
    assert fork.at(1) == run.at(5)
    assert facts(fork)[1].kind == "step"


def test_other_data_from_the_start(run):
    fork = run.fork(at=0, data={"n": 10}, until="end")
    assert (fork.state, fork.data["n"]) == ("lost", 12)
    assert facts(fork)[0].kind == "run.started"
    assert (fork.forked_from, fork.forked_at) == ("clerk", 0)


def test_an_event_instead_of_another(run, people):
    other = Event("question", {"about": "wind"})
    fork = run.fork(at=1, event=other, drop=2, until=5)
    fork.wait("told", timeout=20)
    assert fork.data["answer"] == "wind, says 2"
    assert len(people) == 3


def test_an_event_left_out(run, people):
    fork = run.fork(drop=6)
    assert (fork.state, fork.data["n"]) == ("lost", 1)
    assert fork.forked_at == 5
    assert len(people) == 3


def test_an_outcome_left_out_leaves_its_effect_under_way(run):
    fork = run.fork(drop=12)
    assert (fork.state, len(fork.under_way)) == ("asking", 1)
    fork.send("never_mind")
    assert (fork.state, fork.under_way) == ("idle", ())


def test_another_answer(run, people):
    fork = run.fork(results={"6/0": "calm"}, until=9)
    assert (fork.state, fork.data["answer"], fork.data["n"]) == ("told", "calm", 2)
    assert b'"given":true' in facts(fork)[1].body
    failed = run.fork(results={"2/0": EffectError("No line.", hint="Call again.")})
    path = [f.state for f in facts(failed) if f.kind == "event"]
    assert path[0] == "lost"
    assert failed.data["n"] == 1
    assert len(people) == 3


def test_what_is_reused_says_where_it_comes_from(run):
    fork = run.fork(at=1, until=5)
    completed = next(f for f in facts(fork) if f.kind == "effect.completed")
    assert b'"recorded":{"run":"clerk","seq":4}' in completed.body


def test_a_result_that_nobody_recorded_is_named_and_nothing_is_written(run, lab, people):
    known = len(lab.runs())
    with pytest.raises(ResultMissing, match=r"call at '\+2/0'.*'clerk'.*snow") as caught:
        run.fork(at=5, event=Event("question", {"about": "snow"}))
    assert "live=True" in caught.value.hint
    assert "results={'+2/0': value}" in caught.value.hint
    assert len(lab.runs()) == known
    given = run.fork(at=5, event=Event("question", {"about": "snow"}), results={"+2/0": "deep"})
    assert given.data["answer"] == "deep"
    live = run.fork(at=5, event=Event("question", {"about": "snow"}), live=True)
    live.wait("told", timeout=20)
    assert live.data["answer"] == "snow, says 4"


def test_a_fork_that_may_perform_nothing_refuses_what_it_would_need(run, people):
    fork = run.fork(at=5)
    with pytest.raises(ResultMissing, match=rf"Fork '{fork.id}' .*snow") as caught:
        fork.send("question", about="snow")
    assert "fork(live=True)" in caught.value.hint
    assert (fork.state, fork.refused["name"], facts(fork)[-1].kind) == (
        "told", "question", "event.refused",
    )  # fmt: skip
    live = fork.fork(live=True)
    live.send("question", about="snow")
    live.wait("told", timeout=20)
    assert people[-1] == "snow"


def test_each_recorded_result_is_used_once(run):
    fork = run.fork(at=5)
    fork.send("question", about="wind")
    fork.wait("told", timeout=20)
    with pytest.raises(ResultMissing):
        fork.send("question", about="wind")
    with pytest.raises(ResultMissing):  # not by its forks either
        fork.fork().send("question", about="wind")
    other = run.fork(at=5).fork().fork()  # but by a grandchild of nobody who used it
    other.send("question", about="wind")
    other.wait("told", timeout=20)
    assert other.data["answer"] == "wind, says 2"


def test_what_the_fork_does_not_take_is_written_down_and_it_goes_on(lab, clock):
    run = lab.start(Door, id="door")
    for name in ("open_command", "fully_open", "close_command", "obstacle", "fully_open"):
        run.send(name)
    fork = run.fork(at=3, data={"locked": True}, until="end")
    assert (fork.state, fork.data["opened"]) == ("open", 1)
    assert [one["event"] for one in fork.refused_inputs] == [
        "close_command", "obstacle", "fully_open",
    ]  # fmt: skip
    assert fork.refused_inputs[0]["parent_seq"] == 4
    assert "locked" in fork.refused_inputs[0]["reason"]


def test_timers_go_on_in_the_forks_time(lab, clock):
    run = lab.start(Door, id="door")
    for name in ("open_command", "fully_open"):
        run.send(name)
    run.send("close_command")
    clock.advance(20)
    run.send("obstacle")
    fork = run.fork(drop=run.seq)
    assert (fork.state, run.state) == ("closing", "opening")
    clock.advance(9)
    assert fork.state == "closing"
    clock.advance(2)
    assert fork.state == "opening"


class DoorTwo(Machine):
    """The door, which now wants to be asked twice to close."""

    version = "2.0.0"
    data = {"opened": 0, "locked": False, "asked": 0}
    closed = State(initial=True)
    opening = State()
    open = State()
    shut = State()
    closed.to(opening, on="open_command")
    opening.to(open, on="fully_open", assign={"opened": "data.opened + 1"})
    open.to(shut, on="close_command", when="data.asked > 0")
    open.to(None, on="close_command", assign={"asked": "data.asked + 1"})


def test_the_whole_history_on_another_chart(lab):
    run = lab.start(Door, id="door")
    for name in ("open_command", "fully_open", "close_command", "fully_closed"):
        run.send(name)
    fork = run.fork(chart=DoorTwo)
    assert (fork.state, fork.data["asked"], fork.chart.name) == ("open", 1, "DoorTwo")
    assert [one["event"] for one in fork.refused_inputs] == ["fully_closed"]
    fork.send("close_command")
    assert fork.state == "shut"
    later = run.fork(at=3, chart=DoorTwo)
    assert (later.state, later.data) == ("open", {"opened": 1, "locked": False, "asked": 0})
    with pytest.raises(LabError, match=r"'closing' at seq 5.*no such state"):
        run.fork(at=4, chart=DoorTwo)
    assert lab.journal.info(fork.id).chart == DoorTwo.chart.hash


def test_another_run_is_not_sent_its_events_again(lab):
    class Bell(Machine):
        """Rings another run."""

        on = State(initial=True)
        on.to(None, on="ring", do=fx.send_event("door", "open_command"))

    door = lab.start(Door, id="door")
    bell = lab.start(Bell, id="bell")
    bell.send("ring")
    until(lambda: not bell.under_way)
    before = facts(door)
    fork = bell.fork(at=1, until="end")
    assert [f.kind for f in facts(fork)][-1] == "effect.completed"
    assert facts(door) == before
    with pytest.raises(ResultMissing, match="send_event"):
        fork.send("ring")
    assert facts(door) == before


def test_a_run_that_waits_for_somebody_can_be_answered_in_a_fork(lab):
    gate = threading.Event()
    lab.register(lambda about: gate.wait(30), name="ask")
    run = lab.start(Clerk, id="waiting")
    run.send("question", about="rain")
    try:
        fork = run.fork(results={"2/0": "yes"})
        assert (fork.state, fork.data["answer"], run.state) == ("told", "yes", "asking")
        assert [f.kind for f in facts(run.fork())] == ["run.forked"]
    finally:
        gate.set()
        until(lambda: not run.under_way)


def test_the_tree(run, lab):
    left = run.fork(at=5, id="left")
    right = run.fork(at=9, id="right")
    leaf = left.fork(id="leaf")
    assert set(run.forks()["run"]) == {"left", "right"}
    rows = leaf.family()
    assert [rows[0]["run"], rows[0]["parent"], rows[0]["at"]] == ["clerk", None, None]
    assert {row["run"]: row["parent"] for row in rows} == {
        "clerk": None, "left": "clerk", "right": "clerk", "leaf": "left",
    }  # fmt: skip
    names = [row["run"] for row in rows]
    assert names.index("leaf") == names.index("left") + 1
    assert rows == right.family() == run.family()
    assert (run.forked_from, run.forked_at) == (None, None)
    assert list(leaf.forks()["run"]) == []


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"at": 14}, "no place at=14"),
        ({"at": -1}, "no place at=-1"),
        ({"at": True}, "no place at=True"),
        ({"at": "5"}, "no place at='5'"),
        ({"at": 5, "until": 3}, "until=3 is before at=5"),
        ({"at": 5, "until": 99}, "no place until=99"),
        ({"drop": 3}, "follows from fact 2"),
        ({"drop": 5}, "follows from fact 4"),
        ({"drop": 1}, "begins the run"),
        ({"drop": 99}, "not taken along"),
        ({"drop": "7"}, "no seq"),
        ({"at": 5, "drop": 6}, "not taken along"),
        ({"results": {"9/9": 1}}, "no effect '9/9'"),
        ({"results": {"nobody": 1}}, "no effect 'nobody'"),
        ({"results": {"6/0": 1}, "at": 5}, "after fact 5"),
        ({"results": [1]}, "no dict of results"),
        ({"data": [1]}, "is a dict"),
        ({"event": 7}, "is not an event"),
        ({"event": ""}, "is not an event"),
        ({"id": "  "}, "no id for a run"),
        ({"chart": 7}, "is not a machine"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(run, lab, asked, says):
    known = len(lab.runs())
    with pytest.raises(LabError, match=says.replace("(", r"\(")) as caught:
        run.fork(**asked)
    assert caught.value.hint
    assert len(lab.runs()) == known


def test_events_and_data_are_checked_like_everywhere(run, lab):
    known = len(lab.runs())
    with pytest.raises(EventRefused, match="means nothing in told"):
        run.fork(at=5, event="fly")
    with pytest.raises(EventRefused, match="reserved"):
        run.fork(at=5, event="done.x")
    with pytest.raises(JournalError, match="data.n"):
        run.fork(at=5, data={"n": {1, 2}})
    with pytest.raises(JournalError, match="results"):
        run.fork(results={"2/0": float("nan")})
    with pytest.raises(JournalConflict, match="'clerk' already"):
        run.fork(id="clerk")
    assert len(lab.runs()) == known


def test_a_done_run_lives_again_at_an_earlier_place(run):
    run.stop()
    assert run.fork().done
    with pytest.raises(EventRefused):
        run.fork(event="question")
    fork = run.fork(at=13)
    assert not fork.done
    assert run.fork(at=5, until="end").done
    assert not run.fork(drop=run.seq).done


def test_a_recording_is_forked_like_a_run(run, lab):
    lab._thread.ask(lambda: lab._engine.release("clerk"))
    fork = lab.recording("clerk").fork(at=5)
    fork.send("question", about="wind")
    fork.wait("told", timeout=20)
    assert fork.data["answer"] == "wind, says 2"


def test_a_fork_goes_on_another_day_with_what_it_may_use(tmp_path):
    asked = []
    clock = ToldClock()
    path = tmp_path / "x.duckdb"

    def ask(about):
        asked.append(about)
        return about.upper()

    with Lab(path, clock=clock) as lab:
        lab.register(ask)
        run = lab.start(Clerk, id="clerk")
        for about in ("rain", "wind"):
            run.send("question", about=about)
            until(lambda: not run.under_way)
        fork = run.fork(at=1, id="fork")
        fork.send("question", about="wind")
        fork.wait("told", timeout=20)
        waits = run.fork(drop=4, until=5, id="waits")
        assert waits.state == "asking"
        run.fork(drop=4, until=5, id="asks", live=True)
        until(lambda: lab.run("asks").state == "told")
    with Lab(path, clock=clock) as lab:
        lab.register(ask)
        fork = lab.resume("fork")
        with pytest.raises(ResultMissing):
            fork.send("question", about="wind")
        fork.send("question", about="rain")
        fork.wait("told", timeout=20)
        assert fork.data["answer"] == "RAIN"
        waits = lab.resume("waits")
        assert (waits.state, waits.seq) == ("asking", facts(waits)[-1].seq)
        assert lab.resume("asks").data["answer"] == "RAIN"
        assert asked == ["rain", "wind", "rain"]
        assert not lab.verify().problems
