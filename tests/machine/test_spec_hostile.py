"""A document that wants to do harm gets a clear error, and gets it soon."""

import pytest

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.plain import MAX_DEPTH, MAX_VALUES
from traaviis_lab.machine.reading import MAX_STATES


def document(**more):
    return {"spec": "traaviis/1", "name": "x", "states": {"a": {}}} | more


def deep(levels, leaf, wrap):
    for _ in range(levels):
        leaf = wrap(leaf)
    return leaf


def test_deep_data():
    with pytest.raises(DefinitionError, match=f"nested more than {MAX_DEPTH} deep"):
        Chart.from_spec(document(data={"x": deep(10_000, 1, lambda inner: [inner])}))


def test_deep_states():
    numbers = iter(range(10_000))
    states = deep(10_000, {}, lambda inner: {"states": {f"s{next(numbers)}": inner}})
    with pytest.raises(DefinitionError, match=f"nested more than {MAX_DEPTH} deep"):
        Chart.from_spec(document(**states))


def test_as_deep_as_may_be():
    numbers = iter(range(10_000))
    states = deep(MAX_DEPTH // 2, {}, lambda inner: {"states": {f"s{next(numbers)}": inner}})
    chart = Chart.from_spec(document(**states))
    assert len(chart.states) == MAX_DEPTH // 2


def test_a_document_that_holds_itself():
    endless = document()
    endless["states"]["a"]["meta"] = endless
    with pytest.raises(DefinitionError, match="nested more than"):
        Chart.from_spec(endless)


def test_aliases_that_multiply():
    bomb = deep(40, "ha", lambda inner: [inner] * 10)
    with pytest.raises(DefinitionError, match=f"more than {MAX_VALUES:,} values"):
        Chart.from_spec(document(data={"x": bomb}))


def test_a_million_states():
    with pytest.raises(DefinitionError, match=f"more than {MAX_VALUES:,} values"):
        Chart.from_spec(document(states={f"s{n}": {} for n in range(1_000_000)}))


def test_more_states_than_may_be():
    with pytest.raises(DefinitionError, match=f"more than {MAX_STATES:,} states"):
        Chart.from_spec(document(states={f"s{n}": {} for n in range(MAX_STATES + 1)}))


def test_a_hundred_thousand_mistakes_are_counted_not_listed():
    with pytest.raises(DefinitionError) as caught:
        Chart.from_spec(document(data={"x": [float("nan")] * 100_000}))
    assert "... and 99950 more." in str(caught.value)
    assert len(str(caught.value)) < 10_000


def test_many_unknown_targets():
    arrows = [{"on": "x", "to": f"t{n}"} for n in range(5_000)]
    states = {f"s{n}": {} for n in range(5_000)} | {"a": {"transitions": arrows}}
    with pytest.raises(DefinitionError, match="5000 things are wrong"):
        Chart.from_spec(document(states=states))


def test_many_targets_that_exclude_each_other():
    names = [f"s{n}" for n in range(5_000)]
    states = {name: {} for name in names} | {"a": {"transitions": [{"to": names}]}}
    with pytest.raises(DefinitionError, match="exclude each other"):
        Chart.from_spec(document(states=states))


@pytest.mark.parametrize(
    "word", ["a" * 100_000, "(" * 50_000, "1 + " * 50_000 + "1", "\x00", "é" * 1_000], ids=len
)
def test_odd_words_everywhere(word):
    arrows = [{"on": word, "to": word, "when": word, "assign": {word: word}, "do": {"kind": word}}]
    states = {"a": {"transitions": arrows, "after": {"delay": word}, "history": word, word: word}}
    with pytest.raises(DefinitionError) as caught:
        Chart.from_spec({**document(states=states), word: word, "name": word, "spec": word})
    assert len(str(caught.value)) < 20_000


@pytest.mark.parametrize(
    "value", [None, 3, "text", [], (), object(), {"a": object()}, {}, b"", 10**5000], ids=type
)
def test_no_document_at_all(value):
    with pytest.raises(DefinitionError):
        Chart.from_spec(value)


def test_a_large_good_chart_is_read():
    count = 3_000
    states = {
        f"s{n}": {"transitions": [{"on": "go", "to": f"s{(n + 1) % count}"}]} for n in range(count)
    }
    assert len(Chart.from_spec(document(states=states)).states) == count
