"""A server, its clients and its calls as the browser is told of them; never a token."""

from __future__ import annotations

from typing import Any

from traaviis_lab.lab.shown import shown_json, shown_line

from .handle import Handle

CALLS = 20
CLIENTS = 40
LONGEST = 2_000
"""Characters of a call's arguments."""


def told_server(handle: Handle) -> dict[str, Any]:
    """What is so of the server itself."""
    return {
        "serving": handle.is_running,
        "url": handle.url,
        "tenant": shown_line(handle.tenant, 100),
        "guarded": bool(handle.token),
        "sets": [{"name": name, "on": on} for name, on in handle.sets.items()],
        "rate": round(handle.rate(), 1),
    }


def told_clients(handle: Handle) -> dict[str, Any]:
    """Who is connected, who called last first: `{rows, more}`."""
    found = sorted(handle.clients(), key=lambda one: one.last, reverse=True)
    rows = [_client(one) for one in found[:CLIENTS]]
    return {"rows": rows, "more": len(found) - len(rows)}


class Calls:
    """The last calls; each is put into words once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, dict[str, Any]]] = {}

    def told(self, handle: Handle) -> list[dict[str, Any]]:
        """The last calls, newest first."""
        known = {}
        for line in handle.calls(CALLS):  # what is kept here keeps its id
            known[id(line)] = self._known.get(id(line)) or (line, _call(line))
        self._known = known
        return [words for _, words in known.values()]


def _client(client: Any) -> dict[str, Any]:
    return {
        "id": client.id,
        "name": shown_line(client.name, 80) or "an agent without a name",
        "version": shown_line(client.version, 40),
        "era": shown_line(client.protocol, 20),
        "tenant": shown_line(client.grant.tenant, 100),
        "label": shown_line(client.grant.label, 80),
        "scopes": sorted(client.grant.scopes),
        "since": int(client.since * 1000),
        "calls": client.calls,
    }


def _call(line: Any) -> dict[str, Any]:
    return {
        "at": int(line.at * 1000),
        "client": shown_line(line.client, 80),
        "tenant": shown_line(line.tenant, 100),
        "tool": shown_line(line.tool, 80),
        "arguments": shown_json(line.arguments, LONGEST) if line.arguments else "",
        "outcome": shown_line(line.outcome, 60),
        "took": line.took,
        "run": shown_line(line.run, 200),
    }
