"""Effects are values: they print, compare, go into documents and come back."""

import copy
import json
import pickle
import subprocess
import sys
from dataclasses import dataclass, field, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.machine.charts import tries
from traaviis_lab import Chart, DefinitionError, start
from traaviis_lab import effects as fx
from traaviis_lab.machine.effect import word, word_of
from traaviis_lab.machine.schema import spec_schema

names = st.text("abcxyz_", min_size=1, max_size=6)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-99, 99)
    | st.floats(-9, 9)
    | st.text("ab }", max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)
objects = st.dictionaries(names, values, max_size=3)
durations = st.floats(0, 1e6) | st.sampled_from(["250ms", "2s", "1.5m", "1h"]) | st.integers(0, 99)
any_effect = st.one_of(
    st.builds(fx.raise_event, names, objects),
    st.builds(
        fx.log, st.text("ab ", max_size=5), st.sampled_from(["debug", "info", "warning", "error"])
    ),
    st.builds(fx.put_data, names, values),
    st.builds(fx.merge_data, objects, names | st.just("")),
    st.builds(fx.update_data, names, st.sampled_from(["data.x + 1", "1", "size(state)"])),
    st.builds(fx.delay, durations | st.just("{{ data.wait }}")),
    st.builds(fx.call, names, objects, names | st.just("")),
    st.builds(fx.send_event, names, names, objects),
)


@tries(400)
@given(any_effect)
def test_what_goes_into_a_document_comes_back(effect):
    document = effect.to_spec()
    assert fx.read_effect(document) == effect
    assert fx.read_effect(json.loads(json.dumps(document))) == effect
    assert fx.read_effect(document).to_spec() == document
    assert pickle.loads(pickle.dumps(effect)) == effect
    assert copy.deepcopy(effect) == effect


@pytest.mark.parametrize(
    ("effect", "document"),
    [
        (fx.raise_event("x"), {"kind": "raise", "event": "x"}),
        (fx.raise_event("x", {"a": 1}), {"kind": "raise", "event": "x", "data": {"a": 1}}),
        (fx.log("hi"), {"kind": "log", "message": "hi"}),
        (fx.log("hi", "error"), {"kind": "log", "message": "hi", "level": "error"}),
        (fx.put_data("a", {}), {"kind": "put_data", "key": "a", "value": {}}),
        (fx.put_data("a", None), {"kind": "put_data", "key": "a", "value": None}),
        (fx.merge_data({"a": 1}), {"kind": "merge_data", "values": {"a": 1}}),
        (fx.merge_data({}, "b"), {"kind": "merge_data", "values": {}, "key": "b"}),
        (
            fx.update_data("a", "data.a + 1"),
            {"kind": "update_data", "key": "a", "value": "data.a + 1"},
        ),
        (fx.delay(2), {"kind": "delay", "for": "2s"}),
        (fx.delay("250ms"), {"kind": "delay", "for": "250ms"}),
        (fx.delay(0.1234567), {"kind": "delay", "for": 0.1234567}),
        (fx.delay(0), {"kind": "delay", "for": 0}),
        (fx.delay("{{ data.wait }}"), {"kind": "delay", "for": "{{ data.wait }}"}),
        (fx.call("f"), {"kind": "call", "function": "f"}),
        (fx.call(json.dumps, into="x"), {"kind": "call", "function": "dumps", "into": "x"}),
        (
            fx.send_event("run", "x", {"a": 1}),
            {"kind": "send_event", "to": "run", "event": "x", "data": {"a": 1}},
        ),
    ],
)
def test_documents(effect, document):
    assert effect.to_spec() == document
    assert fx.read_effect(document) == effect


def test_delays_are_seconds_unless_they_are_templates():
    assert fx.delay("2s") == fx.Delay(2.0) == fx.Delay("2s")
    assert fx.Delay("1.5m").seconds == 90.0
    assert fx.Delay("{{ data.wait }}").seconds == "{{ data.wait }}"
    with pytest.raises(DefinitionError, match="'soon' is no duration") as caught:
        fx.delay("soon")
    assert "250ms" in caught.value.hint


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "an effect needs its kind."),
        ({"kind": "lag"}, "there is no effect 'lag'. Did you mean 'log'?"),
        ({"kind": "log"}, "log needs 'message'."),
        ({"kind": "log", "message": 1, "lvl": 2}, "2 things are wrong"),
        ({"kind": "log", "message": "{{ 1 + }}"}, "message: "),
        ({"kind": "call", "function": "f", "args": []}, "args: a list of 0 is no mapping."),
        ({"kind": "put_data", "key": "a", "value": object()}, "value: a Python object is no JSON"),
        ("log", "'log' is no effect."),
    ],
)
def test_mistakes_are_told(document, said):
    with pytest.raises(DefinitionError) as caught:
        fx.read_effect(document)
    assert said in str(caught.value)


def test_every_word_has_its_class_its_text_and_its_meanings():
    for kind, effect in fx.VOCABULARY.items():
        if not effect.__module__.startswith("traaviis_lab.effects"):
            continue
        assert effect.kind == kind
        assert getattr(fx, effect.__name__) is effect
        assert effect.__dataclass_params__.frozen
        assert not hasattr(effect, "__dict__") or "__slots__" in vars(effect)
        assert effect.__doc__.partition("\n")[0].endswith(".")
        for each in fields(effect):
            assert each.metadata["meaning"].endswith("."), (kind, word_of(each))


def test_what_stays_inside_the_run():
    inward = {kind for kind, effect in fx.VOCABULARY.items() if not effect.outward}
    assert inward >= {"raise", "log", "put_data", "merge_data", "update_data"}
    assert fx.Call.outward
    assert fx.SendEvent.outward


def test_effects_are_light_to_import():
    code = (
        "import sys, traaviis_lab.effects;"
        "heavy = {'asyncio', 'ruamel.yaml', 'difflib', 'logging', 'decimal', 'hashlib'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert shown.stdout.strip() == "[]"


@pytest.fixture
def ring():
    @dataclass(frozen=True, slots=True)
    class RingBell(fx.Effect):
        """Ring a bell."""

        times: int = field(metadata=word("number", "How often."))
        bell: str = field(default="front", metadata=word("name", "Which one.", spec="which"))
        extra: object = None

    yield RingBell
    del fx.VOCABULARY["ring_bell"]


def test_a_plugin_adds_a_word(ring):
    effect = fx.read_effect({"kind": "ring_bell", "times": 3, "which": "back", "extra": [1]})
    assert effect == ring(3, "back", [1])
    assert effect.outward
    assert effect.to_spec() == {"kind": "ring_bell", "times": 3, "which": "back", "extra": [1]}
    assert ring(2).to_spec() == {"kind": "ring_bell", "times": 2}
    with pytest.raises(DefinitionError, match="times: '3' is no number"):
        fx.read_effect({"kind": "ring_bell", "times": "3"})
    keys = spec_schema()["$defs"]["effect.ring_bell"]["properties"]
    assert set(keys) == {"kind", "times", "which", "extra"}
    chart = Chart.from_spec(
        {
            "spec": "traaviis/1",
            "name": "x",
            "states": {"a": {"enter": {"kind": "ring_bell", "times": "{{ data.n }}"}}},
        }
    )
    assert start(chart, {"n": 2}).effects == (ring(2),)
