"""`traaviis-lab analyze` says what it found, and its exit code says how bad that is."""

import json
import os
import sys

import pytest

BAD = """\
import requests
from traaviis_lab import Machine, State, effects as fx

class Pump(Machine):
    off = State(initial=True)
    on = State(enter=fx.call("start"))
    off.to(on, on="go")

    def on_enter_on(data, event):
        requests.get("https://pump.example/on")

class Lamp(Machine):
    off = State(initial=True)
"""
MIDDLING = """\
spec: traaviis/1
name: Asks
states:
  a:
    enter: {kind: call, function: f}
"""


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "pump.py"
    path.write_text(BAD)
    return path


@pytest.fixture
def middling(tmp_path):
    path = tmp_path / "asks.yaml"
    path.write_text(MIDDLING)
    return path


def test_findings_stand_in_a_table_per_machine(command, bad):
    said = command("analyze", "pump.py")
    assert said.code == 1
    assert "Pump (pump.py)" in said.out
    for word in ("hook-io", "on_enter_on", "error", " 10 ", "no-timeout", "no-on-error"):
        assert word in said.out
    assert 'fx.call_api("GET"' in said.out
    assert "Lamp has nothing to gain" in said.out
    assert "2 machines: 1 error, 2 warnings, 0 info." in said.out


@pytest.mark.parametrize(
    ("fail_on", "code"), [(None, 0), ("error", 0), ("warning", 1), ("info", 1), ("never", 0)]
)
def test_the_exit_code_says_how_bad_it_is(command, middling, fail_on, code):
    more = () if fail_on is None else ("--fail-on", fail_on)
    assert command("analyze", "asks.yaml", *more).code == code


def test_findings_as_json(command, bad, middling):
    said = command("analyze", "pump.py", "asks.yaml", "--json", "--fail-on", "never")
    pump, asks = json.loads(said.out)
    assert pump["machines"] == ["Pump", "Lamp"]
    assert pump["counts"] == {"error": 1, "warning": 2, "info": 0}
    first = pump["findings"][-1]
    assert (first["file"], first["rule"], first["line"]) == ("pump.py", "hook-io", 10)
    assert set(first) == {
        "file", "rule", "severity", "machine", "place", "line", "what", "why", "cure",
    }  # fmt: skip
    assert {finding["line"] for finding in asks["findings"]} == {5}


def test_a_file_that_cannot_be_read_is_code_2_and_the_others_are_told(command, tmp_path, bad):
    (tmp_path / "broken.py").write_text("class A(:\n")
    (tmp_path / "odd.py").write_bytes(b"x = '\xff'\n")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    files = ("broken.py", "odd.py", "folder.py", "notes.txt", "absent.py", "pump.py")
    said = command("analyze", *files)
    assert said.code == 2
    for words in (
        "broken.py: Line 1: this is no Python",
        "odd.py is not text (byte 5",
        "folder.py is a folder",
        "notes.txt is neither Python (.py) nor a document",
        "There is no file absent.py",
    ):
        assert words in said.err
    assert "hook-io" in said.out
    assert "Traceback" not in said.err
    as_json = json.loads(command("analyze", *files, "--json").out)
    assert ["error" in one for one in as_json] == [True] * 5 + [False]


def test_a_file_without_machines_says_so(command, tmp_path):
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "list.yaml").write_text("- 1\n")
    said = command("analyze", "empty.py", "list.yaml")
    assert said.code == 0
    assert said.out.splitlines() == ["empty.py: no machine in it.", "list.yaml: no machine in it."]


def test_a_huge_file_is_refused_before_it_is_parsed(command, tmp_path):
    (tmp_path / "huge.py").write_text("x = 1\n" * 1_700_000)
    (tmp_path / "vast.json").write_bytes(b"")
    os.truncate(tmp_path / "vast.json", 30_000_000)
    said = command("analyze", "huge.py", "vast.json")
    assert said.code == 2
    assert "10,200,000 characters" in said.err
    assert "vast.json has 30,000,000 bytes" in said.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_what_is_no_regular_file_is_not_waited_for(command, tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    said = command("analyze", "pipe.py")
    assert said.code == 2
    assert "no regular file" in said.err


def test_the_code_of_a_file_is_not_run(command, tmp_path):
    (tmp_path / "wild.py").write_text(BAD + "\nopen('ran', 'w')\nraise SystemExit(9)\n")
    assert command("analyze", "wild.py", "--fail-on", "never").code == 0
    assert not (tmp_path / "ran").exists()
    assert "wild" not in sys.modules
