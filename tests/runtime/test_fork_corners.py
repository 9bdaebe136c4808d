"""Forks where the record is not plain: large values, mailboxes, crashes, tied times, cut effects."""

import logging
import time

import pytest

from traaviis_lab import Event, Lab, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import LabError, ResultMissing, RunawayChart
from traaviis_lab.runtime.forking import stage
from traaviis_lab.runtime.forking.turns import turn_end
from traaviis_lab.runtime.recall import recall


def until(holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def facts(run):
    return list(run.lab.journal.read(run.id))


@pytest.fixture
def clock():
    return ToldClock()


@pytest.fixture
def lab(clock):
    with Lab(clock=clock) as opened:
        yield opened


class Talk(Machine):
    """Hands its whole conversation to somebody and keeps the longer one that comes back."""

    data = {"talk": [], "n": 0}
    on = State(initial=True)
    on.to(None, on="say", do=fx.call("reply", args={"talk": "{{ data.talk }}"}, into="talk"))


def test_large_values_that_are_said_by_reference_are_the_same_in_a_fork(lab):
    asked = []

    def reply(talk):
        asked.append(len(talk))
        return [*talk, f"{len(talk)}: " + "word " * 200]

    lab.register(reply)
    run = lab.start(Talk)
    for _ in range(12):
        run.send("say")
        until(lambda: not run.under_way)
    assert any(b'"refs":' in fact.body for fact in facts(run))
    for place in (0, 1, 8, 20):
        fork = run.fork(at=place, until="end")
        assert fork.data == run.data
    fork = run.fork(at=1)
    for n in range(12):
        fork.send("say")
        until(lambda: not fork.under_way)
        assert len(fork.data["talk"]) == n + 1
    assert fork.data == run.data
    assert len(asked) == 12
    assert not lab.verify().problems


class Slow(Machine):
    """Waits for an answer, but not for ever."""

    data = {"a": None}
    idle = State(initial=True)
    asking = State(enter=[fx.call("ask", into="a")])
    late = State()
    told = State()
    idle.to(asking, on="go")
    asking.to(told, on="done.invoke.asking")
    asking.after("5s", late)
    late.to(idle, on="again")
    told.to(idle, on="again")


async def never():
    import asyncio

    await asyncio.Event().wait()


def test_an_answer_that_came_too_late_can_come_in_time(lab, clock):
    lab.register(never, "ask")
    run = lab.start(Slow)
    run.send("go")
    clock.advance(6)
    assert run.state == "late"
    fork = run.fork(results={"2/0": "here"}, until="end")
    assert (fork.state, fork.data["a"]) == ("told", "here")
    assert fork.forked_at == 3
    # without the timer it still waits, and nobody will answer: that is said
    with pytest.raises(ResultMissing, match="at '2/0'"):
        run.fork(drop=next(f.seq for f in facts(run) if f.name.startswith("after.")))


def test_a_timer_left_out_stays_out_another_day_and_in_forks_of_the_fork(lab, clock):
    lab.register(never, "ask")
    run = lab.start(Slow)
    run.send("go")
    clock.advance(6)
    (timer,) = [f.seq for f in facts(run) if f.name.startswith("after.")]
    fork = run.fork(drop=timer, until=timer, live=True)
    assert (fork.state, fork.timers) == ("asking", {})
    assert (fork.refused_inputs, fork.replay().facts) == ([], fork.seq)
    lab._thread.ask(lambda: lab._engine.release(fork.id))
    fork = lab.resume(fork.id)
    for one in (fork, fork.fork(live=True), fork.fork(at=1, until="end", live=True)):
        assert (one.state, one.timers) == ("asking", {})
    clock.advance(100)
    assert {one.state for one in lab.live().values()} == {"late", "asking"}
    assert run.fork(drop=timer, until=timer, live=True, at=timer).fork(at=1).timers  # not yet out


def test_a_held_run_is_forked_free_of_its_breakpoints(lab, clock):
    lab.register(lambda: 1, "ask")
    run = lab.start(Slow)
    run.breakpoint("told")
    run.send("go")
    until(lambda: run.held is not None)
    fork = run.fork()
    assert fork.held is None
    fork.wait("told", timeout=20)  # the answer that waits in the parent's mailbox is recorded
    assert (run.state, fork.data["a"]) == ("asking", 1)
    run.resume()
    until(lambda: run.state == "told")
    again = run.fork(at=1, until="end")
    assert (again.state, again.breakpoints) == ("told", ())


def test_log_lines_are_not_logged_again(lab, caplog):
    class Diary(Machine):
        """Writes."""

        on = State(initial=True)
        on.to(None, on="write", do=fx.log("dear diary"))

    run = lab.start(Diary)
    run.send("write")
    with caplog.at_level(logging.INFO, logger="traaviis_lab.run"):
        fork = run.fork(at=1, until="end")
        assert not caplog.records
        fork.send("write")
        assert len(caplog.records) == 1
    assert [f.name for f in facts(fork)].count("log") == 2


class Ticking(Machine):
    """Restarts its timer for ever."""

    data = {"n": 0}
    on = State(initial=True)
    on.after("1s", on)
    on.to(None, on="count", assign={"n": "data.n + 1"})


def test_a_fork_that_would_never_end_is_stopped_and_not_written(lab, clock, monkeypatch):
    class Patient(Machine):
        """Waits."""

        data = {"n": 0}
        on = State(initial=True)
        on.to(None, on="count", assign={"n": "data.n + 1"})

    run = lab.start(Patient)
    clock.advance(5_000)
    run.send("count")
    monkeypatch.setattr(stage, "MOST_FACTS", 1_000)
    with pytest.raises(RunawayChart, match="more than 1,000 facts"):
        run.fork(chart=Ticking)
    assert len(lab.runs()) == 1
    monkeypatch.setattr(stage, "MOST_FACTS", 10_000)
    fork = run.fork(chart=Ticking)
    assert (fork.data["n"], sum(f.name.startswith("after.") for f in facts(fork))) == (1, 5_000)


def test_a_long_fork_keeps_snapshots_on_the_way(lab):
    run = lab.start(Ticking)
    for _ in range(2_500):
        run.send("count")
    fork = run.fork(drop=100)
    assert (fork.data["n"], fork.seq) == (2_499, 2_402)
    assert lab.journal.near(fork.id, 2_300).seq == 2_000
    assert recall(lab.journal, fork.id, fork.chart, 2_100).snapshot == fork.at(2_100)
    assert run.fork(at=1_700).data["n"] == 1_699


def test_a_stop_is_one_turn_and_can_be_left_out(lab, clock):
    lab.register(never, "ask")
    run = lab.start(Slow)
    run.send("go")
    run.stop()
    kinds = [f.kind for f in facts(run)]
    assert kinds[-2:] == ["effect.cancelled", "run.done"]
    assert turn_end(lab.journal, run.id, 2, run.seq).seq == 3
    fork = run.fork(drop=run.seq)
    assert (fork.done, fork.state, len(fork.under_way)) == (False, "asking", 1)
    assert run.fork(at=2, until="end").done
    with pytest.raises(LabError, match="is done at seq 5"):
        run.fork(data={"a": 1})


def test_a_fork_may_not_be_told_what_only_the_engine_says(lab):
    run = lab.start(Ticking)
    with pytest.raises(LabError, match="reserved"):
        run.fork(event=Event("after.on.0"))
    with pytest.raises(LabError, match="reserved"):
        run.fork(event=Event("count", {}, {"n": 9}))


def test_a_fork_of_a_fork_takes_along_what_the_first_was_told(lab):
    run = lab.start(Ticking)
    for _ in range(3):
        run.send("count")
    first = run.fork(at=2, data={"n": 50}, until="end")
    assert first.data["n"] == 52
    second = first.fork(drop=first.seq)
    assert second.data["n"] == 51
    third = first.fork(at=1, until="end")
    assert third.data["n"] == 52
    assert first.fork(drop=2).data["n"] == 3
    with pytest.raises(LabError, match="is a fork itself"):
        first.fork(at=0)


def test_what_is_under_way_comes_home_in_every_generation_and_is_asked_once(lab):
    asked = []

    def ask():
        asked.append(1)
        return "here"

    lab.register(ask)
    run = lab.start(Slow)
    run.send("go")
    until(lambda: run.state == "told")
    child = run.fork(at=3)
    grandchild = child.fork(at=1)
    last = grandchild.fork(at=1)
    for fork in (child, grandchild, last):
        fork.wait("told", timeout=20)
        assert fork.data["a"] == "here"
    first = facts(last)[0]
    assert b'"^^^2/0"' in first.body
    other = last.fork(at=1, results={"^^^2/0": "there"})
    assert (other.state, other.data["a"]) == ("told", "there")
    assert len(asked) == 1


def test_a_fork_that_is_held_refuses_what_it_would_need_when_its_turn_comes(lab):
    run = lab.start(Slow)
    fork = run.fork()
    fork.pause()
    fork.send("go")
    with pytest.raises(ResultMissing):
        fork.step()
    assert fork.state == "idle"
    assert "event.refused" in [f.kind for f in facts(fork)]
