"""What a newcomer types first: the demo, the tutorials, and things that are wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from traaviis_lab import Lab
from traaviis_lab.cli import notebooks

PYTHON = (sys.executable, "-m", "traaviis_lab")


def test_the_demo_plays_three_logs_and_leaves_a_report(command, tmp_path):
    said = command("demo", "place", "--json")
    found = json.loads(said.out)
    assert said.err == ""
    assert [run["run"] for run in found["runs"]] == ["door_001", "alarm_001", "timer_001"]
    for run in found["runs"]:
        assert run["lines"] == run["accepted"] + run["refused"] + run["malformed"]
        assert run["malformed"] == 1
        assert run["late"] > 0
        assert run["lines"] > 1000
    report = Path(found["report"]).read_text()
    assert report.startswith("<!doctype html>")
    assert "alarm_001" in report
    for outside in ('src="http', 'href="http', "url(http"):
        assert outside not in report
    notebook = json.loads((tmp_path / "place" / "demo.ipynb").read_text())
    assert notebook["nbformat"] == 4
    with Lab(found["journal"]) as lab:
        assert lab.verify().problems == ()
        assert len(lab.runs()) == 3


def test_a_second_demo_adds_to_the_first(command, monkeypatch):
    monkeypatch.setattr("traaviis_lab.cli.demo._lines", lambda name: iter(SHORT[name]))
    assert command("demo").code == 0
    said = command("demo")
    assert said.code == 0
    assert "door_002" in said.out
    assert "NOT WHOLE" not in said.out
    assert "traaviis-demo/report.html" in said.out
    runs = json.loads(command("journal", "ls", "traaviis-demo/demo.duckdb", "--json").out)
    assert len(runs) == 6


SHORT = {
    "smart_door": ['{"at": 1772433600000, "event": "open_command"}', "torn"],
    "security_system": ['{"at": 1772433600000, "event": "arm", "data": {"mode": "away"}}'],
    "timer": ['{"at": 1772433700000, "event": "start"}', '{"at": 1, "event": "tick"}'],
}


def test_the_demo_says_what_it_does(command, monkeypatch):
    monkeypatch.setattr("traaviis_lab.cli.demo._lines", lambda name: iter(SHORT[name]))
    out = command("demo").out
    for part in ("Playing 5 lines", "door_001", "● Opening", "malformed: not JSON", "journal sql"):
        assert part in out
    # The alarm's time to leave passed while the timer's log went on.
    assert "Siren" in out
    assert "SecuritySystem, run alarm_001, in ready & secure & tracking & watching" in out


def test_the_demo_says_where_it_cannot_write(command, tmp_path):
    (tmp_path / "file").write_text("")
    said = command("demo", "file")
    assert said.code == 2
    assert "file" in said.err


def test_the_tutorials_are_copied_and_what_was_changed_stays(command, tmp_path):
    assert command("lab", "mine", "--copy-only").code == 0
    copies = sorted(path.name for path in (tmp_path / "mine").glob("*.ipynb"))
    assert copies == sorted(path.name for path in notebooks.tutorials().glob("*.ipynb"))
    assert notebooks.FIRST in copies
    assert (tmp_path / "mine" / "cassettes" / "08_models.jsonl").is_file()
    (tmp_path / "mine" / notebooks.FIRST).write_text("my own words")
    said = command("lab", "mine", "--copy-only")
    assert "has your changes: it stays as it is." in said.out
    assert (tmp_path / "mine" / notebooks.FIRST).read_text() == "my own words"


def test_jupyterlab_is_started_on_the_copies(command, monkeypatch, tmp_path):
    called = []
    monkeypatch.setattr(notebooks, "_become", called.append)
    assert command("lab", "mine", "--no-browser", "--port", 9999).code == 0
    [line] = called
    assert line[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={tmp_path / 'mine'}" in line
    assert "--ServerApp.port=9999" in line
    assert "--no-browser" in line


def test_without_jupyterlab_the_way_to_get_it_is_said(command, monkeypatch):
    monkeypatch.setattr(notebooks, "find_spec", lambda name: None)
    said = command("lab")
    assert said.code == 3
    assert "pip install 'traaviis-lab[lab]'" in said.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("--help",), 0),
        (("-h",), 0),
        (("--version",), 0),
        (("journal", "--help"), 0),
        (("demmo",), 2),
        (("demo", "--fast"), 2),
        (("graph", "gallery:Timer", "--format", "png"), 2),
    ],
)
def test_wrong_commands_end_with_usage_and_a_code(command, arguments, code):
    said = command(*arguments)
    assert said.code == code
    assert "Traceback" not in said.err


def test_help_opens_no_heavy_room():
    heavy = ("duckdb", "pandas", "IPython", "jupyterlab", "ipywidgets", "graphviz", "pyarrow")
    code = (
        "import sys\nfrom traaviis_lab.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([g for g in {heavy} if g in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_reader_that_goes_away_is_no_error():
    line = f"{sys.executable} -m traaviis_lab graph gallery:SecuritySystem -f html | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode in {0, 141}


def test_colours_only_where_they_are_welcome():
    plain = subprocess.run(
        [*PYTHON, "graph", "no.yaml"], capture_output=True, text=True, check=False
    )
    assert plain.returncode == 2
    assert "\033[" not in plain.stderr
    env = {**os.environ, "NO_COLOR": "1"}
    shown = subprocess.run(
        [*PYTHON, "graph", "gallery:Timer"], capture_output=True, text=True, check=False, env=env
    )
    assert shown.returncode == 0
    assert "\033[" not in shown.stdout


def test_two_demos_at_once_take_different_numbers(tmp_path):
    from traaviis_lab.cli.demo import PARTS, _next_run

    with Lab(tmp_path / "demo.duckdb") as lab:
        first = _next_run(lab, PARTS[0])
        # What another process has just started is not in this one's list yet.
        lab.journal.runs, known = list, lab.journal.runs
        second = _next_run(lab, PARTS[0])
        lab.journal.runs = known
    assert (first.id, second.id) == ("door_001", "door_002")
