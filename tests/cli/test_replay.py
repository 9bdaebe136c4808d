"""Old runs on the machine as it is now: what CI sees."""

import json
import subprocess
import sys
import textwrap

import pytest

from traaviis_lab import Lab, ToldClock, read_chart
from traaviis_lab.gallery import Timer

from .conftest import DOOR


@pytest.fixture
def journal(tmp_path):
    """A journal with two doors, one of them closed again, and a timer."""
    clock = ToldClock()
    with Lab(tmp_path / "j.duckdb", clock=clock) as lab:
        chart = read_chart(DOOR)
        lab.start(chart, id="d1").send("open_command")
        clock.advance(1)
        two = lab.start(chart, id="d2")
        two.send("open_command")
        two.send("close_command", gently=True)
        clock.advance(1)
        lab.start(Timer, id="t1")
    return tmp_path / "j.duckdb"


def test_all_come_out_as_recorded(command, journal, door):
    said = command("replay", journal)
    assert said.code == 0, said.err
    assert [line.split()[:3] for line in said.out.splitlines() if line.startswith(" ok")] == [
        ["ok", "d1", "Door"],
        ["ok", "d2", "Door"],
        ["ok", "t1", "Timer"],
    ]
    assert "3 runs came out as recorded, 0 did not" in said.out
    said = command("replay", journal, "--chart", door)
    assert said.code == 0
    assert "left out, of other machines: Timer 1" in said.out


def test_a_changed_machine_is_an_exit_code_and_a_reason(command, journal, door):
    door.write_text(DOOR.replace("event.gently", "!event.gently"))
    said = command("replay", journal, "--chart", door)
    assert said.code == 1
    assert "1 run came out as recorded, 1 did not" in said.out
    rows = {line.split()[1]: line for line in said.out.splitlines() if line[:3] in {" ok", " NO"}}
    assert rows["d1"].startswith(" ok")
    assert rows["d2"].split() == ["NO", "d2", "Door", "3", "state:", "closed", "refused"]
    assert "parts from its record at seq 3 (event 'close_command')" in said.err
    assert "`when` of open#0 is !event.gently, was event.gently" in said.err
    assert "Traceback" not in said.err


def test_as_json(command, journal, door):
    door.write_text(DOOR.replace("data.opened + 1", "data.opened + 2"))
    said = command("replay", journal, "--chart", door, "--json")
    assert said.code == 1
    told = json.loads(said.out)
    assert (told["ok"], told["left_out"]) == (False, {"Timer": 1})
    first = told["runs"][0]
    assert (first["run"], first["seq"], first["ok"]) == ("d1", 2, False)
    assert first["error"]["differences"] == [{"path": "data.opened", "expected": 1, "actual": 2}]
    assert first["error"]["cause"]["where"] == ["closed#0"]


def test_only_some(command, journal, door):
    rows = json.loads(command("replay", journal, "--run", "d2", "--run", "t1", "--json").out)
    assert [row["run"] for row in rows["runs"]] == ["d2", "t1"]
    rows = json.loads(command("replay", journal, "--where", "seq > 2", "--json").out)
    assert [row["run"] for row in rows["runs"]] == ["d2"]


def test_nothing_to_replay_is_not_passed_over(command, journal, door):
    said = command("replay", journal, "--chart", door, "--where", "done")
    assert said.code == 3
    assert "There was nothing to replay" in said.err
    said = command("replay", journal, "--run", "d9")
    assert said.code == 3
    assert "There is no run 'd9'" in said.err
    said = command("replay", journal, "--where", "sek > 2")
    assert said.code == 3
    assert "is no condition on the view `runs`" in said.err
    assert command("replay", "x.duckdb").code == 2
    assert command("replay", journal, "--chart", "x.yaml").code == 2


def test_a_machine_that_cannot_work(command, journal, door):
    door.write_text(DOOR.replace("to: open,", "to: opne,"))
    said = command("replay", journal, "--chart", door)
    assert said.code == 1
    assert "opne" in said.err


def test_a_journal_that_another_process_has_open(command, journal, tmp_path):
    held = textwrap.dedent(f"""
        from traaviis_lab import Lab
        with Lab({str(journal)!r}) as lab:
            lab.resume("d1")
            print("open", flush=True)
            input()
    """)
    child = subprocess.Popen(
        [sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "open\n"
        said = command("replay", journal)
    finally:
        child.communicate("\n", timeout=60)
    assert said.code == 0, said.err
    assert "3 runs came out as recorded" in said.out


def test_a_folder_is_no_journal(command):
    said = command("replay", ".")
    assert (said.code, "Traceback" in said.err) == (2, False)
    assert "There is no journal ." in said.err


def test_a_run_that_is_not_there_is_looked_for_at_the_shell(command, journal):
    said = command("replay", journal, "--run", "d1", "--run", "d9")
    assert said.code == 3
    assert "There is no run 'd9'" in said.err
    assert "traaviis-lab journal ls" in said.err
