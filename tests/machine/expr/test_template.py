"""Templates fill the texts of a JSON value."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from traaviis_lab.errors import DefinitionError, ExpressionError
from traaviis_lab.machine.template import compile_template
from traaviis_lab.machine.values import Event

DATA = {
    "n": 5,
    "f": 2.0,
    "name": "Ada",
    "yes": True,
    "none": None,
    "xs": [1, "é"],
    "m": {"a": {"b": 1.5}},
}


def fill(value, data=DATA, payload=None):
    compute = compile_template(value)
    assert compute is not None
    return compute(data, Event("e", payload or {}), frozenset({"open"}))


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ data.n }}", 5),
        ("{{data.xs}}", [1, "é"]),
        ("{{ data.yes }}", True),
        ("{{ 'open' in state }}", True),
        (" {{ data.n }}", " 5"),
        ("n={{ data.n }}, f={{ data.f }}, {{ data.yes }} {{ data.none }}", "n=5, f=2, true null"),
        ("Hello {{ data.name }}!", "Hello Ada!"),
        ("{{ data.name }}{{ data.n }}", "Ada5"),
        ("{{ data.xs }} {{ data.m }}", '[1,"é"] {"a":{"b":1.5}}'),
        ("x {{ {'a': {'b': 1}} }} y", 'x {"a":{"b":1}} y'),
        ("{{ {'a': {'b': 1}}}}", {"a": {"b": 1}}),
        ('{{ "}}" }}', "}}"),
        ('{{ "{{" }} data.n }}', "{{ data.n }}"),
        ("}} {{ data.n }}", "}} 5"),
        ("{{\n data.n // the number\n}}", 5),
        ({"a": "{{ data.n }}", "b": [1, "n {{ data.n }}"], "c": {"d": 2}}, {"a": 5, "b": [1, "n 5"], "c": {"d": 2}}),
        (["{{ event.x }}"], ["y"]),
    ],
)  # fmt: skip
def test_values(template, value):
    found = fill(template, payload={"x": "y"})
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "value", [None, 1, True, "", "a { b } }}", [], {}, ["a", {"b": [1.5]}], {"{{ key }}": 1}]
)
def test_a_value_without_templates_is_static(value):
    assert compile_template(value) is None


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ data.n", "A '}}' is missing to close the '{{'."),
        ("{{ data.n }", "A '}}' is missing"),
        ("{{ data.n } }", "A '}}' is missing"),
        ("{{ }}", "An expression is missing"),
        ("a {{ dta.n }}", "Unknown name 'dta'."),
        ("{{ data.n data.m }}", "A '}}' is missing"),
        ({"to": ["{{ 1 + 'a' }}"]}, "log.to[0]: '+' cannot take an int and a string."),
        ("{{ " + "1 + " * 3_000 + "1 }}", "levels deep"),
        ("{{ '" + "a" * 10_001 + "' }}", "more than 10,000 characters"),
    ],
)
def test_what_cannot_work_is_refused(template, says):
    with pytest.raises(DefinitionError) as caught:
        compile_template(template, where="log")
    assert says in caught.value.message
    assert caught.value.message.startswith("log")
    assert "^" in caught.value.message


def test_values_nested_too_deep_are_refused():
    value: object = "{{ data.n }}"
    for _ in range(2_000):
        value = [value]
    with pytest.raises(DefinitionError, match="levels deep"):
        compile_template(value)


def test_failures_name_the_expression():
    with pytest.raises(ExpressionError, match=r"There is no field 'zz' in data\. In: data\.zz"):
        fill("a {{ data.zz }} b")
    with pytest.raises(ExpressionError, match="is the most"):
        fill("{{ data.s }}" * 20, {"s": "a" * 100_000})
    deep: list = []
    for _ in range(50_000):
        deep = [deep]
    with pytest.raises(ExpressionError, match="cannot be written as JSON"):
        fill("a {{ data.deep }}", {"deep": deep})
    while deep:
        deep = deep.pop()


def test_what_is_filled_is_new_each_time():
    compute = compile_template({"a": "{{ data.n }}", "b": {"c": 1}})
    assert compute is not None
    first = compute(DATA, Event("e"), frozenset())
    first["a"] = first["z"] = 0
    assert compute(DATA, Event("e"), frozenset()) == {"a": 5, "b": {"c": 1}}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text("{} data.n'\"1", max_size=20))
def test_any_text_is_static_filled_or_refused(text):
    try:
        compute = compile_template(text)
    except DefinitionError:
        return
    assert (compute is None) == ("{{" not in text)
