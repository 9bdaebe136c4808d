"""Tools that models may ask for: described from functions, handed back, never called."""

import enum
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

import jsonschema
import pytest

from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import DefinitionError, NoHandler
from traaviis_lab.runtime.asking.toolbox import describe, schema_of, tools_of

from .asking import error, result


@pytest.fixture
def lab():
    with Lab() as opened:
        yield opened


class Kind(enum.Enum):
    A = "a"
    B = "b"


class Address(TypedDict):
    street: str
    number: int


@dataclass
class Point:
    x: float
    y: float = 0.0


def look_up(
    order: str,
    scope,
    lines: list[int] | None = None,
    how: Literal["quick", "whole"] = "quick",
    where: Annotated[Address, "where it goes"] = None,  # type: ignore[assignment]
    **rest: Any,
) -> str:
    """Look an order up
    in the books.

    More that nobody need know.
    """
    raise AssertionError("tools are not called")


def test_a_function_is_described_by_its_docstring_and_types():
    told = describe("look_up", look_up)
    assert told["description"] == "Look an order up in the books."
    parameters = told["parameters"]
    assert parameters["required"] == ["order"]
    assert parameters["properties"]["order"] == {"type": "string"}
    assert parameters["properties"]["lines"] == {
        "anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]
    }
    assert parameters["properties"]["how"] == {"enum": ["quick", "whole"], "default": "quick"}
    assert parameters["properties"]["where"]["description"] == "where it goes"
    assert "scope" not in parameters["properties"]
    assert "additionalProperties" not in parameters
    jsonschema.Draft202012Validator.check_schema(parameters)


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (bool, {"type": "boolean"}),
        (Kind, {"enum": ["a", "b"]}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (tuple[str, ...], {"type": "array", "items": {"type": "string"}}),
        (Any, {}),
        (object, {}),
        (
            Point,
            {
                "type": "object",
                "properties": {"x": {"type": "number"}, "y": {"type": "number"}},
                "required": ["x"],
            },
        ),
    ],
    ids=str,
)
def test_types_become_schemas(kind, schema):
    assert schema_of(kind) == schema


def test_a_function_without_hints_or_signature_takes_anything():
    assert describe("f", lambda a, b=1: a)["parameters"] == {
        "type": "object",
        "properties": {"a": {}, "b": {"default": 1}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert describe("dict", dict)["parameters"] == {"type": "object"}


def test_a_model_asks_for_a_tool_and_the_machine_is_told(lab):
    lab.register(look_up)
    call = {"name": "look_up", "args": {"order": "7"}}
    small = lab.models.scripted("small", [{"text": "Let me see.", "tool_calls": [call]}, "Done."])
    effect = fx.call_llm("small/m", "where is it?", tools=[look_up])
    assert effect.tools == ["look_up"]
    assert result(lab, effect) == {
        "text": "Let me see.",
        "tool_calls": [{"id": "call_1", "name": "look_up", "args": {"order": "7"}}],
    }
    assert small.requests[0].tools[0]["name"] == "look_up"
    assert result(lab, effect) == {"text": "Done.", "tool_calls": []}


def test_tools_and_a_schema_answer_the_one_or_the_other(lab):
    call = {"name": "t", "args": {}}
    lab.models.scripted("small", [{"text": "", "tool_calls": [call]}, '{"a": 1}'])
    tool = {"name": "t", "description": "", "parameters": {"type": "object"}}

    def ask():
        return result(lab, fx.call_llm("small/m", "?", tools=[tool], schema={"type": "object"}))

    # A scripted mapping is JSON text where a schema is asked for; that is an object as well.
    assert ask()["value"]["tool_calls"] == [call]
    assert ask() == {"text": '{"a": 1}', "tool_calls": [], "value": {"a": 1}}


def test_a_tool_nobody_registered_is_named_before_anybody_is_asked(lab):
    lab.register(look_up)
    small = lab.models.scripted("small", ["?"])
    told = error(lab, fx.call_llm("small/m", "?", tools=["lookup"]))
    assert told["kind"] == "NoHandler"
    assert "no function 'lookup' is registered here" in told["message"]
    assert "look_up" in told["hint"]
    assert not small.requests


@pytest.mark.parametrize(
    "tools", [[{"description": "no name"}], [{"name": "a", "parameters": []}], [{"name": ""}]]
)
def test_a_description_that_is_none_is_refused(tools):
    with pytest.raises(DefinitionError, match="no description of a tool"):
        tools_of(tools, {})


def test_openais_way_of_writing_a_tool_is_understood_and_names_are_once():
    said = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    assert tools_of([said], {}) == (
        {"name": "f", "description": "", "parameters": {"type": "object"}},
    )
    with pytest.raises(DefinitionError, match="'f' is there 2 times"):
        tools_of([said, said], {})
    with pytest.raises(NoHandler):
        tools_of(["f"], {})
