"""Vectors: what means the same is near, and what is not installed is said and not faked."""

import logging
from math import sqrt

import numpy as np
import pytest

from traaviis_lab.errors import DefinitionError, NotInstalled
from traaviis_lab.knowledge import embedder as embedders
from traaviis_lab.knowledge.embedder import CHAR_TFIDF, MINILM, embedder_named, usual_embedder
from traaviis_lab.knowledge.tfidf import CharTfidf

ALIKE = [
    ("How do I get into the building?", "The entrance is opened with your badge."),
    ("The invoice was never paid.", "An outstanding bill is still due."),
    ("My kitten is asleep.", "A small cat takes a nap."),
    ("The server is down.", "The service cannot be reached at the moment."),
]


def dot(one, other):
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.fixture(params=[MINILM, CHAR_TFIDF])
def embedder(request):
    return embedder_named(request.param)


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(embedders, "find_spec", lambda name: None)
    embedders._tell_once.cache_clear()
    yield
    embedders._tell_once.cache_clear()


def test_vectors_have_length_one_and_the_size_that_is_said(embedder):
    for vector in embedder.embed(
        ["Push the door.", "x", "門を開ける", "🚪 " * 50 + "door", "a" * 5_000]
    ):
        assert len(vector) == embedder.size
        assert sqrt(dot(vector, vector)) == pytest.approx(1, abs=1e-5)


def test_a_vector_depends_on_its_text_alone(embedder):
    texts = ["Push the door to open it.", "Cats sleep.", "A" * 300]
    together = embedder.embed(texts)
    assert [list(embedder.embed([text])[0]) for text in texts] == [list(one) for one in together]


def test_nothing_at_all_is_no_error(embedder):
    for vector in embedder.embed(["", "   ", "!?", "🚪"]):
        assert len(vector) == embedder.size
        assert all(number == number for number in vector)
    assert embedder.embed([]) == []


def test_what_means_the_same_is_nearest_by_minilm():
    model = embedder_named("minilm")
    asked, answers = model.embed([q for q, _ in ALIKE]), model.embed([a for _, a in ALIKE])
    for number, question in enumerate(asked):
        likeness = [dot(question, answer) for answer in answers]
        assert likeness.index(max(likeness)) == number, ALIKE[number]


def test_a_long_text_is_read_to_its_end():
    model = embedder_named(MINILM)
    filler = "The weather was as usual on that day. " * 60
    question, plain, told = model.embed(
        ["How is the door opened?", filler, filler + "The door is opened by pushing it. " * 20]
    )
    assert model.count(filler) > 256
    assert dot(question, told) > dot(question, plain) + 0.05


def test_marks_of_the_model_in_a_text_are_only_text():
    model = embedder_named(MINILM)
    ids = model._tokenizer.encode("[CLS] hi [SEP]", add_special_tokens=False).ids
    assert 101 not in ids
    assert 102 not in ids
    assert model._tokenizer.encode("Doors!", add_special_tokens=False).tokens == ["doors", "!"]


def test_letters_find_words_that_are_written_alike():
    model = CharTfidf()
    asked, near, far = model.embed(["opening the doors", "a door that opens", "Cats sleep all day"])
    assert dot(asked, near) > dot(asked, far) + 0.2


def test_what_is_everywhere_counts_less_when_it_was_learned():
    texts = [f"the common text of number {n}" for n in range(50)] + ["the rare zebra text"]
    learned = CharTfidf().learned(texts)
    assert len(learned.state) == 4 * learned.size
    question = "the common zebra text"

    def gap(model):
        asked, rare, usual = model.embed([question, texts[-1], texts[0]])
        return dot(asked, rare) - dot(asked, usual)

    assert gap(learned) > gap(CharTfidf())
    again = embedder_named(CHAR_TFIDF, learned.state)
    assert list(again.embed([question])[0]) == list(learned.embed([question])[0])


def test_the_best_that_is_installed_is_the_usual_one(caplog):
    with caplog.at_level(logging.WARNING, "traaviis_lab"):
        assert usual_embedder().name == MINILM
    assert not caplog.records


def test_without_the_extra_letters_are_compared_and_that_is_said_once(nothing_installed, caplog):
    with caplog.at_level(logging.WARNING, "traaviis_lab"):
        assert usual_embedder().name == usual_embedder().name == CHAR_TFIDF
    (said,) = [record.getMessage() for record in caplog.records]
    assert "not by their meaning" in said
    assert "pip install 'traaviis-lab[embed]'" in said


def test_who_asks_for_the_model_without_the_extra_is_told_what_to_type(nothing_installed):
    with pytest.raises(NotInstalled, match="onnxruntime, tokenizers") as caught:
        embedder_named("minilm")
    assert "pip install 'traaviis-lab[embed]'" in caught.value.hint


@pytest.mark.parametrize("name", ["word2vec", "", None, 7])
def test_an_embedder_nobody_knows_is_refused(name):
    with pytest.raises(DefinitionError, match="no embedder"):
        embedder_named(name)


def test_the_vectors_are_those_of_the_model_as_it_was_published():
    # The first numbers by the package's own export of all-MiniLM-L6-v2, mean pooled, length one.
    (vector,) = embedder_named(MINILM).embed(["This is an example sentence"])
    expected = [0.0676569, 0.0634959, 0.0487131, 0.0793050]  # of the model with wide weights
    assert np.allclose(vector[:4], expected, atol=0.02)
