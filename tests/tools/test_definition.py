"""What servers say of tools: fingerprints, readable changes, bounds, and nothing hidden."""

import copy
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.errors import DefinitionError
from traaviis_lab.tools import Definition
from traaviis_lab.tools.changes import MOST_LINES, changes
from traaviis_lab.tools.definition import LARGEST
from traaviis_lab.tools.foreign import is_hidden, one_line, plain
from traaviis_lab.tools.schema_weight import is_too_heavy

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}}
WIRE = {"name": "read", "description": "Reads.", "inputSchema": SCHEMA}
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def doubled(depth):
    """A schema of a few lines that is 2 to the power of `depth` parts large."""
    twice = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(depth)}
    return {
        "type": "object",
        "allOf": [{"$ref": "#/$defs/a0"}],
        "$defs": {**twice, f"a{depth}": {"type": "object"}},
    }


@given(st.dictionaries(st.sampled_from(["description", "annotations", "outputSchema"]), values))
def test_a_fingerprint_is_of_what_is_said_and_not_of_its_order(more):
    wire = {**WIRE, **more}
    made = Definition.of(wire)
    turned = Definition.of(dict(reversed(wire.items())))
    assert made.fingerprint == turned.fingerprint
    other = copy.deepcopy(wire)
    other["inputSchema"]["properties"]["path"]["type"] = "integer"
    assert Definition.of(other).fingerprint != made.fingerprint


@given(values, values)
def test_a_change_of_the_fingerprint_can_be_read(before, after):
    one, two = ({**WIRE, "description": d} for d in (before, after))
    old, new = Definition.of(one), Definition.of(two)
    if old.said != new.said:
        assert old.fingerprint != new.fingerprint
        assert changes(old.said, new.said).startswith("description:")


def test_a_change_is_shown_line_by_line_also_where_it_cannot_be_seen():
    after = {**WIRE, "description": "Reads.\u200b", "annotations": {"destructiveHint": True}}
    assert changes(WIRE, after) == (
        'annotations:\n  + {\n  +  "destructiveHint": true\n  + }\n'
        "description:\n  - Reads.\n  + Reads.\\u200b"
    )
    long = {**WIRE, "description": "\n".join(map(str, range(999)))}
    assert len(changes(WIRE, long).splitlines()) == MOST_LINES + 1


@given(st.text() | st.text(st.characters(categories=["Cf", "Cc", "Mn", "Lo", "Zs", "So"])))
def test_nothing_hidden_is_shown(text):
    shown = plain(text, 50)
    assert len(shown) <= 50
    assert not [c for c in shown if c not in "\n\t" and is_hidden(c)]
    assert not [c for c in shown if unicodedata.category(c) in ("Cf", "Cs", "Co") or c == "\x1b"]
    assert "\n" not in one_line(text, 50)
    assert len(one_line(text, 50)) <= 50


def test_tricks_with_letters_are_gone():
    tricks = "a\u202eb\u2066c\U000e0041d\ufe0fe\u3164f\x1b[31mg" + "h" + "\u0301" * 50
    assert plain(tricks, 100) == "abcdef[31mg" + "h" + "\u0301" * 4
    assert plain("naïve 日本 مرحبا", 100) == "naïve 日本 مرحبا"


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        ({**WIRE, "name": "a b"}, "no name of a tool"),
        ({**WIRE, "name": "x" * 129}, "no name of a tool"),
        ({**WIRE, "name": "a\n"}, "no name of a tool"),
        ({**WIRE, "name": 3}, "no name of a tool"),
        ({"name": "read"}, "has no schema"),
        ({**WIRE, "description": "x" * LARGEST}, "is described in 65,"),
        ({**WIRE, "annotations": {"a": 2**60}}, "2\\*\\*53|integer|whole number|exact"),
        ({**WIRE, "description": "\ud800"}, "surrogate|character"),
    ],
)
def test_what_cannot_be_a_tool_is_refused(wire, message):
    with pytest.raises(DefinitionError, match=message):
        Definition.of(wire)


def test_what_is_nested_too_deep_is_refused():
    deep = {}
    for _ in range(100):
        deep = {"not": deep}
    with pytest.raises(DefinitionError, match="levels deep"):
        Definition.of({**WIRE, "inputSchema": deep})


@pytest.mark.parametrize("schema", [doubled(40), {"$defs": {"a": {"$id": "x"}}}])
def test_a_schema_that_is_larger_than_it_looks_is_noticed_at_once(schema):
    assert is_too_heavy(schema)
    assert Definition.of({**WIRE, "inputSchema": schema}).is_heavy


@pytest.mark.parametrize(
    "schema",
    [
        SCHEMA,
        doubled(5),
        {"$ref": "#"},
        {"$ref": "#/nowhere/3", "$defs": {"t": {"properties": {"l": {"$ref": "#/$defs/t"}}}}},
        {"$ref": "#here", "$defs": {"x": {"$anchor": "here", "anyOf": [{"type": "null"}]}}},
    ],
)
def test_usual_schemas_are_light(schema):
    assert not is_too_heavy(schema)
