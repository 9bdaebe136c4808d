"""How far models' prompts are counted: exactly where that is known, else with a bound."""

import time

import pytest
import tiktoken_ext.openai_public as public
from hypothesis import given, settings
from hypothesis import strategies as st

from traaviis_lab.models import Request, tiktoken_door
from traaviis_lab.models.counting import most_tokens
from traaviis_lab.models.remote_counting import count_remote

TEXTS = st.text(max_size=200)


def asked(model, *texts, **fields):
    return Request(model, tuple({"role": "user", "content": one} for one in texts), **fields)


@pytest.mark.parametrize("name", ["o200k_base", "cl100k_base"])
def test_the_vocabularies_are_those_of_tiktoken(name, monkeypatch):
    told = {}
    monkeypatch.setattr(
        public, "load_tiktoken_bpe", lambda url, expected_hash: told.update(hash=expected_hash)
    )
    theirs, ours = getattr(public, name)(), tiktoken_door._VOCABULARIES[name]
    assert (theirs["pat_str"], told["hash"]) == (ours.pattern, ours.sha256)
    assert tiktoken_door.counter(name) is not None


SCRAPS = [
    "word",
    " Ünï",
    " don't",
    "  ",
    "\n\n",
    " 12",
    "中文",
    " e\u0301",
    ".",
    "½ ",
    " a",
    " ²",
    "\t",
]


@pytest.mark.parametrize("name", ["o200k_base", "cl100k_base"])
@given(words=st.lists(st.sampled_from(SCRAPS), min_size=50, max_size=400))
@settings(max_examples=60, deadline=None)
def test_a_long_text_has_as_many_tokens_in_pieces(name, words):
    text, count = "".join(words), tiktoken_door.counter(name)
    whole = count(text)  # which is short enough to be one
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiktoken_door, "PIECE", 20)
        assert "".join(tiktoken_door.pieces_of(text)) == text
        assert count(text) == whole


def test_a_whole_book_is_counted_exactly_and_what_is_no_text_is_guessed():
    book = count_remote(asked("gpt-4o", "Call me Ishmael. " * 60_000), is_openai=True)
    assert (book.exact, book.tokens) == (True, 3 + 3 + 1 + 60_000 * 5 + 1)
    for odd in (" " * 1_000_000, "x" * 1_000_000, "word " * 2_000_000):  # a million spaces end
        began = time.process_time()  # tiktoken itself
        count = count_remote(asked("gpt-4o", odd), is_openai=True)
        assert time.process_time() - began < 5
        assert not count.exact
        assert 0 < count.tokens <= count.most


def test_a_plain_talk_is_counted_as_documented():
    # 3 tokens a message and 3 for the answer's beginning, "user" and "hi" one each
    assert count_remote(asked("gpt-4o-mini", "hi"), is_openai=True)[:3] == (8, 8, True)
    named = Request("gpt-4", ({"role": "user", "name": "ann", "content": "hi"},))
    assert count_remote(named, is_openai=True).tokens == 8 + 1 + 1
    text = "How much is the fish? " * 100
    many = count_remote(asked("gpt-4.1", text, text), is_openai=True)
    assert many.tokens == 3 + 2 * (3 + 1 + 100 * 6 + 1)


@pytest.mark.parametrize(
    ("model", "exact"),
    [
        ("gpt-4o", True), ("gpt-4o-2024-08-06", True), ("gpt-4.1-nano", True), ("gpt-4", True),
        ("gpt-4-turbo", True), ("gpt-3.5-turbo-0125", True), ("ft:gpt-4o-mini:acme::1", True),
        ("gpt-4o-audio-preview", False), ("o3-mini", False), ("gpt-5", False),
        ("claude-sonnet-4", False), ("llama3", False), ("gpt-4ever", False),
    ],
)  # fmt: skip
def test_exact_is_said_only_where_it_is_known(model, exact):
    count = count_remote(asked(model, "hi"), is_openai=True)
    assert count.exact is exact
    assert count.exact is (count.tokens == count.most)
    assert not count_remote(asked(model, "hi"), is_openai=False).exact


def test_tools_schemas_and_pictures_are_not_exact():
    for fields in ({"tools": ({"name": "f"},)}, {"schema": {"type": "object"}}):
        count = count_remote(asked("gpt-4o", "hi", **fields), is_openai=True)
        assert not count.exact
        assert count.tokens < count.most
    parts = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    talk = Request("gpt-4o", ({"role": "user", "content": parts},))
    assert not count_remote(talk, is_openai=True).exact


@given(st.lists(TEXTS, min_size=1, max_size=4), st.sampled_from(["gpt-4o", "gpt-4", "o3", "x"]))
def test_a_count_is_never_above_the_bound(texts, model):
    request = asked(model, *texts)
    count = count_remote(request, is_openai=True)
    assert 0 < count.tokens <= count.most <= most_tokens(request)
    assert count == count_remote(request, is_openai=True)


def test_without_a_vocabulary_it_is_a_guess(monkeypatch):
    monkeypatch.setattr(tiktoken_door, "_folder", lambda: None)
    tiktoken_door._counter.cache_clear()
    try:
        count = count_remote(asked("gpt-4o", "Where is my order? " * 40), is_openai=True)
    finally:
        tiktoken_door._counter.cache_clear()
    assert not count.exact
    assert count.tokens == pytest.approx(200, rel=0.2)


def test_a_vocabulary_that_was_changed_is_not_used(monkeypatch, tmp_path):
    (tmp_path / tiktoken_door._VOCABULARIES["cl100k_base"].file).write_text("aGk= 0\n")
    monkeypatch.setattr(tiktoken_door, "_folder", lambda: tmp_path)
    tiktoken_door._counter.cache_clear()
    try:
        assert tiktoken_door.counter("cl100k_base") is None
        assert tiktoken_door.counter("o200k_base") is None
    finally:
        tiktoken_door._counter.cache_clear()
