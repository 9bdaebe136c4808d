"""Servers that mean harm: the lab says what they did, stays quick, and goes on."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.runtime.asking import chart_asking, error, result, until
from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import ToolFailed
from traaviis_lab.tools.toolset import MOST_ASKED

WILD = str(Path(__file__).parent / "servers" / "wild.py")


@pytest.fixture
def lab():
    with Lab() as opened:
        yield opened


def add(lab, how, **more):
    settings = {"allow": ["*"], "timeout": 5, **more}
    return lab.tools.add_mcp([sys.executable, "-S", WILD, how], name="wild", **settings)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


GO = fx.call_tool("wild.go", {})


class Pulse:
    """Looks how long the engine's loop takes to answer, all the while."""

    def __init__(self, lab):
        self._lab, self.worst, self._over = lab, 0.0, False
        self._thread = threading.Thread(target=self._feel)

    def _feel(self):
        while not self._over:
            began = time.monotonic()
            self._lab._thread.ask(lambda: None)
            self.worst = max(self.worst, time.monotonic() - began)
            time.sleep(0.01)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._over = True
        self._thread.join()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("endless", "more than 50 pages"),
        ("many", "lists more than 500 tools"),
        ("dies", "ended with code 7. It last wrote: .*config missing"),
    ],
)
def test_a_server_that_cannot_be_used_is_not_added(lab, how, message):
    with pytest.raises(ToolFailed, match=message) as caught:
        add(lab, how)
    assert len(str(caught.value)) < 1000
    assert lab.tools.servers() == {}
    assert list(lab.tools) == []


@pytest.mark.parametrize("how", ["mute", "deaf"])
def test_a_server_that_does_not_answer_is_not_waited_for(lab, how):
    began = time.monotonic()
    with pytest.raises(ToolFailed, match=r"within 0.5 seconds when it was greeted|The server"):
        add(lab, how, timeout=0.5)
    assert time.monotonic() - began < 6


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("huge", "It wrote a message of more than 4,194,304 bytes"),
        ("line", "It wrote a message of more than 4,194,304 bytes"),
        ("wrong", "is no MCP"),
        ("rubbish", "What it writes is no MCP"),
        ("flood", "more than 2,000 messages within 10 seconds"),
        ("input", "is no MCP"),
    ],
)
def test_what_it_does_in_a_call_fails_that_call_and_nothing_else(lab, how, message):
    add(lab, how)
    with Pulse(lab) as pulse:
        told = error(lab, GO)
    assert told["kind"] == "ToolFailed"
    assert message in told["message"]
    assert len(told["message"]) < 1500
    assert pulse.worst < 1.0, "the engine's loop was held up"
    assert lab.tools.refresh("wild")["wild.go"].permission == "allow"  # connected anew


@pytest.mark.parametrize("how", ["silent", "half"])
def test_a_call_that_is_never_answered_is_a_timeout(lab, how):
    add(lab, how)
    told = error(lab, fx.call_tool("wild.go", {}, timeout="300ms"))
    assert told["kind"] == "EffectTimeout"
    assert told["message"] == "wild.go took longer than 0.3 seconds."


@pytest.mark.parametrize("how", ["nonsense", "progress"])
def test_noise_between_answers_is_put_up_with(lab, how):
    add(lab, how)
    assert result(lab, GO) == {"x": "a" * 50 + "!"}
    news = lab.sql("select count(*) n from events where kind = 'effect.progress'")["n"][0]
    assert news < 30


def test_numbers_that_json_cannot_keep_are_refused(lab):
    add(lab, "numbers")
    assert error(lab, GO)["kind"] == "ToolFailed"


def test_whatever_it_asks_of_us_is_refused(lab):
    add(lab, "asks")
    said = result(lab, GO)
    assert said.count('"error"') == 4
    assert '"result"' not in said
    for word in ("Sampling not supported", "Elicitation not supported", "List roots not supported"):
        assert word in said


def test_a_tool_that_changes_in_the_middle_is_asked_about_before_the_next_call(lab):
    add(lab, "turns")
    assert result(lab, GO) == {"x": "a" * 50 + "!"}
    run = lab.start(chart_asking(GO))
    until(lambda: lab.approvals.pending())
    assert "- Go.\n  + Go elsewhere." in lab.approvals.pending()[0].text
    run.send("leave")


def test_odd_tools_are_left_out_and_what_is_hidden_in_texts_is_not_shown(lab):
    table = add(lab, "odd")
    assert [row.name for row in table] == ["wild.go", "wild.hides"]
    said = lab.tools["wild.hides"].description
    assert said.startswith("ok[31myyy")
    assert len(said) <= 1000
    assert len(lab.tools.problems()["wild"]) == 4
    for shown in (repr(lab.tools), lab.tools._repr_html_(), repr(lab.tools["wild.hides"])):
        assert not {"\u202e", "\u200b", "\x1b"} & set(shown)


def test_a_secret_that_it_says_is_struck_out_wherever_it_says_it(lab):
    lab.secrets["WILD"] = "open-sesame"
    env = {"KEY": {"secret": "WILD"}}
    add(lab, "tells", env=env)
    assert lab.tools["wild.go"].description == "My key is [secret WILD]."
    with pytest.raises(ToolFailed, match=r"bad key \[secret WILD\]"):
        add(lab, "blabs", env=env)
    lab.tools.add_mcp([sys.executable, WILD, "blabs"], name="wild", env=env, connect=False)
    assert "bad key [secret WILD]" in error(lab, GO)["message"]
    assert lab.sql("select 1 from events where body::varchar like '%sesame%'").empty


def test_schemas_that_are_bombs_hold_nothing_up(lab):
    add(lab, "bomb")
    row = lab.tools["wild.go"]
    assert (row.permission, row.why) == ("deny", "its schema would take too long to check")
    with Pulse(lab) as pulse:
        assert error(lab, GO)["kind"] == "PermissionDenied"
        began = time.monotonic()
        told = error(lab, fx.call_tool("wild.slow", {"x": "a" * 40 + "!"}))
        assert time.monotonic() - began < 5
        assert "do not fit" in told["message"]
        assert "cannot be checked" in error(lab, fx.call_tool("wild.far", {}))["message"]
        assert "is no JSON Schema" in error(lab, fx.call_tool("wild.none", {}))["message"]
        # its answer does not fit its own output schema, whose pattern nobody tries
        assert result(lab, fx.call_tool("wild.slow", {"x": "aa"})) == {"x": "a" * 50 + "!"}
    assert pulse.worst < 1.0


def test_a_server_that_will_not_end_is_ended(lab):
    add(lab, "stubborn")
    pid = int(result(lab, GO))
    assert is_alive(pid)
    began = time.monotonic()
    lab.close()
    assert time.monotonic() - began < 8
    until(lambda: not is_alive(pid), 5)


def test_no_tenant_can_bury_a_person_in_questions(lab):
    add(lab, "fine", allow=None)
    for number in range(MOST_ASKED + 5):
        lab.start(chart_asking(GO), id=f"greedy-{number}", tenant="greedy")
    until(lambda: len(lab.approvals.pending()) == MOST_ASKED)
    runs = [lab.run(f"greedy-{number}") for number in range(MOST_ASKED + 5)]
    until(lambda: sum(run.state == "failed" for run in runs) == 5)
    told = next(run for run in runs if run.state == "failed").data["error"]
    assert told["kind"] == "PermissionDenied"
    assert f"{MOST_ASKED} questions of tenant 'greedy' are open" in told["message"]
    lab.start(chart_asking(GO), id="other", tenant="other")
    until(lambda: len(lab.approvals.pending()) == MOST_ASKED + 1)
    for asked in lab.approvals.pending():
        lab.approvals.answer(asked.id, "deny")
    until(lambda: not lab.approvals.pending())
    lab.start(chart_asking(GO), id="again", tenant="greedy")
    until(lambda: len(lab.approvals.pending()) == 1)
