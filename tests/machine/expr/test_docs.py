"""Every example in the reference of the expression language is true, and no limit is misquoted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from traaviis_lab.errors import DefinitionError, ExpressionError
from traaviis_lab.machine.expr import compile_expression, limits
from traaviis_lab.machine.expr.check import FUNCTIONS
from traaviis_lab.machine.template import compile_template
from traaviis_lab.machine.values import Event

PAGE = (Path(__file__).parents[3] / "docs" / "expressions.md").read_text(encoding="utf-8")
VALUES = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.S).group(1))
EXAMPLES = [
    tuple(part.strip() for part in line.split("=>"))
    for block in re.findall(r"```text\n(.*?)```", PAGE, re.S)
    for line in block.splitlines()
]


def outcome(text: str) -> str:
    """What the page says of an expression or template: its JSON, or how it does not work."""
    try:
        if text.startswith("template: "):
            compute = compile_template(text.removeprefix("template: "))
        else:
            compute = compile_expression(text).compute
    except DefinitionError as error:
        return f"refused: {error.message} {error.hint}"
    try:
        value = compute(VALUES["data"], Event("e", VALUES["event"]), frozenset(VALUES["state"]))
    except ExpressionError as error:
        return f"fails: {error.message}"
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize(("text", "says"), EXAMPLES)
def test_every_example_is_true(text, says):
    found = outcome(text)
    if says.startswith(("refused: ", "fails: ")):
        kind, _, part = says.partition(": ")
        assert found.startswith(f"{kind}: ")
        assert part in found
    else:
        assert found == json.dumps(json.loads(says), sort_keys=True)


def test_there_are_many_examples():
    assert len(EXAMPLES) > 90


def test_the_python_example_runs():
    code = re.search(r"```python\n(.*?)```", PAGE, re.S).group(1)
    exec(compile(code, "expressions.md", "exec"), {})


def test_every_limit_is_named():
    names = [name for name in vars(limits) if name.startswith("MAX_") and not name.endswith("INT")]
    for name in names:
        assert f"| {getattr(limits, name):,} |" in PAGE, name


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_is_named(name):
    assert re.search(rf"`(\w\.)?{name}\(", PAGE)
