"""Servers at a URL: allowed hosts, secrets in headers, restarts, bounds; a lab as another's server."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.runtime.asking import asked, chart_asking, error, result, until
from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import PermissionDenied, ToolFailed

from .servers.http_shelf import HttpShelf


@pytest.fixture(scope="module")
def shelf():
    with HttpShelf() as running:
        yield running


@pytest.fixture
def lab(shelf):
    with Lab(hosts=[shelf.host]) as opened:
        yield opened


def test_a_server_at_a_url_is_called_as_one_over_pipes_is(lab, shelf):
    lab.tools.add_mcp(shelf.url, name="shelf", allow=["*"])
    assert result(lab, fx.call_tool("shelf.add", {"a": 1, "b": 2})) == 3
    told = error(lab, fx.call_tool("shelf.fail", {"why": "x"}))
    assert told["message"].startswith("shelf.fail failed. Its server says:")
    told = error(lab, fx.call_tool("shelf.big", {"size": 300_000}))
    assert "answered with 300,059 bytes" in told["message"]


def test_a_host_has_to_be_allowed(shelf):
    with Lab() as lab:
        with pytest.raises(PermissionDenied, match=r"may not call '127\.0\.0\.1:") as caught:
            lab.tools.add_mcp(shelf.url, name="shelf")
        assert "lab.allow_host" in caught.value.hint
        assert lab.tools.servers() == {}


def test_leaving_the_state_cancels_the_call(lab, shelf, tmp_path):
    lab.tools.add_mcp(shelf.url, name="shelf", allow=["*"])
    note = tmp_path / "note"
    run = lab.start(chart_asking(fx.call_tool("shelf.wait", {"seconds": 60, "note": str(note)})))
    until(lambda: lab.tools["shelf.wait"].calls == 1)
    until(lambda: any(f.kind == "effect.progress" for f in lab.journal.read(run.id)))
    run.send("leave")
    until(note.exists)


def test_a_server_that_restarts_in_the_middle():
    with HttpShelf() as shelf, Lab(hosts=[shelf.host]) as lab:
        lab.tools.add_mcp(shelf.url, name="shelf", allow=["*"])
        run = lab.start(chart_asking(fx.call_tool("shelf.wait", {"seconds": 60})))
        until(lambda: lab.tools["shelf.wait"].calls == 1)
        until(lambda: any(f.kind == "effect.progress" for f in lab.journal.read(run.id)))
        shelf.stop()
        until(lambda: run.state == "failed", 20)
        assert run.data["error"]["kind"] == "ToolFailed"
        assert run.data["error"]["message"].startswith("shelf.wait: ")
        told = error(lab, fx.call_tool("shelf.add", {"a": 1, "b": 2}))
        assert told["kind"] == "ToolFailed"
        assert "cannot be reached" in told["message"] or "ended" in told["message"]
        shelf.start()
        assert result(lab, fx.call_tool("shelf.add", {"a": 1, "b": 2})) == 3
        shelf.restart()
        assert asked(lab, fx.call_tool("shelf.add", {"a": 1, "b": 3})).state == "answered"


class Rogue(BaseHTTPRequestHandler):
    """Answers by HTTP as the server says; notes what it was sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append(dict(self.headers))
        status, kind, body = self.server.answer
        self.send_response(status)
        self.send_header("content-type", kind)
        for name, value in self.server.more.items():
            self.send_header(name, value)
        if body is None:
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            try:
                for _ in range(5000):
                    self.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            except OSError:
                pass
            self.close_connection = True
            return
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.send_error(405)

    do_DELETE = do_GET  # noqa: N815

    def log_message(self, *about):
        pass


@pytest.fixture
def rogue():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Rogue)
    server.seen, server.more = [], {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("answer", "more", "message"),
    [
        ((200, "application/json", None), {}, "more than 4,194,304 bytes"),
        ((200, "text/event-stream", None), {}, "The server "),
        ((200, "application/json", b"{}"), {"content-encoding": "gzip"}, "packs its answers"),
        ((401, "text/plain", b"who are you"), {}, "HTTP status 401"),
        ((302, "text/plain", b""), {"location": "http://127.0.0.1:1/"}, "The server "),
        ((200, "application/json", b"this is no JSON"), {}, "The server "),
        ((200, "text/html", b"<html>"), {}, "The server "),
        ((202, "text/plain", b""), {}, "The server "),
    ],
)
def test_what_is_no_server_is_not_added(rogue, answer, more, message):
    rogue.answer, rogue.more = answer, more
    host = f"127.0.0.1:{rogue.server_port}"
    with Lab(hosts=[host]) as lab:
        lab.secrets["ROGUE_TOKEN"] = "sesame-sesame"
        with pytest.raises(ToolFailed, match=message) as caught:
            lab.tools.add_mcp(
                f"http://{host}/mcp",
                name="rogue",
                token={"secret": "ROGUE_TOKEN"},
                headers={"X-Mine": "$secret{ROGUE_TOKEN}!"},
                timeout=10,
            )
        assert "sesame" not in str(caught.value)
        assert len(str(caught.value)) < 1000
        assert lab.tools.servers() == {}
        assert "sesame" not in repr(vars(lab.tools))
    sent = {name.lower(): value for name, value in rogue.seen[0].items()}
    assert sent["authorization"] == "Bearer sesame-sesame"
    assert sent["x-mine"] == "sesame-sesame!"
    assert sent["accept-encoding"] == "identity"


def test_a_secret_kept_for_other_hosts_is_not_sent(rogue):
    rogue.answer = (401, "text/plain", b"")
    host = f"127.0.0.1:{rogue.server_port}"
    with Lab(hosts=[host]) as lab:
        lab.secrets.add("KEY", "sesame-sesame", hosts=["example.com"])
        with pytest.raises(PermissionDenied, match="may not be sent to 127"):
            lab.tools.add_mcp(f"http://{host}/mcp", name="rogue", token={"secret": "KEY"})
    assert rogue.seen == []


class Light(Machine):
    """A light."""

    off = State(initial=True)
    on = State()
    off.to(on, on="switch")
    on.to(off, on="switch")


def test_a_lab_drives_another_lab_through_its_server():
    with Lab() as served, Lab() as lab:
        run = served.start(Light, id="lamp")
        handle = served.serve_mcp()
        lab.allow_host(f"127.0.0.1:{handle.port}")
        lab.secrets["OTHER"] = handle.token
        token = {"secret": "OTHER"}
        table = lab.tools.add_mcp(handle.url, name="other", token=token, allow=["*"])
        assert "other.send_event" in table
        effect = fx.call_tool("other.send_event", {"fsm_id": "lamp", "event": "switch"})
        told = result(lab, effect)
        assert run.state == "on"
        assert told["state"] == "on" or told["state"] == ["on"], json.dumps(told)
        assert lab.tools["other.destroy_fsm"].permission == "ask"  # its server says it destroys
