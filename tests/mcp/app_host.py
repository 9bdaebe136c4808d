"""A host of MCP Apps for tests: a page with the app in a sandboxed frame, over a real desk."""

import asyncio
import json
import threading
from concurrent.futures import CancelledError
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from traaviis_lab.errors import LabError
from traaviis_lab.mcp.library import DIAGRAM

PAGE = """<!doctype html><meta charset="utf-8"><title>host</title>
<style>body{margin:0;background:%(paper)s}iframe{width:100%%;height:300px;border:0;display:block}</style>
<iframe id="app" sandbox="allow-scripts"></iframe>
<script>
const set = %(settings)s, frame = document.getElementById("app");
window.seen = []; window.refused = [];
const post = (message) => frame.contentWindow.postMessage({jsonrpc: "2.0", ...message}, "*");
window.tell = (method, params) => post({method, params});
const relay = async (method, params) => {
  const reply = await fetch("/rpc", {method: "POST", body: JSON.stringify({method, params})});
  return reply.json();
};
window.addEventListener("message", async (event) => {
  if (event.source !== frame.contentWindow) return;
  const {id, method, params} = event.data;
  window.seen.push(method ?? "answer");
  if (method === "ui/initialize") {
    post({id, result: {protocolVersion: "2026-01-26", hostInfo: {name: "host", version: "1"},
      hostCapabilities: set.can, hostContext: set.context}});
  } else if (method === "ui/notifications/initialized") {
    if (set.arguments) tell("ui/notifications/tool-input", {arguments: set.arguments});
    if (set.result) tell("ui/notifications/tool-result", set.result);
  } else if (method === "ui/notifications/size-changed") {
    window.size = params; frame.style.height = params.height + "px";
  } else if (method === "tools/call" && !set.can.serverTools
      || method === "resources/read" && !set.can.serverResources) {
    window.refused.push(method); post({id, error: {code: -32601, message: "not allowed"}});
  } else if (method === "tools/call" || method === "resources/read") {
    post({id, ...await relay(method, params)});
  }
});
fetch("/app").then((reply) => reply.text()).then((text) => { frame.srcdoc = text; });
</script>"""


class Host:
    """Serves the host's page on a free port and relays what the app asks to a desk."""

    def __init__(self, desk, library):
        self.desk, self.library = desk, library
        self.settings, self.paper = {}, "#ffffff"
        self.calls = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def show(self, page, *, result=None, arguments=None, can=None, **context):
        """Open the page with the app in it, as after a call of a tool."""
        usual = {"serverTools": {}, "serverResources": {}}
        shown = {"structuredContent": result, "content": []} if result else None
        self.settings = {
            "can": usual if can is None else can,
            "context": {"theme": "light", **context},
            "arguments": arguments,
            "result": shown,
        }
        page.goto(self.url)
        return page.frame_locator("#app")

    def wait(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def ask(self, tool, **arguments):
        """What a call answers; playwright has a loop of its own in the test's thread."""
        reply = self.wait(self.desk.perform(tool, **arguments))
        assert not reply.is_error, reply.text
        return reply.data

    def relay(self, method, params):
        client = self.desk.client()
        self.calls.append((method, params.get("name") or params.get("uri")))
        try:
            if method == "resources/read":
                read = self.wait(self.library.read(client, params["uri"]))
                content = {"uri": read.uri, "mimeType": read.mime, "text": read.text}
                return {"result": {"contents": [content]}}
            reply = self.wait(self.desk.desk.perform(client, params["name"], params["arguments"]))
        except CancelledError:  # the test is over
            return {"error": {"code": -32000, "message": "cancelled"}}
        except LabError as error:
            return {"error": {"code": -32602, "message": str(error)}}
        text = {"type": "text", "text": reply.text}
        told = {"content": [text], "structuredContent": reply.data, "isError": reply.is_error}
        return {"result": told}

    def _handler(self):
        host = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                """Say nothing on the test's output."""

            def do_GET(self):
                if self.path == "/app":
                    text = host.wait(host.library.read(host.desk.client(), DIAGRAM)).text
                else:
                    settings = json.dumps(host.settings).replace("<", "\\u003c")
                    text = PAGE % {"settings": settings, "paper": host.paper}
                self.answer(text, "text/html; charset=utf-8")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked = json.loads(body)
                told = host.relay(asked["method"], asked["params"])
                self.answer(json.dumps(told), "application/json")

            def answer(self, text, kind):
                body = text.encode()
                if host.loop.is_closed():
                    return
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.loop.call_soon_threadsafe(self._end)
        self.thread.join(10)
        self.loop.close()

    def _end(self):
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.call_later(0.2, self.loop.stop)
