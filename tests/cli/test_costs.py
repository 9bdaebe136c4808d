"""What a journal's runs cost, at a terminal."""

import json

import pytest

from tests.lab.spending import Triage, called, foreseen
from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx


@pytest.fixture
def journal(tmp_path):
    """Two runs: one with an unknown price."""
    with Lab(tmp_path / "j.duckdb") as lab:
        one = lab.start(Triage, "t1", tenant="acme")
        called(one, "classify", "a/x", 300, 10, 0.5, foreseen(300, 10, 0.25))
        called(lab.start(Triage, "t2", tenant="globex"), "answer", "new/y", 100, 10, None)
    return tmp_path / "j.duckdb"


def test_all_runs_by_machine_or_tenant(command, journal):
    said = command("costs", journal)
    assert said.code == 0, said.err
    assert "$0.50 + 1 unknown" in said.out
    assert said.out.splitlines()[0].split()[0] == "machine"
    rows = command("costs", journal, "--by", "tenant").out.splitlines()
    assert [row.split()[0] for row in rows[1:3]] == ["acme", "globex"]
    assert "unknown" in rows[2]


def test_one_run_by_state(command, journal):
    said = command("costs", journal, "t1")
    [row] = [line for line in said.out.splitlines() if line.startswith("classify")]
    assert row.split() == ["classify", "1", "300", "10", "$0.50", "$0.25", "-50%", "1.0", "s"]


def test_the_runs_that_it_started_are_said_or_counted(command, tmp_path):
    class Above(Machine):
        only = State(initial=True, enter=fx.spawn_fsm("Triage", id="below"))

    with Lab(tmp_path / "j.duckdb") as lab:
        lab.add(Triage)
        lab.start(Above, "top").wait(lambda run: "below" in lab.live())
        called(lab.run("below"), "classify", "a/x", 300, 10, 0.5)
    said = command("costs", tmp_path / "j.duckdb", "top")
    assert "Not in here: 1 call of a run that this one started." in said.out
    rows = command("costs", tmp_path / "j.duckdb", "top", "--children").out
    assert "Triage.classify" in rows
    assert "$0.50" in rows
    assert "Not in here" not in rows
    assert "one RUN" in command("costs", tmp_path / "j.duckdb", "--children").err


def test_csv_json_and_a_condition(command, journal, tmp_path):
    assert command("costs", journal, "--csv", tmp_path / "all.csv").code == 0
    assert (tmp_path / "all.csv").read_text().count("\n") == 3
    told = json.loads(command("costs", journal, "--where", "tenant = 'acme'", "--json").out)
    assert [row["run"] for row in told["runs"]] == ["t1"]
    assert json.loads(command("costs", journal, "t2", "--json").out)["total"]["usd"] is None


def test_mistakes_are_said(command, journal):
    assert command("costs", journal, "nobody").code != 0
    assert "one of machine" in command("costs", journal, "--by", "colour").err
    assert "not both" in command("costs", journal, "t1", "--where", "done").err
    assert command("costs", "nowhere.duckdb").code == 2
