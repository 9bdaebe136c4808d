"""An event's data against what the chart declares of it, beside a full JSON Schema validator."""

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.machine.payload import TYPE_NAMES, compile_payload

from .charts import tries

SCHEMA = {
    "type": "object",
    "properties": {
        "sum": {"type": "number", "minimum": 0, "maximum": 100, "title": "Sum", "default": 1},
        "unit": {"enum": ["EUR", "USD"]},
        "note": {"type": ["string", "null"]},
        "lines": {"type": "array", "items": {"type": "object", "required": ["id"]}},
        "by": {"type": "object", "properties": {"id": {"type": "integer"}}},
    },
    "required": ["sum"],
}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"sum": 1}, None),
        ({"sum": 1.5, "unit": "EUR", "note": None, "lines": [{"id": 1}], "more": 1}, None),
        ({}, "it lacks 'sum'"),
        ({"sum": "1"}, "'sum' must be a number, not '1'"),
        ({"sum": True}, "'sum' must be a number, not True"),
        ({"sum": -1}, "'sum' must be at least 0, not -1"),
        ({"sum": 101}, "'sum' must be at most 100, not 101"),
        ({"sum": 1, "unit": "GBP"}, "'unit' must be one of 'EUR', 'USD', not 'GBP'"),
        ({"sum": 1, "note": 3}, "'note' must be a string or null, not 3"),
        ({"sum": 1, "lines": [{}]}, "an item of lines lacks 'id'"),
        ({"sum": 1, "by": {"id": "x"}}, "'by.id' must be an integer, not 'x'"),
        ({"sum": 1, "by": {"id": 2.0}}, None),
    ],
)
def test_the_first_problem_is_told(data, says):
    assert compile_payload(SCHEMA)(data) == says


def test_long_values_are_shortened():
    problem = compile_payload({"properties": {"n": {"type": "integer"}}})({"n": "x" * 500})
    assert len(problem) < 120


def schemas(depth=2):
    plain = st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(
                st.sampled_from(TYPE_NAMES), st.lists(st.sampled_from(TYPE_NAMES), min_size=1)
            ),
            "enum": st.lists(st.one_of(st.booleans(), st.integers(0, 2), st.just("a")), min_size=1),
            "minimum": st.integers(-2, 2),
            "maximum": st.integers(-2, 2),
            "required": st.lists(st.sampled_from("ab"), unique=True),
        },
    )
    if not depth:
        return plain
    inner = schemas(depth - 1)
    return st.builds(
        lambda base, properties, items: {**base, "properties": properties, "items": items},
        plain,
        st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
        inner,
    )


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 3), st.just(0.5), st.sampled_from(["a", ""])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=5,
)


@tries(150)
@given(schemas(), st.dictionaries(st.sampled_from("ab"), VALUES, max_size=2))
def test_it_agrees_with_a_full_validator(schema, data):
    schema = {**schema, "type": "object"}
    valid = jsonschema.Draft202012Validator(schema).is_valid(data)
    assert (compile_payload(schema)(data) is None) is valid
