"""Answers that have to fit a schema: how they are read, judged, repaired and refused."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.effects import CallLlm
from traaviis_lab.errors import DefinitionError
from traaviis_lab.models import Answer
from traaviis_lab.runtime.asking.schema_door import checker
from traaviis_lab.runtime.asking.structured import read_object

from .asking import error, result
from .models import Odd, called

MOOD = {
    "type": "object",
    "properties": {"mood": {"enum": ["good", "bad"]}, "sure": {"type": "number"}},
    "required": ["mood"],
    "additionalProperties": False,
}


@pytest.fixture
def lab():
    with Lab() as opened:
        yield opened


def test_an_answer_that_fits_is_the_object(lab):
    small = lab.models.scripted("small", [{"mood": "good"}])
    assert result(lab, fx.call_llm("small/m", "mood?", schema=MOOD)) == {"mood": "good"}
    assert small.requests[0].schema == MOOD


@pytest.mark.parametrize(
    "text",
    [
        '{"mood": "bad"}',
        '  {"mood":"bad"}\n',
        'Sure!\n```json\n{"mood": "bad"}\n```\nAnything else?',
        '```\n{"mood": "bad"}\n```',
        'The answer is {"mood": "bad"}, I think.',
    ],
)
def test_the_object_is_found_in_what_models_write_around_it(lab, text):
    lab.models.scripted("small", [text])
    assert result(lab, fx.call_llm("small/m", "mood?", schema=MOOD)) == {"mood": "bad"}


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists))
def test_what_json_writes_is_read_back_alone_and_fenced(value):
    text = json.dumps({"it": value})
    assert read_object(text) == ({"it": value}, [])
    assert read_object(f"```json\n{text}\n```") == ({"it": value}, [])


@pytest.mark.parametrize("text", ["", "no", "NaN", "{", "[" * 5000, '{"a": NaN}', "```json\n```"])
def test_what_is_no_json_is_said_to_be_none(text):
    value, why = read_object(text)
    assert value is None
    assert why[0].startswith("It is no JSON: ")


def test_a_model_is_told_what_does_not_fit_and_asked_again(lab):
    small = lab.models.scripted("small", ['{"mood": "so-so", "x": 1}', '{"mood": "good"}'])
    assert result(lab, fx.call_llm("small/m", "mood?", schema=MOOD)) == {"mood": "good"}
    first, second = small.requests
    assert second.messages[:-2] == first.messages
    assert second.messages[-2] == {"role": "assistant", "content": '{"mood": "so-so", "x": 1}'}
    told = second.messages[-1]["content"]
    assert "mood: 'so-so' is not one of ['good', 'bad']" in told
    assert "'x' was unexpected" in told
    assert first.key != second.key
    assert second.key.startswith(f"{first.key}/repair/")
    assert [fact["purpose"] for fact in called(lab)] == ["", "repair"]
    assert called(lab)[1]["node"] == "Asking/asking#0:repair"


@pytest.mark.parametrize("repairs", [0, 1, 3])
def test_it_is_told_so_often_as_it_may_be_and_then_it_is_unfit(lab, repairs):
    small = lab.models.scripted("small", lambda request: "I feel fine.")
    told = error(lab, fx.call_llm("small/m", "mood?", schema=MOOD, repairs=repairs))
    assert len(small.requests) == repairs + 1
    assert told["kind"] == "AnswerUnfit"
    assert "the answer does not fit the schema: It is no JSON" in told["message"]
    assert "It began 'I feel fine.'" in told["message"]
    assert "repairs" in told["hint"]


def test_what_was_cut_off_is_not_repaired_but_said(lab):
    small = lab.models.scripted("small", lambda request: '{"mood": "good", "sure": 0.5}')
    told = error(lab, fx.call_llm("small/m", "mood?", schema=MOOD, max_tokens=3))
    assert len(small.requests) == 1
    assert "it was cut off by the limit of tokens" in told["message"]
    assert "max_tokens" in told["hint"]


def test_a_schema_may_be_a_model_of_pydantics(lab):
    class Mood:
        @classmethod
        def model_json_schema(cls):
            return MOOD

    lab.models.scripted("small", [{"mood": "bad"}])
    effect = fx.call_llm("small/m", "mood?", schema=Mood)
    assert effect.to_spec()["schema"] == MOOD
    assert result(lab, effect) == {"mood": "bad"}


def test_a_schema_may_refer_to_its_own_parts(lab):
    tree = {"$ref": "#/$defs/t", "$defs": {"t": {"type": "array", "items": {"$ref": "#/$defs/t"}}}}
    lab.models.scripted("small", ["[[], [[]]]"])
    assert result(lab, fx.call_llm("small/m", "tree?", schema=tree)) == [[], [[]]]


def deep(levels):
    return {"type": "array", "items": deep(levels - 1)} if levels else {}


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"$ref": "https://example.com/mood.json"}, "nothing is fetched for it"),
        ({"properties": {"a": {"$ref": "mood.json"}}}, "nothing is fetched for it"),
        (deep(40), "more than 32 levels"),
        ({"enum": list(range(6000))}, "or 5,000 parts"),
        ([], "schema is a list of 0, and must be a mapping"),
    ],
    ids=["remote", "file", "deep", "large", "list"],
)
def test_a_schema_one_cannot_work_with_is_refused_where_it_is_written(schema, says):
    with pytest.raises(DefinitionError, match=says):
        CallLlm("small/m", "?", schema=schema)


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"type": "objekt"}, "this is no JSON Schema"),
        ({"$ref": "#/$defs/missing"}, "it cannot be checked"),
    ],
)
def test_a_schema_that_is_none_fails_the_effect(lab, schema, says):
    lab.models.scripted("small", ["{}", "{}"])
    told = error(lab, fx.call_llm("small/m", "?", schema=schema))
    assert told["kind"] == "DefinitionError"
    assert says in told["message"]


def test_a_schema_without_end_and_an_answer_without_end_do_no_harm(lab):
    lab.models.scripted("small", lambda request: "[" * 900 + "]" * 900)
    loop = {"$ref": "#"}
    told = error(lab, fx.call_llm("small/m", "?", schema=loop))
    assert told["kind"] == "AnswerUnfit"
    assert "nested too deep" in told["message"]


def test_an_answer_that_was_held_back_is_not_asked_for_again(lab):
    async def held(request):
        return Answer("", finish="content_filter")

    odd = Odd(held)
    lab.models.add("far", odd)
    told = error(lab, fx.call_llm("far/m", "?", schema=MOOD))
    assert len(odd.requests) == 1
    assert "its provider held it back" in told["message"]


@pytest.mark.parametrize(
    "text",
    [
        'As [1] says: {"mood": "bad"}',
        'I weighed [1, 2] and {"mood": "so-so"}. Result: {"mood": "bad"}',
        '```json\n{"mood": "so-so"}\n```\nNo, rather:\n```json\n{"mood": "bad"}\n```',
        '{"mood": "so-so"} {"mood": "bad"}',
    ],
)
def test_of_several_values_the_first_that_fits_is_meant(lab, text):
    lab.models.scripted("small", [text])
    effect = fx.call_llm("small/m", "mood?", schema=MOOD, repairs=0)
    assert result(lab, effect) == {"mood": "bad"}


def test_where_none_fits_the_first_is_complained_of_and_parts_are_not_taken(lab):
    lab.models.scripted("small", ['Well: {"is": {"mood": "bad"}} or {"mood": 3}'])
    told = error(lab, fx.call_llm("small/m", "mood?", schema=MOOD, repairs=0))
    assert "'mood' is a required property" in told["message"]


@pytest.mark.parametrize("odd", ['"\\ud800"', "1e400", "-1e400"])
def test_what_the_journal_cannot_hold_is_repaired_and_no_loss(lab, odd):
    small = lab.models.scripted("small", [f'So: {{"a": {odd}}}', '{"a": 1}'])
    assert result(lab, fx.call_llm("small/m", "a?", schema={"type": "object"})) == {"a": 1}
    assert len(small.requests) == 2


def test_a_tool_that_nobody_offered_is_no_answer_to_a_schema(lab):
    calls = ({"id": "1", "name": "t", "args": {}},)
    lab.models.scripted("small", [Answer("", calls, "tool_calls"), '{"mood": "good"}'])
    assert result(lab, fx.call_llm("small/m", "mood?", schema=MOOD)) == {"mood": "good"}


def test_a_pattern_that_would_take_for_ever_is_given_up():
    schema = {"type": "object", "properties": {"word": {"type": "string", "pattern": "^(a|aa)+$"}}}
    check = asyncio.run(checker(schema))
    assert check({"word": "aaa"}) == []
    assert "does not match" in check({"word": "b"})[0]
    assert check({"word": "a" * 60 + "!"}) == [
        "A pattern of the schema is not through with it within 0.5 s."
    ]


def test_patterns_of_names_are_looked_at_as_json_schema_says():
    schema = {"patternProperties": {"^n_": {"type": "integer"}}}
    check = asyncio.run(checker(schema))
    assert check({"n_a": 1, "other": "x"}) == []
    assert check({"n_a": "x"}) == ["n_a: 'x' is not of type 'integer'"]
