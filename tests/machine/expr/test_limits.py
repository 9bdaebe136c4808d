"""Hostile expressions are refused or fail, quickly and clearly; none hangs or breaks Python."""

from __future__ import annotations

import pytest

from traaviis_lab.errors import DefinitionError, ExpressionError
from traaviis_lab.machine.expr import compile_expression
from traaviis_lab.machine.values import Event

DATA = {
    "xs": list(range(2000)),
    "text": "a" * 100_000,
    "words": ["x" * 50] * 2000,
    "table": [list(range(500)) for _ in range(500)],
    "id": "(a{1000}|",
}


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "(" * 5_000 + "1" + ")" * 5_000 + " ",
        "[" * 4_000,
        "{1:" * 3_000,
        "!" * 9_000 + "true",
        "-" * 9_000 + "1",
        "1+" * 4_000 + "1",
        "data" + ".a" * 4_000,
        "data" + "[0]" * 3_000,
        "f(" * 4_000,
        "[1].map(x," * 900,
        "true?1:" * 1_200 + "1",
        "true||true&&1==1+1*(" * 400,
        "data.a.matches('" + "(" * 5_000 + "')",
        "data.a.matches('((((((a?){9}){9}){9}){9}){9}){9}')",
        "9" * 9_000,
        "'" + "\\" * 9_000,
        "1" + " " * 20_000,
        "[" + "1," * 1_500 + "]",
    ],
)
def test_hostile_texts_are_refused(text):
    with pytest.raises(DefinitionError) as caught:
        compile_expression(text)
    assert len(caught.value.message) < 400


@pytest.mark.parametrize(
    "text",
    [
        "data.xs.all(x, data.xs.all(y, data.xs.all(z, true)))",
        "data.xs.map(x, data.xs.map(y, x))",
        "data.xs.map(x, data.table)",
        "data.xs.map(x, [data.xs, data.xs])",
        "data.xs.map(x, data.text + data.text)",
        "data.xs.map(x, string(data.text))",
        "data.xs.all(x, data.table == data.table)",
        "data.xs.all(x, data.table in [data.table])",
        "data.xs.all(x, !(-1 in data.xs))",
        "data.words.all(w, !data.text.matches(w))",
        "data.words.all(w, !w.matches('a{900}'))",
        "data.xs.all(x, data.text < data.text + 'a')",
        " && ".join(["data.table == data.table"] * 300),
        " || ".join(["data.text.matches('b+')"] * 300),
        "data.text.matches('(a|b|c|d|e|f|g|h|i|j|k)+z')",
        " + ".join(["data.text"] * 90),
        "data.words[0].matches(data.id)",
    ],
)
def test_hostile_work_is_stopped(text):
    formula = compile_expression(text)
    with pytest.raises(ExpressionError, match=r"steps|is the most|cannot be read"):
        formula.compute(DATA, Event("e"), frozenset())


def test_everyday_work_is_not_stopped():
    data = {"items": [{"id": i, "tags": ["a", "b"], "name": f"item {i}"} for i in range(2_000)]}
    for text in (
        "data.items.filter(i, i.id % 2 == 0 && 'a' in i.tags).size() == 1000",
        "data.items.exists(i, i.name == 'item 1999')",
        "data.items.map(i, {'id': i.id, 'name': i.name + '!'}).size() == 2000",
        "data.items.all(i, i.name.matches('^item [0-9]+$'))",
        "data.items.all(i, i.tags.all(t, t in ['a', 'b', 'c']))",
        " && ".join(["data.items[5].id == 5"] * 90),
    ):
        assert compile_expression(text).compute(data, Event("e"), frozenset()) is True


def test_the_work_of_one_evaluation_does_not_count_for_the_next():
    formula = compile_expression("data.xs.all(x, x >= 0)")
    for _ in range(400):
        assert formula.compute(DATA, Event("e"), frozenset()) is True
