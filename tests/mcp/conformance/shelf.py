"""The suite's resources and prompts."""

import json
import re

import mcp_types as types

from tests.mcp.conformance import rounds
from tests.mcp.conformance.contents import PNG, embedded, image, text

TEXTS = {
    "test://static-text": "This is the content of the static text resource.",
    "test://watched-resource": "Watched resource content",
}
BINARY = "test://static-binary"
TEMPLATE = "test://template/{id}/data"


def said(*contents):
    messages = [types.PromptMessage(role="user", content=content) for content in contents]
    return types.GetPromptResult(messages=messages)


async def test_simple_prompt(context, params):
    """Takes nothing."""
    return said(text("This is a simple prompt for testing."))


async def test_prompt_with_arguments(context, params):
    """Takes two words."""
    given = params.arguments
    return said(text(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'"))


async def test_prompt_with_embedded_resource(context, params):
    """Brings a resource along."""
    resource = embedded(params.arguments["resourceUri"], "Embedded resource content for testing.")
    return said(resource, text("Please process the embedded resource above."))


async def test_prompt_with_image(context, params):
    """Brings an image along."""
    return said(image(PNG), text("Please analyze the image above."))


ARGUMENTS = {
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
}
PROMPTS = {
    one.__name__: one
    for one in (
        test_simple_prompt,
        test_prompt_with_arguments,
        test_prompt_with_embedded_resource,
        test_prompt_with_image,
        rounds.test_input_required_result_prompt,
    )
}


def contents(uri):
    if uri in TEXTS:
        return types.TextResourceContents(uri=uri, mime_type="text/plain", text=TEXTS[uri])
    if uri == BINARY:
        return types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)
    if found := re.fullmatch(r"test://template/(\w+)/data", uri):
        data = {"id": found[1], "templateTest": True, "data": f"Data for ID: {found[1]}"}
        return types.TextResourceContents(
            uri=uri, mime_type="application/json", text=json.dumps(data)
        )
    return None


def mount(server):
    """Put them beside a server's own."""
    mount_resources(server)
    mount_prompts(server)

    async def set_level(context, params):
        return types.EmptyResult()

    server.add_request_handler("logging/setLevel", types.SetLevelRequestParams, set_level)


def mount_resources(server):
    listed = server.get_request_handler("resources/list").handler
    templates = server.get_request_handler("resources/templates/list").handler
    read = server.get_request_handler("resources/read").handler

    async def list_resources(context, params):
        ours = await listed(context, params)
        shown = [types.Resource(uri=uri, name=uri.split("//")[1]) for uri in (*TEXTS, BINARY)]
        return types.ListResourcesResult(resources=[*ours.resources, *shown])

    async def list_templates(context, params):
        ours = await templates(context, params)
        shown = types.ResourceTemplate(uri_template=TEMPLATE, name="template")
        return types.ListResourceTemplatesResult(
            resource_templates=[*ours.resource_templates, shown]
        )

    async def read_resource(context, params):
        found = contents(str(params.uri))
        if found is None:
            return await read(context, params)
        return types.ReadResourceResult(contents=[found])

    server.add_request_handler("resources/list", types.PaginatedRequestParams, list_resources)
    server.add_request_handler(
        "resources/templates/list", types.PaginatedRequestParams, list_templates
    )
    server.add_request_handler("resources/read", types.ReadResourceRequestParams, read_resource)
    for method, model in (
        ("resources/subscribe", types.SubscribeRequestParams),
        ("resources/unsubscribe", types.UnsubscribeRequestParams),
    ):
        mount_subscription(server, method, model)


def mount_subscription(server, method, model):
    ours = server.get_request_handler(method).handler

    async def subscribe(context, params):
        if contents(str(params.uri)) is not None:
            return types.EmptyResult()
        return await ours(context, params)

    server.add_request_handler(method, model, subscribe)


def mount_prompts(server):
    listed = server.get_request_handler("prompts/list").handler
    got = server.get_request_handler("prompts/get").handler
    completed = server.get_request_handler("completion/complete").handler

    async def list_prompts(context, params):
        ours = await listed(context, params)
        shown = [
            types.Prompt(
                name=name,
                description=prompt.__doc__,
                arguments=[
                    types.PromptArgument(name=one, required=True) for one in ARGUMENTS.get(name, ())
                ],
            )
            for name, prompt in PROMPTS.items()
        ]
        return types.ListPromptsResult(prompts=[*ours.prompts, *shown])

    async def get_prompt(context, params):
        return await PROMPTS.get(params.name, got)(context, params)

    async def complete(context, params):
        if getattr(params.ref, "name", "") in PROMPTS:
            return types.CompleteResult(completion=types.Completion(values=["paris", "park"]))
        return await completed(context, params)

    server.add_request_handler("prompts/list", types.PaginatedRequestParams, list_prompts)
    server.add_request_handler("prompts/get", types.GetPromptRequestParams, get_prompt)
    server.add_request_handler("completion/complete", types.CompleteRequestParams, complete)
