"""`traaviis-lab migrate` shows first, writes whole files, and takes it back."""

import json
import re
import subprocess
from pathlib import Path

import pytest

import traaviis_lab.cli.migrate as command_module

LAMP = """\
from traaviis_lab import Machine, State


class Lamp(Machine):
    dark = State(initial=True)
    bright = State()
    dark.to(bright, on="switch")

    def on_enter_bright(data, event):
        print("let there be light")

    def on_exit_bright(data, event):
        data["x"] = 1
"""
ASKS = """\
spec: traaviis/1
name: Asks
states:
  a:
    enter: {kind: call, function: f}  # slow
"""


@pytest.fixture
def lamp(tmp_path):
    path = tmp_path / "lamp.py"
    path.write_text(LAMP)
    return path


@pytest.fixture
def asks(tmp_path):
    path = tmp_path / "asks.yaml"
    path.write_text(ASKS)
    return path


def kept(folder):
    return sorted(path.name for path in folder.glob("*.bak"))


@pytest.mark.parametrize("way", [(), ("--preview",)])
def test_the_diff_is_shown_and_nothing_written(command, lamp, tmp_path, way):
    said = command("migrate", "lamp.py", *way)
    assert said.code == 0
    assert said.out.startswith("--- a/lamp.py\n+++ b/lamp.py\n@@")
    assert '+    bright = State(on_enter=fx.log("let there be light"))' in said.out
    assert '-        print("let there be light")' in said.out
    assert "left: lamp.py:12: Lamp, on_exit_bright: `data['x'] = 1`" in said.err
    assert "1 change to make; --apply writes them." in said.err
    assert lamp.read_text() == LAMP
    assert kept(tmp_path) == []


def test_apply_writes_and_undo_takes_it_back(command, lamp, tmp_path):
    said = command("migrate", "lamp.py", "--apply")
    assert said.code == 0
    assert "1 change written; --undo takes them back" in said.err
    assert "on_enter=fx.log(" in lamp.read_text()
    assert len(kept(tmp_path)) == 1
    again = command("migrate", "lamp.py", "--apply")
    assert (again.code, again.out) == (0, "")
    assert "nothing to change" in again.err
    assert len(kept(tmp_path)) == 1
    assert command("migrate", "lamp.py", "--undo").code == 0
    assert lamp.read_text() == LAMP
    assert kept(tmp_path) == []


def test_undo_leaves_what_was_changed_since(command, lamp, tmp_path):
    command("migrate", "lamp.py", "--apply")
    lamp.write_text(lamp.read_text() + "# mine\n")
    said = command("migrate", "lamp.py", "--undo")
    assert said.code == 3
    assert "is not as `migrate --apply` left it" in said.err
    assert kept(tmp_path)[0] in said.err
    assert lamp.read_text().endswith("# mine\n")
    assert command("migrate", "lamp.py", "--undo", "--apply").code == 2
    assert command("migrate", "absent.py", "--undo").code == 2


def test_a_file_that_changes_meanwhile_is_not_written(command, lamp, tmp_path, monkeypatch):
    migrated = command_module._migrated

    def meanwhile(*arguments):
        made = migrated(*arguments)
        lamp.write_text("# somebody else's\n")
        return made

    monkeypatch.setattr(command_module, "_migrated", meanwhile)
    said = command("migrate", "lamp.py", "--apply")
    assert said.code == 3
    assert "changed meanwhile" in said.err
    assert lamp.read_text() == "# somebody else's\n"
    assert kept(tmp_path) == []


def test_a_file_that_may_only_be_read_is_shown_but_not_written(command, lamp, tmp_path):
    lamp.chmod(0o444)
    assert command("migrate", "lamp.py").code == 0
    said = command("migrate", "lamp.py", "--apply")
    assert said.code == 3
    assert "may only be read" in said.err
    assert lamp.read_text() == LAMP
    assert kept(tmp_path) == []


def test_a_link_stays_a_link_and_rights_stay(command, lamp, tmp_path):
    lamp.chmod(0o755)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    link = folder / "link.py"
    link.symlink_to(lamp)
    assert command("migrate", link, "--apply").code == 0
    assert link.is_symlink()
    assert "fx.log(" in lamp.read_text()
    assert lamp.stat().st_mode & 0o777 == 0o755
    assert command("migrate", link, "--undo").code == 0
    assert lamp.read_text() == LAMP


def test_a_document_gets_the_limit_that_was_said(command, asks):
    said = command("migrate", "asks.yaml", "--timeout", "5m", "--apply")
    assert said.code == 0
    line = "    enter: {kind: timeout, after: 5m, effect: {kind: call, function: f}}  # slow\n"
    assert asks.read_text() == ASKS.splitlines(keepends=True)[0] + "".join(
        [*ASKS.splitlines(keepends=True)[1:4], line]
    )
    assert command("validate", "asks.yaml").code == 0


def test_no_limit_and_no_such_limit(command, asks):
    assert "nothing to change" in command("migrate", "asks.yaml", "--timeout", "off").err
    assert "after: 90s" in command("migrate", "asks.yaml", "--timeout", "90").out
    for wrong in ("soon", "0", "-3s", ""):
        said = command("migrate", "asks.yaml", "--timeout", wrong)
        assert said.code == 2
        assert "is no duration" in " ".join(said.err.replace("│", " ").split())


def test_lines_that_end_as_on_windows_stay_so(command, asks):
    asks.write_bytes(ASKS.replace("\n", "\r\n").encode())
    assert command("migrate", "asks.yaml", "--apply").code == 0
    text = asks.read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n") == ASKS.count("\n")


@pytest.mark.parametrize(
    "content",
    [LAMP, ASKS, ASKS.replace("\n", "\r\n"), ASKS.rstrip()],
    ids=["python", "yaml", "windows", "no end"],
)
def test_the_diff_is_a_patch_that_makes_what_apply_makes(command, tmp_path, content):
    path = tmp_path / ("it.py" if content == LAMP else "it.yaml")
    path.write_bytes(content.encode())
    patch = tmp_path / "it.patch"
    patch.write_bytes(command("migrate", path.name).out.encode())
    assert command("migrate", path.name, "--apply").code == 0
    made = path.read_bytes()
    path.write_bytes(content.encode())
    subprocess.run(["git", "apply", str(patch)], cwd=tmp_path, check=True)
    assert path.read_bytes() == made != content.encode()


def test_the_outcome_as_json(command, lamp):
    said = json.loads(command("migrate", "lamp.py", "--json").out)
    assert (said["applied"], said["backup"]) == (False, None)
    assert [(one["place"], one["line"]) for one in said["done"]] == [("on_enter_bright", 9)]
    assert [one["place"] for one in said["left"]] == ["on_exit_bright"]
    assert said["diff"].startswith("--- a/lamp.py\n")
    assert json.loads(command("migrate", "lamp.py", "--apply", "--json").out)["applied"] is True


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.py", b"", 0),
        ("list.yaml", b"- 1\n", 0),
        ("broken.py", b"class A(:\n", 2),
        ("broken.yaml", b"a: [", 2),
        ("odd.py", b"x = '\xff'\n", 2),
        ("odd.txt", b"x", 2),
    ],
)
def test_odd_files_are_left_alone(command, tmp_path, name, content, code):
    (tmp_path / name).write_bytes(content)
    said = command("migrate", name, "--apply")
    assert said.code == code
    assert (tmp_path / name).read_bytes() == content
    assert "Traceback" not in said.err


@pytest.mark.parametrize(("language", "name"), [("python", "parcel.py"), ("yaml", "weather.yaml")])
def test_the_page_shows_what_comes_of_it(command, tmp_path, language, name):
    page = (Path(__file__).parents[2] / "docs" / "migrate.md").read_text()
    before, after = re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / name).write_text(before)
    assert command("migrate", name, "--apply").code == 0
    assert (tmp_path / name).read_text().rstrip() == after.rstrip()
