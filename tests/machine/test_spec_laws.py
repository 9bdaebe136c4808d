"""Laws of reading and writing charts, tried on charts nobody drew."""

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.names import parse_duration, write_duration
from traaviis_lab.machine.reader import find_problems

from .charts import chart_specs, tries

LISTS = ("on", "to", "initial", "default")


def other_spelling(value, chance):
    """The same chart, written otherwise: mappings reordered, a list for one, seconds for 1m."""
    if isinstance(value, list):
        return [other_spelling(item, chance) for item in value]
    if not isinstance(value, dict):
        return value
    items = [(key, other_spelling(item, chance)) for key, item in value.items()]
    chance.shuffle(items)
    made = dict(items)
    for key in LISTS:
        if isinstance(made.get(key), str) and chance.random() < 0.5:
            made[key] = [made[key]]
    if "delay" in made:
        made["delay"] = parse_duration(made["delay"])
    for key in ("enter", "exit", "do", "transitions"):
        if isinstance(made.get(key), list) and len(made[key]) == 1 and chance.random() < 0.5:
            made[key] = made[key][0]
    if "states" in made and chance.random() < 0.3:
        made.setdefault("parallel", False)
    return made


@tries(120)
@given(chart_specs())
def test_the_normal_form_is_a_fixed_point_and_gives_the_same_chart(document):
    before = copy.deepcopy(document)
    chart = Chart.from_spec(document)
    assert document == before, "reading leaves the document alone"
    normal = chart.to_spec()
    again = Chart.from_spec(normal)
    assert again == chart
    assert hash(again) == hash(chart)
    assert again.to_spec() == normal
    assert json.loads(json.dumps(normal)) == normal
    assert list(again.states) == list(chart.states)
    assert [t.id for t in again.transitions.values()] == [t.id for t in chart.transitions.values()]


@tries(120)
@given(chart_specs(), st.randoms(use_true_random=False))
def test_spelling_and_the_order_of_mappings_change_neither_hash_nor_normal_form(document, chance):
    chart = Chart.from_spec(document)
    other = Chart.from_spec(other_spelling(chart.to_spec(), chance))
    assert other.hash == chart.hash
    assert other.to_spec() == chart.to_spec()
    for state in (chart.root, *chart.states.values()):
        if state.kind == "parallel":
            twin = other.states.get(state.id, other.root)
            regions = [c for c in state.children if chart.states[c].kind != "history"]
            assert list(twin.children[: len(regions)]) == regions, "regions keep their order"


@tries(60)
@given(chart_specs())
def test_a_chart_survives_pickle_and_layout_lies_outside_the_hash(document):
    chart = Chart.from_spec(document)
    placed = Chart.from_spec({**document, "layout": {"here": {"x": 1.5, "y": 2}}})
    assert placed == chart
    assert placed.to_spec()["layout"] == {"here": {"x": 1.5, "y": 2}}
    assert "layout" not in placed.spec
    again = pickle.loads(pickle.dumps(placed))
    assert again == chart
    assert again.layout == placed.layout


@tries(60)
@given(chart_specs())
def test_what_to_spec_gives_can_be_changed_without_harm(document):
    chart = Chart.from_spec(document)
    given_away = chart.to_spec()
    given_away["states"].clear()
    assert chart.to_spec()["states"]
    assert Chart.from_spec(chart.to_spec()) == chart


@tries(300)
@given(st.floats(0, 1e9) | st.integers(0, 10**9))
def test_durations_are_written_without_loss(seconds):
    assert parse_duration(write_duration(float(seconds))) == float(seconds)


# Garbage

words = st.sampled_from(
    [
        "spec",
        "traaviis/1",
        "name",
        "states",
        "a",
        "b",
        "to",
        "on",
        "transitions",
        "initial",
        "when",
        "parallel",
        "history",
        "deep",
        "final",
        "order",
        "default",
        "after",
        "delay",
        "2s",
        "enter",
        "kind",
        "log",
        "message",
        "do",
        "assign",
        "data.x+1",
        "validate",
        "reason",
        "events",
        "x.*",
        "layout",
        "meta",
        "title",
        "internal",
        "type",
        "object",
        "properties",
        "{{data.x}}",
        "{{",
    ]
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(max_size=5)
    | st.just("\ud800") | st.binary(max_size=2) | st.integers(10**400, 10**401)
)  # fmt: skip
garbage = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(words | st.text(max_size=3) | st.integers(0, 3), inner, max_size=6)
        | st.tuples(inner)
    ),
    max_leaves=25,
)


def chart_or_definition_error(document):
    if find_problems(document):
        with pytest.raises(DefinitionError, match="cannot work"):
            Chart.from_spec(document)
    else:
        chart = Chart.from_spec(document)
        assert Chart.from_spec(chart.to_spec()) == chart


@tries(250)
@given(garbage)
def test_garbage_is_a_definition_error_or_a_chart(document):
    chart_or_definition_error(document)


@tries(250)
@given(st.dictionaries(words, garbage, max_size=8))
def test_garbage_with_a_good_start_too(document):
    chart_or_definition_error({"spec": "traaviis/1", "name": "x", "states": {"a": {}}} | document)


@st.composite
def wounded(draw):
    """A good chart with one to three places changed for the worse."""
    document = copy.deepcopy(draw(chart_specs()))
    for _ in range(draw(st.integers(1, 3))):
        places = list(walk(document))
        holder, key = draw(st.sampled_from(places))
        how = draw(st.sampled_from(["replace", "delete", "rename", "add"]))
        if how == "delete":
            del holder[key]
        elif how == "rename" and isinstance(holder, dict):
            holder[draw(words)] = holder.pop(key)
        elif how == "add" and isinstance(holder, dict):
            holder[draw(words)] = draw(garbage)
        else:
            holder[key] = draw(garbage)
        if not document:
            break
    return document


def walk(value):
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(items):
        yield value, key
        if isinstance(item, dict | list):
            yield from walk(item)


@tries(200)
@given(wounded())
def test_a_wounded_chart_is_a_definition_error_or_a_chart(document):
    chart_or_definition_error(document)
