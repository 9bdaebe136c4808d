"""What the conformance suite wants to find at a server: mounted on ours, beside its own tools."""

import mcp_types as types
from mcp.shared.exceptions import MCPError

from tests.mcp.conformance import rounds, shelf
from tests.mcp.conformance.contents import PNG, WAV, embedded, image, text

SCHEMA_2020_12 = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
REGION = {
    "type": "object",
    "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
}


def done(*content):
    return types.CallToolResult(content=list(content))


async def test_simple_text(context, params):
    """Answers text."""
    return done(text("This is a simple text response for testing."))


async def test_image_content(context, params):
    """Answers an image."""
    return done(image(PNG))


async def test_audio_content(context, params):
    """Answers a sound."""
    return done(types.AudioContent(type="audio", data=WAV, mime_type="audio/wav"))


async def test_embedded_resource(context, params):
    """Answers a resource."""
    return done(embedded("test://embedded-resource", "This is an embedded resource content."))


async def test_multiple_content_types(context, params):
    """Answers text, an image and a resource."""
    resource = embedded(
        "test://mixed-content-resource", '{"test":"data","value":123}', "application/json"
    )
    return done(text("Multiple content types test:"), image(PNG), resource)


async def test_tool_with_logging(context, params):
    """Logs three times."""
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        said = types.LoggingMessageNotificationParams(level="info", data=line)
        await context.session.send_notification(
            types.LoggingMessageNotification(params=said), related_request_id=context.request_id
        )
    return done(text("logged"))


async def test_tool_with_progress(context, params):
    """Says three times how far it is."""
    for part in (0, 50, 100):
        await context.session.report_progress(part, 100, f"Completed step {part} of 100")
    return done(text("progressed"))


async def test_error_handling(context, params):
    """Always fails."""
    return types.CallToolResult(
        content=[text("This tool intentionally returns an error for testing")], is_error=True
    )


async def test_sampling(context, params):
    """Asks the client's model."""
    asked = types.CreateMessageRequestParams(
        messages=[types.SamplingMessage(role="user", content=text(params.arguments["prompt"]))],
        max_tokens=100,
    )
    answer = await rounds.request(
        context, types.CreateMessageRequest(params=asked), types.CreateMessageResult
    )
    return done(text(f"LLM response: {answer.content.text}"))


async def test_elicitation(context, params):
    """Asks the person."""
    schema = {
        "type": "object",
        "properties": {"response": {"type": "string", "description": "User's response"}},
        "required": ["response"],
    }
    return await asked(context, params.arguments["message"], schema)


async def test_elicitation_sep1034_defaults(context, params):
    """Asks the person, with defaults of every kind."""
    properties = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {
            "type": "string",
            "enum": ["active", "inactive", "pending"],
            "default": "active",
        },
        "verified": {"type": "boolean", "default": True},
    }
    return await asked(context, "Who are you?", {"type": "object", "properties": properties})


async def test_elicitation_sep1330_enums(context, params):
    """Asks the person to choose, in every way there is."""
    priorities = [("low", "Low"), ("medium", "Medium"), ("high", "High")]
    kinds = [("feature", "New Feature"), ("bug", "Bug Fix"), ("docs", "Documentation")]
    properties = {
        "untitledSingle": {"type": "string", "enum": ["active", "inactive", "pending"]},
        "titledSingle": {
            "type": "string",
            "oneOf": [{"const": value, "title": title} for value, title in priorities],
        },
        "legacyEnum": {
            "type": "string",
            "enum": ["small", "medium", "large"],
            "enumNames": ["Small Size", "Medium Size", "Large Size"],
        },
        "untitledMulti": {
            "type": "array",
            "items": {"type": "string", "enum": ["read", "write", "execute"]},
        },
        "titledMulti": {
            "type": "array",
            "items": {"anyOf": [{"const": value, "title": title} for value, title in kinds]},
        },
    }
    return await asked(context, "Choose.", {"type": "object", "properties": properties})


async def asked(context, message, schema):
    answer = await context.session.elicit_form(
        message, schema, related_request_id=context.request_id
    )
    return done(text(f"User response: action={answer.action}, content={answer.content}"))


async def test_x_mcp_header(context, params):
    """Has an argument that is mirrored into a header."""
    return done(text(f"region={(params.arguments or {}).get('region')}"))


async def json_schema_2020_12_tool(context, params):
    """Has a schema with everything that may stand in one."""
    return done(text("json_schema_2020_12_tool"))


async def test_missing_capability(context, params):
    """Needs a client with a model."""
    can = context.session.client_capabilities
    if can is None or can.sampling is None:
        raise MCPError(
            types.MISSING_REQUIRED_CLIENT_CAPABILITY,
            "This tool needs a client that can sample.",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return done(text("sampling is there"))


async def test_reconnection(context, params):
    """Closes its stream in the midst of a call, where that can be."""
    if context.close_sse_stream is not None:
        await context.close_sse_stream()
    return done(text("Reconnection test completed"))


async def test_trigger_tool_change(context, params):
    """Changes the list of tools, and back."""
    served = SERVED[-1]
    served.switch("debug", not served.sets["debug"])
    return done(text("changed"))


SERVED = []  # the server of the test that is running
OWN = (
    test_trigger_tool_change,
    test_simple_text,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_tool_with_logging,
    test_tool_with_progress,
    test_error_handling,
    test_sampling,
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
    test_x_mcp_header,
    json_schema_2020_12_tool,
    test_missing_capability,
    test_reconnection,
)
SCHEMAS = {"json_schema_2020_12_tool": SCHEMA_2020_12, "test_x_mcp_header": REGION}


def mount(server):
    """Put the suite's tools, resources and prompts beside those of a server of ours."""
    tools = {one.__name__: one for one in (*OWN, *rounds.tools())}
    listed = server.get_request_handler("tools/list").handler
    called = server.get_request_handler("tools/call").handler
    schema_of = server.get_tool_input_schema

    async def list_tools(context, params):
        ours = await listed(context, params)
        shown = [
            types.Tool(
                name=name,
                description=tool.__doc__,
                input_schema=SCHEMAS.get(name, {"type": "object"}),
            )
            for name, tool in tools.items()
        ]
        return types.ListToolsResult(tools=[*ours.tools, *shown])

    async def call_tool(context, params):
        tool = tools.get(params.name, called)
        return await tool(context, params)

    server.add_request_handler("tools/list", types.PaginatedRequestParams, list_tools)
    server.add_request_handler("tools/call", types.CallToolRequestParams, call_tool)
    server.get_tool_input_schema = lambda name: SCHEMAS.get(name) or schema_of(name)
    shelf.mount(server)
