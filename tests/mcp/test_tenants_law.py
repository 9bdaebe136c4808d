"""The law of tenants: whatever is called with whatever, nobody reads a word of another's."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mcp.at_desk import at_desk
from traaviis_lab.mcp.catalogue import catalogue

TENANTS = ("ash", "birch", "cedar")
TOOLS = sorted(catalogue())


def said(tenant):
    """What only this tenant wrote, and nobody passes as an argument."""
    return f"sap-of-{tenant}"


def machine(tenant):
    return f"Tree{tenant.title()}"


def chart(tenant):
    return {
        "spec": "traaviis/1",
        "name": machine(tenant),
        "title": f"A tree, {said(tenant)}.",
        "data": {"word": said(tenant)},
        "initial": f"grows_{tenant}",
        "states": {
            f"grows_{tenant}": {
                "enter": [{"kind": "put_data", "key": "deep", "value": {"word": said(tenant)}}],
                "transitions": [
                    {"on": "rain", "to": f"grows_{tenant}", "assign": {"rain": "event.much"}},
                    {"on": f"axe_{tenant}", "to": "down", "when": f"data.word != '{said(tenant)}'"},
                ],
            },
            "down": {"final": True},
        },
    }


@pytest.fixture(scope="module")
def forest():
    desk = at_desk()
    desk.answer = "once"
    desk.lab.models.scripted("m", lambda request: "an answer")
    for tenant in TENANTS:
        for n in range(2):
            name = f"{tenant}-{n}"
            desk.ask("create_fsm", tenant, spec=chart(tenant), fsm_id=name)
            desk.ask("send_event", tenant, fsm_id=name, event="rain", data={"much": said(tenant)})
            desk.refused("send_event", tenant, fsm_id=name, event=f"axe_{tenant}")
        desk.ask("call_llm", tenant, prompt=said(tenant), model="m/x")
        desk.ask("create_fsm", tenant, spec=chart(tenant), fsm_id=f"{tenant}-over")
        desk.destroy(f"{tenant}-over", tenant)
    desk.news.clear()
    yield desk
    desk.close()


IDS = [f"{tenant}-{n}" for tenant in TENANTS for n in (0, 1, "over")] + ["never", "~budgets", ""]
MACHINES = [machine(tenant) for tenant in TENANTS] + ["SmartDoor", "Never"]
QUERIES = [
    "select * from events", "select * from runs", "select * from mcp_calls",
    "select * from model_calls", "select body from charts", "select * from snapshots",
    "select * from refused union all select * from refused", "select tenant, state from runs",
    "from events where tenant = 'birch'", "select * from main.events", "show all tables",
]  # fmt: skip
BY_NAME = {
    "fsm_id": st.sampled_from(IDS),
    "machine": st.sampled_from(MACHINES),
    "template": st.sampled_from(MACHINES),
    "name": st.sampled_from([*MACHINES, *IDS]),
    "after": st.sampled_from(IDS),
    "state": st.sampled_from([f"grows_{tenant}" for tenant in TENANTS] + ["down"]),
    "event": st.sampled_from([*(f"axe_{tenant}" for tenant in TENANTS), "rain", "fly"]),
    "sql": st.sampled_from(QUERIES),
    "query": st.sampled_from(QUERIES),
    "effects": st.sampled_from(
        [{"kind": "send_event", "to": one, "event": "rain", "data": {"much": 1}} for one in IDS[:6]]
        + [{"kind": "spawn_fsm", "machine": one} for one in MACHINES]
        + [{"kind": "spawn_fsm", "machine": "SmartDoor", "id": one} for one in IDS[:6]]
        + [{"kind": "log", "message": "hello"}]
    ),
    "prompt": st.just("What do you know?"),
    "model": st.just("m/x"),
    "what": st.sampled_from(["data.word", "state", "machines", "effects", "data.rain"]),
    "fields": st.sampled_from([["word"], ["deep"], ["rain"]]),
}
QUICK = {"seconds": st.just(0.01), "wait_seconds": st.just(0.5), "timeout": st.just(0.01)}


def value_of(name, field, tenant, reads):
    """Something to pass for a field, by its name, else by its type.

    What an agent writes itself is its own: nobody is handed another's words to write.
    """
    if name == "spec":
        return st.just(chart(tenant))
    if name in QUICK:
        return QUICK[name]
    if name in BY_NAME:
        return BY_NAME[name]
    if "enum" in field:
        return st.sampled_from(field["enum"])
    kind = field.get("type")
    if kind == "integer":
        return st.integers(max(0, field.get("minimum", 0)), min(9, field.get("maximum", 9)))
    if kind == "number":
        return st.just(max(0.01, field.get("minimum", 0.01)))
    if kind == "boolean":
        return st.booleans()
    if kind == "array":
        return st.sampled_from(IDS).map(lambda one: [one])
    if kind == "object":
        return st.just({})
    return st.sampled_from([*IDS, *MACHINES] if reads else ["mine", "~mine", tenant])


@st.composite
def calls(draw):
    tenant, tool = draw(st.sampled_from(TENANTS)), catalogue()[draw(st.sampled_from(TOOLS))]
    schema = tool.schema()
    arguments = {}
    for name, field in schema.get("properties", {}).items():
        quick = name in QUICK
        if quick or name in schema.get("required", ()) or draw(st.booleans()):
            arguments[name] = draw(value_of(name, field, tenant, tool.read_only))
    return tenant, tool.name, arguments


@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(calls())
def test_nobody_reads_a_word_of_another_tenant(forest, call):
    tenant, tool, arguments = call
    reply = forest.reply(tool, tenant, **arguments)
    # What a tenant says itself it may hear again, and what it wrote down also later.
    passed = forest.written[tenant] + json.dumps(arguments)
    if not catalogue()[tool].read_only:
        forest.written[tenant] = passed
    answered = reply.text + json.dumps(reply.data) + json.dumps(forest.news)
    forest.news.clear()
    for other in TENANTS:
        if other == tenant:
            continue
        words = (said(other), machine(other), f"grows_{other}", f"axe_{other}", f"{other}-")
        for word in (*words, f"{other}:"):
            if word not in passed:
                assert word not in answered, (tool, arguments)
    for other in TENANTS:
        for n in range(2):
            run = forest.run(f"{other}-{n}", other)
            assert run.data["word"] == said(other)
            if other != tenant:
                assert run.data["rain"] in (said(other), 1, None) or run.tenant == other
