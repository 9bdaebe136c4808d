"""The tutorials in a folder of their own, served by a real JupyterLab to a real Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.jupyter import JupyterLab, find_chromium

TUTORIALS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="module")  # Playwright keeps a loop running in this thread
def tutorials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium here: `playwright install chromium`, or set CHROMIUM")
    root = tmp_path_factory.mktemp("tutorials")
    for notebook in TUTORIALS.glob("*.ipynb"):
        shutil.copy(notebook, root)
    shutil.copytree(TUTORIALS / "cassettes", root / "cassettes")
    with JupyterLab(root, chromium) as lab:
        yield lab
