"""A lab's knowledge as a notebook meets it: by folder, by name, as a table, and when it is closed."""

import os
from pathlib import Path

import pytest

from traaviis_lab import Lab, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import DefinitionError, EffectError, LabError
from traaviis_lab.knowledge import Chunk
from traaviis_lab.lab.knowing import knowledge_path

from .counting import Counting


@pytest.fixture(params=["memory", "disk"])
def lab(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my docs").mkdir()
    Path("my docs/a.md").write_text("# Doors\nPush.")
    with Lab("x.duckdb" if request.param == "disk" else None, clock=ToldClock()) as opened:
        yield opened


def test_a_folder_is_called_by_its_name_as_far_as_names_go(lab):
    known = lab.knowledge("my docs/", embedder=Counting())
    assert known.name == "my_docs"
    assert lab.knowledge(Path("my docs")).changes.same == 1
    assert lab.knowledge(name="my_docs").documents == 1
    assert lab.knowledge("my docs/a.md", name="one").name == "one"
    assert repr(known) == "<Knowledge my_docs: 1 document, 1 passage, counting>"
    frame = lab.knowledges()
    assert frame[["name", "documents", "passages", "embedder"]].values.tolist() == [
        ["my_docs", 1, 1, "counting"],
        ["one", 1, 1, "all-MiniLM-L6-v2-int8"],
    ]
    assert known.indexed.year == frame["indexed"][0].year == 2026


def test_the_page_of_it_says_what_it_is_and_escapes_what_it_shows(lab):
    Path("my docs/<b>.md").symlink_to("a.md")
    page = lab.knowledge("my docs", embedder="char-tfidf")._repr_html_()
    assert "by letters and not by meaning" in page
    assert "&lt;b&gt;.md: a link" in page
    assert "<b>.md" not in page


def test_a_size_may_be_a_number_or_a_chunk(lab):
    assert lab.knowledge("my docs", chunk=100, embedder=Counting()).body.chunk == Chunk(100, 25)
    assert lab.knowledge("my docs", chunk=Chunk(64, 0)).body.chunk == Chunk(64, 0)
    for wrong in ("100", 3, 10**6, 1.5):
        with pytest.raises(DefinitionError):
            lab.knowledge("my docs", chunk=wrong)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "Which knowledge"),
        ({"source": {"a": "b"}}, "need a name"),
        ({"source": "nowhere"}, "no folder"),
        ({"source": "my docs", "embedder": "guess"}, "no embedder"),
    ],
)
def test_what_is_asked_wrongly_says_what_to_write(lab, asked, says):
    with pytest.raises(DefinitionError, match=says) as caught:
        lab.knowledge(**asked)
    assert "knowledge(" in caught.value.hint or "minilm" in caught.value.hint


def test_a_name_nobody_knows_says_who_is_known(lab):
    lab.knowledge("my docs", embedder=Counting())
    with pytest.raises(EffectError, match="no knowledge 'doors'") as caught:
        lab.knowledge(name="doors")
    assert "Known here: my_docs" in caught.value.hint


def test_a_closed_lab_gives_none_and_opens_no_file_again(lab):
    known = lab.knowledge("my docs", embedder="char-tfidf")
    lab.close()
    for ask in (
        lambda: lab.knowledge("my docs"),
        lab.knowledges,
        lambda: known.find("push"),
        known.update,
    ):
        with pytest.raises(LabError, match="closed"):
            ask()


def test_the_engines_own_loop_is_not_kept_from_its_work(lab):
    @lab.register
    async def read_in():
        lab.knowledge("my docs")

    run = lab.run_pipeline(fx.call("read_in"), check=False)
    assert "own loop" in run.data["error"]["message"]


def test_a_plain_function_may_read_in(lab):
    @lab.register
    def read_in():
        return lab.knowledge("my docs", embedder="char-tfidf").documents

    assert lab.run_pipeline(fx.call("read_in")).data["result"] == 1


def test_it_is_kept_beside_the_journal(lab):
    lab.knowledge("my docs", embedder=Counting())
    assert (Path("x.knowledge.duckdb") in Path().iterdir()) is (lab.path is not None)
    assert knowledge_path("/a/door") == os.path.join("/a", "door.knowledge.duckdb")
    assert knowledge_path(None) is None


@pytest.mark.parametrize("source", ["", 3, b"docs", ["docs"]])
def test_what_names_no_folder_is_refused_and_nothing_is_read(source):
    with Lab() as lab, pytest.raises(DefinitionError, match="is neither a folder nor a mapping"):
        lab.knowledge(source)
