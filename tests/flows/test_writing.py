"""Charts are written as texts that people like, and nothing is lost on the way."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tests.machine.charts import chart_specs, tries
from traaviis_lab import Chart, read_chart
from traaviis_lab.flows import write_chart
from traaviis_lab.flows.yaml_door import YamlText
from traaviis_lab.flows.yaml_text import yaml_text
from traaviis_lab.gallery import SecuritySystem, SmartDoor, Timer

texts = (
    st.text(max_size=12)
    | st.text("ab \n\t#:-{}[],&*!|>'\"%@`~?\\\r\x85\u2028\ufeff\x00", max_size=8)
    | st.sampled_from(["on", "yes", "~", "null", "1.0", "1e5", "0x1", "12:30", "2024-01-31", ".inf", "=", "<<"])
    | st.sampled_from(["", " ", "a\nb", "a\n\nb", "a\n", "\na", " a\nb", "a \nb", "x" * 200, "--- a", "..."])
)  # fmt: skip
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@tries(500)
@given(st.dictionaries(texts, values, max_size=4))
def test_every_json_value_comes_back_from_yaml(value):
    read = YamlText(yaml_text(value))
    assert read.value == value
    assert json.dumps(read.value) == json.dumps(value), "types and order too"
    assert read.doubles == []


@tries(150)
@given(st.dictionaries(texts, values, max_size=4))
def test_another_reader_understands_it_too(value):
    assert YAML(typ="safe", pure=True).load(yaml_text(value)) == value


@tries(60)
@given(chart_specs(), st.sampled_from(["yaml", "json"]))
def test_charts_come_back(document, format):
    chart = Chart.from_spec({**document, "layout": {"a": {"x": 1}}})
    text = write_chart(chart, format)
    again = read_chart(text)
    assert again == chart
    assert again.to_spec() == chart.to_spec()
    assert write_chart(again, format) == text


@pytest.mark.parametrize("machine", [SmartDoor, SecuritySystem, Timer])
@pytest.mark.parametrize("format", ["yaml", "json"])
def test_the_gallery_comes_back(machine, format):
    text = write_chart(machine.chart, format)
    assert read_chart(text) == machine.chart
    assert all(line == line.rstrip() for line in text.split("\n"))


def test_a_key_too_long_for_yaml():
    chart = Chart.from_spec(
        {"spec": "traaviis/1", "name": "x", "data": {"k" * 2_000: 1}, "states": {"a": {}}}
    )
    assert read_chart(write_chart(chart)) == chart


def test_what_it_looks_like():
    chart = read_chart(
        {
            "spec": "traaviis/1",
            "name": "Door",
            "notes": "Two\nlines.",
            "data": {"opened": 0, "who": "on", "tags": ["a b", "1.5"]},
            "states": {
                "closed": {"transitions": [{"on": "open_command", "to": "open", "when": "!data.locked"}]},
                "open": {"after": {"delay": 90, "to": "closed", "do": {"kind": "log", "message": "it closes: {{ data.opened }} times it was opened"}}},
            },
        }
    )  # fmt: skip
    assert write_chart(chart) == (
        """\
spec: traaviis/1
name: Door
version: "1.0.0"
notes: |-
  Two
  lines.
data: {opened: 0, who: "on", tags: [a b, "1.5"]}
initial: closed
states:
  closed:
    transitions:
      - {on: open_command, to: open, when: "!data.locked"}
  open:
    after:
      - delay: 90s
        to: closed
        do: [{kind: log, message: "it closes: {{ data.opened }} times it was opened"}]
"""
    )
