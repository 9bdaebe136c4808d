"""A client of both protocols that is nothing but HTTP: it says exactly what a test wants said."""

import http.client
import itertools
import json
import time

OLD, NEW = "2025-11-25", "2026-07-28"
META = "io.modelcontextprotocol/"


class Talk:
    """One client on one connection. `era` is the protocol's date; `can` its capabilities."""

    made = []

    def __init__(self, server, token=None, era=OLD, name="tester", can=None, timeout=30):
        self.server, self.port = server, server.port
        self.token = server.token if token is None else token
        self.era, self.name, self.can = era, name, can or {}
        self.http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        self.ids, self.session = itertools.count(1), None
        Talk.made.append(self)

    def headers(self, **more):
        said = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {self.token}",
            "MCP-Protocol-Version": self.era,
            "Mcp-Session-Id": self.session,
            **more,
        }
        return {name: value for name, value in said.items() if value is not None}

    def raw(self, body=None, method="POST", path="/mcp", **headers):
        """Status, headers and body of one request; header names with _ for -."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = json.dumps(body) if isinstance(body, dict | list) else body
        self.http.request(method, path, sent, self.headers(**more))
        reply = self.http.getresponse()
        return reply.status, reply.headers, reply.read()

    def open(self):
        """Shake hands, where the protocol has that."""
        if self.era == OLD and self.session is None:
            who = {"name": self.name, "version": "1"}
            params = {"protocolVersion": OLD, "capabilities": self.can, "clientInfo": who}
            body = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
            status, headers, text = self.raw(body, MCP_Protocol_Version=None)
            assert status == 200, text
            self.session = headers["mcp-session-id"]
            self.greeting = messages(headers, text)[-1]["result"]
            self.raw({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self

    def said(self, method, params=None, **more):
        """Everything that came back for one request: its notifications and, last, the answer."""
        self.open()
        body, headers = self.message(method, params, **more)
        status, got, text = self.raw(body, **headers)
        found = messages(got, text)
        assert found, (status, text)
        return found

    def message(self, method, params=None, id=None, **meta):
        """A request and its headers."""
        params, headers = dict(params or {}), {}
        if self.era == NEW:
            who = {"name": self.name, "version": "1"}
            meta |= {
                f"{META}protocolVersion": NEW,
                f"{META}clientInfo": who,
                f"{META}clientCapabilities": self.can,
            }
            headers = {"Mcp_Method": method}
            if named := params.get("name") or params.get("uri"):
                headers["Mcp_Name"] = named
        if meta:
            params["_meta"] = meta
        id = next(self.ids) if id is None else id
        return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}, headers

    def ask(self, method, params=None, **more):
        """The result of a request; its error as `{"error": ...}`."""
        answer = self.said(method, params, **more)[-1]
        return answer["result"] if "result" in answer else {"error": answer["error"]}

    def call(self, tool, **arguments):
        """What a tool answers: its structured content, an error as `{"error": ...}`."""
        answer = self.ask("tools/call", {"name": tool, "arguments": arguments})
        return answer.get("structuredContent", answer)

    def names(self):
        """The tools that are listed."""
        return {one["name"] for one in self.ask("tools/list")["tools"]}

    def close(self):
        self.http.close()

    @classmethod
    def close_all(cls):
        while cls.made:
            cls.made.pop().close()


def messages(headers, text):
    """The JSON-RPC messages of a body, be it JSON or a stream of events."""
    if not text:
        return []
    if headers["content-type"].startswith("application/json"):
        return [json.loads(text)]
    lines = text.decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def eventually(holds, within=10):
    """Whether something comes to hold in time."""
    until = time.monotonic() + within
    while not (found := holds()) and time.monotonic() < until:
        time.sleep(0.01)
    return found
