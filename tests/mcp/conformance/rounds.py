"""The suite's tools that need a second call: what they ask first, and what they then answer.

Their states are kept by our own keeper of open questions, so that the suite tries that one.
"""

import json

import mcp_types as types
from mcp.shared.message import ServerMessageMetadata

from tests.mcp.conformance.contents import text
from traaviis_lab.mcp.adapter_asking import Open
from traaviis_lab.mcp.call import Question

NAME = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
OK = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
_OPEN = Open(waits=60)
_GRANT = "suite"


async def request(context, asked, result):
    """Ask the client in the midst of a call."""
    about = ServerMessageMetadata(related_request_id=context.request_id)
    return await context.session.send_request(asked, result, metadata=about)


def done(said):
    return types.CallToolResult(content=[text(said)])


def asks(state=None, **requests):
    return types.InputRequiredResult(input_requests=requests, request_state=state)


def form(message, schema=NAME):
    params = types.ElicitRequestFormParams(message=message, requested_schema=schema)
    return types.ElicitRequest(params=params)


def sample(said, most=100):
    message = types.SamplingMessage(role="user", content=text(said))
    params = types.CreateMessageRequestParams(messages=[message], max_tokens=most)
    return types.CreateMessageRequest(params=params)


def answers(params):
    return params.input_responses or {}


def field(answer, name):
    good = isinstance(answer, types.ElicitResult) and answer.action == "accept"
    return (answer.content or {}).get(name) if good else None


async def test_input_required_result_elicitation(context, params):
    """Asks for a name."""
    name = field(answers(params).get("user_name"), "name")
    if not isinstance(name, str):
        return asks(user_name=form("What is your name?"))
    return done(f"Hello, {name}!")


async def test_input_required_result_sampling(context, params):
    """Asks the client's model."""
    answer = answers(params).get("capital_question")
    if not isinstance(answer, types.CreateMessageResult):
        return asks(capital_question=sample("What is the capital of France?"))
    return done(f"Model said: {answer.content.text}")


async def test_input_required_result_list_roots(context, params):
    """Asks for the client's folders."""
    answer = answers(params).get("client_roots")
    if not isinstance(answer, types.ListRootsResult):
        return asks(client_roots=types.ListRootsRequest())
    return done(f"{len(answer.roots)} roots")


async def test_input_required_result_request_state(context, params):
    """Asks once, and wants its state back."""
    if _taken(params) is None:
        return asks(_kept(params, "confirm"), confirm=form("Please confirm", OK))
    return done("state-ok: confirmation received")


async def test_input_required_result_multiple_inputs(context, params):
    """Asks three things at once."""
    if _taken(params) is not None and len(answers(params)) == 3:
        return done("All inputs received.")
    return asks(
        _kept(params, "all"),
        user_name=form("What is your name?"),
        greeting=sample("Generate a greeting", 50),
        client_roots=types.ListRootsRequest(),
    )


async def test_input_required_result_multi_round(context, params):
    """Asks twice, one after the other."""
    state = json.loads(_taken(params) or "{}")
    if name := field(answers(params).get("step1"), "name"):
        color = {"type": "object", "properties": {"color": {"type": "string"}}}
        kept = _kept(params, json.dumps({"name": name}))
        return asks(kept, step2=form("Step 2: What is your favorite color?", color))
    if state.get("name") and (color := field(answers(params).get("step2"), "color")):
        return done(f"{state['name']} likes {color}.")
    return asks(_kept(params, "{}"), step1=form("Step 1: What is your name?"))


async def test_input_required_result_tampered_state(context, params):
    """Asks once; a state that is not its own is refused."""
    return await test_input_required_result_request_state(context, params)


async def test_input_required_result_capabilities(context, params):
    """Asks only what the client can."""
    can = context.session.client_capabilities or types.ClientCapabilities()
    wanted = {}
    if can.sampling is not None:
        wanted["sample"] = sample("Say hello", 50)
    if can.elicitation is not None:
        wanted["ask"] = form("What is your name?")
    return asks(_kept(params, "some"), **wanted)


async def test_input_required_result_prompt(context, params):
    """Is a prompt that asks first."""
    found = field(answers(params).get("user_context"), "context")
    if found is None:
        schema = {
            "type": "object",
            "properties": {"context": {"type": "string"}},
            "required": ["context"],
        }
        return asks(user_context=form("What context should the prompt use?", schema))
    message = types.PromptMessage(role="user", content=text(f"Use the context: {found}"))
    return types.GetPromptResult(messages=[message])


def tools():
    """Those that are tools."""
    return (
        test_input_required_result_elicitation,
        test_input_required_result_sampling,
        test_input_required_result_list_roots,
        test_input_required_result_request_state,
        test_input_required_result_multiple_inputs,
        test_input_required_result_multi_round,
        test_input_required_result_tampered_state,
        test_input_required_result_capabilities,
    )


def _kept(params, state):
    return _OPEN.put(_GRANT, params, Question(state, params.name, {}))


def _taken(params):
    found = _OPEN.take(_GRANT, params)
    return None if found is None else found[0].text
