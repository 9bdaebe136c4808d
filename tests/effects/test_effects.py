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
from traaviis_lab.effects.calling import METHODS
from traaviis_lab.effects.thinking import MODES
from traaviis_lab.machine.effect import REPEATS, is_hidden, repeat_of, word, word_of
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
repeats = st.sampled_from(["", *REPEATS])
budgets = st.dictionaries(st.sampled_from(["usd", "tokens"]), st.integers(0, 9))
any_effect = st.one_of(
    st.builds(fx.raise_event, names, objects),
    st.builds(
        fx.log, st.text("ab ", max_size=5), st.sampled_from(["debug", "info", "warning", "error"])
    ),
    st.builds(fx.put_data, names, values),
    st.builds(fx.merge_data, objects, names | st.just("")),
    st.builds(fx.update_data, names, st.sampled_from(["data.x + 1", "1", "size(state)"])),
    st.builds(fx.delay, durations | st.just("{{ data.wait }}")),
    st.builds(fx.get_data, names, names | st.just("")),
    st.builds(fx.call, names, objects, names | st.just(""), repeats),
    st.builds(fx.send_event, names, names, objects, names, repeats),
    st.builds(fx.invoke_fsm, names, objects, names, names),
    st.builds(fx.spawn_fsm, names, objects, names, names),
    st.builds(
        fx.call_api,
        st.sampled_from(METHODS),
        st.sampled_from(["https://h/x", "http://127.0.0.1:1/?a=b", "{{ data.url }}"]),
        headers=objects,
        params=objects | st.just({"k": {"secret": "KEY"}}),
        json=values,
        timeout=durations.filter(lambda d: d not in (0, 0.0)),
        max_bytes=st.integers(1, 99),
        expect=st.lists(st.sampled_from([200, 404, "5xx"]), max_size=3),
        into=names,
        repeat=repeats,
    ),
    st.builds(
        fx.call_llm,
        names,
        names,
        system=names,
        tools=st.none() | st.lists(names | objects, max_size=2),
        schema=objects,
        max_tokens=st.integers(0, 9),
        temperature=st.none() | st.floats(0, 2),
        repeat=repeats,
    ),
    st.builds(fx.embed_text, names, texts=st.lists(names, min_size=1, max_size=3)),
    st.builds(fx.vector_search, names, st.lists(st.floats(-1, 1), min_size=1), filter=objects),
    st.builds(fx.rag_pipeline, names, names, rerank=st.booleans(), min_relevance=st.floats(0, 1)),
    st.builds(fx.invoke_agent, names, names, max_steps=st.integers(1, 9), budget=budgets),
    st.builds(
        fx.coordinate_agents,
        st.lists(names, min_size=1, max_size=3),
        names,
        mode=st.sampled_from(MODES),
        rounds=st.integers(1, 9),
        budget=budgets,
    ),
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


@tries(200)
@given(any_effect)
def test_a_crash_has_one_consequence(effect):
    assert repeat_of(effect) in REPEATS
    own = getattr(effect, "repeat", "")
    assert repeat_of(effect) == (own or effect.usual_repeat())


LEAVES = {
    "call_llm": {"model": "m", "prompt": "p"},
    "embed_text": {"model": "m", "text": "t"},
    "vector_search": {"index": "i", "query": "q"},
    "rag_pipeline": {"knowledge": "k", "question": "q"},
    "invoke_agent": {"agent": "a", "task": "t"},
    "coordinate_agents": {"agents": ["a"], "task": "t"},
}


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("call_llm", {"prompt": ""}, "prompt and messages are both missing"),
        ("call_llm", {"messages": [{}]}, "prompt and messages are both there"),
        ("call_llm", {"prompt": "", "messages": ["hi"]}, "a list of mappings; one of them is 'hi'"),
        ("call_llm", {"temperature": 2.5}, "temperature is 2.5, and must be a number from 0 to 2"),
        ("call_llm", {"max_tokens": -1}, "max_tokens is -1"),
        ("call_llm", {"tools": [3]}, "tools is a list of 1"),
        ("call_llm", {"schema": []}, "is no mapping"),
        ("call_llm", {"repeat": "always"}, "'always' is none of its words"),
        ("embed_text", {"texts": ["a"]}, "text and texts are both there"),
        ("embed_text", {"text": "", "texts": ["a", ""]}, "a list of texts; one of them is ''"),
        ("embed_text", {"text": "", "texts": "{{ data.x }}", "model": ""}, "this is empty"),
        ("vector_search", {"query": []}, "a text or a list of numbers"),
        ("vector_search", {"query": [1, "a"]}, "a text or a list of numbers"),
        ("vector_search", {"top": 0}, "top is 0"),
        ("vector_search", {"top": 1.5}, "top is 1.5"),
        ("vector_search", {"top": True}, "is no number"),
        ("rag_pipeline", {"min_relevance": 1.1}, "min_relevance is 1.1"),
        ("rag_pipeline", {"question": " "}, "question is ' '"),
        ("rag_pipeline", {"rerank": 1}, "is neither true nor false"),
        ("invoke_agent", {"max_steps": 0}, "max_steps is 0"),
        ("invoke_agent", {"budget": {"eur": 1}}, "usd, tokens or seconds"),
        ("invoke_agent", {"budget": {"usd": -1}}, "usd, tokens or seconds"),
        ("coordinate_agents", {"agents": []}, "at least 1"),
        ("coordinate_agents", {"agents": "ann"}, "a list of texts"),
        ("coordinate_agents", {"mode": "war"}, "'war' is none of its words"),
        ("coordinate_agents", {"rounds": 1e9}, "rounds is 1000000000"),
    ],
)
def test_what_models_cannot_be_asked_is_refused_when_it_is_written(kind, change, said):
    assert fx.read_effect({"kind": kind, **LEAVES[kind]}).kind == kind
    with pytest.raises(DefinitionError) as caught:
        fx.read_effect({"kind": kind, **LEAVES[kind], **change})
    assert said in str(caught.value)


@pytest.mark.parametrize("kind", LEAVES)
def test_templates_are_checked_when_they_are_filled_in(kind):
    for word_ in LEAVES[kind]:
        fx.read_effect({"kind": kind, **LEAVES[kind], word_: "{{ data.x }}"})
    chart = Chart.from_spec(
        {
            "spec": "traaviis/1",
            "name": "x",
            "states": {
                "a": {
                    "enter": {
                        "kind": "vector_search",
                        "index": "i",
                        "query": "q",
                        "top": "{{ data.n }}",
                    }
                }
            },
        }
    )
    assert start(chart, {"n": 3}).effects[0].top == 3
    assert start(chart, {"n": 0}).effects == ()


def test_what_the_engine_writes_is_not_for_documents():
    document = {"kind": "call_api", "method": "GET", "url": "http://h/"}
    assert fx.read_effect(document) == fx.call_api("get", "http://h/")
    with pytest.raises(DefinitionError, match="no field 'reveals'"):
        fx.read_effect({**document, "reveals": ["headers/X"]})
    assert "reveals" not in spec_schema()["$defs"]["effect.call_api"]["properties"]
    assert any(is_hidden(each) for each in fields(fx.CallApi))


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
