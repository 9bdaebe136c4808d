"""Canonical JSON is what RFC 8785 says, byte for byte."""

import json
import math
import struct
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.canonical import canonical_hash, canonical_json

from .charts import tries

VECTORS = Path(__file__).parent / "rfc8785"
NAMES = sorted(path.name for path in (VECTORS / "input").glob("*.json"))

# RFC 8785, appendix B: IEEE 754 bits and what ECMAScript makes of them.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}

numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | st.text()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_there_are_vectors():
    assert len(NAMES) == 6


@pytest.mark.parametrize("name", NAMES)
def test_the_published_vectors(name):
    value = json.loads((VECTORS / "input" / name).read_text("utf-8"))
    assert canonical_json(value) == (VECTORS / "output" / name).read_bytes()


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_the_numbers_of_appendix_b(bits, text):
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_json(value) == text.encode()


@tries(400)
@given(values)
def test_it_agrees_with_the_rfc8785_package(value):
    assert canonical_json(value) == rfc8785.dumps(value)


@tries(1000)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_agree_and_come_back(value):
    written = canonical_json(value)
    assert written == rfc8785.dumps(value)
    assert float(written) == value


@tries(200)
@given(st.dictionaries(st.text(), scalars), st.randoms())
def test_the_order_of_keys_is_of_no_matter(value, chance):
    items = list(value.items())
    chance.shuffle(items)
    assert canonical_hash(dict(items)) == canonical_hash(value)


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        2**53,
        -(2**53),
        {1: 2},
        {"a": {None: 1}},
        b"bytes",
        {1},
        "\ud800",
        object(),
    ],
)
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(DefinitionError) as caught:
        canonical_json(value)
    assert caught.value.hint or "half a character" in str(caught.value)


def test_endless_nesting_is_refused():
    value = []
    value.append(value)
    with pytest.raises(DefinitionError, match="nested too deep"):
        canonical_json(value)
