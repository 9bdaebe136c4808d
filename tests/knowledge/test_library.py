"""Documents are read in once and again only where they changed; what is kept is found again."""

import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest

from traaviis_lab.errors import DefinitionError, EffectError, IndexUnusable, JournalLocked
from traaviis_lab.knowledge import Chunk, Library
from traaviis_lab.knowledge import embedder as embedders
from traaviis_lab.knowledge.store import Store

from .counting import Counting


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "doors.md").write_text("# Doors\nPush the handle.\n\n## Locks\nTurn the key.\n")
    (folder / "cats.txt").write_text("Cats sleep most of the day.")
    (folder / "note.ipynb").write_text('{"cells": [{"cell_type": "markdown", "source": "# Note"}]}')
    return folder


@pytest.fixture(params=["memory", "disk"])
def library(request, tmp_path):
    made = Library(None if request.param == "memory" else str(tmp_path / "k.duckdb"), lambda: 7)
    yield made
    made.close()


def test_only_what_changed_is_read_again(library, docs):
    counting = Counting()
    known = library.put(docs, "docs", embedder=counting)
    assert (known.documents, known.passages) == (3, 3)
    assert str(known.changes) == "3 added, 0 changed, 0 removed, 0 as they were"
    assert len(counting.asked) == known.changes.embedded == 3

    counting.asked.clear()
    known.update()
    assert str(known.changes) == "0 added, 0 changed, 0 removed, 3 as they were"
    assert counting.asked == []

    (docs / "cats.txt").write_text("Cats hunt at night.")
    (docs / "new.md").write_text("Windows can be opened too.")
    (docs / "doors.md").unlink()
    os.utime(docs / "note.ipynb", (1, 1))  # touched, and not changed
    library.put(docs, "docs")
    assert str(known.changes) == "1 added, 1 changed, 1 removed, 1 as they were"
    assert counting.asked == ["Cats hunt at night.", "Windows can be opened too."]
    assert {one.source for one in known.find("the door cats windows", 10)} == {"cats.txt", "new.md"}
    assert known.find("sleep", how="words") == []


def test_another_size_of_passages_reads_all_again(library, docs):
    counting = Counting()
    (docs / "long.txt").write_text("One sentence is here. " * 100)
    first = library.put(docs, "docs", embedder=counting).passages
    known = library.put(docs, "docs", chunk=Chunk(50, 0))
    assert known.passages > first
    assert known.changes.same == 0
    known.update()
    assert known.changes.same == 4
    assert known.body.chunk == Chunk(50, 0)


def test_another_embedder_reads_all_again(library, docs):
    known = library.put(docs, "docs", embedder=Counting())
    before = known.body.id
    library.put(docs, "docs", embedder="char-tfidf")
    assert (known.embedder, known.documents) == ("char-tfidf", 3)
    assert known.body.id != before
    assert known.find("pushing handles")[0].source == "doors.md"


def test_letters_learn_anew_when_there_is_much_more_to_learn_from(library, docs):
    known = library.put(docs, "docs", embedder="char-tfidf")
    state = known.body.state
    assert known.body.learned_from == 3
    for number in range(3):
        (docs / f"{number}.txt").write_text(f"Gates of number {number} are open.")
    known.update()
    assert known.body.state == state
    (docs / "more.txt").write_text("One gate more.")
    known.update()
    assert known.body.learned_from == 7
    assert known.body.state != state
    known.update()
    assert known.changes.same == 7


def test_two_bodies_of_knowledge_know_nothing_of_each_other(library, docs):
    library.put(docs, "docs", embedder=Counting())
    library.put({"a.md": "Push the other handle."}, "other", embedder="char-tfidf")
    assert library.names() == ["docs", "other"]
    assert [one.source for one in library.find("other").find("handle", 9)] == ["a.md"]
    library.find("other").remove()
    assert library.names() == ["docs"]
    assert library.find("docs").documents == 3
    with pytest.raises(EffectError, match="no knowledge 'other'"):
        library.find("other")


def test_a_name_stands_for_one_folder(library, docs, tmp_path):
    library.put(docs, "docs", embedder=Counting())
    (tmp_path / "more" / "docs").mkdir(parents=True)
    with pytest.raises(DefinitionError, match="is of .*docs, and not of"):
        library.put(tmp_path / "more" / "docs", "docs")
    with pytest.raises(DefinitionError, match="not of texts"):
        library.put({"a": "b"}, "docs")
    moved = docs.rename(tmp_path / "moved")
    known = library.put(moved, "docs")
    assert known.changes.same == 3
    assert known.body.origin == str(moved)


def test_a_folder_with_nothing_in_it_is_knowledge_of_nothing(library, tmp_path):
    (tmp_path / "empty").mkdir()
    known = library.put(tmp_path / "empty", "empty", embedder="char-tfidf")
    assert (known.documents, known.passages) == (0, 0)
    assert known.find("anything") == []
    (tmp_path / "empty" / "a.md").write_text("Something.")
    assert known.update().find("something")[0].source == "a.md"


def test_what_cannot_be_read_is_left_out_and_said(library, docs):
    known = library.put(docs, "docs", embedder=Counting())
    (docs / "binary.txt").write_bytes(b"\0\1\2")
    (docs / "cats.txt").write_bytes(b"\xff\xfe\0\xd8")  # was a document, and is none now
    (docs / "link.md").symlink_to(docs / "doors.md")
    known.update()
    told = {one.source: one.why for one in known.skipped}
    assert set(told) == {"binary.txt", "cats.txt", "link.md"}
    assert known.documents == 2
    assert known.changes.removed == 1
    assert "3 files left out" in repr(known)
    assert "binary.txt: binary" in known._repr_html_()


def test_progress_is_told_for_each_document(library, docs):
    told = []
    library.put(docs, "docs", embedder=Counting(), progress=lambda *now: told.append(now))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_texts_are_handed_in_and_changed_like_files(library):
    known = library.put({"a.md": "One.", "b.md": "Two."}, "texts", embedder=Counting())
    library.put({"a.md": "One.", "b.md": "Three \ud800."}, "texts")
    assert str(known.changes) == "0 added, 1 changed, 0 removed, 1 as they were"
    for wrong in ({"a.md": 1}, {"": "x"}, {1: "x"}):
        with pytest.raises(DefinitionError, match="no document"):
            library.put(wrong, "texts")
    assert known.documents == 2


@pytest.mark.parametrize("name", ["", "a b", "../x", "-a", "x" * 101, "a;drop", None, 3])
def test_a_name_that_is_none_is_refused(library, name):
    with pytest.raises(DefinitionError, match="cannot be the name"):
        library.put({"a.md": "x"}, name)


def test_an_embedder_that_is_none_is_refused(library):
    with pytest.raises(DefinitionError, match="no embedder"):
        library.put({"a.md": "x"}, "a", embedder=object())


def test_what_was_read_in_is_there_on_another_day(docs, tmp_path):
    path = str(tmp_path / "k.duckdb")
    first = Library(path, lambda: 5_000_000)
    first.put(docs, "docs", embedder="char-tfidf")
    expected = first.find("docs").find("turning keys", 9)
    first.close()
    again = Library(path, lambda: 6_000_000)
    assert again.names() == ["docs"]
    known = again.find("docs")
    assert known.find("turning keys", 9) == expected
    assert known.indexed.timestamp() == 5
    assert known.changes is None
    assert known.update().changes.same == 3
    again.close()


def test_looking_for_a_name_makes_no_file(tmp_path):
    library = Library(str(tmp_path / "k.duckdb"), lambda: 1)
    with pytest.raises(EffectError, match="no knowledge 'docs'"):
        library.find("docs")
    assert library.names() == []
    assert list(tmp_path.iterdir()) == []


def test_without_the_embedder_it_was_made_with_it_says_what_to_install(docs, tmp_path, monkeypatch):
    path = str(tmp_path / "k.duckdb")
    first = Library(path, lambda: 1)
    first.put({"a.md": "Push."}, "a", embedder="minilm")
    first.close()
    monkeypatch.setattr(embedders, "find_spec", lambda name: None)
    again = Library(path, lambda: 1)
    with pytest.raises(ImportError, match="needs onnxruntime"):
        again.find("a").find("push")
    assert again.put({"a.md": "Push."}, "a", embedder="char-tfidf").find("push")
    again.close()


def _hold(path, ready, done):
    library = Library(path, lambda: 1)
    library.put({"a.md": "Push."}, "a", embedder="char-tfidf")
    ready.set()
    done.wait(30)
    library.close()


def test_a_second_process_is_told_who_has_the_file(tmp_path):
    path = str(tmp_path / "k.duckdb")
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(path, ready, done))
    other.start()
    assert ready.wait(30)
    mine = Library(path, lambda: 1)
    with pytest.raises(JournalLocked, match="open in another process"):
        mine.find("a")
    done.set()
    other.join(30)
    assert mine.find("a").documents == 1
    mine.close()


def test_a_file_of_something_else_is_said_and_not_touched(tmp_path):
    path = tmp_path / "k.duckdb"
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(IndexUnusable, match="cannot be read"):
        Library(str(path), lambda: 1).find("a")
    assert path.read_bytes() == b"no database" * 1_000


def test_an_indexing_that_broke_off_leaves_what_was_there(docs, tmp_path):
    path = str(tmp_path / "k.duckdb")
    library = Library(path, lambda: 1)
    library.put(docs, "docs", embedder="char-tfidf")

    class Breaks(Counting):
        def embed(self, texts):
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        library.put(docs, "docs", embedder=Breaks())
    assert library.find("docs").find("key")[0].source == "doors.md"
    library.close()
    store = Store(path)
    assert (
        len(store.rows("select * from duckdb_schemas() where schema_name similar to 'k[0-9]+'"))
        == 1
    )
    store.close()


def _dies(path, docs, after):
    class Dies(Counting):
        def embed(self, texts):
            found = super().embed(texts)
            if len(self.asked) > after:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

    Library(path, lambda: 1).put(Path(docs), "docs", embedder=Dies())


@pytest.mark.crash
def test_a_first_reading_that_was_killed_is_gone_on_with(tmp_path):
    path, folder = str(tmp_path / "k.duckdb"), tmp_path / "many"
    folder.mkdir()
    for number in range(600):
        (folder / f"{number:03}.txt").write_text(f"Door {number}.")
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_dies, args=(path, str(folder), 400))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    library, counting = Library(path, lambda: 2), Counting()
    library._own["counting"] = counting
    known = library.find("docs")
    assert known.documents == known.passages == 256
    assert known.indexed is None
    library.put(folder, "docs", embedder=counting)
    assert len(counting.asked) == 600 - 256
    assert known.documents == 600
    assert known.indexed is not None
    library.close()


def test_one_searches_while_another_reads_in(library, docs):
    known = library.put(docs, "docs", embedder=Counting())
    going, wrong = threading.Event(), []

    def search():
        while not going.is_set():
            try:
                assert known.find("Push the handle", 3)
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for size in (50, 60, 70, 80, 90):
        (docs / "cats.txt").write_text(f"Cats sleep {size} hours. " * 20)
        library.put(docs, "docs", chunk=Chunk(size, 0))
    going.set()
    for thread in threads:
        thread.join()
    assert not wrong
