"""The catalogue as a model meets it: small, plain, and true of itself."""

import json
import re

import jsonschema
import pytest

from tests.mcp.at_desk import at_desk
from traaviis_lab.mcp.catalogue import SETS, catalogue

CORE = {
    "create_fsm", "destroy_fsm", "get_fsm_state", "list_tenant_fsms", "send_event",
    "batch_send_events", "validate_transition", "get_fsm_metrics", "get_server_stats",
    "get_available_modules",
}  # fmt: skip
WORKFLOW = {
    "create_ai_workflow", "execute_effect_pipeline", "call_llm", "embed_text", "spawn_agent",
    "coordinate_agents", "get_run", "wait_for_run",
}  # fmt: skip
MINE = [one for one in catalogue().values() if one.set in ("core", "workflow")]


def named(tool):
    return tool.name


def as_listed(tool):
    """A tool as `tools/list` says it."""
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.schema(),
        "annotations": tool.annotations(),
    }


def test_the_sets_hold_what_they_promise():
    assert {one.name for one in MINE if one.set == "core"} == CORE
    assert {one.name for one in MINE if one.set == "workflow"} == WORKFLOW
    assert list(SETS) == ["core", "workflow", "watch", "debug"]


@pytest.mark.parametrize("which", ["core", "workflow"])
def test_a_set_is_listed_in_few_bytes(which):
    listed = [as_listed(tool) for tool in MINE if tool.set == which]
    size = len(json.dumps({"tools": listed}, separators=(",", ":")).encode())
    assert size < 10_000


@pytest.mark.parametrize("tool", MINE, ids=named)
def test_a_tool_says_shortly_what_it_does_and_takes(tool):
    sentences = re.split(r"(?<=[.])\s+(?=[A-Z])", tool.description)
    assert 1 <= len(sentences) <= 3
    assert len(tool.description) <= 200
    assert tool.description.endswith(".")
    schema = tool.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert "title" not in schema
    for name, field in schema.get("properties", {}).items():
        assert len(field.get("description", "")) <= 80, name
    assert len(json.dumps(as_listed(tool))) < 1_500


@pytest.mark.parametrize("tool", MINE, ids=named)
def test_what_only_looks_may_be_read_and_what_changes_may_not(tool):
    assert (tool.scope == "read") == tool.read_only
    assert tool.destructive == (tool.scope == "admin")
    if tool.read_only:
        assert tool.annotations()["idempotentHint"]


@pytest.mark.parametrize("tool", MINE, ids=named)
def test_a_token_that_reads_changes_nothing(tool):
    desk = at_desk()
    try:
        listed = {one.name for one in desk.desk.listed(desk.client("default", ("read",)))}
        available = tool.available(desk.lab)
        assert (tool.name in listed) == (tool.read_only and available)
        if not tool.read_only and available:
            needed = dict.fromkeys(tool.schema().get("required", ()), "x")
            reply = desk.reply(tool.name, scopes=("read",), **needed)
            assert reply.kind == "PermissionDenied"
    finally:
        desk.close()


@pytest.mark.parametrize("tool", MINE, ids=named)
def test_arguments_that_do_not_fit_are_named(tool):
    desk = at_desk()
    try:
        if not tool.available(desk.lab):
            return
        reply = desk.reply(tool.name, nonsense=1)
        assert reply.is_error
        assert "nonsense" in reply.data["error"]["message"]
        for name in tool.params.model_fields:
            assert name in reply.data["error"]["hint"]
    finally:
        desk.close()
