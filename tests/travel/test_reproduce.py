"""A step becomes a pytest file: it passes as it is, and fails when the machine changes."""

import ast
import os
import subprocess
import sys

import pytest

from traaviis_lab import Chart, EventRefused, Lab, LabError, Machine, State, ToldClock, read_chart
from traaviis_lab import effects as fx
from traaviis_lab.gallery import SecuritySystem, SmartDoor
from traaviis_lab.travel.carrying.literals import literal, text

DOOR = """
spec: traaviis/1
name: Door
data: {opened: 0, owner: {name: "", tags: []}}
initial: closed
states:
  closed:
    transitions: [{on: open_command, to: open, assign: {opened: "data.opened + 1"}}]
  open:
    enter: [{kind: log, message: "open for {{ data.owner.name }}"}]
    transitions: [{on: close_command, to: closed, when: "event.gently"}]
"""


def pytest_on(folder, *files):
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            folder,
            *files,
        ],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def lab():
    with Lab(clock=ToldClock()) as opened:
        yield opened


def walked(lab, machine):
    run = lab.start(machine, id="d1", data={"owner": {"name": 'An "a"', "tags": ["x"] * 30}})
    run.send("open_command", user_id="u1", note="it's \u202e\x07 \U0001f600 \\ 'q' \"q\"\n")
    with pytest.raises(EventRefused):
        run.send("kicked")
    with pytest.raises(EventRefused):
        run.send("close_command", gently=False)
    run.send("close_command", gently=True)
    run.note("looked", by="me")
    return run


def test_every_step_of_a_run_gives_a_test_that_passes_and_is_formatted(lab, tmp_path):
    run = walked(lab, read_chart(DOOR))
    steps = [
        f.seq
        for f in lab.journal.read("d1")
        if b'"step"' in f.body or b"refused" in f.kind.encode()
    ]
    for seq in steps:
        (tmp_path / f"test_{seq}.py").write_text(run.test_case(seq), encoding="utf-8")
    done = pytest_on(tmp_path)
    assert done.returncode == 0, done.stdout
    assert f"{len(steps)} passed" in done.stdout
    lint = [sys.executable, "-m", "ruff"]
    for command in (
        ["format", "--check", "--isolated"],
        ["check", "--isolated", "--select", "F,I"],
    ):
        found = subprocess.run(
            [*lint, *command, "."], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert found.returncode == 0, found.stdout


def test_with_the_machine_by_name_it_fails_when_the_machine_changes(lab, tmp_path):
    (tmp_path / "door.yaml").write_text(DOOR)
    (tmp_path / "tests").mkdir()
    target = tmp_path / "tests" / "test_door.py"
    target.write_text(walked(lab, read_chart(DOOR)).test_case(2, machine="door.yaml"))
    assert pytest_on(tmp_path, "tests").returncode == 0
    for old, new in [
        ("data.opened + 1", "data.opened + 2"),
        ("to: open,", "to: closed,"),
        ("open for", "shut for"),
        ("on: open_command", "on: other"),
    ]:
        (tmp_path / "door.yaml").write_text(DOOR.replace(old, new))
        done = pytest_on(tmp_path, "tests")
        assert done.returncode == 1, (old, done.stdout)
        assert "1 failed" in done.stdout


CLASS = '''
from traaviis_lab import Machine, State

class Gate(Machine):
    """Opens for few."""

    data = {"n": 0}
    shut = State(initial=True)
    open = State()
    shut.to(open, on="ask", when=lambda data, event: event.data["age"] >= 18, assign={"n": "data.n + 1"})
'''


@pytest.mark.parametrize("machine", ["gates.py:Gate", "gates:Gate"])
def test_a_machine_that_calls_python_is_found_in_a_file_or_a_module(
    lab, tmp_path, machine, monkeypatch
):
    (tmp_path / "gates.py").write_text(CLASS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    there = {"__name__": "gates"}
    exec(CLASS, there)
    run = lab.start(there["Gate"], id="g")
    with pytest.raises(EventRefused):
        run.send("ask", age=3)
    run.send("ask", age=30)
    with pytest.raises(LabError, match="cannot stand in a test: it calls Python") as said:
        run.test_case(3)
    assert "machine=" in said.value.hint
    for seq in (1, 3):
        (tmp_path / f"test_{seq}.py").write_text(run.test_case(seq, machine))
    done = pytest_on(tmp_path)
    assert done.returncode == 0, done.stdout
    (tmp_path / "gates.py").write_text(CLASS.replace(">= 18", ">= 40"))
    done = pytest_on(tmp_path)
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout


def test_a_machine_of_the_gallery_with_timers_history_and_effects(lab, tmp_path):
    run = lab.start(SmartDoor, id="d")
    run.send("open_command", user_id="u")
    run.send("fully_open")
    run.send("close_command")
    lab.clock.advance(31)
    assert run.state == "opening"
    alarm = lab.start(SecuritySystem, id="s")
    for name in ("door", "alarm"):
        (tmp_path / f"test_{name}.py").write_text(
            {
                "door": run.test_case(next(
                    f.seq for f in lab.journal.read("d") if f.name.startswith("after.")
                ), "gallery:SmartDoor"),
                "alarm": alarm.test_case(1, "gallery:SecuritySystem"),
            }[name]
        )  # fmt: skip
    done = pytest_on(tmp_path)
    assert done.returncode == 0, done.stdout


class Fetcher(Machine):
    """Asks and puts the answer away."""

    data = {"got": None}
    idle = State(initial=True)
    busy = State(enter=fx.call("fetch", args={"q": 1}, into="got"), on_success="idle")
    idle.to(busy, on="go")


def test_an_outcome_of_an_effect_is_a_step_too(lab, tmp_path):
    lab.register(lambda q: {"rows": [q] * 3}, name="fetch")
    run = lab.start(Fetcher, id="f")
    run.send("go")
    run.wait("idle")
    facts = list(lab.journal.read("f"))
    outcome = next(f.seq for f in facts if f.kind == "effect.completed")
    (tmp_path / "test_outcome.py").write_text(run.test_case(outcome))
    assert "patch=" in run.test_case(outcome)
    done = pytest_on(tmp_path)
    assert done.returncode == 0, done.stdout


def test_a_seq_that_is_no_step_names_the_nearest_ones(lab):
    run = walked(lab, read_chart(DOOR))
    note = run.seq
    with pytest.raises(LabError, match="is no step: it is a fact of kind 'note'") as said:
        run.test_case(note)
    assert str(note - 1) in said.value.hint
    with pytest.raises(LabError, match="has no seq 99"):
        run.test_case(99)


def test_what_the_engine_refused_is_not_the_machines_doing(lab):
    run = walked(lab, read_chart(DOOR))
    with pytest.raises(EventRefused):
        run.send("done.mine")
    with pytest.raises(LabError, match="was not refused by the machine"):
        run.test_case(run.seq)


@pytest.mark.parametrize(
    "machine",
    ["", "Door", "a b:Door", "os; import evil:Door", "m:Do-or", 'x"y.py:Do"or', "m:x\ny", 7, ":D"],
)
def test_a_name_that_means_nothing_never_gets_into_the_file(lab, machine):
    run = walked(lab, read_chart(DOOR))
    with pytest.raises(LabError, match="does not name a machine"):
        run.test_case(2, machine)


@pytest.mark.parametrize("ident", ['a"""\nimport os\n"""', "\\", "日本", "-", "x" * 200])
def test_a_hostile_id_stays_a_text(lab, ident):
    if "\n" in ident:
        ident = ident.replace("\n", " ")
    run = lab.start(read_chart(DOOR), id=ident)
    tree = ast.parse(run.test_case(1, "door.yaml"))
    kinds = {type(node).__name__ for node in tree.body}
    assert kinds <= {"Expr", "Import", "ImportFrom", "Assign", "FunctionDef"}
    assert len([n for n in tree.body if isinstance(n, ast.FunctionDef)]) == 2


def test_literals_give_back_what_they_were_made_of():
    for value in [
        None, True, -1, 0.1, 1e300, "", 'a"b', "a'b", "\"'", "\\n\n\r\t\0\x7f\u2028\u202e😀\ufeff",
        [], {}, [[]], {"a": {"b": [1, None]}}, ["x" * 60] * 3, {"k" * 90: ["v" * 90, {"z": 1}]},
    ]:  # fmt: skip
        assert ast.literal_eval(literal(value)) == value
        assert ast.literal_eval(literal(value, 8, 20)) == value
    assert text("\u202e").isascii()


def test_a_chart_that_is_not_the_one_of_the_record_is_not_believed(lab):
    walked(lab, read_chart(DOOR))
    other = Chart.from_spec({**read_chart(DOOR.replace("+ 1", "+ 2")).to_spec()})
    with pytest.raises(LabError, match="did something else at seq 2"):
        lab.recording("d1", chart=other).test_case(2)
