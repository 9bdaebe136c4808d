"""Events and messages are read alike however they are cut, and what is none is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import decode_header_value, encode_header_value

from traaviis_lab import LabError
from traaviis_lab.bridge.events import EventReader, ServerSent
from traaviis_lab.bridge.messages import header, headers_of, id_in, own, read

LINES = st.text(
    st.characters(exclude_characters="\r\n\ufeff", exclude_categories=["Cs"]), max_size=8
)
ENDS = st.sampled_from(["\n", "\r", "\r\n"])


@given(st.lists(st.tuples(LINES, LINES), min_size=1, max_size=4), ENDS, st.data())
def test_events_are_the_same_however_the_stream_is_cut(events, end, data):
    text = "".join(
        f"id: {n}{end}data: {first}{end}data:{second}{end}: a remark{end}{end}"
        for n, (first, second) in enumerate(events)
    ).encode()
    reader, found, rest = EventReader(), [], text
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        found += reader.feed(rest[:size])
        rest = rest[size:]
    assert found == [
        ServerSent("message", f"{first}\n{second.removeprefix(' ')}", str(n), None)
        for n, (first, second) in enumerate(events)
    ]


def test_what_else_an_event_may_hold():
    stream = (
        b"\xef\xbb\xbfevent: ping\nretry: 50\n\nretry: soon\ndata\n\n: only a remark\n\ndata: half"
    )
    assert EventReader().feed(stream) == [
        ServerSent("ping", "", None, 50),
        ServerSent("message", "", None, None),
    ]


def test_an_event_without_end_is_not_kept(monkeypatch):
    monkeypatch.setattr("traaviis_lab.bridge.events.MOST", 1000)
    for piece in (b"data: " + b"x" * 100, b"data: x\n", b"\xff\n"):
        with pytest.raises(LabError):
            fed(EventReader(), piece, 1000)


def fed(reader, piece, times):
    for _ in range(times):
        reader.feed(piece)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_header_is_read_by_the_sdk_as_it_was_meant(text):
    assert header(text) == encode_header_value(text)
    assert decode_header_value(header(text)) == text
    assert header(text).isascii()
    assert not set(header(text)) & {"\r", "\n"}


def test_a_message_keeps_its_text_and_fits_on_a_line():
    text = b'{"jsonrpc":"2.0",\r\n "id":1, "result":{"x":1.0e400000, "y":"\\n"}}'
    found = read(text)
    assert (found.kind, found.id) == ("response", 1)
    assert b"\n" not in found.text
    assert b"\r" not in found.text
    assert b"1.0e400000" in found.text
    assert b'"\\n"' in found.text
    assert (
        read(b'{"jsonrpc":"2.0","id":1,"method":"m"}').key
        != read(b'{"jsonrpc":"2.0","id":"1","method":"m"}').key
    )


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"1",
        b"{",
        b"\xff",
        b'{"jsonrpc":"1.0","method":"m"}',
        b'{"jsonrpc":"2.0"}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}',
        b'{"jsonrpc":"2.0","id":true,"method":"m"}',
        b'{"jsonrpc":"2.0","id":{},"method":"m"}',
        b'{"jsonrpc":"2.0","id":1,"method":7}',
        b'{"jsonrpc":"2.0","id":1,"result":NaN}',
        b'{"jsonrpc":"2.0","method":"m\n"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_message_is_refused(text):
    with pytest.raises(ValueError, match="."):
        read(text)
    json.dumps(id_in(text))


def test_the_headers_of_each_era():
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    call = own("tools/call", {"name": "ä\r\nX-Evil: 1", "_meta": meta}, id=1)
    modern = headers_of(call, "session", "2025-11-25")
    assert modern["MCP-Protocol-Version"] == "2026-07-28"
    assert modern["Mcp-Method"] == "tools/call"
    assert modern["Mcp-Name"].startswith("=?base64?")
    assert "Mcp-Session-Id" not in modern
    assert headers_of(own("tools/list", id=1), "s", "2025-11-25") == {
        "Mcp-Session-Id": "s",
        "MCP-Protocol-Version": "2025-11-25",
    }
    assert headers_of(own("initialize", {}, id=1), "s", "2025-11-25") == {}
