"""Requests and answers of the engine in this process, without the engine."""

import pytest

from traaviis_lab.cost import Usage
from traaviis_lab.errors import ModelFailed
from traaviis_lab.models import Request
from traaviis_lab.models.llama_wire import Heard, body_of, plain, prompt_of

HI = ({"role": "user", "content": "hi"},)
TOOL = {"name": "weather", "description": "of a city", "parameters": {"type": "object"}}


def piece(delta, finish=None, **more):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def heard(*pieces, **fields):
    all_of_it = Heard(Request("m", HI, **fields))
    for one in pieces:
        all_of_it.take(one)
    return all_of_it


def test_what_the_request_leaves_open_is_settled():
    body = body_of(Request("m", HI), most=512, again=False)
    assert (body["max_tokens"], body["temperature"], body["seed"]) == (512, 0.0, 0)
    assert body["cache_prompt"] is False
    asked = Request("m", HI, max_tokens=7, temperature=0.5, seed=3, stop=("x",))
    body = body_of(asked, most=512, again=True)
    assert (body["max_tokens"], body["temperature"], body["seed"]) == (7, 0.5, 3)
    assert (body["stop"], body["cache_prompt"]) == (["x"], True)


def test_a_schema_is_no_part_of_what_is_read():
    asked = Request("m", HI, schema={"type": "object"}, tools=(TOOL,))
    assert prompt_of(asked) == {
        "messages": list(HI),
        "tools": [{"type": "function", "function": TOOL}],
    }
    assert "response_format" not in body_of(asked, most=1, again=False)


def test_calls_of_tools_come_in_pieces():
    def call(index, **more):
        return piece({"tool_calls": [{"index": index, **more}]})

    answer = heard(
        piece({"role": "assistant", "content": None}),
        call(0, id="a", function={"name": "weather", "arguments": ""}),
        call(0, function={"arguments": '{"city": '}),
        call(1, id="b", function={"name": "weather", "arguments": "{broken"}),
        call(0, function={"arguments": '"Oslo"}'}),
        piece({}, finish="tool_calls"),
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}},
    ).answer({"source": "local"})
    assert answer.tool_calls == (
        {"id": "a", "name": "weather", "args": {"city": "Oslo"}},
        {"id": "b", "name": "weather", "args": "{broken"},
    )
    assert (answer.text, answer.finish, answer.usage) == ("", "tool_calls", Usage(9, 4))


def test_tokens_that_were_computed_before_are_told():
    told = {
        "prompt_tokens": 9,
        "completion_tokens": 1,
        "prompt_tokens_details": {"cached_tokens": 8},
    }
    answer = heard(piece({"content": "x"}, finish="length"), {"usage": told}).answer({})
    assert (answer.text, answer.finish, answer.usage) == ("x", "length", Usage(9, 1, 8))


def test_an_answer_without_an_end_is_none():
    with pytest.raises(ModelFailed, match="broke off before its end"):
        heard(piece({"content": "Once upon"})).answer({})


def test_an_answer_that_is_no_json_shows_that_the_schema_had_no_hold():
    spoken = piece({"content": "Paris, the"}, finish="length")
    with pytest.raises(ModelFailed, match="cannot hold an answer to this schema"):
        heard(spoken, schema={"$ref": "#/nowhere"}).answer({})
    assert heard(spoken).answer({}).text == "Paris, the"
    assert heard(piece({"content": ' {"a'}, finish="length"), schema={"a": 1}).answer({}).text


def test_patterns_no_grammar_can_say_are_left_out_and_nothing_else_is():
    schema = {
        "type": "object",
        "properties": {
            "pattern": {"type": "string", "pattern": r"^\d{3}(?:-[a-z]+)?$"},
            "ahead": {"type": "string", "pattern": "(?=a)b", "minLength": 1},
            "list": {"type": "array", "items": [{"pattern": r"(a)\1"}, {"pattern": r"^\p{L}+$"}]},
        },
        "const": {"pattern": "(?=a"},
    }
    assert plain(schema) == {
        **schema,
        "properties": {
            "pattern": {"type": "string", "pattern": r"^\d{3}(?:-[a-z]+)?$"},
            "ahead": {"type": "string", "minLength": 1},
            "list": {"type": "array", "items": [{}, {"pattern": r"^\p{L}+$"}]},
        },
    }
