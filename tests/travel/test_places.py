"""Places in data are written and read alike, and values differ where they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.machine.charts import tries
from traaviis_lab.travel.differences import MOST_ITEMS, alike, differences
from traaviis_lab.travel.places import ABSENT, look, own, read_place, write_place

NAMES = st.one_of(st.sampled_from(["total", "a b", "a.b", 'say "x"', "[0]", "", "data", "ä", "1"]))
PLACES = st.lists(st.one_of(NAMES, st.integers(0, 10**9 - 1)), max_size=4).map(tuple)
JSON = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, 2, "", "x"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=12,
)


@tries(200)
@given(PLACES)
def test_a_written_place_is_read_as_it_was(place):
    assert read_place(write_place(place)) == place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("data", ()),
        ("total", ("total",)),
        (" data.total ", ("total",)),
        ("data.data.x", ("data", "x")),
        ("cart.items[0].price", ("cart", "items", 0, "price")),
        ('meta["a.b"][2]', ("meta", "a.b", 2)),
    ],
)
def test_people_may_write_it_shorter(text, place):
    assert read_place(text) == place


def test_nothing_and_null_are_not_the_same():
    data = {"a": {"b": None}, "list": [1]}
    assert look(data, ("a", "b")) is None
    for place in [("a", "c"), ("a", "b", "c"), ("list", 1), ("list", "x"), ("a", 0)]:
        assert look(data, place) is ABSENT
    assert not ABSENT
    assert (str(ABSENT), repr(ABSENT)) == ("—", "—")


@tries(200)
@given(JSON, JSON)
def test_values_differ_somewhere_or_are_alike(left, right):
    found = differences(left, right)
    assert (not found) == alike(left, right)
    assert [one.mirrored() for one in found] == differences(right, left)
    for path, one, other in found:
        place = read_place(path)
        assert (look(left, place), look(right, place)) == (one, other)
        assert not alike(one, other)


@tries(100)
@given(JSON)
def test_a_value_is_like_its_own_copy(value):
    assert alike(value, own(value))
    assert differences(value, own(value)) == []


def test_a_difference_tells_only_the_sides_it_has():
    one, other = differences({"a": None, "c": 1}, {"b": 2, "c": 1})
    assert one.to_json() == {"path": "data.a", "left": None}
    assert other.to_json() == {"path": "data.b", "right": 2}


def test_lists_that_have_little_in_common_are_one_difference():
    left, right = list(range(MOST_ITEMS + 1)), list(range(100, 101 + MOST_ITEMS))
    assert [one.path for one in differences({"x": left}, {"x": right})] == ["data.x"]
    near = [*left[:-1], "other"]
    assert [one.path for one in differences({"x": left}, {"x": near})] == [f"data.x[{MOST_ITEMS}]"]
