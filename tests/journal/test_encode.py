"""Encoding: what JSON holds comes back, and what it does not is refused with its place."""

import datetime
import math
import tracemalloc
from dataclasses import dataclass

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traaviis_lab.errors import JournalError
from traaviis_lab.journal.encode import encode

texts = st.text(st.characters(codec="utf-8"), max_size=8)
plain = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | texts
plain |= st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    plain, lambda v: st.lists(v, max_size=4) | st.dictionaries(texts, v, max_size=4)
)


@settings(deadline=None)
@given(values)
def test_json_comes_back(value):
    text = encode(value)
    assert orjson.loads(text) == value
    assert b"\n" not in text


@settings(deadline=None)
@given(values, st.sampled_from([math.nan, math.inf, -math.inf]))
def test_nan_is_found_wherever_it_hides(value, nan):
    for hidden in ([value, nan], {"k": [value, {"x": nan}]}, (None, nan)):
        with pytest.raises(JournalError, match="nan|inf"):
            encode(hidden)


@dataclass
class Point:
    x: int = 1


class Number(int):
    pass


loop = []
loop.append(loop)


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ({"items": [1, 2, {}, {"price": math.nan}]}, "data.items[3].price is nan", "None"),
        ({"a b": {"c": math.inf}}, "data['a b'].c is inf", "None"),
        ({"n": 2**64}, "data.n is 18446744073709551616, more than 64 bits", "text"),
        ({"n": -(2**63) - 1}, "more than 64 bits", "text"),
        ({"ids": {1: "x"}}, "data.ids[1] has a key of type int", "'1'"),
        ({"tags": {"x"}}, "data.tags is {'x'} of type set", "sorted"),
        ({"at": datetime.date(2026, 1, 2)}, "data.at is datetime.date(2026, 1, 2)", "isoformat"),
        ({"raw": b"x"}, "data.raw is b'x' of type bytes", "base64"),
        ({"p": Point()}, "data.p is Point(x=1)", "asdict"),
        ({"n": Number(3)}, "Number, which JSON does not have", "Use dict"),
        ({"t": "\ud800"}, "data.t holds a lone surrogate at character 0", "replace"),
        ({"\ud800": 1}, "a key of data holds a lone surrogate", "replace"),
        (loop, "holds itself", "Flatten"),
        (object, "type type, which JSON does not have", "Use dict"),
    ],
)
def test_refusals_name_place_value_and_cure(value, message, hint):
    with pytest.raises(JournalError) as caught:
        encode(value)
    assert message in caught.value.message
    assert hint in caught.value.hint
    with pytest.raises(JournalError, match=r"^event\.data|a key of event\.data"):
        encode(value, where="event.data")


def test_a_text_that_is_kept_takes_what_it_needs():
    tracemalloc.start()
    try:
        kept = [encode({"number": number}) for number in range(1_000)]
        size = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert size < 2 * sum(len(text) + 33 + 8 for text in kept)
