"""What expressions give, and the errors of those that met data they cannot work with."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from types import MappingProxyType

import pytest

from traaviis_lab.errors import ExpressionError
from traaviis_lab.machine.expr import compile_expression, paths
from traaviis_lab.machine.values import Event

DATA = {
    "locked": False, "total": 5, "f": 2.5, "name": "ada", "none": None, "yes": True,
    "xs": [1, 2, 3], "m": {"a": 1}, "deep": {"er": {"est": [10, {"k": "v"}]}},
}  # fmt: skip


def compute(text, data=DATA, payload=None, active=("open", "zone"), **options):
    formula = compile_expression(text, **options)
    return formula.compute(data, Event("e", payload or {}), frozenset(active))


def fail(text, *args, **options) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        compute(text, *args, **options)
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!data.locked", True),
        ("data.total + 1", 6),
        ("data.total - 1", 4),
        ("1 - data.total", -4),
        ("data['total'] * 2", 10),
        ("data.deep.er.est[1].k", "v"),
        ("data.deep['er'].est[1]['k']", "v"),
        ("event.amount + data.total > 10", True),
        ("result", None),
        ("state", ["open", "zone"]),
        ('"open" in state && !("shut" in state)', True),
        ("data.xs.all(x, 'open' in state)", True),
        ("data.xs.map(x, state)[0]", ["open", "zone"]),
        ("data.xs.map(x, [10, 20].map(y, x * y))", [[10, 20], [20, 40], [30, 60]]),
        ("data.xs.map(x, data.xs.filter(x, x > 1).size() + x)", [3, 4, 5]),
        ("data.xs.map(data, data)", [1, 2, 3]),
        ("data.missing || true", True),
        ("true || data.missing", True),
        ("data.missing && false", False),
        ("data.total && false", False),
        ("data.missing || data.total || true", True),
        ("data.xs.exists(x, data.missing || x == 3)", True),
        ("data.yes == 1", False),
        ("1 in [data.yes]", False),
        ("data.total == 5.0", True),
        ("data.f == 2.5", True),
        ("data.none == null", True),
        ("data.none != null", False),
        ("data.m == {'a': 1.0}", True),
        ("type(data.yes) == bool", True),
        ("{'a': data.total, 'b': [data.f]}", {"a": 5, "b": [2.5]}),
        ("{1: 'one', 2: 'two'}[data.xs[1]]", "two"),
        ("{true: 'one', 1: 'two'}[true]", "one"),
        ("{true: 'one', 1: 'two'}.size()", 2),
        ("5u", 5),
        ("1 > 0 ? 'a' : data.missing", "a"),
        ("data.name + ' lovelace'", "ada lovelace"),
        ("// only a remark\n1", 1),
    ],
)
def test_values(text, value):
    found = compute(text, payload={"amount": 7})
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("data.lockd", "There is no field 'lockd' in data.", "Did you mean 'locked'?"),
        ("event.x", "There is no field 'x' in event.", ""),
        ("data.m.zz", "There is no field 'zz' in data.m.", "Fields there: a."),
        ("data.name.x", "data.name is \"ada\" (string) and has no field 'x'", ""),
        ("data.none.x", "data.none is null and has no field", ""),
        ("has(data.none.x)", "data.none is null", ""),
        ("!data.lockd", "no field 'lockd'", "Did you mean 'locked'?"),
        ("data.lockd + 1", "no field 'lockd'", "Did you mean 'locked'?"),
        ("data.lockd == 1", "no field 'lockd'", "Did you mean 'locked'?"),
        ("data.lockd > 1", "no field 'lockd'", "Did you mean 'locked'?"),
        ("!!data.total", "'!' needs true or false, not 5 (int)", ""),
        ("!data.total", "'!' needs true or false, not 5 (int)", "Compare: x != 0."),
        ("data.total && true", "'&&' needs true or false, not 5 (int)", ""),
        ("true && data.name", "'&&' needs true or false, not \"ada\" (string)", ""),
        ("data.none ? 1 : 2", "'?' needs true or false, not null", "x != null"),
        ("data.total + 'a'", "'+' cannot take 5 (int) and \"a\" (string)", "string()"),
        ("data.total + 1.0", "'+' cannot take 5 (int) and 1.0 (double)", "double(x)"),
        ("data.yes + 1", "'+' cannot take true (bool) and 1 (int)", ""),
        ("data.yes - 1", "'-' cannot take true (bool) and 1 (int)", ""),
        ("data.yes > 0", "'>' cannot take true (bool) and 0 (int)", ""),
        ("data.total < data.name", "'<' cannot take 5 (int)", ""),
        ("data.total / 0", "5 (int) cannot be divided by zero", ""),
        ("9223372036854775807 + data.total", "does not fit in 64 bits", ""),
        ("data.xs[3]", "There is no item 3 in a list of 3; the first is 0.", ""),
        ("data.m['b']", "There is no field 'b' in data.m.", ""),
        ("data.m[string(data.total)]", 'There is no key "5" (string)', ""),
        ("data.total[0]", "[ ] cannot be used on 5 (int)", ""),
        ("1 in data.total", "'in' cannot look into 5 (int)", ""),
        ("data.total.map(x, x)", "map() cannot go through 5 (int)", ""),
        ("data.xs.filter(x, x)", "'filter' needs true or false, not 1 (int)", ""),
        ("data.xs.all(x, x)", "'&&' needs true or false, not 1 (int)", ""),
        ("size(data.total)", "size() cannot take 5 (int)", ""),
        ("data.total.contains('a')", "contains() cannot take 5 (int)", ""),
        ("data.name.matches(data.total)", "matches() cannot take 5 (int)", ""),
        ("data.name.matches(data.name + '(')", "cannot be read: a ( is not closed", ""),
        ("int(data.yes)", "int() cannot take true (bool)", ""),
        ("int(data.name)", 'int() cannot take "ada" (string)', ""),
        ("{'a': 1, 'a': 2}", 'The key "a" (string) stands twice', ""),
        ("data.f / 0.0", "The result is inf, which JSON has no number for", ""),
        ("[data.f / 0.0]", "The result is inf", ""),
        ("b'a'", "is no JSON value", "string()"),
        ("type(1)", "The result the type int is no JSON value", ""),
        ("{1: 2}", "JSON keys are strings", ""),
    ],
)
def test_failures_name_the_value(text, says, hint):
    error = fail(text, where="a#0, when")
    assert error.message.startswith("a#0, when: ")
    assert says in error.message
    assert text in error.message
    assert hint in error.hint


def test_an_expected_type_is_seen_to():
    assert "This is 5 (int) where bool is needed." in fail("data.total", expected="bool").message
    assert "where string is needed" in fail("data.total", expected="string").message
    assert compute("data.yes", expected="bool") is True
    assert compute("data.xs", expected="list") == [1, 2, 3]


def test_data_is_neither_changed_nor_kept():
    data = {"xs": [1], "m": {}}
    made = compile_expression("data.xs + [2]")
    assert made.compute(data, Event("e"), frozenset()) == [1, 2]
    assert data == {"xs": [1], "m": {}}
    fresh = compile_expression("[]")
    assert fresh.compute(data, Event("e"), frozenset()) is not fresh.compute(
        data, Event("e"), frozenset()
    )


def test_near_json_values_of_python_count_as_json():
    class Level(IntEnum):
        HIGH = 3

    class Word(StrEnum):
        ADA = "ada"

    data = {
        "level": Level.HIGH,
        "word": Word.ADA,
        "pair": (1, 2),
        "map": MappingProxyType({"a": 1}),
    }
    assert compute("data.level + 1", data) == 4
    assert compute("data.level > 2 && data.word == 'ada'", data) is True
    assert compute("data.word in ['ada']", data) is True
    assert compute("data.pair == [1, 2] && data.pair[1] == 2 && 2 in data.pair", data) is True
    assert compute("data.map.a == 1 && has(data.map.a) && 'a' in data.map", data) is True


def test_numbers_beyond_64_bits_in_data_are_compared_but_not_computed_with():
    data = {"big": 2**70, "huge": 10**5000}
    assert compute("data.big > 1 && data.big != 1.5", data) is True
    for text in (
        "data.big + 1",
        "string(data.huge)",
        "double(data.huge)",
        "int(data.big)",
        "data.huge * 2",
    ):
        assert len(fail(text, data).message) < 300


def test_deep_data_is_no_danger():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    other: list = []
    for _ in range(100_000):
        other = [other]
    assert compute("data.a == data.b", {"a": deep, "b": other}) is True
    assert "nested too deeply" in fail("[data.a, 1.0 * data.f]", {"a": deep, "f": 1.0}).message
    while deep:
        deep = deep.pop()
    while other:
        other = other.pop()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("!data.locked", {"data.locked"}),
        ("data.total + event.amount > 10", {"data.total", "event.amount"}),
        ("data['a b'].c[0].d", {"data.a b.c"}),
        ("has(data.user.name)", {"data.user.name"}),
        ("data.xs.map(x, x.y + data.z)", {"data.xs", "data.z"}),
        ("data.xs.map(data, data.y)", {"data.xs"}),
        ("data.m[event.k]", {"data.m", "event.k"}),
        ("result.ok && size(data) > 1", {"event.result.ok", "data"}),
        ("'open' in state", set()),
    ],
)
def test_paths(text, read):
    assert paths(text) == read
