"""YAML and JSON texts become charts; their mistakes are told with their lines."""

import json
import subprocess
import sys

import pytest

from traaviis_lab import Chart, DefinitionError, read_chart
from traaviis_lab.flows import find_problems, write_chart

DOOR = """\
# A door.
spec: traaviis/1
name: Door
data: {opened: 0}
states:
  closed:
    transitions:
      - on: open_command
        to: opening
  opening:
    enter: {kind: log, message: "motor: on"}
    transitions: [{on: fully_open, to: open}]
  open:
"""


def test_yaml_json_and_mapping_are_the_same_chart():
    chart = read_chart(DOOR)
    assert list(chart.states) == ["closed", "opening", "open"]
    assert read_chart(json.dumps(chart.to_spec())) == chart
    assert read_chart(chart.to_spec()) == chart
    assert read_chart("\ufeff" + json.dumps(chart.to_spec(), indent=1)) == chart
    assert Chart.from_spec(chart.to_spec()) == chart


def test_on_and_yes_are_texts():
    chart = read_chart(
        "spec: traaviis/1\nname: x\nstates: {on: {transitions: [{on: yes, to: off}]}, off: }"
    )
    assert list(chart.states) == ["on", "off"]
    assert chart.states["on"].transitions[0].events == ("yes",)
    assert read_chart("%YAML 1.1\n---\nspec: traaviis/1\nname: on\nstates: {no: }\n").name == "on"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("-3", -3), ("0x1f", 31), ("0o17", 15), ("012", 12), ("1e3", 1000.0), (".5", 0.5),
        ("1_000", "1_000"), ("12:30:45", "12:30:45"), ("2024-01-31", "2024-01-31"), ("1.2.3", "1.2.3"),
        ("~", None), ("null", None), ("", None), ("true", True), ("False", False), ("yes", "yes"),
        ("'12'", "12"), ('"true"', "true"), ("!!str 12", "12"), ("=", "="), ("<<", "<<"), ("+1.5", 1.5),
    ],
)  # fmt: skip
def test_scalars_are_read_as_yaml_1_2_has_it(text, value):
    chart = read_chart(f"spec: traaviis/1\nname: x\nstates: {{a: }}\ndata:\n  x: {text}\n")
    assert chart.data["x"] == value
    assert type(chart.data["x"]) is type(value)


def test_an_alias_is_the_same_value_again():
    chart = read_chart(
        "spec: traaviis/1\nname: x\nstates:\n  a: &a {exit: [&e {kind: log, message: m}]}\n  b: *a\n"
        "  c: {enter: *e}\n"
    )
    assert chart.states["b"].exit == chart.states["a"].exit == chart.states["c"].enter


def wrong(text, **more):
    with pytest.raises(DefinitionError) as caught:
        read_chart(text, **more)
    return f"{caught.value}\n{caught.value.hint}".strip()


def test_mistakes_come_with_their_lines_in_the_order_of_the_text():
    text = (
        DOOR.replace("to: opening", "to: openin").replace("kind: log", "kind: logg")
        + "  x y:\nstats: 1\n"
    )
    assert wrong(text, where="door.yaml") == (
        "Chart 'Door' in door.yaml cannot work; 4 things are wrong:\n"
        "  line 9, states.closed.transitions[0].to: there is no state 'openin'. Did you mean 'opening'?\n"
        "  line 11, states.opening.enter.kind: there is no effect 'logg'. Did you mean 'log'?\n"
        "  line 14, states['x y']: 'x y' is no state id. "
        "Use letters, digits, `_` and `-`, without spaces or dots.\n"
        "  line 15, stats: a chart has no key 'stats'. Did you mean 'states'?"
    )


def test_json_mistakes_have_lines_too():
    text = json.dumps(read_chart(DOOR).to_spec(), indent=2).replace('"to": "open"', '"to": "opn"')
    line = next(n for n, row in enumerate(text.split("\n"), 1) if "opn" in row)
    assert f"line {line}, states.opening.transitions[0].to: there is no state 'opn'." in wrong(text)


def test_a_key_that_stands_twice():
    assert wrong(DOOR + "  closed:\n") == (
        "Chart 'Door' cannot work: line 14, states.closed: the key 'closed' stands here twice. "
        "Keep one of them."
    )
    assert "line 1, name: the key 'name' stands here twice." in wrong(
        '{"spec": "traaviis/1", "name": "x", "name": "y", "states": {"a": {}}}'
    )
    long = "k" * 2_000  # too long a key for YAML's readers, so that there is no line
    chart = '"spec": "traaviis/1", "name": "x", "name": "y", "states": {"a": {}}'
    assert "the keys name stand twice" in wrong("{" + chart + ', "data": {"' + long + '": 1}}')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "null"),
        ("   \n# only a comment\n", "null"),
        ("just a text", "'just a text'"),
        ("[1, 2]", "a list of 2"),
        ("a: b: c", "Line 1: this is no YAML: mapping values are not allowed here."),
        ("a: [1\nb: 2", "this is no YAML"),
        ("a: 1\n---\nb: 2", "this is no YAML"),
        ("a: *nobody", "this is no YAML: found undefined alias"),
        ("a: &x [*x]", "Line 1: An alias stands inside what it is an alias of."),
        ("- a\n\t- b", "Line 2: this is no YAML"),
        ("\x00", "his is no YAML"),
        ('{"a": 1,', "This is no JSON"),
        ("{a: 1", "This is no JSON"),
        (
            "x: !!python/object:os.system ls",
            "Line 1: The tag '!!python/object:os.system' is not read",
        ),
        ("x: !thing 3", "Line 1: The tag '!thing' is not read here."),
        ("x: !!set {a, b}", "is not read here"),
        ("? [a, b]\n: c", "Line 1: A list or mapping cannot be a key."),
        ("1: a", "the key 1 is no text. Put it in quotes."),
        ("x: .nan", "x: nan is no JSON number."),
        ("x: " + "9" * 5000, "x: "),
    ],
)
def test_what_is_no_chart(text, said):
    assert said.replace("!!", "tag:yaml.org,2002:") in wrong(text) or said in wrong(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 20_000,
        "{a: " * 20_000,
        '{"a":' * 20_000,
        "a: " + "[" * 500 + "]" * 500,
        json.dumps({"spec": "traaviis/1", "name": "x", "states": {f"s{n}": {} for n in range(600_000)}}),
        "x: y\n" * 300_000,
        "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefghijklmnopqrstuvwxy", "bcdefghijklmnopqrstuvwxyz", strict=True)),
        "- " * 5_000,
        "&a " * 2_000,
    ],
    ids=len,
)  # fmt: skip
def test_hostile_texts_are_refused(text):
    assert wrong(text)


def test_problems_of_a_text_as_values():
    (problem,) = find_problems(DOOR.replace("to: opening", "to: openin"))
    assert problem.line == 9
    assert problem.place == "states.closed.transitions[0].to"
    (problem,) = find_problems("a: b: c")
    assert "this is no YAML" in problem.message
    assert find_problems(DOOR) == []
    assert find_problems({"spec": "traaviis/1", "name": "x", "states": {}})[0].line == 0


def test_ruamel_sleeps_until_a_yaml_text_comes():
    code = (
        "import sys; from traaviis_lab import Chart, flows; from traaviis_lab.flows import *;"
        'c = read_chart(\'{"spec": "traaviis/1", "name": "x", "states": {"a": {}}}\');'
        "write_chart(c); print([m for m in sys.modules if m.startswith('ruamel')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert shown.stdout.strip() == "[]"


def test_an_unknown_format():
    with pytest.raises(DefinitionError, match="There is no format 'toml' here"):
        write_chart(read_chart(DOOR), "toml")
