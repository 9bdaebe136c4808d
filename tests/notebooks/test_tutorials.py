"""Each tutorial, run from top to bottom in a browser as a reader would."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.jupyter import Page
from tests.models import weights

from .conftest import TUTORIALS

NOTEBOOKS = sorted(path.name for path in TUTORIALS.glob("*.ipynb"))


def code_cells(name):
    cells = json.loads((TUTORIALS / name).read_text())["cells"]
    return [i for i, cell in enumerate(cells) if cell["cell_type"] == "code"]


def cell_with(name, text):
    cells = json.loads((TUTORIALS / name).read_text())["cells"]
    return next(i for i, c in enumerate(cells) if text in "".join(c["source"]) and c["outputs"])


@pytest.mark.browser
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_tutorial_runs_in_a_browser_without_a_problem(tutorials, name):
    page = Page(tutorials, name, alone=False)
    try:
        for index in code_cells(name):
            page.run(index)
        assert page.problems() == []
        errors = page.page.locator("[data-mime-type='application/vnd.jupyter.error']")
        expect(errors).to_have_count(0)
    finally:
        page.close()


@pytest.mark.browser
def test_the_first_widget_a_reader_meets_answers_a_click(tutorials):
    name = NOTEBOOKS[0]
    shown = cell_with(name, 'run = lab.start(Door, id="door_001")')
    page = Page(tutorials, name, alone=False)
    try:
        for index in code_cells(name):
            if index > shown:
                break
            page.run(index)
        widget = page.output(shown).locator(".tlw").first
        widget.wait_for()
        widget.locator("[data-event='open_command']").first.click()
        form = widget.locator("form")
        form.get_by_label("Who asks").fill("reader")
        form.get_by_text("Send open_command").click()
        expect(widget.locator(".tlw-canvas [data-state='opening']")).to_contain_class("tl-active")
        # The next cell of the tutorial is ready for a reader who clicked.
        following = next(i for i in code_cells(name) if i > shown)
        expect(page.run(following)).to_contain_text("'opening'")
        assert page.problems() == []
    finally:
        page.close()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_tutorial_shows_a_picture_where_there_is_no_kernel(name):
    cells = json.loads((TUTORIALS / name).read_text())["cells"]
    kinds = {
        kind for cell in cells for out in cell.get("outputs", ()) for kind in out.get("data", {})
    }
    assert kinds & {"image/svg+xml", "text/html"}
    assert all(cell["execution_count"] for cell in cells if cell["cell_type"] == "code")


def calls_shown(notebook):
    """The rows of the table of calls: node, source, tokens in and out."""
    cells = json.loads(notebook.read_text())["cells"]
    [cell] = [c for c in cells if "tokens_in, tokens_out" in "".join(c["source"])]
    text = "".join(cell["outputs"][0]["data"]["text/plain"])
    return [line.split()[1:5] for line in text.splitlines()[1:]]


def test_the_tutorial_of_models_runs_on_the_real_model_as_on_its_cassette(tmp_path, monkeypatch):
    weights.here()
    monkeypatch.setenv("TRAAVIIS_TUTORIAL_ON", "local")
    name = "08_models.ipynb"
    shutil.copy(TUTORIALS / name, tmp_path)
    shutil.copytree(TUTORIALS / "cassettes", tmp_path / "cassettes")
    command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute"]
    done = subprocess.run(
        [*command, name, "--output", "done.ipynb"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    stored, real = calls_shown(TUTORIALS / name), calls_shown(tmp_path / "done.ipynb")
    assert {row[1] for row in stored} == {"recorded"}
    assert {row[1] for row in real} == {"local"}
    # What the model reads is the same to the token; what it writes may differ by the processor.
    assert [row[2] for row in real] == [row[2] for row in stored]
    assert all(int(row[3]) > 0 for row in real)


def test_the_lab_command_serves_the_tutorials_and_ends_when_it_is_told(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "traaviis_lab", "lab", "mine", "--no-browser"]
    command += ["--port", str(port)]
    with (tmp_path / "server.log").open("w+") as log:
        server = subprocess.Popen(command, cwd=tmp_path, stderr=log)
        try:
            served = listed(port, tmp_path / "server.log")
        finally:
            server.terminate()
            assert server.wait(30) == 0
    here = {path.name for path in (tmp_path / "mine").iterdir()}
    assert served == {*NOTEBOOKS, "cassettes"} == here
    assert list((tmp_path / "mine" / "cassettes").iterdir())
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def listed(port, log):
    """The files that the server offers, as soon as it does."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        token = re.search(r"token=(\w+)", log.read_text())
        with contextlib.suppress(OSError, TypeError):
            url = f"http://127.0.0.1:{port}/api/contents?token={token[1]}"
            with urllib.request.urlopen(url, timeout=30) as answer:
                return {entry["name"] for entry in json.load(answer)["content"]}
        time.sleep(0.1)
    raise AssertionError(log.read_text())
