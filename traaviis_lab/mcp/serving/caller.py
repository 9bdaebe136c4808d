"""Which client of a token a request is from, as far as can be known before it is let through."""

from __future__ import annotations

import re
from collections.abc import Iterable

# What a request of the newer protocol says of its client, wherever it says it first. Nobody gains
# by saying it elsewhere: a client may call itself whatever it likes anyway.
_NAMED = re.compile(
    rb'"io\.modelcontextprotocol/clientInfo"\s*:\s*\{[^{}]{0,400}?"name"\s*:\s*"([^"]{0,200})"'
)


def client_of(
    headers: Iterable[tuple[bytes, bytes]], body: bytes, address: tuple[str, int] | None
) -> str:
    """A name for who calls: its own in the newer protocol, its session in the older one, and
    its address where it has said neither. Its port is not part of that: who is refused comes
    again by another."""
    named = _NAMED.search(body)
    if named is not None:
        return f"name {named[1].decode(errors='replace')}"
    for key, value in headers:
        if key == b"mcp-session-id":
            return f"session {value[:100].decode('latin-1')}"
    return f"address {address[0] if address else ''}"
