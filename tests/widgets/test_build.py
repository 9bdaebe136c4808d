"""The built files are what the sources make, stay small, and reach for nothing outside."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "extensions" / "widgets"
STATIC = Path(str(files("traaviis_lab"))) / "static"
KINDS = ("widget.js", "widget.css", "costs.js", "costs.css", "serving.js", "serving.css")


@pytest.mark.skipif(
    shutil.which("node") is None or not (SOURCES / "node_modules").is_dir(),
    reason="needs node and `npm ci` in extensions/widgets",
)
def test_a_rebuild_gives_the_same_bytes(tmp_path):
    subprocess.run(["node", "build.mjs", str(tmp_path)], cwd=SOURCES, check=True)
    for name in KINDS:
        assert (tmp_path / name).read_bytes() == (STATIC / name).read_bytes(), (
            f"npm run build: {name}"
        )


@pytest.mark.parametrize("name", KINDS)
def test_built_files_are_small_and_reach_for_nothing(name):
    text = (STATIC / name).read_text()
    assert len(text) < 160_000
    hosts = set(re.findall(r"https?://[\w.-]+", text))
    assert hosts <= {"http://www.w3.org"}
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|importScripts|eval)\b|@import", text)


def test_every_source_begins_with_a_sentence():
    for path in [*SOURCES.glob("src/**/*.ts"), *SOURCES.glob("test/*.ts")]:
        first = path.read_text().splitlines()[0]
        assert re.fullmatch(r"// [A-Z\"].+\.", first), f"{path.name}: {first}"
