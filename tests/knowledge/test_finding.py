"""Which files of a folder are documents: bounded, without links, and said what was left out."""

import os

import pytest

from traaviis_lab.errors import DefinitionError
from traaviis_lab.knowledge import finding
from traaviis_lab.knowledge.finding import File, find, read_bytes
from traaviis_lab.knowledge.passage import Skipped


def write(folder, **texts):
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def names(found):
    return [file.source for file in found.files]


def test_documents_are_found_in_folders_sorted(tmp_path):
    write(tmp_path, b_dot_md="b", a__c_dot_txt="c", a__d_dot_IPYNB="{}", picture_dot_png="x")
    assert names(find(tmp_path)) == ["a/c.txt", "a/d.IPYNB", "b.md"]
    assert find(tmp_path).skipped == ()


def test_one_file_is_a_document_whatever_its_name(tmp_path):
    write(tmp_path, README="read me")
    assert names(find(tmp_path / "README")) == ["README"]


def test_hidden_things_and_those_of_tools_are_passed_over(tmp_path):
    write(
        tmp_path,
        _dot_git__a_dot_md="x",
        node_modules__a_dot_md="x",
        _dot_b_dot_md="x",
        _build__a_dot_md="x",
    )
    write(tmp_path, _dot_ipynb_checkpoints__a_dot_ipynb="{}")
    assert find(tmp_path) == ((), ())


def test_links_are_not_followed_and_no_loop_is_walked(tmp_path):
    outside = tmp_path / "outside"
    write(outside, secret_dot_md="SECRET")
    docs = tmp_path / "docs"
    write(docs, a_dot_md="a")
    (docs / "loop").symlink_to(docs)
    (docs / "out").symlink_to(outside)
    (docs / "secret.md").symlink_to(outside / "secret.md")
    (docs / "gone.md").symlink_to(tmp_path / "nowhere")
    found = find(docs)
    assert names(found) == ["a.md"]
    assert found.skipped == tuple(
        Skipped(name, "a link") for name in ("gone.md", "loop", "out", "secret.md")
    )


def test_what_is_no_plain_file_is_left_out_and_nobody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.md")
    (file,) = find(tmp_path).files
    assert read_bytes(file) == Skipped("pipe.md", "no plain file")


def test_a_file_too_large_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(finding, "MOST_BYTES", 2**20)
    (tmp_path / "a.txt").write_bytes(b"x" * 2**20)
    (tmp_path / "b.txt").write_bytes(b"x" * (2**20 + 1))
    a, b = find(tmp_path).files
    assert len(read_bytes(a)) == 2**20
    assert read_bytes(b) == Skipped("b.txt", "larger than 1 MB")


def test_a_file_that_went_away_is_left_out(tmp_path):
    gone = read_bytes(File("gone.md", tmp_path / "gone.md"))
    assert isinstance(gone, Skipped)
    assert "No such file" in gone.why


def test_far_too_many_files_are_refused_and_not_read_in_part(tmp_path, monkeypatch):
    monkeypatch.setattr(finding, "MOST_FILES", 5)
    write(tmp_path, **{f"a{n}_dot_md": "x" for n in range(5)})
    assert len(find(tmp_path).files) == 5
    write(tmp_path, last_dot_md="x")
    with pytest.raises(DefinitionError, match="more than 5 documents"):
        find(tmp_path)


def test_a_folder_of_other_things_is_not_walked_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(finding, "MOST_LOOKED_AT", 10)
    write(tmp_path, **{f"a{n:02}_dot_png": "x" for n in range(20)})
    assert "more than 10 files" in find(tmp_path).skipped[0].why


def test_a_name_that_is_no_text_is_left_out_and_said(tmp_path):
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.md")).write_text("x")
    except OSError:
        pytest.skip("this file system takes names of UTF-8 only")
    assert find(tmp_path).skipped == (Skipped("'caf\\udce9.md'", "its name is no UTF-8"),)


def test_nothing_of_this_name_says_so(tmp_path):
    with pytest.raises(DefinitionError, match="no folder and no file"):
        find(tmp_path / "nowhere")
