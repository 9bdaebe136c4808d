"""The law of permissions: what a server says of its tools may only restrict."""

from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.tools import Definition, Rules
from traaviis_lab.tools.permission import Known, judge

STRICT = {"deny": 0, "ask": 1, "allow": 2}
NAMES = ["read_file", "read_all", "write_file", "delete"]
names = st.sampled_from(NAMES)
patterns = st.lists(st.sampled_from([*NAMES, "*", "read_*", "*_file", "nothing"]), max_size=3).map(
    tuple
)
notes = st.dictionaries(
    st.sampled_from(
        ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint", "title", "allow"]
    ),
    st.booleans() | st.none() | st.text(max_size=3) | st.integers(-1, 2),
    max_size=6,
)
known = st.builds(Known, st.sampled_from(["", "description: ..."]), st.booleans())


def tool(name, annotations=None, **more):
    said = {"name": name, "inputSchema": {"type": "object"}, **more}
    if annotations is not None:
        said["annotations"] = annotations
    return Definition.of(said)


@given(names, notes, patterns, patterns, known)
def test_whatever_a_server_says_permission_is_never_looser_than_without_it(
    name, annotations, allow, deny, before
):
    rules = Rules(allow=allow, deny=deny)
    said = judge(tool(name, annotations), rules, before).permission
    assert STRICT[said] <= STRICT[judge(tool(name), rules, before).permission]


@given(names, notes, patterns, patterns, known, st.booleans())
def test_what_is_denied_stays_denied_and_what_changed_is_asked(
    name, annotations, allow, deny, before, trust
):
    definition = tool(name, annotations)
    rules = Rules(allow=allow, deny=deny, trust=trust)
    assert judge(definition, Rules(deny=(name,), allow=(name,), trust=trust), before)[0] == "deny"
    if before.change:
        assert judge(definition, rules, before).permission != "allow"


@given(names, notes, patterns, known)
def test_only_a_person_loosens(name, annotations, deny, before):
    bare = judge(tool(name, annotations), Rules(deny=deny), before._replace(always=False))
    assert bare.permission != "allow"


def test_each_rule_by_itself():
    burn, read = tool("burn", {"destructiveHint": True}), tool("read_x", {"readOnlyHint": True})
    assert judge(read, Rules(), Known()) == ("ask", "nobody has allowed it yet")
    assert judge(read, Rules(trust=True), Known()).permission == "allow"
    assert judge(burn, Rules(allow=("*",)), Known()) == (
        "ask",
        "its server says that it destroys",
    )
    assert judge(burn, Rules(allow=("burn",)), Known()).permission == "allow"
    assert judge(burn, Rules(), Known("", True)).permission == "allow"
    assert judge(burn, Rules(trust=True), Known()).permission == "ask"
    both = tool("both", {"destructiveHint": True, "readOnlyHint": True})
    assert judge(both, Rules(trust=True), Known()).permission == "ask"
