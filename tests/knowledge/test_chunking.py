"""Passages are small enough, leave nothing out, and stand in the order of the text."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traaviis_lab.errors import DefinitionError
from traaviis_lab.knowledge.chunking import passages_of, sentences_of
from traaviis_lab.knowledge.passage import Chunk, Part
from traaviis_lab.models.counting import count_text

texts = st.text(
    st.one_of(st.sampled_from(" \n.!?。abcXYZ0123456789-_#`'\"“”"), st.characters(codec="utf-8")),
    max_size=1_500,
)
chunks = st.builds(lambda tokens, part: Chunk(tokens, tokens * part // 8), st.integers(16, 80), st.integers(0, 4))  # fmt: skip


def cut(text, tokens=200, overlap=0, heading=""):
    return passages_of([Part(heading, text, "line 1")], Chunk(tokens, overlap), count_text)


def signs(text):
    return re.sub(r"\s", "", text)


@settings(max_examples=150, deadline=None)
@given(texts, chunks)
def test_no_passage_is_larger_than_it_may_be(text, chunk):
    for one in passages_of([Part("", text, "line 1")], chunk, count_text):
        assert count_text(one.text) == one.tokens <= chunk.tokens
        assert one.text.strip()


@settings(max_examples=150, deadline=None)
@given(texts, st.integers(16, 80))
def test_without_overlap_every_sign_is_in_one_passage(text, tokens):
    assert "".join(signs(one.text) for one in cut(text, tokens)) == signs(text)


def test_what_fits_stays_as_it_is():
    text = "One.\n\n  Two,   and three.\n- four"
    assert [one.text for one in cut(text)] == [text]


def test_a_long_text_is_cut_between_sentences():
    text = " ".join(f"This is the sentence of number {n}." for n in range(60))
    found = cut(text, 60)
    assert len(found) > 5
    assert all(one.text.startswith("This is") and one.text.endswith(".") for one in found)


def test_paragraphs_are_kept_apart():
    text = "\n\n".join(f"Paragraph {n} says something about doors." for n in range(30))
    assert all("doors.\n\nParagraph" in one.text for one in cut(text, 60))


def test_the_end_of_a_passage_begins_the_next():
    text = " ".join(f"Sentence {n} is here." for n in range(60))
    found = cut(text, 60, overlap=20)
    for before, after in pairwise(found):
        first = sentences_of(after.text)[0]
        assert first in before.text
        assert sentences_of(before.text)[-1] in after.text


def test_no_passage_is_made_of_overlap_alone():
    text = " ".join(f"Sentence {n} is here." for n in range(60))
    found = [one.text for one in cut(text, 16, overlap=8)]
    assert len(set(found)) == len(found)
    assert not any(one in other for one in found for other in found if one is not other)


def test_a_word_without_end_is_cut_too():
    found = cut("x" * 10_000, 50)
    assert "".join(one.text.replace(" ", "") for one in found) == "x" * 10_000
    assert cut("門" * 3_000, 50)[0].tokens <= 50


def test_the_heading_stands_over_every_passage_and_leaves_room():
    text = " ".join(f"Sentence {n} is here." for n in range(60))
    found = cut(text, 60, heading="Guide > Doors")
    assert {one.heading for one in found} == {"Guide > Doors"}
    assert all(count_text(one.whole) <= 60 for one in found)
    long = cut(text, 60, heading=" > ".join(f"Part {n} of it" for n in range(40)))
    assert long[0].heading.endswith("Part 39 of it")
    assert count_text(long[0].heading) <= 15


@pytest.mark.parametrize("tokens", [0, 15, 2_001, 100.0, True, "100"])
def test_a_size_that_leaves_no_passage_is_refused(tokens):
    with pytest.raises(DefinitionError, match="tokens"):
        Chunk(tokens, 0)
    with pytest.raises(DefinitionError, match="overlap"):
        Chunk(100, 51)


def test_many_words_take_no_long_time():
    text = "word " * 100_000
    assert sum(one.tokens for one in cut(text, 200)) >= 100_000
