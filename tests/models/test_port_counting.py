"""Counting and writing requests down: the same on every machine, and never above the bound."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.errors import DefinitionError
from traaviis_lab.models import Request
from traaviis_lab.models.canonical import canonical_request, request_key
from traaviis_lab.models.counting import (
    LONGEST_KNOWN,
    MOST_PER_PART,
    count_messages,
    count_text,
    most_tokens,
    split_text,
)

from .asking import asking

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=[]), max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=9)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
OBJECTS = st.dictionaries(st.text(max_size=5), JSON, max_size=3)
ROLES = st.sampled_from(["system", "user", "assistant", "tool"])
PARTS = st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": ANY_TEXT}), max_size=2)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": ROLES, "content": st.none() | ANY_TEXT | PARTS},
        optional={"tool_calls": st.lists(OBJECTS, max_size=2), "tool_call_id": st.text(max_size=5)},
    ),
    max_size=3,
)
REQUESTS = st.builds(
    Request,
    st.just("m"),
    MESSAGES.map(tuple),
    tools=st.lists(OBJECTS, max_size=2).map(tuple),
    schema=OBJECTS,
    max_tokens=st.integers(0, 9),
    temperature=st.none() | st.sampled_from([0, 0.0, 0.7]),
    stop=st.lists(st.text(max_size=3), max_size=2).map(tuple),
    seed=st.none() | st.integers(0, 9),
)


@given(ANY_TEXT)
def test_the_pieces_are_the_text_and_none_is_empty(text):
    found = split_text(text)
    assert "".join(found) == text
    assert "" not in found
    assert count_text(text) == len(found)


@given(ANY_TEXT)
def test_a_text_has_no_more_tokens_than_bytes(text):
    assert count_text(text) <= len(text.encode("utf-8", "surrogatepass"))


@given(REQUESTS)
def test_a_count_is_never_above_the_bound(request):
    assert count_messages(request, count_text) <= most_tokens(request)
    by_bytes = count_messages(
        request, lambda text: len(text.encode("utf-8", "surrogatepass")), per_message=16
    )
    assert by_bytes <= most_tokens(request)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello, world!", ["Hell", "o", ",", " worl", "d", "!"]),
        ("a  b\n\n\nc\t", ["a", "  ", "b", "\n\n\n", "c", "\t"]),
        ("12345 x_y", ["123", "45", " x", "_", "y"]),
        ("grün 日本", ["gr", "ü", "n", " 日", "本"]),
        ('{"a":1}', ['{"', "a", '":', "1", "}"]),
        ("", []),
    ],
)
def test_the_rule_by_example(text, found):
    assert split_text(text) == found


@pytest.mark.parametrize("size", [0, 1, 24, LONGEST_KNOWN, LONGEST_KNOWN + 1])
def test_a_text_counts_the_same_each_time(size):
    text = ("Wo ist meine Bestellung 4711? " * size)[:size]
    assert count_text(text) == count_text(text) == len(split_text(text))


def test_all_that_is_sent_is_counted():
    plain = asking("Hi")
    for more in (
        asking("Hi", tools=({"name": "look", "parameters": {}},)),
        asking("Hi", schema={"type": "object"}),
        Request("m", ({"role": "user", "content": "Hi", "name": "Bob"},)),
        Request("m", ({"role": "user", "content": "Hi", "tool_calls": [{"args": {"a": 1}}]},)),
        Request("m", ({"role": "user", "content": [{"type": "text", "text": "Hi, all"}]},)),
    ):
        assert count_messages(more, count_text) > count_messages(plain, count_text)
        assert most_tokens(more) > most_tokens(plain)


def test_a_picture_is_bounded_by_more_than_its_address():
    part = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
    assert most_tokens(Request("m", ({"role": "user", "content": [part]},))) > MOST_PER_PART


def test_what_is_no_json_is_counted_all_the_same():
    odd = Request("m", ({"role": "user", "content": "x", "tool_calls": [{"args": {1, 2}}]},))
    assert most_tokens(odd) > most_tokens(asking("x"))


def turned(value):
    """The same with every object's keys the other way round."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(one) for one in value] if isinstance(value, list | tuple) else value


@given(REQUESTS.filter(lambda request: all_json(request)))
def test_the_order_of_keys_says_nothing(request):
    said = canonical_request("p/m", request)
    assert request_key(turned(said)) == request_key(said)


def all_json(request):
    try:
        request_key(canonical_request("p/m", request))
    except DefinitionError:  # half a character
        return False
    return True


def test_what_is_left_open_and_who_waits_how_long_are_no_part_of_it():
    said = canonical_request("p/m", asking("Hi", timeout=3, key="k"))
    assert said == {"model": "p/m", "messages": [{"role": "user", "content": "Hi"}]}
    open_ended = canonical_request("p/m", asking("Hi", temperature=0, seed=0))
    assert (open_ended["temperature"], open_ended["seed"]) == (0, 0)


@pytest.mark.parametrize(
    "other",
    [
        {"text": "Ho"},
        {"temperature": 0.5},
        {"seed": 1},
        {"stop": ("a",)},
        {"schema": {"type": "object"}},
        {"tools": ({"name": "t"},)},
    ],
)
def test_whatever_else_is_asked_makes_another_key(other):
    mine = request_key(canonical_request("p/m", asking("Hi")))
    assert request_key(canonical_request("p/m", asking(**{"text": "Hi", **other}))) != mine
    assert request_key(canonical_request("p/other", asking("Hi"))) != mine


def test_numbers_that_are_the_same_are_written_the_same():
    whole = canonical_request("p/m", asking(temperature=1))
    assert request_key(whole) == request_key(canonical_request("p/m", asking(temperature=1.0)))


@pytest.mark.parametrize(
    "changes",
    [{}, {"model": "n", "key": ""}, {"max_tokens": 0}, {"timeout": 1.0}, {"max_tokens": 7, "key": "l"}],
)  # fmt: skip
def test_a_question_that_is_put_otherwise_is_the_same_but_for_that(changes):
    said = ({"role": "user", "content": "Hi"},)
    full = Request(
        "m", said, ({"name": "t"},), {"type": "object"}, 5, 0.5, ("end",), 3, 9.0, "k"
    )  # fmt: skip
    plain = Request("", ())
    assert all(getattr(full, one.name) != getattr(plain, one.name) for one in fields(Request))
    assert full.but(**changes) == replace(full, **changes)
