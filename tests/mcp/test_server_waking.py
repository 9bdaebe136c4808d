"""Clients are woken when what they watch changes: in both protocols, and only by their own tenant."""

import asyncio

import pytest

from tests.mcp.official import client_of
from tests.mcp.talking import NEW, OLD, Talk
from traaviis_lab.gallery import SmartDoor

URI = "fsm://runs/d/snapshot"


class Heard:
    """What a client of the older protocol was told."""

    def __init__(self):
        self.told, self.news = [], asyncio.Event()

    async def __call__(self, message):
        name = getattr(message, "method", "")
        if name.endswith(("list_changed", "updated")):
            self.told.append((name, getattr(message.params, "uri", None)))
            self.news.set()

    async def next(self, within=5):
        await asyncio.wait_for(self.news.wait(), within)
        self.news.clear()
        return self.told


def test_tools_that_changed_are_told_to_who_is_connected(served):
    async def talk():
        heard = Heard()
        async with client_of(served, OLD, message_handler=heard) as client:
            before = len((await client.list_tools()).tools)
            await asyncio.sleep(0.3)  # its stream opens beside
            served.switch("debug", False)
            assert await heard.next() == [("notifications/tools/list_changed", None)]
            return before, len((await client.list_tools()).tools)

    before, after = asyncio.run(talk())
    assert after < before


def test_tools_that_changed_are_told_on_a_stream(served):
    async def talk():
        async with client_of(served, NEW) as client, client.listen(tools_list_changed=True) as news:
            for on in (False, True, False):
                served.switch("debug", on)  # told once, when it has come to rest
            event = await asyncio.wait_for(anext(aiter(news)), 5)
            return type(event).__name__, len((await client.list_tools()).tools)

    name, count = asyncio.run(talk())
    assert name == "ToolsListChanged"
    assert count == len(Talk(served).names())


def test_a_run_that_moves_wakes_a_session_until_it_wants_no_more(lab, served):
    door = lab.start(SmartDoor, id="d")

    async def talk():
        heard = Heard()
        async with client_of(served, OLD, message_handler=heard) as client:
            await asyncio.sleep(0.3)
            with pytest.warns(match="deprecated|removed"):
                await client.subscribe_resource(URI)
            await asyncio.to_thread(door.send, "open_command")
            told = list(await heard.next())
            with pytest.warns(match="deprecated|removed"):
                await client.unsubscribe_resource(URI)
            await asyncio.to_thread(door.send, "fully_open")
            await asyncio.sleep(0.5)
            return told, heard.told

    told, all_told = asyncio.run(talk())
    assert ("notifications/resources/updated", URI) in told
    assert [one for one in all_told if one[1]] == [("notifications/resources/updated", URI)]


def test_a_run_that_moves_wakes_a_stream(lab, served):
    door = lab.start(SmartDoor, id="d")

    async def talk():
        async with (
            client_of(served, NEW) as client,
            client.listen(resource_subscriptions=[URI]) as news,
        ):
            await asyncio.to_thread(door.send, "open_command")
            return await asyncio.wait_for(anext(aiter(news)), 5)

    assert asyncio.run(talk()).uri == URI


def test_nobody_is_woken_by_another_tenant(lab, served, talks):
    door = lab.start(SmartDoor, id="d")
    token = served.add_token("other")
    stranger = talks(token, era=OLD).open()
    error = stranger.ask("resources/subscribe", {"uri": URI})["error"]
    unknown = stranger.ask("resources/subscribe", {"uri": URI.replace("/d/", "/x/")})["error"]
    assert error["code"] == unknown["code"] == -32602
    assert error["message"].replace("'d'", "'x'") == unknown["message"]

    async def talk():
        async with (
            client_of(served, NEW, token) as client,
            client.listen(resource_subscriptions=[URI], resources_list_changed=True) as news,
        ):
            await asyncio.to_thread(door.send, "open_command")
            await asyncio.to_thread(lab.start, SmartDoor, id="e")
            return await asyncio.wait_for(anext(aiter(news)), 1)

    with pytest.raises(BaseException) as failed:  # noqa: PT011 - a group, by the SDK
        asyncio.run(talk())
    assert "TimeoutError" in repr(failed.value)


def test_watches_are_bounded(served, talks):
    client = talks(era=NEW)
    wanted = {"resourceSubscriptions": [f"fsm://runs/{n}/snapshot" for n in range(65)]}
    error = client.ask("subscriptions/listen", {"notifications": wanted})["error"]
    assert "64 addresses at most" in error["message"]
