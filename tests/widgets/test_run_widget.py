"""A run's widget: what it sends first, what it sends when something happens, what it obeys."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from traaviis_lab import Lab, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import EventRefused
from traaviis_lab.machine import Machine, State
from traaviis_lab.widgets import RunWidget, run_face
from traaviis_lab.widgets.faces import WIDGET

from .conftest import Door


def replay(now, messages):
    """What the browser knows after these messages."""
    now = dict(now)
    for message in messages:
        patch = message["patch"]
        assert patch["rev"] == now["rev"] + 1
        now |= {**patch["set"], "rev": patch["rev"]}
        now["visited"] = now["visited"] + patch.get("visited", [])
        now["steps"] = now["steps"] + patch.get("steps", [])
        if fields := patch.get("data"):
            now["data"] = {**now["data"], **fields["set"]}
            for key in fields["del"]:
                del now["data"][key]
        if lane := patch.get("effects"):
            rows = {**now["effects"]["rows"], **lane["set"]}
            for path in lane["del"]:
                del rows[path]
            now["effects"] = {"rows": rows, "cut": lane["cut"]}
    return now


def effects(now):
    return [(one["kind"], one["status"]) for one in now["effects"]["rows"].values()]


def shown(widget, first, holds):
    messages = widget.comm.until("patch", lambda all: holds(replay(first, all)))
    return replay(first, messages)


def test_the_whole_is_sent_once_and_then_patches(comms, run):
    widget = RunWidget.of(run)
    state = comms[-1].sent[0]["data"]["state"]
    assert state["face"]["machine"] == "Door"
    assert "data-state" in state["face"]["svg"]
    assert state["now"]["takes"] == ["open_command"]
    run.send("open_command")
    run.send("fully_open")
    after = shown(widget, state["now"], lambda now: now["steps"][-1]["seq"] == 3)
    assert after["state"] == "open"
    assert after["data"]["opened"] == 1
    assert set(after["visited"]) == {"closed", "opening", "open"}
    assert [step["event"] for step in after["steps"]] == ["", "open_command", "fully_open"]
    assert after["steps"][-1] | {"at": 0} == {
        "seq": 3,
        "at": 0,
        "event": "fully_open",
        "from": "opening",
        "to": "open",
    }
    assert "svg" not in str(widget.comm.messages("patch"))


def test_what_the_browser_pieces_together_is_what_python_has(comms, run):
    widget = RunWidget.of(run)
    first = comms[-1].sent[0]["data"]["state"]["now"]
    for name in ["open_command", "fully_open", "close_command"] * 40:
        run.send(name)
    after = shown(
        widget, first, lambda now: now["seq"] == run.seq and now["steps"][-1]["seq"] == run.seq
    )
    assert after["data"] == run.data
    assert after["active"] == sorted(run.active)
    fresh = widget.get_state("now")["now"]
    assert fresh["rev"] == after["rev"]
    assert fresh["steps"] == after["steps"][-50:]


def test_a_refused_event_comes_with_reason_and_hint_and_goes_with_the_next_step(comms, run):
    widget = RunWidget.of(run)
    first = comms[-1].sent[0]["data"]["state"]["now"]
    with pytest.raises(EventRefused):
        run.send("kicked")
    after = shown(widget, first, lambda now: now["refused"] is not None)
    assert after["refused"]["event"] == "kicked"
    assert "means nothing in closed" in after["refused"]["reason"]
    assert "open_command" in after["refused"]["hint"]
    run.send("open_command")
    assert shown(widget, first, lambda now: now["state"] == "opening")["refused"] is None


def test_a_blocked_event_has_its_reason(comms, lab):
    run = lab.start(Door, data={"locked": True})
    run.send("open_command")
    run.send("fully_open")
    now = RunWidget.of(run).feed.now
    assert "data.locked" in now["blocked"]["close_command"]
    assert now["arrows"] == {"open#0": "!"}


def test_commands_send_events_and_are_answered(comms, run, ask):
    widget = RunWidget.of(run)
    assert ask(widget, "send", event="open_command", data={"user": "u1"})["ok"]
    assert run.state == "opening"
    refused = ask(widget, "send", event="kicked", data={})
    assert (refused["ok"], refused.get("error")) == (False, None)  # the run says it itself
    assert "must be a JSON object" in ask(widget, "send", event="x", data=[1])["error"]
    assert "is not an event" in ask(widget, "send", event="")["error"]
    assert "not known" in ask(widget, "dance")["error"]
    assert ask(widget, "stop")["ok"]
    assert run.done


def test_the_whole_can_be_asked_for_again(comms, run, ask):
    widget = RunWidget.of(run)
    run.send("open_command")
    assert ask(widget, "open", run=run.id)["ok"]
    whole = widget.comm.until("run")[-1]
    assert whole["now"]["seq"] == 2 or whole["now"]["rev"] == 0


def test_commands_for_nobody_are_dropped(comms, run):
    from traaviis_lab.widgets.commands import receive

    receive({"id": "x", "widget": "gone", "do": "send"})
    receive("nonsense")


def test_the_end_of_a_run_is_shown(comms, run):
    widget = RunWidget.of(run)
    first = comms[-1].sent[0]["data"]["state"]["now"]
    run.stop()
    after = shown(widget, first, lambda now: now["status"] != "running")
    assert (after["status"], after["takes"]) == ("stopped", [])


def test_a_closed_lab_is_said(comms):
    lab = Lab()
    widget = RunWidget.of(lab.start(Door))
    first = comms[-1].sent[0]["data"]["state"]["now"]
    lab.close()
    widget.feed.flush()
    assert shown(widget, first, lambda now: now["status"] == "closed")["takes"] == []


class Counting(Machine):
    """Changes its data in a step and in the effects that follow at once."""

    data = {"a": 0, "b": 0}
    here = State(initial=True)
    there = State(enter=[fx.update_data("b", "data.b + 1"), fx.log("there")])
    here.to(there, on="go", assign={"a": "data.a + 1"})
    there.to(here, on="back")


def test_what_changed_stays_marked_when_the_facts_of_one_turn_come_one_by_one(comms, lab):
    run = lab.start(Counting)
    widget = RunWidget.of(run)
    first = comms[-1].sent[0]["data"]["state"]["now"]
    run.send("go")
    after = shown(widget, first, lambda now: now["seq"] == run.seq)
    assert {"a", "b"} == {change["path"] for change in after["changes"]}
    for fact in lab.journal.read(run.id):  # as if they were heard late, in lumps of one
        widget.feed.hear(fact)
        widget.feed.flush()
    assert {"a", "b"} == {change["path"] for change in widget.feed.now["changes"]}
    run.send("back")
    assert (
        shown(widget, first, lambda now: now["state"] == "here" and now["seq"] == run.seq)[
            "changes"
        ]
        == []
    )


class Caller(Machine):
    """Calls something."""

    idle = State(initial=True)
    busy = State(enter=fx.call("slow", into="answer"))
    idle.to(busy, on="go")


def test_effects_that_run_and_fail_are_shown(comms, lab):
    go_on = threading.Event()

    @lab.register
    def slow():
        go_on.wait(10)
        raise ValueError("no answer")

    run = lab.start(Caller)
    widget = RunWidget.of(run)
    first = comms[-1].sent[0]["data"]["state"]["now"]
    run.send("go")
    assert effects(shown(widget, first, effects)) == [("call", "running")]
    go_on.set()
    failed = shown(widget, first, lambda now: effects(now) == [("call", "failed")])
    (row,) = failed["effects"]["rows"].values()
    assert "no answer" in row["error"]["message"]
    assert (row["spec"]["function"], row["owner"]) == ("slow", "busy")
    assert row["ended"] >= row["began"]


class Waiting(Machine):
    """Waits."""

    here = State(initial=True)
    there = State(final=True)
    here.after("60s", there)


def test_timers_are_shown_with_the_time_they_are_due(comms, lab):
    now = RunWidget.of(lab.start(Waiting)).feed.now
    (timer,) = now["timers"]
    assert timer["state"] == "here"
    assert 0 < timer["due"] - now["steps"][0]["at"] <= 60_001
    assert now["takes"] == []


def test_timers_of_a_told_clock_are_not_counted_down(comms):
    with Lab(clock=ToldClock()) as lab:
        assert RunWidget.of(lab.start(Waiting)).feed.now["timers"] == []


def test_a_hundred_displays_of_a_run_are_one_widget(comms, run):
    bundles = [run_face(run) for _ in range(100)]
    assert len({bundle[WIDGET]["model_id"] for bundle in bundles}) == 1
    assert len([one for one in comms if one.sent[0]["data"]["state"].get("face")]) == 1


def test_a_closed_widget_hears_nothing_and_the_next_display_makes_a_new_one(comms, run):
    first = RunWidget.of(run)
    old = first.comm
    first.close()
    count = len(old.sent)
    second = RunWidget.of(run)
    assert second is not first
    run.send("open_command")
    second.comm.until("patch")
    assert len(old.sent) == count


def test_looking_keeps_neither_run_nor_lab_alive(comms):
    lab = Lab()
    run = lab.start(Door)
    widget = RunWidget.of(run)
    watched = weakref.ref(lab)
    del run, lab
    gc.collect()
    assert watched() is None
    assert widget.feed.now["state"] == "closed"


def test_a_feed_that_nobody_looks_at_ends_its_subscription(comms, run):
    widget = RunWidget.of(run)
    feed = weakref.ref(widget.feed)
    widget.close()
    before = len(run.lab.dispatcher._wants)
    del widget
    comms.clear()
    gc.collect()
    assert feed() is None
    assert len(run.lab.dispatcher._wants) == before - 1


def test_without_a_kernel_there_is_text_and_a_picture(run):
    bundle = run_face(run)
    assert set(bundle) == {"text/plain", "image/svg+xml"}
    assert "tl-active" in bundle["image/svg+xml"]


def test_a_fork_begins_where_its_parent_stood(comms, run):
    run.send("open_command")
    run.send("fully_open")
    fork = run.fork(at=2, data={"opened": 7})
    now = RunWidget.of(fork).feed.now
    assert [(step["event"], step["to"]) for step in now["steps"]] == [
        ("", "opening"),
        ("fork", "opening"),
    ]
    assert now["data"]["opened"] == 7


def test_a_held_outcome_is_still_under_way(comms, lab):
    go_on = threading.Event()

    @lab.register
    def slow():
        go_on.wait(10)
        return 1

    run = lab.start(Caller)
    widget = RunWidget.of(run)
    first = comms[-1].sent[0]["data"]["state"]["now"]
    run.send("go")
    run.pause()
    go_on.set()
    run.wait(lambda run: run.held is not None and run.held.mailbox)
    after = shown(widget, first, lambda now: now["seq"] == run.seq)
    assert effects(after) == [("call", "running")]
    run.resume()
    done = shown(widget, first, lambda now: effects(now) == [("call", "done")])
    assert done["data"]["answer"] == 1


def test_a_held_run_says_so_in_a_line_and_is_let_go(comms, run):
    widget = RunWidget.of(run)
    first = comms[-1].sent[0]["data"]["state"]["now"]
    assert first["held"] is None
    point = run.breakpoint("opening")
    run.send("open_command")
    after = shown(widget, first, lambda now: now["held"] is not None)
    assert after["held"]["breakpoint"] == point.id
    assert after["held"]["waiting"] == 1
    assert "opening" in after["held"]["reason"]
    assert (after["state"], after["status"]) == ("closed", "running")
    done = widget.obey("go_on", {"run": run.id})
    done.result(timeout=10)
    after = shown(widget, first, lambda now: now["state"] == "opening")
    assert shown(widget, first, lambda now: now["held"] is None)["state"] == "opening"
    assert run.state == "opening"
