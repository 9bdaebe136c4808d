"""Replay of runs that are more than events: forks, runs that were held, runs taken up again."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.conftest import Door
from tests.machine.charts import event_strings, tries
from traaviis_lab import Chart, Event, Lab, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import Diverged, LabError

from .shop import Shop, shopping
from .test_replay_laws import busy_specs, play


def came_out(run):
    """Whether a live run and its record are the same."""
    found = run.replay()
    assert found.facts == run.seq
    assert found.snapshot == run.snapshot
    return found


def test_forks_and_forks_of_forks():
    with Lab(clock=ToldClock()) as lab:
        run = shopping(lab, "s", [("tea", 3), ("cup", 4)])
        free = run.fork(at=2)
        came_out(free)
        free.send("added", item="pot", price=5)
        came_out(free)
        came_out(free.fork(at=free.seq, data={"tries": 7}))
        less = run.fork(drop=3, live=True)
        more = Event("added", {"item": "x", "price": 1})
        for fork in (less, run.fork(at=2, event=more, until="end", live=True)):
            fork.wait(timeout=20)
            came_out(fork)
        came_out(run.fork())
        spec = {**Shop.chart.to_spec(), "version": "2"}
        again = run.fork(chart=Chart.from_spec(spec))
        came_out(again)
        assert lab.replay_all().ok
        assert len(lab.replay_all(Shop).rows) == len(lab.runs())


def test_a_fork_on_a_changed_chart_says_where_it_parts():
    with Lab(clock=ToldClock()) as lab:
        run = lab.start(Door, id="d")
        run.send("open_command")
        fork = run.fork(at=2)
        fork.send("fully_open")
        spec = Door.chart.to_spec()
        spec["states"]["opening"]["transitions"][0]["assign"]["opened"] = "5"
        with pytest.raises(Diverged) as caught:
            fork.replay(Chart.from_spec(spec))
        assert (caught.value.run, caught.value.seq) == (fork.id, 2)
        assert caught.value.differences == [{"path": "data.opened", "expected": 1, "actual": 5}]
        del spec["states"]["opening"]["transitions"][0]["assign"]
        spec["states"]["opened"] = spec["states"].pop("opening")
        spec["states"]["closed"]["transitions"][0]["to"] = "opened"
        for state in ("closing",):
            for arrow in [*spec["states"][state]["transitions"], *spec["states"][state]["after"]]:
                arrow["to"] = "opened" if arrow["to"] == "opening" else arrow["to"]
        with pytest.raises(Diverged, match="do not fit chart"):
            fork.replay(Chart.from_spec(spec))


class Waiting(Machine):
    """Waits for something slow, and for a timer beside it."""

    data = {"n": 0}
    idle = State(initial=True)
    waiting = State(enter=fx.delay("2s"), on_success="idle", on_error="idle")
    idle.to(waiting, on="go", assign={"n": "data.n + 1"})
    waiting.to(None, on="more", assign={"n": "data.n + 10"})
    waiting.after("1s", None, assign={"n": "data.n + 100"})


def test_a_run_that_was_held_at_breakpoints():
    clock = ToldClock()
    with Lab(clock=clock) as lab:
        run = lab.start(Waiting, id="w")
        run.breakpoint("waiting")
        run.send("go")
        assert run.held
        run.send("more")
        came_out(run)
        run.step()
        came_out(run)
        clock.advance(1.5)
        came_out(run)
        clock.advance(1)
        came_out(run)
        for one in run.breakpoints:
            one.remove()
        run.resume()
        clock.advance(5)
        assert run.data == {"n": 111}
        came_out(run)


def test_a_run_that_was_taken_up_again_with_an_effect_under_way(tmp_path):
    clock = ToldClock()
    with Lab(tmp_path / "w.duckdb", clock=clock) as lab:
        lab.start(Waiting, id="w").send("go")
    with Lab(tmp_path / "w.duckdb", clock=clock) as lab:
        run = lab.resume("w")
        came_out(run)
        clock.advance(3)
        run.wait("idle", timeout=20)
        came_out(run)
        assert lab.recording("w").replay().snapshot == run.snapshot


@tries(40)
@given(busy_specs(), event_strings(), st.data())
def test_a_fork_replays_as_itself(spec, events, data):
    run = play(spec, events)
    if run is None:
        return
    at = data.draw(st.integers(1, run.seq))
    change = data.draw(st.sampled_from([{}, {"data": {"n": 3}}, {"event": Event("a")}]))
    with contextlib.suppress(LabError):
        until = data.draw(st.sampled_from(["end", None]))
        fork = run.fork(at=at, until=until, live=True, **change)
        came_out(fork)
        fork.stop()
        came_out(fork)
    run.stop()
