"""How heavy a value is at least, found without writing it."""

import time

from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.journal.encode import encode
from traaviis_lab.runtime.weight import is_heavier

atoms = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)
values = st.recursive(
    atoms,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=30,
)


@given(st.lists(values, max_size=4))
def test_it_is_never_said_to_be_heavier_than_it_is(parts):
    written = sum(len(encode(one)) for one in parts)
    assert not is_heavier(parts, written)


@given(values, st.integers(0, 40))
def test_what_is_held_twice_weighs_twice(part, times):
    whole = part = [part, "x"]
    for _ in range(times):
        whole = [whole, whole]
    assert is_heavier([whole], 2**times - 1)
    if times < 8:
        assert not is_heavier([whole], len(encode(whole)))


def test_a_value_without_end_is_weighed_in_no_time():
    whole = [1]
    for _ in range(200):
        whole = {"left": whole, "right": whole}
    began = time.perf_counter()
    assert is_heavier([whole], 2**30)
    assert time.perf_counter() - began < 0.1


def test_what_is_nested_too_deep_to_be_written_ends():
    whole = []
    for _ in range(100_000):
        whole = [whole]
    assert is_heavier([whole], 400)
    assert not is_heavier([whole], 100_000)
    holds_itself = []
    holds_itself.append(holds_itself)
    assert not is_heavier([holds_itself], 1_000)
