"""Every example runs, and prints what it printed when it was read last (`said/`)."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SAID = Path(__file__).parent / "said"
SCRIPTS = sorted(SAID.glob("*.txt"))
NO_SCRIPT = {"local_shop", "sensor_faults", "sensor_logs"}


def run(script, *arguments, cwd):
    return subprocess.run(
        [sys.executable, str(EXAMPLES / script), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("said", SCRIPTS, ids=lambda path: path.stem)
def test_an_example_says_what_it_said(said, tmp_path):
    done = run(f"{said.stem}.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == said.read_text()
    assert not list(tmp_path.iterdir())


def test_every_example_is_tested():
    assert {p.stem for p in EXAMPLES.glob("*.py")} == {p.stem for p in SCRIPTS} | NO_SCRIPT


def test_the_gallerys_logs_are_what_their_generator_makes(tmp_path):
    done = run("sensor_logs.py", str(tmp_path), cwd=EXAMPLES)
    assert done.returncode == 0, done.stderr
    logs = ROOT / "traaviis_lab" / "gallery" / "logs"
    made = {path.name: path.read_text() for path in tmp_path.glob("*.jsonl")}
    assert made == {path.name: path.read_text() for path in logs.glob("*.jsonl")}


def test_a_slip_in_the_spreadsheet_is_named_with_its_cure(tmp_path):
    table = (EXAMPLES / "deliveries.csv").read_text()
    (tmp_path / "slip.csv").write_text(table.replace("event.weight_kg <= 30", "event.weight <= "))
    done = run("machine_from_csv.py", "slip.csv", cwd=tmp_path)
    assert done.returncode == 1
    assert "packed.transitions[0].when" in done.stderr


def test_the_crossings_lights_are_never_green_for_both(tmp_path):
    done = run("traffic_light.py", cwd=tmp_path)
    assert "green & walk" not in done.stdout
