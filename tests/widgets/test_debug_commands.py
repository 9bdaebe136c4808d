"""The debugger obeys: driving, breakpoints, forks, comparison, reasons, files; and says what it cannot."""

from __future__ import annotations

import base64
import gzip
import threading
from concurrent.futures import Future

import pytest

from traaviis_lab import Lab
from traaviis_lab.widgets import DebugWidget
from traaviis_lab.widgets.debug import exchange
from traaviis_lab.widgets.debug.obey import COMMANDS

from .beholder import Beholder
from .conftest import Door


@pytest.fixture
def looked(comms, run):
    widget = DebugWidget.of(run)
    return widget, Beholder(widget.comm)


def go(run, *names):
    for name in names:
        run.send(name)


def test_events_are_sent_and_the_run_is_stopped(looked, run, ask):
    widget, browser = looked
    assert ask(widget, "send", event="open_command", data={"user": "u1"})["ok"]
    assert run.state == "opening"
    refused = ask(widget, "send", event="kicked", data={})
    assert (refused["ok"], refused.get("error")) == (False, None)
    browser.until(lambda all: all.tracks["a"].now["refused"] is not None)
    assert "means nothing" in browser.track().now["refused"]["reason"]
    assert "must be a JSON object" in ask(widget, "send", event="x", data=[1])["error"]
    assert ask(widget, "stop")["ok"]
    browser.until(lambda all: all.tracks["a"].now["status"] == "stopped")


def test_a_command_nobody_knows_is_refused(looked, ask):
    assert "not known" in ask(looked[0], "dance")["error"]


def test_a_breakpoint_holds_the_run_and_steps_let_it_go_on(looked, run, ask):
    widget, browser = looked
    made = ask(widget, "breakpoint", spec={"state": "opening", "hit": 1, "event": ""})
    assert made["ok"], made
    assert ask(widget, "send", event="open_command", data={})["ok"]
    browser.until(lambda all: all.tracks["a"].now["held"] is not None)
    now = browser.track().now
    assert (run.state, now["held"]["breakpoint"]) == ("closed", made["breakpoint"])
    assert now["held"]["preview"]["to"] == ["opening"]
    assert [(one["kind"], one["name"]) for one in now["mailbox"]] == [("event", "open_command")]
    (point,) = now["breakpoints"]
    assert (point["id"], point["enabled"], point["hits"]) == (made["breakpoint"], True, 1)
    assert ask(widget, "step", by="microstep")["ok"]  # the turn has only one
    assert run.state == "opening"
    assert "nothing" in ask(widget, "step", by="event")["error"].lower()
    assert ask(widget, "resume")["ok"]
    browser.until(lambda all: all.tracks["a"].now["held"] is None)
    assert "must be" in ask(widget, "breakpoint", spec=[1])["error"]
    assert "knows no 'colour'" in ask(widget, "breakpoint", spec={"colour": 1})["error"]
    assert "opening" in ask(widget, "breakpoint", spec={"state": "openin"})["hint"]
    assert "by event, microstep, effect" in ask(widget, "step", by="year")["error"]


def test_breakpoints_are_switched_and_removed(looked, run, ask):
    widget, browser = looked
    point = ask(widget, "breakpoint", spec={"event": "open_command"})["breakpoint"]
    assert ask(widget, "breakpoint_set", breakpoint=point, enabled=False)["ok"]
    browser.until(lambda all: [b["enabled"] for b in all.tracks["a"].now["breakpoints"]] == [False])
    go(run, "open_command")
    assert run.state == "opening"
    assert ask(widget, "breakpoint_set", breakpoint=point, enabled=True)["ok"]
    assert ask(widget, "breakpoint_remove", breakpoint=point)["ok"]
    browser.until(lambda all: all.tracks["a"].now["breakpoints"] == [])
    assert f"no breakpoint '{point}'" in ask(widget, "breakpoint_remove", breakpoint=point)["error"]


def test_a_paused_run_keeps_what_comes_and_runs_to_a_state(looked, run, ask):
    widget, browser = looked
    assert ask(widget, "pause")["ok"]
    for name in ("open_command", "fully_open"):
        assert ask(widget, "send", event=name, data={})["ok"]
    browser.until(lambda all: len(all.tracks["a"].now["mailbox"]) == 2)
    assert (run.state, browser.track().now["held"]["waiting"]) == ("closed", 2)
    assert ask(widget, "run_to", state="open")["ok"]
    assert run.state == "opening"
    browser.until(lambda all: len(all.tracks["a"].now["mailbox"]) == 1)
    page = -(-browser.track().total // 256) - 1
    assert ask(widget, "rows", page=0)["ok"]
    assert ask(widget, "page", page=page)["ok"]
    kinds = {row["kind"] for row in browser.track().rows.values()}
    assert {"debug", "event.held"} <= kinds
    held = next(s for s, row in browser.track().rows.items() if row["kind"] == "debug")
    assert browser.track().detail(held)["note"]


def test_a_run_that_is_not_live_can_be_looked_at_and_not_driven(comms, tmp_path, ask):
    path = str(tmp_path / "door.duckdb")
    with Lab(path) as lab:
        go(lab.start(Door, id="d"), "open_command", "fully_open")
    with Lab(path) as lab:
        widget = lab.debug("d")
        browser = Beholder(widget.comm)
        seen = browser.track()
        assert (seen.opened["live"], seen.now["status"], seen.total) == (False, "asleep", 3)
        for command in ("send", "stop", "pause", "resume", "step", "run_to"):
            answer = ask(widget, command, event="x", data={})
            assert "not live in this lab" in answer["error"]
            assert "lab.resume('d')" in answer["hint"]
        assert ask(widget, "page", page=0)["ok"]
        assert browser.track().data(3) == {"opened": 1, "locked": False}
        forked = ask(widget, "fork", at=2)
        assert forked["ok"], forked
        assert lab.run(forked["run"]).state == "opening"
        go(lab.resume("d"), "close_command")  # live from now on
        browser.until(lambda all: all.tracks["a"].now["status"] == "running")
        assert ask(widget, "send", event="open_command", data={})["ok"]


def test_a_fork_is_opened_beside_and_compared(looked, run, ask):
    widget, browser = looked
    go(run, "open_command", "fully_open", "close_command")
    before = [fact.body for fact in run.lab.journal.read(run.id)]
    answer = ask(widget, "fork", at=3, event={"name": "close_command"}, data={"opened": 7})
    assert answer["ok"], answer
    fork = run.lab.run(answer["run"])
    assert (fork.forked_from, fork.forked_at, fork.state) == (run.id, 3, "closed")
    browser.look()
    beside = browser.track("b")
    assert (beside.opened["run"], beside.opened["forked_from"]) == (fork.id, run.id)
    assert {node["run"]: node["parent"] for node in browser.tree} == {
        run.id: None,
        fork.id: run.id,
    }
    assert browser.compare["left"] == run.id
    assert browser.compare["right"] == fork.id
    assert {"path": "data.opened", "left": 1, "right": 7} in [
        {k: one[k] for k in ("path", "left", "right")} for one in browser.compare["data"]
    ]
    assert ask(widget, "rows", track="b", page=0)["ok"]
    assert ask(widget, "page", track="b", page=0)["ok"]
    beside = browser.track("b")
    assert [beside.data(seq)["opened"] for seq in (1, 2, 3)] == [1, 7, 7]
    assert beside.detail(2)["note"] == {"patch": {"opened": 7}}
    assert browser.track("b").rows[1]["kind"] == "run.forked"
    assert [fact.body for fact in run.lab.journal.read(run.id)] == before
    fork.send("open_command")
    browser.until(lambda all: all.tracks["b"].total == fork.seq)


def test_an_event_is_left_out_as_a_fork(looked, run, ask):
    widget, _ = looked
    go(run, "open_command", "fully_open", "close_command")
    answer = ask(widget, "fork", drop=[4], until="end")
    assert answer["ok"], answer
    assert run.lab.run(answer["run"]).state == "open"
    assert run.state == "closed"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"at": "2"}, "must be a number"),
        ({"at": -1}, "must be a number"),
        ({"drop": [True]}, "list of seqs"),
        ({"drop": "2"}, "list of seqs"),
        ({"event": "x"}, "must be a JSON object"),
        ({"data": 3}, "must be a JSON object"),
        ({"until": "soon"}, "must be a number"),
        ({"at": 99}, "99"),
        ({"track": "b"}, "no run on track 'b'"),
    ],
)
def test_a_fork_that_cannot_be_is_said_and_nothing_is_made(looked, run, ask, asked, said):
    assert said in ask(looked[0], "fork", **asked)["error"]
    assert len(run.lab.journal.runs()) == 1


def test_a_fork_made_elsewhere_grows_the_tree(looked, run):
    _, browser = looked
    fork = run.fork()
    browser.until(lambda all: len(all.tree) == 2)
    assert browser.tree[1]["run"] == fork.id
    fork.stop()
    browser.until(lambda all: all.tree[1]["status"] == "done")


def test_tracks_are_opened_and_closed(looked, run, lab, ask):
    widget, browser = looked
    other = lab.start(Door, id="other")
    assert ask(widget, "track", track="b", run="other") | {"id": ""} == {
        "type": "reply", "id": "", "ok": True, "run": "other"
    }  # fmt: skip
    assert browser.track("b").opened["run"] == "other"
    assert browser.look().compare["right"] == "other"
    browser.compare = None
    assert ask(widget, "compare")["ok"]
    assert browser.look().compare["right"] == "other"
    again = widget.get_state("boot")["boot"]
    told = [one["type"] for one in again["more"]]
    assert told == ["rows", "page", "stand", "tree", "track", "stand", "compare"]
    assert ask(widget, "open")["ok"]
    before = len(lab.dispatcher._wants)
    assert ask(widget, "track", track="b", run=None)["ok"]
    assert len(lab.dispatcher._wants) == before - 1
    assert browser.track("b") is None
    assert "no run on track 'b'" in ask(widget, "compare")["error"]
    assert "always shows a run" in ask(widget, "track", track="a", run=None)["error"]
    assert "nobody" in ask(widget, "track", track="b", run="nobody")["error"]
    assert "must be a text" in ask(widget, "track", track="b", run=7)["error"]
    assert ask(widget, "track", track="a", run="other")["ok"]
    other.send("open_command")
    browser.until(lambda all: all.tracks["a"].total == 2)
    assert [node["run"] for node in browser.tree] == ["other"]
    assert lab.debug(run) is not widget


def test_reasons_are_given(looked, run, ask):
    widget, _ = looked
    go(run, "open_command", "fully_open")
    answer = ask(widget, "why", seq=3, path="data.opened")
    assert answer["ok"], answer
    assert {3} <= set(answer["facts"]) <= {1, 2, 3}
    assert answer["text"]
    assert ask(widget, "why", seq=99, path="data.opened")["error"]
    assert "must be a number" in ask(widget, "why", path="data.opened")["error"]
    found = ask(widget, "explain")
    assert found["ok"], found
    assert all({"title", "text", "facts", "weight"} <= set(one) for one in found["findings"])


def test_a_run_is_taken_along_and_brought_in_again(looked, run, ask, comms):
    widget, browser = looked
    go(run, "open_command")
    assert ask(widget, "export")["ok"]
    ((message, body),) = browser.look().files
    assert message["name"] == "door_001.run.jsonl.gz"
    assert b"open_command" in gzip.decompress(body)
    text = base64.b64encode(body).decode()
    with Lab() as elsewhere:
        other = elsewhere.debug(elsewhere.start(Door))
        answer = ask(other, "import", name="../../door.run.jsonl.gz", base64=text)
        assert answer["ok"], answer
        assert elsewhere.recording(answer["run"]).state == "opening"
        cut = base64.b64encode(body[: len(body) // 2]).decode()
        assert ask(other, "import", name="cut", base64=cut)["error"]
        assert len(elsewhere.journal.runs()) == 2


def test_a_file_that_is_none_is_refused(looked, ask, monkeypatch):
    widget, _ = looked
    assert "did not come whole" in ask(widget, "import", name="x", base64="%%%")["error"]
    junk = ask(widget, "import", name="my.json", base64=base64.b64encode(b"junk").decode())
    assert junk["error"].startswith("'my.json' ")
    assert ask(widget, "import", name="", base64=base64.b64encode(b"junk").decode())["error"]
    monkeypatch.setattr(exchange, "MAX_FILE", 3)
    assert "at most 3" in ask(widget, "export")["error"]
    assert "more than 3 bytes" in ask(widget, "import", name="x", base64="A" * 99)["error"]


def test_a_step_becomes_a_test(looked, run, ask):
    widget, _ = looked
    go(run, "open_command")
    answer = ask(widget, "test_case", seq=2)
    assert answer["ok"], answer
    compile(answer["text"], "test_step.py", "exec")
    assert ask(widget, "test_case", seq=9)["error"]


def test_long_commands_do_not_hold_up_short_ones(looked, ask, monkeypatch):
    widget, _ = looked
    go_on, replies = threading.Event(), []

    def wait(widget, _command):
        def long():
            go_on.wait(10)
            return {"text": "at last"}

        answer = widget.work(long)
        assert isinstance(answer, Future)
        return answer

    monkeypatch.setitem(COMMANDS, "wait", wait)
    waiting = threading.Thread(target=lambda: replies.append(ask(widget, "wait")))
    waiting.start()
    assert ask(widget, "rows", page=0)["ok"]
    assert replies == []
    go_on.set()
    waiting.join(10)
    assert replies[0]["text"] == "at last"


def test_what_fails_on_a_worker_is_answered(looked, ask, monkeypatch, caplog):
    widget, _ = looked

    def broken(widget, _command):
        return widget.work(lambda: 1 / 0)

    monkeypatch.setitem(COMMANDS, "broken", broken)
    assert "ZeroDivisionError" in ask(widget, "broken")["error"]
    assert "A command from the browser failed" in caplog.text
