"""From the shell: a run is taken elsewhere, taken in, reported, and made a test of."""

import json
import subprocess
import sys

import pytest

from traaviis_lab import Lab, ToldClock, gallery, read_chart

from .conftest import DOOR


@pytest.fixture
def journal(tmp_path):
    with Lab(tmp_path / "j.duckdb", clock=ToldClock()) as lab:
        run = lab.start(read_chart(DOOR), id="d/1")
        run.send("open_command")
        run.note("looked")
    return tmp_path / "j.duckdb"


def test_export_and_import(command, journal, tmp_path):
    said = command("export", journal, "d/1")
    assert (said.code, said.out.split(":")[0]) == (0, "d_1.run.jsonl.gz")
    assert "3 facts in" in said.out
    again = command("export", journal, "d/1", "--out", "x.jsonl")
    assert (again.code, (tmp_path / "x.jsonl").read_bytes()[:1]) == (0, b"{")
    said = command("import", "other.duckdb", "d_1.run.jsonl.gz")
    assert said.out == "d/1: 3 facts of Door.\n"
    said = command("import", "other.duckdb", "x.jsonl")
    assert said.out == "d/1 is here already: 3 facts, the same chain.\n"
    assert (
        command("import", "other.duckdb", "x.jsonl", "--id", "d2").out == "d2: 3 facts of Door.\n"
    )
    runs = json.loads(command("journal", "ls", "other.duckdb", "--json").out)
    assert [(run["run"], run["seq"]) for run in runs] == [("d/1", 3), ("d2", 4)]
    assert command("journal", "verify", "other.duckdb").code == 0
    assert command("replay", "other.duckdb").code == 0


def test_what_cannot_be_taken_in(command, journal, tmp_path):
    (tmp_path / "bad.gz").write_bytes(b"\x1f\x8bnonsense")
    said = command("import", "other.duckdb", "bad.gz")
    assert (said.code, "Traceback" in said.err) == (3, False)
    assert "cut or damaged" in said.err
    assert command("import", "other.duckdb", "nowhere.gz").code == 2
    said = command("export", journal, "d9")
    assert said.code == 3
    assert "There is no run 'd9'" in said.err


def test_import_of_transcripts(command, tmp_path):
    (tmp_path / "four.json").write_text(json.dumps(gallery.transcripts()))
    said = command("import", "t.duckdb", "four.json", "--transcript", "--name", "KettleShop")
    assert said.code == 0
    assert said.out.splitlines()[0] == "task-leaking-kettle-trial-0: passed, 17 facts."
    said = command("import", "t.duckdb", "four.json", "--transcript")
    assert said.code == 3
    assert "another run" in said.err
    (tmp_path / "one.json").write_text(json.dumps(gallery.transcripts()[0]))
    said = command("import", "t.duckdb", "one.json", "--transcript", "--id", "mine")
    assert said.out == "mine: passed, 17 facts.\n"
    # Without --transcript it is looked for as a run, and the hint says what helps.
    assert "import_transcript" in command("import", "t.duckdb", "one.json").err


def test_report(command, journal, tmp_path):
    said = command("report", journal, "d/1")
    assert said.code == 0
    assert (tmp_path / "d_1.html").read_text().startswith("<!doctype html>")
    assert command("report", journal, "d/1", "--out", "x.html").code == 0


def test_test_case(command, journal, door, tmp_path):
    said = command("test-case", journal, "d/1", "--at", 2)
    assert said.code == 0
    assert said.out.startswith('"""Run d/1 of Door, seq 2: open_command.')
    said = command(
        "test-case", journal, "d/1", "--at", 2, "--machine", "door.yaml", "--out", "test_a.py"
    )
    assert (said.code, said.out) == (0, "")
    assert "It fails now" not in said.err
    passes = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_a.py"]
    assert subprocess.run(passes, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    door.write_text(DOOR.replace("data.opened + 1", "data.opened + 7"))
    assert subprocess.run(passes, cwd=tmp_path, check=False, capture_output=True).returncode == 1
    said = command("test-case", journal, "d/1", "--at", 2, "--machine", "door.yaml")
    assert said.code == 0
    assert "It fails now: door.yaml does something else" in said.err


def test_a_test_case_of_no_step_and_of_no_machine(command, journal):
    said = command("test-case", journal, "d/1", "--at", 3)
    assert said.code == 3
    assert "is no step" in said.err
    assert "nearest to it: 1, 2" in said.err
    assert command("test-case", journal, "d/1", "--at", 2, "--machine", "nowhere.yaml").code == 2
    assert command("test-case", journal, "d/1").code == 2


GATE = """
from traaviis_lab import Machine, State

class Gate(Machine):
    shut = State(initial=True)
    shut.to(None, on="ask", when=lambda data, event: True)
"""


def test_a_machine_that_calls_python(command, tmp_path):
    (tmp_path / "gates.py").write_text(GATE)
    there = {"__name__": "gates"}
    exec(GATE, there)
    with Lab(tmp_path / "g.duckdb") as lab:
        lab.start(there["Gate"], id="g").send("ask")
    assert command("export", "g.duckdb", "g", "-o", "g.gz").code == 0
    said = command("import", "h.duckdb", "g.gz")
    assert said.code == 0
    assert "calls Python" in said.err
    said = command("report", "h.duckdb", "g")
    assert said.code == 1
    assert "Pass the class" in said.err
    assert command("report", "h.duckdb", "g", "--chart", "gates.py:Gate").code == 0
    assert command("test-case", "h.duckdb", "g", "--at", 2).code == 1
    said = command(
        "test-case", "h.duckdb", "g", "--at", 2, "--machine", "gates.py:Gate", "-o", "t.py"
    )
    assert said.code == 0, said.err
    assert "fails now" not in said.err
    assert command("test-case", "h.duckdb", "g", "--at", 2, "--chart", "gates.py:Gate").code == 3
