"""A notebook that was run elsewhere shows the pictures without a kernel and without widget state."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

CODE = """
from traaviis_lab import Lab, Machine, State
class Door(Machine):
    closed = State(initial=True)
    open = State()
    closed.to(open, on="open_command")
lab = Lab()
run = lab.start(Door, id="door_001")
run.send("open_command")
run
"""


@pytest.fixture(scope="module")
def executed():
    cells = [nbformat.v4.new_code_cell(code) for code in (CODE, "lab", "lab.debug(run)")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, kernel_name="python3", store_widget_state=False)
    client.execute()
    return notebook


def test_a_saved_notebook_holds_static_pictures_and_no_widget_state(executed):
    run, lab, debugger = (cell.outputs[-1].data for cell in executed.cells)
    assert set(run) == {
        "application/vnd.jupyter.widget-view+json",
        "image/svg+xml",
        "text/plain",
    }
    assert set(lab) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert set(debugger) == set(run)
    assert "2  open_command  open" in debugger["text/plain"]
    assert "widgets" not in executed.metadata


def test_nbconvert_shows_the_picture_and_the_table(executed):
    page, _ = HTMLExporter().from_notebook_node(executed)
    assert "data:image/svg+xml;base64," in page or 'data-state="open"' in page
    assert "Loading widget" not in page
    assert "<td>Door</td><td>open</td>" in page
