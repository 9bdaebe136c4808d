"""Who is not let in: no token, wrong names, too much, too deep, too often; and nothing is told."""

import json
import socket
import threading

import pytest

from tests.mcp.talking import NEW, OLD, Talk
from traaviis_lab import Lab
from traaviis_lab.mcp.serving import Limits

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
BODY = json.dumps(PING).encode()


def said(text):
    return json.loads(text)["error"]["message"]


@pytest.mark.parametrize(
    "given",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic {token}", "{token}", "Bearer {token}x"],
)
def test_without_its_token_nobody_comes_in(served, talk, given):
    given = given and given.format(token=served.token)
    status, headers, text = talk.raw(PING, Authorization=given)
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert served.token not in text.decode()
    assert served.clients() == []


def test_two_tokens_are_none(served):
    token = f"authorization: Bearer {served.token}\r\n".encode()
    assert spoken(served, request(served, token + token)).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:{port}.evil.example", "[::1]:{port}"],
)
def test_a_foreign_host_is_refused(served, talk, host):
    status, _, text = talk.raw(PING, Host=host.format(port=served.port))
    assert (status, said(text)) == (403, "This server is not known by that name.")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_its_own_names_are_known(served, name):
    client = Talk(served).open()
    assert client.raw(PING, Host=f"{name}:{served.port}")[0] == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1",
        "http://localhost:8888",  # where JupyterLab may be: a page of a notebook's output is there
        "http://127.0.0.1:8888",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:{port}.evil.example",
    ],
)
def test_a_foreign_origin_is_refused_before_its_token_is_looked_at(served, talk, origin):
    for token in (None, "Bearer wrong"):
        status, headers, text = talk.raw(
            PING,
            Origin=origin.format(port=served.port),
            **({"Authorization": token} if token else {}),
        )
        assert (status, said(text)) == (403, "Pages of that origin may not call.")
        assert "access-control-allow-origin" not in headers


def test_its_own_origin_and_one_that_is_allowed_may_call(lab):
    page = "http://localhost:6274"
    served = lab.serve_mcp(origins=[page])
    client = Talk(served).open()
    assert client.raw(PING, Origin=f"http://127.0.0.1:{served.port}")[0] == 200
    status, headers, _ = client.raw(PING, Origin=page)
    assert (status, headers["access-control-allow-origin"]) == (200, page)
    asked = {"Origin": page, "Access_Control_Request_Headers": "mcp-session-id"}
    status, headers, _ = client.raw(method="OPTIONS", Authorization=None, **asked)
    assert (status, headers["access-control-allow-headers"]) == (204, "mcp-session-id")
    # Without an origin, what a browser asks before a call is a call like any other.
    assert client.raw(method="OPTIONS", Authorization=None)[0] != 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/mcp/",
        "/MCP",
        "/mcp/../mcp",
        "/%6dcp",
        "//mcp",
        "/.well-known/oauth-authorization-server",
    ],
)
def test_there_is_nothing_else(served, talk, path):
    for token in (None, "Bearer wrong"):
        status, headers, text = talk.raw(
            PING, path=path, **({"Authorization": token} if token else {})
        )
        assert (status, said(text)) == (404, "There is nothing here.")
        assert "www-authenticate" not in headers


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "OPTIONS", "X"])
def test_other_methods_are_none(served, talk, method):
    assert talk.raw(PING, method=method)[0] in (204, 405)
    assert served.clients() == []


def test_ten_megabytes_are_too_many(served, talk):
    assert talk.raw("x" * 10_000_000)[0] == 413
    again = Talk(served, era=talk.era)
    assert again.call("nothing")["error"]["kind"] == "LabError"


def test_chunks_are_counted_too(served, talk):
    pieces = iter([b" " * 100_000] * 30)
    talk.http.request("POST", "/mcp", pieces, talk.headers(), encode_chunked=True)
    assert talk.http.getresponse().status == 413


def test_a_body_for_which_leave_is_asked_is_refused_unsent(served):
    head = b"authorization: Bearer no\r\nexpect: 100-continue\r\ncontent-length: 9\r\n"
    assert spoken(served, request(served, head, b"")).startswith(b"HTTP/1.1 401")


DEEP = "[" * 65 + "]" * 65


@pytest.mark.parametrize(
    "body",
    [
        DEEP,
        "[" * 500_000,
        '{"a":' * 65 + "1" + "}" * 65,
        '[{"a":' * 33 + "1" + "}]" * 33,
        '["\\"]", ' + DEEP + "]",
        json.dumps({**PING, "params": {"a": json.loads("[" * 63 + "]" * 63)}}),
    ],
)
def test_what_is_nested_too_deep_is_not_even_parsed(talk, body):
    status, _, text = talk.raw(body)
    assert (status, said(text)) == (400, "The request is nested too deep.")


def test_what_only_looks_deep_is_let_through(served):
    client = Talk(served).open()
    text = "[" * 1000 + '"\\' + "{" * 1000
    answer = client.call(
        "nothing", text=text, rows=[{}] * 1000, deep=json.loads("[" * 58 + "]" * 58)
    )
    assert answer["error"]["message"] == "There is no tool 'nothing' here. "[:-1]
    assert served.calls()[0].arguments["text"] == text[:2000] + (
        f"... ({len(text)} characters)" if len(text) > 2000 else ""
    )


@pytest.mark.parametrize(
    "body", [DEEP.encode("utf-16"), b'{"a": "\xff"}', b'{"a"\0: 1}', b"\xef\xbb\xbf" + BODY]
)
def test_what_is_no_utf8_is_not_guessed_at(talk, body):
    status, _, text = talk.raw(body)
    assert status == 400
    assert b"Traceback" not in text


@pytest.mark.parametrize(
    "body",
    ["", "nothing", "[]", "{}", "1", '{"jsonrpc": "2.0"}', "NaN", json.dumps([PING]), "1" * 5000],
)
def test_what_is_no_request_is_answered_in_a_line(served, era, body):
    client = Talk(served, era=era)
    if era == OLD:
        client.open()
    status, _, text = client.raw(body)
    assert 400 <= status < 500
    assert b"Traceback" not in text
    assert b"/site-packages/" not in text


def test_a_session_is_the_tokens_that_opened_it(served, talks):
    mine = talks(era=OLD).open()
    other = talks(served.add_token(), era=OLD)
    other.session = mine.session
    status, _, text = other.raw(PING)
    other.session = "0" * 32
    unknown, _, nothing = other.raw(PING)
    assert (status, said(text)) == (unknown, said(nothing)) == (404, "Session not found")
    assert other.raw(method="DELETE", Mcp_Session_Id=mine.session)[0] == 404
    assert mine.raw(PING)[0] == 200


def test_a_newer_request_takes_no_session_along(served, talks):
    mine, other = talks(era=OLD).open(), talks(served.add_token(label="other"), era=NEW)
    other.session = mine.session
    other.call("nothing")
    assert served.calls()[0].client == "tester"
    assert {client.grant.label for client in served.clients() if client.calls} == {"other"}


@pytest.fixture
def strict():
    """A server with limits that a test can wait for."""
    limits = Limits(
        header_time=0.3, body_time=0.3, write_time=0.3, idle_time=1, patience=0.01,
        rate=5, burst=3, calls=2, connections=6,
    )  # fmt: skip
    with Lab() as lab:
        yield lab.serve_mcp(limits=limits)


def test_a_flood_is_told_to_wait_and_others_are_not(strict):
    client = Talk(strict, era=NEW)
    found = [client.raw(BODY)[:2] for _ in range(6)]
    statuses = [status for status, _ in found]
    assert statuses[:3] == [400] * 3  # too little of a request, but let through
    assert set(statuses[4:]) == {429}
    assert found[-1][1]["retry-after"] == "1"
    other = Talk(strict, strict.add_token(), era=NEW)
    assert other.raw(BODY)[0] == 400


def test_calls_under_way_are_counted(lab):
    served = lab.serve_mcp(limits=Limits(token_calls=2, body_time=5))
    head = f"authorization: Bearer {served.token}\r\ncontent-length: 9\r\n".encode()
    waiting = [opened(served, request(served, head, b"")) for _ in range(2)]
    try:
        client = Talk(served, era=NEW)
        status, _, text = eventually_refused(client)
        assert (status, said(text)) == (429, "Too many calls are under way.")
    finally:
        for one in waiting:
            one.close()


def eventually_refused(client):
    for _ in range(100):
        found = client.raw(BODY)
        if found[0] == 429:
            break
    return found


@pytest.mark.parametrize("sent", [b"", b"POST /mcp HTTP/1.1\r\nhost: a"])
def test_headers_that_do_not_come_are_not_waited_for(strict, sent):
    with opened(strict, sent) as line:
        assert line.recv(1000) == b""


def test_a_body_that_does_not_come_is_not_waited_for(strict):
    head = f"authorization: Bearer {strict.token}\r\ncontent-length: 100\r\n".encode()
    assert spoken(strict, request(strict, head, b"{")).startswith(b"HTTP/1.1 408")


def test_connections_are_counted_and_those_that_idle_are_closed(strict):
    lines = [opened(strict, b"") for _ in range(12)]
    assert [line.recv(10) for line in lines[6:]] == [b""] * 6  # at once
    assert [line.recv(10) for line in lines[:6]] == [b""] * 6  # when no headers came
    for line in lines:
        line.close()
    assert Talk(strict, era=NEW).raw(BODY)[0] == 400


def test_who_does_not_read_is_hung_up_on(lab):
    served = lab.serve_mcp(limits=Limits(write_time=0.3, rate=1e6, burst=1e6))
    client = Talk(served, era=NEW)
    body, more = client.message("tools/list")
    said = client.headers(**{name.replace("_", "-"): value for name, value in more.items()})
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items()).encode()
    # Long answers, one after the other, on a connection that stays open: nobody reads them.
    with opened(served, b"", small=True) as line, pytest.raises(ConnectionError):
        send_for_ever(line, request(served, lines, json.dumps(body).encode()))
    assert client.names()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # somebody speaks TLS
        b"GET\r\n\r\n",
        b"POST /mcp HTTP/9.9\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0" * 1000,
    ],
)
def test_garbage_on_the_socket_is_survived(served, garbage, caplog):
    answer = spoken(served, garbage)
    assert answer == b"" or answer.split()[1] in (b"400", b"403")
    assert b"Traceback" not in answer
    assert Talk(served).open().session
    assert caplog.text == ""


def test_oddly_written_headers_mean_what_they_say(served):
    head = (
        f"AUTHORIZATION:   bearer   {served.token}  \r\nConTent-Type: application/json\r\n"
        "accept: */*\r\nmcp-protocol-version: 1999-01-01\r\nConnection: close\r\n"
    ).encode()
    answer = spoken(served, request(served, head))
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"protocolVersion" in answer  # it came as far as the server behind the gate


def test_fifty_clients_at_once(served):
    failed, start = [], threading.Barrier(50)

    def client(number):
        try:
            mine = Talk(served, era=(OLD, NEW)[number % 2], name=f"client {number}", timeout=60)
            start.wait(30)
            for count in range(10):
                if mine.call("nothing", count=count)["error"]["kind"] != "LabError":
                    failed.append(number)
        except Exception as error:
            failed.append(repr(error))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert {client.calls for client in served.clients()} == {10}
    assert len(served.clients()) == 50


# Sockets without HTTP's good manners


def request(server, headers=b"", body=BODY):
    head = f"POST /mcp HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\n".encode()
    if b"content-length" not in headers:
        head += f"content-length: {len(body)}\r\n".encode()
    return head + headers + b"\r\n" + body


def send_for_ever(line, what):
    while True:
        line.sendall(what)


def opened(server, sent, small=False):
    line = socket.socket()
    if small:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    line.settimeout(5)
    line.connect(("127.0.0.1", server.port))
    line.sendall(sent)
    return line


def spoken(server, sent):
    """What is answered until the server says no more, or hangs up."""
    with opened(server, sent) as line:
        found = b""
        try:
            while piece := line.recv(65536):
                found += piece
                if b"\r\n\r\n" in found and b"connection: close" not in found.lower():
                    break
        except ConnectionResetError:
            pass
        return found
