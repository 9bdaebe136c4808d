"""JSON-RPC messages as the bridge needs them: what one is, and the headers that go with it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

GONE = -32000  # as the SDKs say that a connection was closed
PARSE_ERROR, INVALID_REQUEST, INTERNAL = -32700, -32600, -32603
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
# What these are about is said in a header of a modern request as well.
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
Kind = Literal["request", "notification", "response"]


@dataclass(frozen=True)
class Message:
    """One message, with its text exactly as it came."""

    text: bytes
    kind: Kind
    id: Any
    method: str
    params: Mapping[str, Any]
    body: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Its id as a key: 1 and "1" are two."""
        return key_of(self.id)

    @property
    def version(self) -> str:
        """The version of the protocol that it says itself; "" in the era of sessions."""
        meta = self.params.get("_meta")
        said = meta.get(VERSION_KEY) if isinstance(meta, Mapping) else None
        return said if isinstance(said, str) else ""


def key_of(id: Any) -> str:
    """An id as a key."""
    return f"{type(id).__name__}:{id}"


def read(text: bytes) -> Message:
    """The message in a line of text; raises ValueError, saying why, where it is none."""
    try:
        body = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(body, dict) or body.get("jsonrpc") != "2.0":
        raise ValueError("it is no JSON-RPC 2.0 object")
    method, params = body.get("method"), body.get("params")
    known = params if isinstance(params, dict) else {}
    # JSON may stand on several lines; between its parts only, so that they can be joined.
    line = text.strip().replace(b"\r", b" ").replace(b"\n", b" ")
    if method is None:
        if not _is_id(body.get("id"), none=True) or ("result" in body) == ("error" in body):
            raise ValueError("it is neither a request nor an answer")
        return Message(line, "response", body.get("id"), "", known, body)
    if not isinstance(method, str) or ("id" in body and not _is_id(body["id"])):
        raise ValueError("its method or its id is not of the right kind")
    return Message(
        line, "request" if "id" in body else "notification", body.get("id"), method, known, body
    )


def id_in(text: bytes) -> Any:
    """The id of what is no message, where one can be made out; else None."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found = body.get("id") if isinstance(body, dict) else None
    return found if _is_id(found) else None


def failed(id: Any, code: int, message: str, hint: str = "") -> bytes:
    """An error as the answer to a request. The hint is part of what an agent reads."""
    said = {"code": code, "message": f"{message} {hint}".strip()}
    return json.dumps({"jsonrpc": "2.0", "id": id, "error": said}).encode()


def own(method: str, params: Mapping[str, Any] | None = None, id: Any = None) -> Message:
    """A message of the bridge's own."""
    body: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    body |= {"id": id} if id is not None else {}
    body |= {"params": dict(params)} if params is not None else {}
    return read(json.dumps(body).encode())


def with_id(message: Message, id: Any) -> bytes:
    """The text of an answer under another id."""
    return json.dumps({**message.body, "id": id}).encode()


def headers_of(message: Message, session: str, version: str) -> dict[str, str]:
    """The headers that the protocol asks for: of the session, or of the message itself."""
    if said := message.version:
        about = message.params.get(_NAMED.get(message.method, ""))
        named = {"Mcp-Name": header(about)} if isinstance(about, str) else {}
        return {
            "MCP-Protocol-Version": header(said),
            "Mcp-Method": header(message.method),
            **named,
        }
    if message.method == "initialize":
        return {}
    return session_headers(session, version)


def session_headers(session: str, version: str) -> dict[str, str]:
    """The headers of everything in a session, which is what requests without a message are."""
    found = {"Mcp-Session-Id": session} if session else {}
    return {**found, "MCP-Protocol-Version": header(version)} if version else found


def header(value: str) -> str:
    """A text as a header carries it: as it is, or wrapped in base64 where that would not do."""
    plain = re.fullmatch(r"[\x20-\x7e]*", value) and value == value.strip()
    if plain and not re.fullmatch(r"=\?base64\?.*\?=", value):
        return value
    # A lone half of a surrogate pair is JSON, but no UTF-8: no server can ask for that name.
    return f"=?base64?{base64.b64encode(value.encode('utf-8', 'replace')).decode()}?="


def is_token(text: str) -> bool:
    """Whether a text can stand in a header as it is: visible ASCII, without blanks."""
    return bool(re.fullmatch(r"[\x21-\x7e]{0,4096}", text))


def _is_id(found: Any, *, none: bool = False) -> bool:
    if found is None:
        return none
    return isinstance(found, str | int | float) and not isinstance(found, bool)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
