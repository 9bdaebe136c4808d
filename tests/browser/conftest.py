"""One JupyterLab and one Chromium for these tests; one notebook and one kernel for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .jupyter import JupyterLab, Page, find_chromium

expect.set_options(timeout=8_000)


@pytest.fixture(scope="package")  # Playwright keeps a loop running in this thread
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium here: `playwright install chromium`, or set CHROMIUM")
    root: Path = tmp_path_factory.mktemp("notebooks")
    with JupyterLab(root, chromium) as lab:
        yield lab


@pytest.fixture
def notebook(jupyter: JupyterLab) -> Iterator[Callable[..., Page]]:
    """Open a notebook with the given cells. When the test ends the page must have no problem.

    Notebooks follow each other in one window; who changes JupyterLab itself asks for one `alone`.
    """
    opened: list[Page] = []

    def open_notebook(*cells: str, alone: bool = False) -> Page:
        opened.append(jupyter.open(*cells, alone=alone))
        return opened[-1]

    yield open_notebook
    found = [problem for page in opened for problem in page.problems()]
    for page in opened:
        page.close()
    assert found == []
