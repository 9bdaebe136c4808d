"""A request as two sides write it alike, so that it can be found again."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from traaviis_lab.machine.canonical import canonical_json

from .port import Request


def canonical_request(name: str, request: Request) -> dict[str, Any]:
    """All that decides what the model `name` is asked, as JSON; without what is left open.

    Neither the time it may take nor its idempotency key are part of it.
    """
    said: dict[str, Any] = {
        "model": name,
        "messages": [dict(message) for message in request.messages],
        "tools": [dict(tool) for tool in request.tools],
        "schema": dict(request.schema),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "stop": list(request.stop),
        "seed": request.seed,
    }
    left_open = {"tools": [], "schema": {}, "max_tokens": 0, "stop": []}
    return {
        key: value
        for key, value in said.items()
        if value is not None and (key not in left_open or value != left_open[key])
    }


def request_key(said: dict[str, Any]) -> str:
    """What a canonical request is found by: the sha256 of its RFC 8785 text, in hex.

    How many tokens it may answer with is left out: that is a limit, and no part of the question.
    Raises `DefinitionError` for what JSON cannot hold.
    """
    question = {key: value for key, value in said.items() if key != "max_tokens"}
    return sha256(canonical_json(question)).hexdigest()
