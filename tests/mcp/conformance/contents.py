"""The pieces that the suite's tools and prompts answer with."""

import mcp_types as types

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="


def text(said):
    return types.TextContent(type="text", text=said)


def image(data):
    return types.ImageContent(type="image", data=data, mime_type="image/png")


def embedded(uri, said, mime="text/plain"):
    resource = types.TextResourceContents(uri=uri, mime_type=mime, text=said)
    return types.EmbeddedResource(type="resource", resource=resource)
