"""Step by event, by microstep, by effect; run to here; wait; what others see of it."""

import asyncio
import json
import threading

import pytest

from tests.lab.conftest import Door
from tests.lab.holding import soon
from traaviis_lab import Event, EventRefused, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import LabError


class Stairs(Machine):
    """One event, four microsteps, the third with an event of its own."""

    data = {"n": 0}
    ground = State(initial=True)
    first = State()
    second = State(enter=[fx.raise_event("ring")])
    third = State()
    top = State()

    ground.to(first, on="up", assign={"n": "data.n + 1"})
    first.to(second, when="data.n > 0", assign={"n": "data.n + 10"})
    second.to(third, on="ring", assign={"n": "data.n + 100"})
    third.to(top, assign={"n": "data.n + 1000"})
    top.to(ground, on="down")


@pytest.fixture
def door(lab):
    return lab.start(Door, id="d")


@pytest.fixture
def stairs(lab):
    return lab.start(Stairs, id="s")


def test_by_event_the_first_of_the_mailbox_is_taken_and_the_run_stays_held(door):
    door.pause()
    assert (door.held.breakpoint, door.held.by) == (None, "pause")
    door.send("open_command")
    door.send("fully_open")
    step = door.step()
    assert (step.taken, door.last) == (("closed#0",), step)
    assert (door.state, door.held.reason) == ("opening", "Stepped over open_command.")
    assert door.held.event == Event("fully_open")
    door.step()
    assert (door.state, door.held.mailbox) == ("open", ())
    with pytest.raises(LabError, match="Nothing waits in the mailbox") as nothing:
        door.step()
    assert 'run.send("close_command")' in nothing.value.hint
    door.resume()
    with pytest.raises(LabError, match="is not held") as free:
        door.step()
    assert "run.pause()" in free.value.hint


def test_a_refusal_is_raised_to_whoever_steps_and_the_run_stays_held_for_the_next(door):
    door.pause()
    door.send("fully_open")
    door.send("open_command")
    with pytest.raises(EventRefused, match="means nothing in closed"):
        door.step()
    assert [w.name for w in door.held.mailbox] == ["open_command"]
    assert door.step().snapshot.active == {"opening"}


def test_by_microstep_nothing_is_written_until_the_last_one(stairs):
    stairs.pause()
    stairs.send("up")
    seq, before = stairs.seq, stairs.snapshot
    assert [m.entered for m in stairs.held.moves] == [("first",), ("second",), ("third",), ("top",)]
    assert stairs.held.changes == ({"path": "data.n", "old": 0, "new": 1111},)
    for n, (at, trigger) in enumerate([("first", "up"), ("second", ""), ("third", "ring")], 1):
        step = stairs.step("microstep")
        assert [m.event for m in step.moves] == [trigger]
        assert (stairs.held.micro, stairs.held.active) == (n, {at})
        assert (stairs.seq, stairs.snapshot) == (seq, before)
    stairs.send("down")
    assert stairs.held.micro == 3
    step = stairs.step("microstep")
    assert (stairs.state, stairs.data, stairs.held.micro) == ("top", {"n": 1111}, 0)
    assert len(step.moves) == 4
    assert stairs.step("microstep").snapshot.active == {"ground"}


def test_the_microsteps_one_has_gone_through_are_marked(stairs):
    stairs.breakpoint("top")
    stairs.send("up")
    stairs.step("microstep")
    text = str(stairs.held).splitlines()
    assert text[0] == "Breakpoint b1: up would enter top."
    assert text[1].startswith("* up: ground#0 to first")
    assert text[2].startswith("  (by itself): first#0 to second")
    stairs.resume()
    assert (stairs.state, stairs.held) == ("top", None)


class Asking(Machine):
    """Counts, and asks now and then."""

    data = {"n": 0, "found": None}
    idle = State(initial=True)
    busy = State(enter=[fx.call("look", into="found")])
    idle.to(None, on="count", assign={"n": "data.n + 1"})
    idle.to(busy, on="ask")
    busy.to(idle, on="done.invoke.busy")


def test_by_effect_it_goes_on_to_the_next_turn_that_has_to_do_with_one(lab):
    lab.register(lambda: 7, "look")
    run = lab.start(Asking)
    run.pause()
    for name in ("count", "count", "ask"):
        run.send(name)
    run.step("effect")
    assert (run.data["n"], run.held.reason) == (2, "Step by effect: ask would ask for call.")
    run.step("effect")
    assert run.state == "busy"
    soon(lambda: run.held)
    assert run.held.reason == "Step by effect: the result of call came in."
    assert run.held.by == "step"
    run.step("effect")
    assert (run.state, run.data["found"], run.held) == ("idle", 7, None)
    run.send("count")
    assert run.held is None
    run.send("ask")
    assert run.held.reason == "Step by effect: ask would ask for call."


def test_by_effect_the_first_is_taken_whatever_breakpoints_say_and_those_behind_it_hold(lab):
    run = lab.start(Asking)
    breakpoint = run.breakpoint(event="count")
    run.pause()
    for _ in range(3):
        run.send("count")
    step = run.step("effect")
    assert (step.taken, run.held.breakpoint, run.data["n"]) == (("idle#0",), "b1", 1)
    assert breakpoint.hits == 2
    run.step("effect")
    assert (run.data["n"], breakpoint.hits) == (2, 3)


def test_a_step_that_ends_the_run_lets_it_go(lab):
    class Short(Machine):
        """Ends at once."""

        on = State(initial=True)
        off = State(final=True)
        on.to(off, on="end")

    for by in ("event", "microstep", "effect"):
        run = lab.start(Short)
        run.pause()
        run.send("end")
        run.send("late")
        run.step(by)
        assert (run.done, run.held) == (True, None)
        refused = [f.name for f in lab.journal.read(run.id) if f.kind == "event.refused"]
        assert refused == ["late"]


def test_run_to_a_state_that_is_ahead_in_the_mailbox_or_still_to_come(door):
    door.pause()
    for name in ("open_command", "fully_open", "close_command"):
        door.send(name)
    held = door.run_to("closing")
    assert held.reason == "Breakpoint b1: close_command would enter closing."
    assert (door.state, door.breakpoints) == ("open", ())
    assert door.run_to(event="fully_closed") is None
    assert (door.state, len(door.breakpoints)) == ("closing", 1)
    door.send("fully_closed")
    assert door.held.reason == "Breakpoint b2: fully_closed came in."
    door.resume()
    assert (door.state, door.breakpoints) == ("closed", ())


def test_run_to_where_the_run_is_about_to_go_stops_there_at_once(door):
    door.breakpoint(event="open_command")
    door.send("open_command")
    assert door.run_to("opening").breakpoint == "b2"
    assert door.resume() is None
    assert door.state == "opening"


def test_resume_lets_through_only_what_the_run_is_held_before(stairs):
    stairs.breakpoint("top")
    stairs.send("up")
    for name in ("down", "up", "down"):
        stairs.send(name)
    held = stairs.resume()
    assert (held.breakpoint, stairs.state) == ("b1", "ground")
    assert [w.name for w in held.mailbox] == ["up", "down"]
    assert stairs.breakpoints[0].hits == 2
    assert stairs.resume() is None
    assert (stairs.state, stairs.data["n"]) == ("ground", 1111 + 1111)


def test_after_a_step_the_next_one_is_looked_at_by_breakpoints_again(door):
    door.breakpoint("open")
    door.pause()
    door.send("open_command")
    door.send("fully_open")
    door.step()
    assert door.resume().breakpoint == "b1"
    assert (door.state, door.breakpoints[0].hits) == ("opening", 1)
    door.step()
    assert (door.state, door.breakpoints[0].hits) == ("open", 1)


def test_stepping_over_a_breakpoint_counts_it(door):
    breakpoint = door.breakpoint("opening", hit=2)
    door.pause()
    door.send("open_command")
    door.step()
    assert breakpoint.hits == 1


def test_pausing_twice_and_resuming_a_free_run_change_nothing(door):
    assert door.resume() is None
    door.pause()
    seq = door.seq
    assert door.pause().reason == "Paused by hand."
    assert door.seq == seq
    door.resume()
    assert door.resume() is None


def test_wait_says_that_the_run_is_held_and_why(door):
    door.breakpoint("opening")
    door.send("open_command")
    with pytest.raises(TimeoutError, match="It is held: Breakpoint b1: open_command would enter"):
        door.wait("opening", timeout=0.01)


def test_an_unknown_way_to_step_says_which_there_are(door):
    door.pause()
    with pytest.raises(LabError, match="by 'line'") as unknown:
        door.step("line")
    assert '"microstep"' in unknown.value.hint


def test_subscribers_hear_of_breakpoints_and_of_what_waits(door):
    heard = []
    done = threading.Event()

    def hear(fact):
        heard.append((fact.kind, fact.name))
        if fact.name == "resumed":
            done.set()

    door.on(hear)
    door.breakpoint("opening").remove()
    door.breakpoint("opening")
    door.send("open_command")
    door.resume()
    assert done.wait(20)
    assert heard[:6] == [
        ("debug", "breakpoint"), ("debug", "cleared"), ("debug", "breakpoint"),
        ("event.held", "open_command"), ("debug", "paused"), ("debug", "resumed"),
    ]  # fmt: skip


def test_what_a_debugger_is_told_is_json(stairs):
    stairs.breakpoint("top")
    stairs.send("up", why="test")
    told = json.loads(json.dumps(stairs.held.to_json()))
    assert (told["breakpoint"], told["micro"]) == ("b1", 0)
    assert told["event"] == {"name": "up", "data": {"why": "test"}}
    assert told["preview"]["to"] == ["top"]
    assert [m["active"] for m in told["preview"]["moves"]] == [
        ["first"], ["second"], ["third"], ["top"],
    ]  # fmt: skip
    assert [w.to_json() for w in stairs.held.mailbox] == [
        {"seq": stairs.held.mailbox[0].seq, "name": "up", "kind": "event"}
    ]
    html = stairs.held._repr_html_()
    assert "<b>Breakpoint b1: up would enter top.</b>" in html
    assert repr(stairs.held).startswith("<Held: Breakpoint b1")


def test_what_the_data_says_cannot_become_markup(lab):
    class Marked(Machine):
        """Takes any text."""

        data = {"text": ""}
        on = State(initial=True)
        on.to(None, on="say", assign={"text": "event.text"})

    run = lab.start(Marked)
    run.pause()
    run.send("say", text="<script>alert(1)</script>")
    assert "<script>" not in run.held._repr_html_()


def test_another_run_that_sends_to_a_held_one_is_answered_where_that_stands(lab, door):
    class Caller(Machine):
        """Sends to the door."""

        data = {"told": None}
        on = State(initial=True, enter=[fx.send_event("d", "open_command")])
        told = State(final=True)
        on.to(told, on="done.invoke.on", assign={"told": "event.result"})

    door.pause()
    run = lab.start(Caller).wait()
    assert run.data["told"]["state"] == "closed"
    assert [w.name for w in door.held.mailbox] == ["open_command"]


def test_the_engine_on_a_loop_of_ones_own_holds_too(lab, door):
    async def send():
        return await door._live.send(Event("open_command"))

    door.pause()
    asyncio.run_coroutine_threadsafe(send(), lab._thread.loop).result(20)
    assert [w.name for w in door.held.mailbox] == ["open_command"]


def test_from_the_engines_own_loop_it_says_that_it_cannot_wait(lab, door):
    async def careless():
        return door.resume()

    with pytest.raises(LabError, match="cannot wait for itself"):
        asyncio.run_coroutine_threadsafe(careless(), lab._thread.loop).result(20)
