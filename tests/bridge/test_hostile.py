"""Servers that answer wrongly: the client is told so, and the bridge goes on."""

import json
import time

import pytest

from .client import LEGACY, Bridged
from .raw import Raw, answered, greeted, http

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(message, **fields):
    lines = [f"{name}: {value}" for name, value in fields.items()]
    return "\n".join([*lines, f"data: {json.dumps(message)}", "", ""]).encode()


def result(body, value):
    return {"jsonrpc": "2.0", "id": json.loads(body)["id"], "result": value}


ODD = {
    "no http": [b"hello\r\n\r\n"],
    "nothing": [],
    "no header": [b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n"],
    "endless header": [b"HTTP/1.1 200 OK\r\n", b"X: " + b"x" * 200_000],
    "endless hints": [b"HTTP/1.1 100 Continue\r\n\r\n" * 50],
    "length that is none": [http(200).replace(b"Length: 0", b"Length: -5")],
    "length that is huge": [http(200).replace(b"Length: 0", b"Length: 9" + b"9" * 30)],
    "broken off": [http(200, b'{"jsonrpc":"2.0","id":1,"result":{}}')[:-9]],
    "packed": [http(200, b"x", Content_Encoding="gzip")],
    "html": [http(200, b"<html>", kind="text/html")],
    "no kind": [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    "empty json": [http(200)],
    "no json": [http(200, b"{")],
    "list": [http(200, b"[]")],
    "not utf-8": [http(200, b"\xff\xfe")],
    "deep": [http(200, b"[" * 200_000)],
    "nan": [http(200, b'{"jsonrpc":"2.0","id":1,"result":NaN}')],
    "result and error": [http(200, b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}')],
    "another's answer": [http(200, b'{"jsonrpc":"2.0","id":999,"result":{}}')],
    "redirect": [http(307, Location="http://evil.example/mcp")],
    "accepted": [http(202)],
    "broken inside": [http(500, b"Traceback", kind="text/plain")],
    "no such size": [CHUNKED, b"zz\r\n"],
    "chunk without end": [CHUNKED, b"5\r\nhelloXX"],
    "broken chunk": [CHUNKED, b"ffff\r\nhello"],
    "event that is none": [CHUNKED, chunk(b"data: {\n\n")],
    "event of bytes": [CHUNKED, chunk(b"data: \xff\n\n")],
    "stream without answer": [CHUNKED, chunk(b": ping\n\n"), chunk(b"")],
    "another's event": [
        CHUNKED,
        chunk(event({"jsonrpc": "2.0", "id": 999, "result": {}})),
        chunk(b""),
    ],
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_answer_is_an_error_and_the_next_call_works(odd, tmp_path):
    def answer(head, body):
        method = json.loads(body)["method"] if body else ""
        if method == "initialize":
            return greeted(body)
        if method == "tools/call":
            return ODD[odd]
        return answered(body, {"tools": []}) if body and b'"id"' in body else [http(202)]

    with Raw(answer) as raw, Bridged(tmp_path) as bridge:
        bridge.greet()
        told = bridge.call("x", patience=10)
        assert told["error"]["message"]
        assert "result" not in told
        assert bridge.ask("tools/list", patience=10)["result"] == {"tools": []}
        calls = [one for one in raw.posts() if one["method"] == "tools/call"]
        assert len(calls) == 1, "a call is never made twice"
        assert bridge.end() == 0
        assert "secret-of-raw" not in bridge.said() + json.dumps(bridge.seen)
        assert "Traceback (most recent" not in bridge.said()


def test_an_answer_without_end_is_cut_off(tmp_path):
    def answer(head, body):
        return endless() if body else [http(405)]

    def endless():
        yield CHUNKED
        begun = time.monotonic()
        while time.monotonic() - begun < 60:
            yield chunk(b"data: " + b"x" * 1_000_000)

    with Raw(answer), Bridged(tmp_path) as bridge:
        assert "MB" in bridge.call("x", modern=True, patience=60)["error"]["message"]


def test_a_json_answer_on_several_lines_stays_on_one(tmp_path):
    def answer(head, body):
        text = json.dumps(result(body, {"a": "x\ny\u2028"}), indent=2, ensure_ascii=False)
        return [http(200, text.replace("\n", "\r\n").encode())]

    with Raw(answer), Bridged(tmp_path) as bridge:
        assert bridge.call("x", modern=True)["result"] == {"a": "x\ny\u2028"}


def test_a_session_id_cannot_smuggle_a_header(tmp_path):
    def answer(head, body):
        if b'"initialize"' in body:
            return greeted(body, session="good\tX-Evil: 1")
        return answered(body, {}) if body and b'"id"' in body else [http(202)]

    with Raw(answer) as raw, Bridged(tmp_path) as bridge:
        bridge.greet()
        bridge.ask("ping")
        assert all("evil" not in head.lower() for head, _ in raw.seen)


def test_a_request_that_the_server_makes_reaches_the_client_and_its_answer_the_server(tmp_path):
    def answer(head, body):
        message = json.loads(body) if body else {}
        if message.get("method") == "initialize":
            return greeted(body)
        if message.get("method") == "tools/call":
            return asking(body)
        return [http(202)]

    def asking(body):
        yield CHUNKED
        asked = {"jsonrpc": "2.0", "id": 1, "method": "elicitation/create", "params": {}}
        yield chunk(event(asked))
        end = time.monotonic() + 10
        while not [m for m in raw.posts() if "method" not in m] and time.monotonic() < end:
            time.sleep(0.02)
        yield chunk(event(result(body, {"ok": True})))
        yield chunk(b"")

    with Raw(answer) as raw, Bridged(tmp_path) as bridge:
        bridge.greet()
        number = bridge.send("tools/call", {"name": "x"})
        asked = bridge.until(lambda m: m.get("method") == "elicitation/create")
        bridge.write({"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "decline"}})
        assert bridge.answer(number)["result"] == {"ok": True}
        head, body = next((h, b) for h, b in raw.seen if b and "method" not in json.loads(b))
        assert json.loads(body)["result"] == {"action": "decline"}
        assert "mcp-session-id: s1" in head.lower()
        assert f"mcp-protocol-version: {LEGACY}" in head.lower()


def test_a_stream_that_ends_early_is_gone_on_with_where_it_was(tmp_path):
    def answer(head, body):
        if body:
            return [CHUNKED, chunk(b"id: e1\nretry: 50\ndata:\n\n"), chunk(b"")]
        if "last-event-id: e1" in head.lower():
            said = {"jsonrpc": "2.0", "id": raw.posts()[0]["id"], "result": {"late": True}}
            return [CHUNKED, chunk(event(said, id="e2")), chunk(b"")]
        return [http(405)]

    with Raw(answer) as raw, Bridged(tmp_path) as bridge:
        assert bridge.call("x", modern=True)["result"] == {"late": True}
        assert len(raw.posts()) == 1


def test_a_server_that_never_takes_a_notification_stops_nobody_for_long(tmp_path):
    def answer(head, body):
        message = json.loads(body) if body else {}
        if message.get("method") == "initialize":
            return greeted(body)
        if message.get("method") == "notifications/roots/list_changed":
            return waiting()
        return answered(body, {}) if "id" in message else [http(202)]

    def waiting():
        time.sleep(60)
        yield http(202)

    with Raw(answer), Bridged(tmp_path) as bridge:
        bridge.greet()
        bridge.write({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"})
        assert bridge.ask("ping", patience=20)["result"] == {}


def test_a_refused_token_is_looked_up_again_and_then_said(tmp_path):
    def answer(head, body):
        if "Bearer second" in head:
            return answered(body, {"ok": True})
        raw.announce(token=tokens.pop(0)) if tokens else None
        return [http(401, b"", Www_Authenticate="Bearer")]

    tokens = ["second"]
    with Raw(answer) as raw, Bridged(tmp_path) as bridge:
        assert bridge.call("x", modern=True)["result"] == {"ok": True}

    with Raw(answer) as raw, Bridged(tmp_path) as bridge:
        told = bridge.call("x", modern=True)["error"]["message"]
        assert "token" in told
        assert len(raw.posts()) == 2
