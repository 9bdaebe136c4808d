"""The published JSON Schema and the parser agree, as far as a schema can say it."""

import jsonschema
import pytest
from hypothesis import given

from traaviis_lab import effects
from traaviis_lab.effects.leaves import LEVELS
from traaviis_lab.gallery import SecuritySystem, SmartDoor, Timer
from traaviis_lab.machine.reader import find_problems
from traaviis_lab.machine.schema import spec_schema

from .charts import chart_specs, tries
from .test_spec_errors import MISTAKES, changed
from .test_spec_laws import chart_or_definition_error, wounded

Validator = jsonschema.Draft202012Validator
VALID = Validator(spec_schema())

# What the parser finds and no schema can: it needs other parts of the document, or is no JSON.
BEYOND_A_SCHEMA = (
    "the expression is empty",
    "A fixed text is written",
    "there is no state",
    "there are two states",
    "exclude each other",
    "is named twice",
    "is not inside",
    "has no past",
    "state to go back to",
    "region",
    "a history state at the top",
    "only history states",
    "is no property here",
    "is above maximum",
    "has no minimum",
    "is none of enum",
    "is out of bounds",
    "is no integer",
    "is no JSON",
    "is too large",
    "the key 1 is no text",
    "is no Unicode",
)
TEXTS_WITH_A_GRAMMAR = ("when", "assign", "value", "message")


def test_the_schema_is_a_schema():
    Validator.check_schema(VALID.schema)


@pytest.mark.parametrize("machine", [SmartDoor, SecuritySystem, Timer])
def test_both_accept_the_gallery(machine):
    document = machine.chart.to_spec()
    assert [error.message for error in VALID.iter_errors(document)] == []
    assert find_problems(document) == []


@tries(60)
@given(chart_specs())
def test_both_accept_good_charts(document):
    VALID.validate(document)
    assert find_problems(document) == []


@tries(120)
@given(wounded())
def test_what_the_schema_refuses_the_parser_refuses(document):
    chart_or_definition_error(document)
    if not find_problems(document):
        assert [error.message for error in VALID.iter_errors(document)] == []


@pytest.mark.parametrize(("path", "value", "said"), MISTAKES)
def test_what_the_parser_refuses_the_schema_refuses_where_it_can(path, value, said):
    document = changed(path, value)
    if any(words in said for words in BEYOND_A_SCHEMA):
        return
    if said.endswith(": ") and any(word in said for word in TEXTS_WITH_A_GRAMMAR):
        return  # an expression or a template that does not compile
    assert not VALID.is_valid(document), said


def test_the_schema_knows_the_effects_by_their_fields():
    log = spec_schema(["log"])["$defs"]["effect.log"]
    assert log["required"] == ["kind", "message"]
    assert log["properties"]["level"]["anyOf"][0] == {"enum": list(LEVELS)}
    assert set(log["properties"]) == {"kind", "message", "level"}
    assert log["description"] == effects.Log.__doc__
