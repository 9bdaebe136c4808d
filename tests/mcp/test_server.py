"""The server as its handle shows it: it starts, stops, starts again, and leaves nothing behind."""

import json
import logging
import os
import stat
import sys
import threading

import pytest

from tests.mcp.talking import NEW, OLD, Talk, eventually
from traaviis_lab import Lab
from traaviis_lab.bridge import find
from traaviis_lab.errors import LabError
from traaviis_lab.gallery import SmartDoor
from traaviis_lab.mcp import serve


def test_a_call_comes_through_and_is_counted(lab, served, talk):
    lab.start(SmartDoor, id="d")
    answer = talk.call("no_such_tool", fsm_id="d")
    assert answer["error"]["message"] == "There is no tool 'no_such_tool' here."
    (client,) = served.clients()
    assert (client.name, client.protocol, client.calls) == ("tester", talk.era, 1)
    (line,) = served.calls()
    assert (line.tool, line.arguments, line.outcome) == (
        "no_such_tool",
        {"fsm_id": "d"},
        "LabError",
    )
    assert served.rate() == pytest.approx(0.1)
    assert served.calls(0) == []


def test_it_says_where_it_is_and_hides_the_token(lab, served):
    assert served.url == f"http://127.0.0.1:{served.port}/mcp"
    assert served.is_running
    assert served.lab is lab
    assert served.approvals is lab.approvals
    assert served.token not in repr(served)
    assert served.url in repr(served)
    file = served.connection_file
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    found = find()
    assert (found.url, found.token, found.tenant) == (served.url, served.token, lab.tenant)
    served.stop()
    assert not os.path.exists(file)
    assert repr(served) == "<McpServer: stopped>"


def test_a_cell_that_is_run_twice_gets_the_same_server(lab, served):
    assert lab.serve_mcp() is served
    assert lab.serve_mcp(port=served.port, tenant=lab.tenant, token=True) is served
    for other in ({"port": 1}, {"sets": ["core"]}, {"scopes": ["read"]}, {"token": False}):
        with pytest.raises(LabError, match="served already"):
            lab.serve_mcp(**other)


def test_it_stops_twice_and_starts_again_with_another_token(lab, served):
    served.stop()
    served.stop()
    assert not served.is_running
    again = lab.serve_mcp()
    assert again is not served
    assert again.token != served.token
    assert Talk(again).open().session
    lab.close()
    assert not again.is_running
    with pytest.raises(LabError, match="closed"):
        lab.serve_mcp()


def test_a_port_that_is_taken_is_said(served):
    with Lab() as other, pytest.raises(LabError, match=f"port {served.port}") as failed:
        other.serve_mcp(port=served.port)
    assert "`port`" in failed.value.hint


@pytest.mark.parametrize("port", [-1, 70000, "80"])
def test_a_port_that_is_none_is_refused(lab, port):
    with pytest.raises(LabError, match="is no port"):
        lab.serve_mcp(port=port)
    assert lab.serve_mcp().is_running


@pytest.mark.parametrize(
    "setting",
    [
        {"sets": ["cores"]},
        {"scopes": ["root"]},
        {"tenant": "no\ngood"},
        {"scopes": []},
        {"token": "my own"},
        {"asks": "nobody"},
        {"origins": ["localhost:6274"]},
        {"origins": ["http://localhost:6274/page"]},
    ],
)
def test_settings_that_are_none_are_refused(lab, setting):
    with pytest.raises(LabError):
        lab.serve_mcp(**setting)


def test_threads_change_faster_only_while_somebody_is_served():
    before = sys.getswitchinterval()
    with Lab() as one, Lab() as two:
        first, second = one.serve_mcp(), two.serve_mcp()
        assert sys.getswitchinterval() == pytest.approx(0.001)
        first.stop()
        assert sys.getswitchinterval() == pytest.approx(0.001)
        second.stop()
        assert sys.getswitchinterval() == before
        two.serve_mcp()
        sys.setswitchinterval(0.002)  # somebody else's wish outlives us
        two.close()
        assert sys.getswitchinterval() == pytest.approx(0.002)
    sys.setswitchinterval(before)


def test_no_thread_is_left_and_logging_is_as_it_was(lab):
    before, root = set(threading.enumerate()), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    access = logging.getLogger("uvicorn.access")
    was = (access.propagate, list(access.handlers), access.level)
    server = lab.serve_mcp()
    Talk(server).open().close()
    server.stop()
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not [name for name in left if name.startswith("traaviis-mcp")]
    assert (list(root.handlers), root.level) == (handlers, level)
    assert (access.propagate, list(access.handlers), access.level) == was


def test_it_stops_at_once_with_streams_open(served, talks):
    old, new = talks(era=OLD).open(), talks(era=NEW)
    old.http.request("GET", "/mcp", headers=old.headers(Accept="text/event-stream"))
    stream = old.http.getresponse()
    assert stream.status == 200
    body, headers = new.message(
        "subscriptions/listen", {"notifications": {"toolsListChanged": True}}
    )
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    new.http.request("POST", "/mcp", json.dumps(body), new.headers(**more))
    heard = new.http.getresponse()
    assert b"acknowledged" in heard.readline() + heard.readline()
    served.stop()
    assert stream.read() == b""
    assert b"resultType" in heard.read()  # a last word, as the protocol has it


def test_a_client_is_told_of_before_its_first_call_ends(served, talk):
    seen = []
    served.on_change(lambda: seen.append((len(served.clients()), len(served.calls()))))
    talk.call("get_server_stats")
    assert (1, 0) in seen


def test_settings_make_the_same_server_again(lab, served):
    served.switch("debug", on=False)
    served.stop()
    with pytest.raises(LabError, match="stopped"):
        served.client_config("cursor")
    again = lab.serve_mcp(**served.settings)
    assert again.sets == served.sets
    assert again.token != served.token
    again.stop()
    open_to_all = lab.serve_mcp(token=False)
    assert open_to_all.token == ""
    assert "open to every process" in repr(open_to_all)


def test_it_can_be_stopped_by_what_it_calls(served, talk):
    ended = threading.Event()
    served.on_change(lambda: served.calls() and (served.stop(), ended.set()))
    talk.call("nothing")
    assert ended.wait(10)
    assert not served.is_running


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_serves_nobody_and_leaves_the_parent_alone(served):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            served.stop()
            state = f"{served.is_running} {sys.getswitchinterval():.3f}"
            os.write(writer, state.encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 100) == b"False 0.005"
    os.close(reader)
    os.close(writer)
    assert os.path.exists(served.connection_file)
    assert Talk(served).open().session


def test_tokens_are_added_and_taken_back(lab, served, talks):
    token = served.add_token("other", ["read"], "a second agent")
    grant = next(one for one in served.grants() if one.label == "a second agent")
    assert (grant.tenant, grant.scopes) == ("other", frozenset({"read"}))
    client = talks(token).open()
    served.revoke(grant.id)
    status, headers, _ = client.raw({"jsonrpc": "2.0", "id": 1, "method": "ping"})
    assert (status, headers["www-authenticate"]) == (401, "Bearer")
    with pytest.raises(LabError, match="no token"):
        served.revoke(grant.id)


def test_a_token_that_is_taken_back_hears_nothing_more(served, talks):
    client = talks(served.add_token(label="gone")).open()
    client.http.request("GET", "/mcp", headers=client.headers(Accept="text/event-stream"))
    stream = client.http.getresponse()
    served.revoke(next(one.id for one in served.grants() if one.label == "gone"))
    assert stream.read() == b""


def test_a_connection_file_that_cannot_be_written_is_said(lab, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "file" / "runtime"))
    before = threading.active_count()
    with pytest.raises(LabError, match="connection file"):
        lab.serve_mcp()
    assert threading.active_count() == before


def test_another_web_server_that_was_interrupted_does_not_silence_it(lab, served, talk):
    from sse_starlette.sse import AppStatus

    AppStatus.should_exit = True  # what uvicorn leaves behind when its cell is interrupted
    assert talk.call("nothing")["error"]["kind"] == "LabError"


def test_listeners_hear_of_changes_until_they_end(served, talk):
    heard = []
    end = served.on_change(lambda: heard.append(1))
    served.on_change(lambda: 1 / 0)  # one that fails keeps nobody else from hearing
    served.switch("debug", False)
    served.switch("debug", False)
    assert (len(heard), served.sets["debug"]) == (1, False)
    end()
    served.switch("debug", True)
    assert len(heard) == 1
    with pytest.raises(LabError, match="no tool set 'all'"):
        served.switch("all", True)


def test_without_a_token_it_says_so(lab):
    server = serve(lab, token=False)
    try:
        assert "open to every process" in repr(server)
        assert Talk(server, token="whatever").open().session
    finally:
        server.stop()


def test_a_client_that_says_goodbye_is_forgotten(served, talks):
    client = talks(era=OLD)
    client.ask("ping")
    assert len(served.clients()) == 1
    assert client.raw(method="DELETE")[0] == 200
    assert eventually(lambda: served.clients() == [])
    assert client.raw({"jsonrpc": "2.0", "id": 1, "method": "ping"})[0] == 404
