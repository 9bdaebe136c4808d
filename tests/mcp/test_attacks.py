"""What somebody with a token tries, who wants more than it grants: each way was open once."""

import asyncio
import logging
import threading
import time

import pytest

from tests.mcp.at_desk import at_desk
from tests.mcp.at_library import AtLibrary
from tests.mcp.shops import ORDER
from tests.mcp.talking import NEW, OLD, Talk, eventually
from tests.mcp.test_workflow import far
from traaviis_lab.gallery import SmartDoor
from traaviis_lab.mcp import keeping
from traaviis_lab.mcp.lanes import WORKERS
from traaviis_lab.mcp.library import MOST_WATCHED
from traaviis_lab.mcp.serving import Limits


@pytest.fixture
def desk():
    found = at_desk()
    yield found
    found.close()


def written(lab):
    lab.journal.flush()
    return lab.sql("select * from mcp_calls order by seq").to_dict("records")


# What is written down


@pytest.mark.parametrize("value", [10**30, float("nan"), float("inf"), "\ud800", {"\ud800": 1}])
def test_no_argument_keeps_a_call_out_of_the_record(desk, value):
    desk.lab.start(SmartDoor, id="d")
    events = [{"event": "open_command"}, {"event": "fully_open", "data": {"x": value}}]
    desk.reply("batch_send_events", fsm_id="d", events=events)
    desk.reply(f"no_tool{value}" if isinstance(value, str) else "no_tool", x=value)
    assert len(written(desk.lab)) == 2


def test_what_is_refused_does_not_fill_the_disk(desk):
    read = ("read",)
    desk.reply("get_fsm_state", scopes=read, fsm_id="d", junk=[1] * 200_000)
    desk.reply("get_fsm_state", scopes=read, **{f"{n}{'x' * 300}": "y" for n in range(3_000)})
    desk.reply("get_fsm_state", scopes=read, junk=["z" * 1_900] * 500)
    for row in written(desk.lab):
        assert len(row["arguments"]) < 3 * keeping.WHOLE
        assert "more" in row["arguments"]


# Other tenants


def test_a_prompt_compares_with_no_run_of_another_tenant(desk):
    shelves = AtLibrary(desk)
    for number in range(6):
        desk.lab.start(SmartDoor, id=f"hers-{number}", tenant="b").send("open_command")
    desk.lab.start(SmartDoor, id="mine", tenant="a").send("open_command")
    told = shelves.prompt("debug_run", tenant="a", fsm_id="mine")
    assert "against 6" not in told
    assert "hers" not in told


def test_slow_calls_of_one_tenant_hold_up_no_other(desk):
    go, under_way = threading.Event(), threading.Semaphore(0)

    def slow(call):
        under_way.release()
        assert go.wait(30)
        return {}

    async def attack():
        lane = desk.desk.lanes.of("a")
        held = [
            asyncio.get_running_loop().run_in_executor(lane, slow, None) for _ in range(2 * WORKERS)
        ]
        for _ in range(WORKERS):
            assert await asyncio.to_thread(under_way.acquire, timeout=20)
        try:
            async with asyncio.timeout(10):
                plain = await desk.perform("get_server_stats", "b")
                waits = await desk.perform("wait_for_run", "b", fsm_id="hers", seconds=0.1)
        finally:
            go.set()
            await asyncio.gather(*held)
        return plain, waits

    desk.lab.start(SmartDoor, id="hers", tenant="b")
    plain, waits = asyncio.run(attack())
    assert not plain.is_error
    assert waits.data["met"] is False


def test_one_token_leaves_others_their_sessions(lab):
    served = lab.serve_mcp(limits=Limits(sessions=8, sessions_each=4))
    greedy, other = served.add_token("a", ["read"]), served.add_token("b", ["read"])
    for _ in range(4):
        Talk(served, greedy, era=OLD).open()
    with pytest.raises(AssertionError, match="Too many sessions of this token"):
        Talk(served, greedy, era=OLD).open()
    assert Talk(served, other, era=OLD).open().call("get_server_stats")["tenant"] == "b"
    assert Talk(served, greedy, era=NEW).call("get_server_stats")["tenant"] == "a"


def test_what_one_token_watches_is_counted_over_all_its_sessions(desk):
    shelves = AtLibrary(desk)
    ends = [
        shelves.library.watch(desk.client("a"), ["fsm://runs"], lambda uri: None)
        for _ in range(MOST_WATCHED)
    ]
    with pytest.raises(Exception, match="are watched with this token already"):
        shelves.library.watch(desk.client("a"), ["fsm://runs"], lambda uri: None)
    shelves.library.watch(desk.client("b"), ["fsm://runs"], lambda uri: None)()
    ends[0](), ends[0]()
    shelves.library.watch(desk.client("a"), ["fsm://runs"], lambda uri: None)()


# Tokens that were taken back


@pytest.mark.parametrize("era", [OLD, NEW])
def test_a_token_that_is_taken_back_waits_for_nothing_more(lab, served, era):
    lab.start(SmartDoor, id="d")
    talk = Talk(served, served.add_token(label="late"), era=era).open()
    found = []

    def wait():
        try:
            found.append(talk.call("wait_for_fsm_event", fsm_id="d", timeout=50))
        except Exception as error:
            found.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert eventually(lambda: any(one.calls for one in served.clients()))
    time.sleep(0.2)
    (grant,) = [one for one in served.grants() if one.label == "late"]
    served.revoke(grant.id)
    waiting.join(10)
    assert not waiting.is_alive()
    assert eventually(lambda: served.calls() and served.calls()[0].outcome == "cancelled")


@pytest.mark.parametrize("era", [OLD, NEW])
def test_a_question_of_a_token_that_is_taken_back_is_taken_back_too(lab, served, era):
    lab.start(SmartDoor, id="d")
    talk = Talk(served, served.add_token(label="late"), era=era).open()

    def ask():
        try:
            talk.call("destroy_fsm", fsm_id="d")
        except Exception:
            logging.getLogger(__name__).debug("It was cut off, as it should be.")

    asking = threading.Thread(target=ask)
    asking.start()
    assert eventually(lab.approvals.pending)
    (grant,) = [one for one in served.grants() if one.label == "late"]
    served.revoke(grant.id)
    asking.join(10)
    assert eventually(lambda: not lab.approvals.pending())
    assert not lab.run("d").done


# What costs, and what a person is asked


@pytest.mark.parametrize("tool", ["create_fsm", "create_ai_workflow"])
def test_a_model_that_an_event_may_name_is_asked_about(desk, tool):
    far(desk, input=1000, output=100_000)
    desk.answer = "deny"
    ask = {"kind": "call_llm", "model": "{{ data.model }}", "prompt": "Why?"}
    spec = {
        "spec": "traaviis/1", "name": "Late", "initial": "a", "data": {"model": "cheap/x"},
        "states": {"a": {"transitions": [
            {"on": "say", "to": "a", "assign": {"model": "event.model"}},
            {"on": "go", "to": "a", "do": [ask]},
        ]}},
    }  # fmt: skip
    assert desk.refused(tool, spec=spec)["kind"] == "PermissionDenied"
    assert "is decided while it runs" in desk.asked[0].text


def test_a_name_does_not_go_on_where_it_should_end(desk):
    client = desk.client()
    client.name = "x) wants to read. Nothing happens. ("
    desk.lab.start(SmartDoor, id="d")
    desk.destroy("d")
    assert desk.asked[0].text.count(")") == 1


# Text that somebody wrote into a run, and secrets


def test_an_error_that_quotes_a_run_is_marked(desk):
    desk.lab.start(SmartDoor, id="d").note("note", text=ORDER)
    desk.lab.journal.flush()
    query = "select (body->>'$.data.text')::int from events where kind = 'note'"
    reply = desk.reply("query_journal", query=query)
    assert reply.is_error
    assert ORDER[:20] in reply.text
    before, _, _ = reply.text.partition(ORDER[:20])
    assert "<journal-" in before


def test_progress_tells_no_secret(desk):
    desk.lab.start(SmartDoor, id="d").send("open_command")
    desk.lab.secrets["KEY"] = "open_command"  # it became one when it was written already
    desk.ask("stream_fsm_events", fsm_id="d", after_seq=0, seconds=0.3)
    said = [message for _, _, message in desk.news]
    assert any("[secret]" in one for one in said)
    assert not any("open_command" in one for one in said)


def test_numbers_that_are_too_large_are_no_fault_of_ours(desk):
    desk.lab.start(SmartDoor, id="d")
    for tool, how in (
        ("wait_for_fsm_event", {"after_seq": 10**30, "timeout": 0.1}),
        ("stream_fsm_events", {"after_seq": 10**30, "seconds": 0.1}),
        ("fork_run", {"until": "9" * 5_000}),
    ):
        assert desk.reply(tool, fsm_id="d", **how).kind != "InternalError", tool
