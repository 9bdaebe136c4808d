"""The bridge before a real server: what a client writes is done there, and stdout is protocol."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from traaviis_lab import Lab
from traaviis_lab.gallery import SmartDoor

from .client import META, MODERN, Bridged

ERAS = pytest.mark.parametrize("modern", [False, True], ids=["sessions", "modern"])


@pytest.fixture
def lab():
    with Lab() as lab:
        lab.start(SmartDoor, id="door")
        yield lab


@pytest.fixture
def server(lab):
    server = lab.serve_mcp()
    yield server
    server.stop()


@pytest.fixture
def bridge(server, tmp_path):
    with Bridged(tmp_path) as bridge:
        yield bridge


def data_of(answer):
    assert "result" in answer, answer
    assert not answer["result"].get("isError"), answer
    return answer["result"]["structuredContent"]


def open_door(bridge, **how):
    return bridge.call("send_event", {"fsm_id": "door", "event": "open_command"}, **how)


@ERAS
def test_a_call_moves_the_machine(bridge, lab, modern):
    if not modern:
        told = bridge.greet()
        assert told["result"]["serverInfo"]["name"] == "traaviis-lab"
    names = {tool["name"] for tool in bridge.ask("tools/list", modern=modern)["result"]["tools"]}
    assert {"create_fsm", "send_event"} <= names
    data_of(open_door(bridge, modern=modern))
    assert lab.run("door").state == "opening"
    unknown = bridge.ask("no/such/method", modern=modern)
    assert unknown["error"]["code"] == -32601
    assert bridge.end() == 0
    assert "Connected to" in bridge.said()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_official_client_cannot_tell_it_from_a_server_of_its_own(server, tmp_path, mode):
    options = StdioServerParameters(
        command=sys.executable,
        args=["-m", "traaviis_lab.bridge"],
        env={"JUPYTER_RUNTIME_DIR": os.environ["JUPYTER_RUNTIME_DIR"]},
    )

    async def used():
        with (tmp_path / "stderr").open("w") as errors:
            async with Client(stdio_client(options, errlog=errors), mode=mode) as client:
                version = client.protocol_version
                tools = (await client.list_tools()).tools
                answers = await asyncio.gather(
                    *(client.call_tool("get_fsm_state", {"fsm_id": "door"}) for _ in range(50))
                )
                return version, tools, answers

    version, tools, answers = asyncio.run(used())
    assert (version == MODERN) == (mode == "auto")
    assert tools
    assert {one.structured_content["state"] for one in answers} == {"closed"}


def test_what_is_written_before_the_session_is_open_waits_for_it(server, tmp_path):
    with Bridged(tmp_path) as bridge:
        who = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": META["io.modelcontextprotocol/clientInfo"],
        }
        bridge.write(
            {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": who},
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": "last", "method": "tools/list"},
        )
        bridge.process.stdin.close()
        assert bridge.answer(1)["result"]
        assert bridge.answer("last")["result"]["tools"]
        assert bridge.process.wait(10) == 0


@ERAS
def test_a_thousand_messages_go_through_and_each_is_answered_once(bridge, modern):
    if not modern:
        bridge.greet()
    begun = time.perf_counter()
    params = {"name": "get_fsm_state", "arguments": {"fsm_id": "door"}}
    sent = {bridge.send("tools/call", params, modern=modern) for _ in range(1000)}
    bridge.seen.clear()
    while len([m for m in bridge.seen if "method" not in m]) < 1000:
        assert bridge.read(60) is not None
    took = time.perf_counter() - begun
    answers = [m for m in bridge.seen if "method" not in m]
    assert sorted(m["id"] for m in answers) == sorted(sent)
    assert all("result" in m for m in answers)
    print(f"1,000 calls in {took:.2f} s")


@ERAS
def test_progress_comes_before_the_answer_and_while_the_call_goes_on(bridge, modern):
    if not modern:
        bridge.greet()
    params = {
        "name": "stream_fsm_events",
        "arguments": {"fsm_id": "door", "seconds": 20, "limit": 1, "after_seq": 1},
        "_meta": {**(META if modern else {}), "progressToken": "p"},
    }
    number = bridge.send("tools/call", params)
    if modern:
        bridge.write()
    time.sleep(0.5)
    data_of(open_door(bridge, modern=modern))
    answer = bridge.answer(number)
    assert "result" in answer, answer
    progress = [m for m in bridge.seen if m.get("method") == "notifications/progress"]
    assert progress
    assert progress[0]["params"]["progressToken"] == "p"


@ERAS
def test_a_cancelled_call_ends_and_is_not_answered(bridge, lab, modern):
    if not modern:
        bridge.greet()
    wait = {
        "name": "wait_for_fsm_event",
        "arguments": {"fsm_id": "door", "after_seq": 1, "timeout": 50},
    }
    bridge.call("get_fsm_state", {"fsm_id": "door"}, modern=modern)
    number = bridge.send("tools/call", wait, modern=modern)
    time.sleep(1)
    bridge.write(
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}
    )
    outcome = until(
        lambda: next((c for c in lab.serve_mcp().calls() if c.tool == "wait_for_fsm_event"), None)
    )
    assert outcome.took < 30
    assert data_of(bridge.call("get_fsm_state", {"fsm_id": "door"}, modern=modern))
    assert not [m for m in bridge.seen if m.get("id") == number and "result" in m]


def until(found, patience=10):
    end = time.monotonic() + patience
    while not (value := found()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return value


def test_a_question_to_the_person_goes_through_the_client_and_back(bridge, lab):
    bridge.greet({"elicitation": {"form": {}}})
    number = bridge.send("tools/call", {"name": "destroy_fsm", "arguments": {"fsm_id": "door"}})
    asked = bridge.until(lambda m: m.get("method") == "elicitation/create")
    assert "door" in asked["params"]["message"]
    properties = asked["params"]["requestedSchema"]["properties"]
    name, schema = next(iter(properties.items()))
    yes = next((v for v in schema.get("enum", ()) if "once" in v), True)
    bridge.write(
        {
            "jsonrpc": "2.0",
            "id": asked["id"],
            "result": {"action": "accept", "content": {name: yes}},
        }
    )
    data_of(bridge.answer(number))


def test_a_change_of_the_tools_is_told_unasked(bridge, server):
    bridge.greet()
    bridge.ask("ping")
    time.sleep(0.5)
    server.switch("debug", False)
    assert bridge.until(lambda m: m.get("method") == "notifications/tools/list_changed")


@ERAS
def test_a_big_message_goes_through_and_one_too_big_is_refused_by_the_server(bridge, modern):
    if not modern:
        bridge.greet()
    data = {"fsm_id": "door", "event": "nothing", "data": {"text": "x" * 500_000}}
    assert "result" in bridge.call("validate_transition", data, modern=modern)
    data["data"]["text"] = "x" * 5_000_000
    refused = bridge.call("validate_transition", data, modern=modern)
    assert "too large" in refused["error"]["message"]
    assert "result" in bridge.call("get_fsm_state", {"fsm_id": "door"}, modern=modern)


def test_what_is_no_message_is_answered_with_an_error_and_harms_nothing(bridge):
    bridge.greet()
    for line, code, number in (
        (b"{", -32700, None),
        (b"\xff\xfe", -32700, None),
        (b"[]", -32600, None),
        (b'{"jsonrpc":"1.0","id":7,"method":"ping"}', -32600, 7),
        (b"[" * 100_000, -32600, None),
    ):
        bridge.write(line)
        told = bridge.read()
        assert (told["error"]["code"], told["id"]) == (code, number), line[:20]
    bridge.write(b"", b"   ", b'{"jsonrpc":"2.0","id":"x","result":{}}')
    assert bridge.ask("ping")["result"] == {}


def test_the_end_of_input_in_the_middle_of_a_call_ends_it_soon_and_cleanly(bridge, server):
    bridge.greet()
    wait = {
        "name": "wait_for_fsm_event",
        "arguments": {"fsm_id": "door", "after_seq": 1, "timeout": 50},
    }
    bridge.send("tools/call", wait)
    time.sleep(0.5)
    begun = time.monotonic()
    assert bridge.end() == 0
    assert time.monotonic() - begun < 4
    assert until(lambda: [c for c in server.calls() if c.tool == "wait_for_fsm_event"])
    assert "Traceback" not in bridge.said()


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda n: n.name
)
def test_a_signal_ends_it_cleanly(bridge, number):
    bridge.greet()
    bridge.send(
        "tools/call",
        {
            "name": "wait_for_fsm_event",
            "arguments": {"fsm_id": "door", "after_seq": 1, "timeout": 50},
        },
    )
    time.sleep(0.3)
    bridge.process.send_signal(number)
    assert bridge.process.wait(5) == 0
    assert "Traceback" not in bridge.said()


def test_a_client_that_is_gone_ends_it(server, tmp_path):
    mine, its = os.pipe()
    with (tmp_path / "stderr").open("wb") as errors:
        bridge = subprocess.Popen(
            [sys.executable, "-m", "traaviis_lab.bridge"],
            stdin=subprocess.PIPE,
            stdout=its,
            stderr=errors,
        )
    os.close(its)
    os.close(mine)
    # Its input stays open; that nobody reads is what it has to notice.
    bridge.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
    bridge.stdin.flush()
    assert bridge.wait(20) == 0
    bridge.stdin.close()
    assert "Traceback" not in (tmp_path / "stderr").read_text()


def test_the_token_is_neither_said_nor_an_argument(bridge, server):
    bridge.greet()
    bridge.ask("tools/list")
    here = Path(f"/proc/{bridge.process.pid}")
    if here.exists():
        assert server.token.encode() not in (here / "cmdline").read_bytes()
        assert server.token.encode() not in (here / "environ").read_bytes()
    assert bridge.end() == 0
    assert server.token not in bridge.said()
    assert server.token not in str(bridge.seen)


def test_without_a_server_every_request_is_told_what_to_do(tmp_path):
    with Bridged(tmp_path) as bridge:
        for modern in (False, True):
            told = bridge.ask("tools/list", modern=modern, patience=10)["error"]
            assert "No lab is being served" in told["message"]
            assert "lab.serve_mcp()" in told["message"]
        assert "lab.serve_mcp()" in bridge.said()
        assert bridge.said().count("No lab is being served") == 1, "said once, not with each call"
        with Lab() as lab:
            lab.start(SmartDoor, id="door")
            lab.serve_mcp()
            bridge.greet()
            assert data_of(open_door(bridge))
        assert bridge.end() == 0


def test_the_bridge_wakes_no_third_party_library():
    code = (
        "import sys; before = set(sys.modules); import traaviis_lab.bridge.command;"
        "print({m.partition('.')[0] for m in set(sys.modules) - before}"
        " - set(sys.stdlib_module_names) - {'traaviis_lab'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
