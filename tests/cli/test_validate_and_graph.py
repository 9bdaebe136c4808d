"""Machines are found wherever they are named, checked, and drawn."""

import json
import sys

import pytest

from .conftest import DOOR


def test_a_machine_that_can_work(command, door):
    said = command("validate", door)
    assert said.code == 0
    assert "Door 1.0.0 can work (2 states, 3 transitions)" in said.out


def test_all_mistakes_are_told_at_once_with_their_lines(command, tmp_path):
    (tmp_path / "bad.yaml").write_text(
        DOOR.replace("to: open,", "to: opne,").replace("event.gently", "event.gently &&")
    )
    said = command("validate", "bad.yaml")
    assert said.code == 1
    assert "bad.yaml:8: " in said.err
    assert "'opne'" in said.err
    assert "Did you mean 'open'?" in said.err
    assert "bad.yaml:11: " in said.err
    assert "Traceback" not in said.err


def test_the_verdict_as_json(command, door, tmp_path):
    (tmp_path / "bad.json").write_text('{"spec": "traaviis/1", "name": "X", "states": {}}')
    said = command("validate", door, "bad.json", "--json")
    good, bad = json.loads(said.out)
    assert said.code == 1
    assert (good["ok"], good["machine"], good["states"]) == (True, "Door", 2)
    assert len(good["hash"]) == 64
    assert bad["ok"] is False
    assert {"path", "line", "message", "cure"} <= bad["errors"][0].keys()


def test_what_is_odd_is_a_warning_and_fails_only_if_asked(command, tmp_path):
    (tmp_path / "odd.yaml").write_text(DOOR + "  attic: {}\n")
    said = command("validate", "odd.yaml")
    assert said.code == 0
    assert "attic" in said.out
    assert command("validate", "odd.yaml", "--strict").code == 1


@pytest.mark.parametrize("name", ["SmartDoor", "SecuritySystem", "Timer"])
def test_the_gallery_can_work(command, name):
    assert command("validate", f"gallery:{name}", "--strict").code == 0


def test_a_machine_from_stdin(command):
    assert "can work" in command("validate", "-", stdin=DOOR).out


def test_a_machine_from_a_module_and_from_a_file(command, tmp_path):
    text = (
        "from traaviis_lab import Machine, State\n"
        "class Lamp(Machine):\n"
        "    dark = State(initial=True)\n"
        "    bright = State()\n"
        "    dark.to(bright, on='switch')\n"
        "    bright.to(dark, on='switch')\n"
    )
    (tmp_path / "lamps_of_this_test.py").write_text(text)
    try:
        assert "Lamp 1.0.0" in command("validate", "lamps_of_this_test:Lamp").out
        assert "Lamp 1.0.0" in command("validate", "lamps_of_this_test.py:Lamp").out
    finally:
        sys.modules.pop("lamps_of_this_test", None)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("dor.yaml", "Did you mean door.yaml?"),
        ("door", "is no file and no name"),
        ("gallery:SmartDor", "Did you mean SmartDoor?"),
        ("gallery:Nothing", "Machines there: SecuritySystem, SmartDoor, Timer."),
        ("no.such.module:X", "There is no module no.such.module"),
        ("json:loads", "is a function, not a Machine or a Chart"),
        ("broken.py:X", "fails when it is imported"),
        (".", "is a folder"),
    ],
)
def test_a_machine_that_is_not_there_is_wrong_usage(command, door, tmp_path, source, why):
    (tmp_path / "broken.py").write_text("1 / 0")
    said = command("validate", source)
    assert said.code == 2
    assert why in " ".join(said.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("svg", "<svg"),
        ("dot", "digraph"),
        ("mermaid", "stateDiagram-v2"),
        ("html", "<!doctype html>"),
        ("text", "╭─ Door"),
    ],
)
def test_every_picture_can_be_drawn(command, door, form, start):
    said = command("graph", door, "--format", form)
    assert said.code == 0
    assert start in said.out
    assert "closed" in said.out


def test_the_picture_goes_to_a_file_and_its_name_says_which(command, door, tmp_path):
    assert command("graph", door, "--out", "door.svg").code == 0
    assert (tmp_path / "door.svg").read_text().startswith("<svg")
    said = command("graph", door, "--out", "door.png")
    assert said.code == 2
    assert "--format" in said.err


def test_a_machine_that_cannot_work_is_not_drawn(command, tmp_path):
    (tmp_path / "bad.yaml").write_text("spec: traaviis/1\nname: X\n")
    said = command("graph", "bad.yaml")
    assert (said.code, said.out) == (1, "")
    assert "states" in said.err
