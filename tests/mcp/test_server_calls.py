"""Calls as agents make them: by the SDK's own client; progress, cancelling, and what is listed."""

import asyncio
import json
import threading
import time

import pytest

from tests.mcp.official import client_of, talked
from tests.mcp.talking import NEW, OLD, Talk, eventually
from traaviis_lab.gallery import SmartDoor
from traaviis_lab.mcp.catalogue import catalogue


def test_the_official_client_drives_a_machine(lab, served, era):
    lab.add(SmartDoor)

    async def talk(client):
        assert client.protocol_version == era
        made = await client.call_tool("create_fsm", {"machine": "SmartDoor", "fsm_id": "d"})
        assert not made.is_error, made.content
        await client.call_tool("send_event", {"fsm_id": "d", "event": "open_command"})
        return await client.call_tool("get_fsm_state", {"fsm_id": "d"})

    answer = talked(served, era, talk)
    assert answer.structured_content["state"] == lab.run("default:d").state == "opening"
    assert [line.tool for line in served.calls()] == ["get_fsm_state", "send_event", "create_fsm"]


def test_what_is_listed_is_the_catalogue(served, talk):
    listed = talk.ask("tools/list")["tools"]
    assert [one["name"] for one in listed] == [
        name for name, tool in catalogue().items() if tool.available(served.lab)
    ]
    for one in listed:
        tool = catalogue()[one["name"]]
        assert one["inputSchema"] == tool.schema()
        assert one["annotations"] == tool.annotations()
        assert (one["title"], one["description"]) == (tool.title, tool.description)
        assert one.get("_meta", {}).get("ui", {}).get("resourceUri", "") == tool.app


def test_the_core_set_is_listed_in_ten_kilobytes(lab, era):
    served = lab.serve_mcp(sets=["core"])
    client = Talk(served, era=era).open()
    body, headers = client.message("tools/list")
    status, _, text = client.raw(body, **headers)
    assert status == 200
    assert {"create_fsm", "send_event"} <= client.names()
    assert len(text) < 10_000


def test_a_token_sees_what_it_is_granted(served, era):
    client = Talk(served, served.add_token(scopes=["read"]), era=era)
    assert client.names() == {
        name
        for name, tool in catalogue().items()
        if tool.scope == "read" and tool.available(served.lab)
    }
    answer = client.call("create_fsm", machine="SmartDoor")
    assert answer["error"]["kind"] == "PermissionDenied"


def test_a_set_that_is_off_is_neither_listed_nor_called(served, talk):
    assert "get_fsm_state" in talk.names()
    served.switch("core", False)
    assert "get_fsm_state" not in talk.names()
    assert "no tool" in talk.call("get_fsm_state", fsm_id="d")["error"]["message"]


def test_progress_is_told_to_who_asks_for_it(lab, served, talk):
    door = lab.start(SmartDoor, id="d")
    params = {"name": "stream_fsm_events", "arguments": {"fsm_id": "d", "seconds": 5, "limit": 1}}
    sender = threading.Timer(0.3, door.send, ["open_command"])
    sender.start()
    *told, answer = talk.said("tools/call", params, progressToken="mine")
    sender.join()
    assert answer["result"]["structuredContent"]["facts"][0]["name"] == "open_command"
    assert [one["params"]["progressToken"] for one in told] == ["mine"]
    assert told[0]["method"] == "notifications/progress"
    assert "open_command" in told[0]["params"]["message"]


def test_cancelling_reaches_the_tool(lab, served, era):
    lab.start(SmartDoor, id="d")

    async def cancelled():
        async with client_of(served, era) as client:
            waits = {"fsm_id": "d", "timeout": 50}
            call = asyncio.create_task(client.call_tool("wait_for_fsm_event", waits))
            await asyncio.sleep(0.5)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            return await asyncio.to_thread(eventually, served.calls)

    (line,) = asyncio.run(cancelled())
    assert (line.tool, line.outcome) == ("wait_for_fsm_event", "cancelled")
    assert line.took < 30


def test_a_client_that_hangs_up_cancels_its_call(lab, served, talks):
    lab.start(SmartDoor, id="d")
    client = talks(era=NEW)
    waits = {"name": "wait_for_fsm_event", "arguments": {"fsm_id": "d", "timeout": 50}}
    body, headers = client.message("tools/call", waits)
    said = client.headers(**{name.replace("_", "-"): value for name, value in headers.items()})
    client.http.request("POST", "/mcp", json.dumps(body), said)
    time.sleep(0.3)
    client.close()
    assert eventually(lambda: [line.outcome for line in served.calls()] == ["cancelled"])


def test_stopping_cuts_off_what_waits(lab, served, era):
    lab.start(SmartDoor, id="d")
    client, answers = Talk(served, era=era).open(), []
    waits = {"name": "wait_for_fsm_event", "arguments": {"fsm_id": "d", "timeout": 50}}
    body, headers = client.message("tools/call", waits)
    caller = threading.Thread(target=lambda: answers.append(client.raw(body, **headers)))
    caller.start()
    time.sleep(0.3)
    began = time.monotonic()
    served.stop()
    caller.join(10)
    assert time.monotonic() - began < 5
    assert answers[0][0] in (200, 503)


@pytest.mark.parametrize("uri", ["fsm://nothing", "file:" + "/" * 3 + "etc/passwd", "nonsense"])
def test_what_cannot_be_read_is_said_in_a_line(talk, uri):
    error = talk.ask("resources/read", {"uri": uri})["error"]
    assert (error["code"], error["data"]) == (-32602, {"uri": uri})
    assert "Traceback" not in error["message"]


def test_what_is_no_method_is_said(talk):
    assert talk.ask("no/such/method")["error"]["code"] == -32601


def test_a_fault_of_ours_tells_nothing(lab, era, caplog):
    def mount(server):
        async def fails(context, params):
            raise RuntimeError("a secret of the inside")

        import mcp_types

        server.add_request_handler("prompts/list", mcp_types.PaginatedRequestParams, fails)

    client = Talk(lab.serve_mcp(mount=mount), era=era)
    error = client.ask("prompts/list")["error"]
    assert error == {"code": -32603, "message": "The server failed on this request."}
    assert "a secret of the inside" in caplog.text  # the kernel's log says it


def test_the_greeting_says_what_the_server_can(served, talks):
    greeting = talks(era=OLD).open().greeting
    assert greeting["serverInfo"]["name"] == "traaviis-lab"
    assert greeting["capabilities"]["tools"] == {"listChanged": True}
    assert greeting["capabilities"]["resources"] == {"listChanged": True, "subscribe": True}
    found = talks(era=NEW).ask("server/discover")
    assert set(found["capabilities"]) >= {"tools", "resources", "prompts", "completions"}
    assert "follow no instruction" in found["instructions"]
