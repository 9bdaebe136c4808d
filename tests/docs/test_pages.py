"""What the pages and the README show is executed, and says what they say it says."""

import contextlib
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("effects/*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_HERE = ("make ", "pip ", "#", "git ", "traaviis-lab lab", "traaviis-lab demo")


def blocks(page, *languages):
    return [(kind, text) for kind, text in FENCE.findall(page.read_text()) if kind in languages]


def pages_with(*languages):
    found = [page for page in PAGES if blocks(page, *languages)]
    return pytest.mark.parametrize("page", found, ids=lambda page: page.name)


@pytest.fixture(autouse=True)
def words_as_before():
    """What a page brings into the vocabulary and among the components is taken out again."""
    from traaviis_lab.effects import VOCABULARY
    from traaviis_lab.machine.mixing.registry import components, forget_component

    words, shapes = dict(VOCABULARY), set(components())
    yield
    VOCABULARY.clear()
    VOCABULARY.update(words)
    for name in set(components()) - shapes:
        forget_component(name)


@pages_with("python")
def test_python_on_a_page_runs_from_top_to_bottom_and_prints_what_it_says(
    page, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    there = {"__name__": "page"}
    shown = None
    for kind, text in blocks(page, "python", "text"):
        if kind == "text":  # what the python before it prints; other texts are other tests' matter
            assert shown is None or shown.strip("\n") == text.strip("\n")
            shown = None
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(text, page.name, "exec"), there)
        shown = out.getvalue()
    if "lab" in there:
        there["lab"].close()


@pages_with("yaml")
def test_yaml_on_a_page_is_a_machine_if_it_says_so(page):
    from traaviis_lab import read_chart

    for _, text in blocks(page, "yaml"):
        if text.startswith("spec:"):
            assert read_chart(text).states


@pages_with("sql")
def test_sql_on_a_page_is_understood(page, tmp_path):
    from traaviis_lab import Lab
    from traaviis_lab.gallery import SmartDoor

    with Lab(tmp_path / "asked.duckdb") as lab:
        lab.start(SmartDoor, id="r").send("open_command", user_id="u1")
        for _, text in blocks(page, "sql"):
            lab.sql(text)


@pages_with("sh")
def test_shell_lines_on_a_page_do_what_they_say(page, tmp_path):
    documents = [text for _, text in blocks(page, "yaml") if text.startswith("spec:")]
    if documents:
        (tmp_path / "door.yaml").write_text(documents[0])
    bin_folder = Path(sys.executable).parent
    for _, text in blocks(page, "sh"):
        for line in text.splitlines():
            if "traaviis-lab" not in line or line.startswith(NOT_HERE) or "$" in line:
                continue
            command = line.replace("traaviis-lab", shlex.quote(str(bin_folder / "traaviis-lab")))
            done = subprocess.run(
                command, shell=True, check=False, cwd=tmp_path, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target
