"""A run that was held, looked back at: it replays, and its forks are free of what held it."""

import pytest

from tests.lab.conftest import Door
from tests.lab.holding import soon
from tests.lab.test_stepping import Asking
from traaviis_lab import Lab
from traaviis_lab.errors import ResultMissing


@pytest.fixture
def held(lab, clock):
    run = lab.start(Door, id="d")
    run.breakpoint("opening")
    run.breakpoint(event="fully_open", hit=2)
    for name in ("open_command", "fully_open", "nonsense", "close_command"):
        run.send(name)
    run.resume()
    clock.advance(31)
    run.send("fully_open", n=2)
    return run


def test_a_run_replays_with_its_breakpoints_and_what_waits(held):
    assert (held.state, held.held.event.name) == ("closing", "after.closing.0")
    assert held.replay().steps == 4
    held.resume()
    assert held.replay().steps == 5
    assert held.held.breakpoint == "b2"
    assert held.at(held.seq) == held.snapshot


def test_a_fork_of_a_held_run_stands_where_that_stands_and_is_free(lab):
    run = lab.start(Door, id="d")
    run.breakpoint("opening")
    run.send("open_command")
    run.send("fully_open")
    fork = run.fork()
    assert (fork.snapshot, fork.held, fork.breakpoints) == (run.snapshot, None, ())
    fork.send("open_command")
    assert (fork.state, run.state) == ("opening", "closed")
    assert len(run.held.mailbox) == 2


def test_a_timer_that_waits_comes_in_a_fork_unless_something_else_comes_first(held):
    assert [one.name for one in held.held.mailbox] == ["after.closing.0", "fully_open"]
    for fork in (held.fork(), held.fork(at=held.seq), held.fork().fork()):
        fork.wait("opening", timeout=20)
        assert (fork.data["opened"], fork.held) == (1, None)
    assert held.fork(event="fully_closed").state == "closed"
    assert held.state == "closing"


def test_a_fork_at_any_place_of_a_run_that_was_held_comes_to_its_end(held):
    held.resume()
    held.resume()
    for place in range(1, held.seq + 1):
        fork = held.fork(at=place, until="end")
        assert fork.snapshot == held.snapshot
        assert fork.refused_inputs == []


def test_a_fork_takes_along_what_went_through_the_mailbox(held):
    held.resume()
    held.resume()
    assert held.state == "open"
    fork = held.fork(at=1, until="end")
    assert fork.snapshot == held.snapshot
    assert fork.replay().facts == fork.seq


def test_a_fork_that_lacks_a_result_says_so_before_it_is_held_and_when_it_is_stepped(lab):
    lab.register(lambda: 7, "look")
    run = lab.start(Asking, id="a")
    run.send("ask")
    soon(lambda: run.state == "idle")
    fork = run.fork()
    fork.breakpoint(effect="call")
    with pytest.raises(ResultMissing):
        fork.send("ask")
    assert fork.held is None
    fork.pause()
    fork.send("ask")
    fork.send("count")
    assert "no result" in fork.held.refusal
    with pytest.raises(ResultMissing):
        fork.step()
    fork.send("ask")
    fork.resume()
    assert (fork.data["n"], fork.held, fork.refused["name"]) == (1, None, "ask")


def test_a_live_fork_can_be_held_before_it_asks(lab):
    lab.register(lambda: 7, "look")
    run = lab.start(Asking, id="a")
    fork = run.fork(live=True)
    fork.breakpoint("busy")
    fork.send("ask")
    assert fork.held.reason == "Breakpoint b1: ask would enter busy."
    fork.resume()
    fork.wait("idle")
    assert (fork.data["found"], run.data["found"]) == (7, None)


def test_an_exported_run_takes_its_breakpoints_along_in_its_facts(lab, tmp_path):
    run = lab.start(Door, id="d")
    run.breakpoint("open")
    run.send("open_command")
    run.send("fully_open")
    file = run.export(tmp_path / "d.run.jsonl.gz")
    with Lab() as other:
        there = other.import_run(file)
        assert there.replay().steps == 2
        found = there.trail.at(run.seq).hold
        assert found.pause.breakpoint == "b1"
        assert [w.name for w in found.mailbox.values()] == ["fully_open"]
