"""`call_tool` as a value: what it takes, how it is written, and where its secrets stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab import DefinitionError
from traaviis_lab import effects as fx
from traaviis_lab.effects.recorded import recorded_effect
from traaviis_lab.machine.effect import repeat_of
from traaviis_lab.views.spec_words import spec_words

names = st.text("abcxyz_.", min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab {}", max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)


@given(
    names,
    st.dictionaries(names, values, max_size=3) | st.just({"k": {"secret": "KEY"}}),
    st.floats(0, 1e6) | st.sampled_from(["250ms", "2s", "{{ data.wait }}"]),
    names | st.just(""),
    st.sampled_from(["", "at_least_once", "human"]),
)
def test_it_goes_into_documents_and_comes_back(tool, arguments, timeout, into, repeat):
    effect = fx.call_tool(tool, arguments, timeout=timeout, into=into, repeat=repeat)
    assert recorded_effect(effect.to_spec()) == effect
    assert recorded_effect(effect.sealed().to_spec()) == effect.sealed()
    assert effect.sealed().sealed() == effect.sealed()


def test_a_document_says_the_same():
    document = {
        "kind": "call_tool",
        "tool": "files.read_file",
        "arguments": {"path": "{{ data.path }}"},
        "timeout": "5s",
        "into": "text",
    }
    effect = fx.read_effect(document)
    assert effect == fx.call_tool(
        "files.read_file", {"path": "{{ data.path }}"}, timeout=5, into="text"
    )
    assert effect.to_spec() == document
    assert spec_words(document) == "call tool files.read_file"


def test_a_function_stands_for_its_name_and_a_template_for_a_mapping():
    assert fx.call_tool(repr).tool == "repr"
    assert fx.call_tool("x", "{{ data.args }}").arguments == "{{ data.args }}"
    assert fx.call_tool("x").arguments == {}


def test_after_a_crash_it_is_not_called_again_unless_that_is_said():
    assert repeat_of(fx.call_tool("x")) == "at_most_once"
    assert repeat_of(fx.call_tool("x", repeat="at_least_once")) == "at_least_once"


def test_where_its_secrets_stand_is_noted_before_it_is_filled_in():
    made = fx.call_tool("x", {"a": {"secret": "K"}, "b": ["$secret{L}", "{{ data.c }}"]}).sealed()
    assert made.reveals == ("arguments/a", "arguments/b/0")
    assert fx.call_tool("x", {"a": "{{ data.c }}"}).sealed().reveals == ()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fx.call_tool(""), "has no name to call it by"),
        (lambda: fx.call_tool(lambda: 1), "has no name to call it by"),
        (lambda: fx.call_tool("x", [1]), "arguments is"),
        (lambda: fx.call_tool("x", timeout=-1), "timeout is -1"),
        (lambda: fx.call_tool("x", repeat="never"), "repeat is 'never'"),
        (lambda: fx.call_tool("x", into=3), "into is 3"),
        (lambda: fx.call_tool("x", {"a": "{{ data.b }}$secret{K}"}), "a secret and a template"),
        (lambda: fx.call_tool("x", {"a": {"secret": "{{ data.b }}"}}), "which is no name"),
    ],
)
def test_what_cannot_work_says_why(make, message):
    with pytest.raises(DefinitionError, match=message.replace("{", r"\{")) as caught:
        make()
    assert caught.value.hint


def test_a_document_may_not_say_what_the_engine_notes():
    with pytest.raises(DefinitionError, match="reveals"):
        fx.read_effect({"kind": "call_tool", "tool": "x", "reveals": []})
