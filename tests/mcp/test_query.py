"""`query_journal` through the desk: a tenant's own journal in SQL, and nothing else."""

import asyncio
import json
import time

import pytest

from tests.mcp.at_desk import AtDesk, at_desk
from tests.mcp.shops import ORDER, Elsewhere, past, poisoned, shop, together
from traaviis_lab import Lab
from traaviis_lab.gallery import SmartDoor
from traaviis_lab.journal.sandbox import sandboxes


@pytest.fixture(params=["memory", "disk"])
def desk(request, tmp_path):
    made = at_desk(None if request.param == "memory" else tmp_path / "x.duckdb")
    yield made
    sandboxes(made.lab.journal).close()
    made.close()


def test_the_views_answer_for_the_tenant(desk):
    shop(desk.lab, "mine", tenant="acme", items=2)
    shop(desk.lab, "theirs", tenant="other")
    told = desk.ask("query_journal", "acme", query="select run_id, machine, state, done from runs")
    assert told["columns"] == ["run_id", "machine", "state", "done"]
    assert told["rows"] == [["mine", "Shop", "paid", True]]
    assert told["more"] is False
    total = desk.ask(
        "query_journal", "acme",
        query="select changed->>'$.cart.total' from steps where event = 'added' order by seq",
    )  # fmt: skip
    assert total["rows"] == [["5"], ["10"]]
    everything = desk.ask("query_journal", "acme", query="select * from events", limit=5_000)
    assert "theirs" not in json.dumps(everything)
    charts = desk.ask("query_journal", "acme", query="select name from charts")
    assert charts["rows"] == [["Shop"]]


def test_an_agent_sees_its_own_calls_and_no_others(desk):
    shop(desk.lab, "theirs", tenant="other")
    desk.ask("get_history", "other", fsm_id="theirs")
    desk.ask("query_journal", "acme", query="select 1")
    told = desk.ask("query_journal", "acme", query="select tool, outcome from mcp_calls")
    assert told["rows"] == [["query_journal", "ok"]]


def test_what_happened_just_now_is_there(desk):
    run = desk.lab.start(SmartDoor, id="d")
    for name in ("open_command", "fully_open", "close_command"):
        run.send(name)
        told = desk.ask("query_journal", query="select state, seq from runs")
        assert told["rows"] == [[run.state, run.seq]]


def test_limits_are_said(desk):
    told = desk.ask("query_journal", query="select * from range(1000)", limit=3)
    assert (told["rows"], told["more"]) == ([[0], [1], [2]], True)
    began = time.monotonic()
    said = desk.refused(
        "query_journal", query="select sum(hash(range)) from range(1000000000000)", seconds=0.5
    )
    assert time.monotonic() - began < 15
    assert "stopped after 0.5 s" in said["message"]


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({}, "query"),
        ({"query": ""}, "is empty"),
        ({"query": "select 1", "limit": 5_001}, "5000"),
        ({"query": "select 1", "seconds": 31}, "30"),
        ({"query": "select 1", "of": "other"}, "of"),
        ({"query": "x" * 20_001}, "20000"),
        ({"query": "delete from events"}, "DELETE is refused"),
        ({"query": "attach 'x.duckdb'"}, "ATTACH is refused"),
        ({"query": "from read_text('/etc/hosts')"}, "read_text"),
        ({"query": "select nowhere from runs"}, "nowhere"),
    ],
    ids=lambda one: str(one)[:50],
)
def test_what_cannot_be_asked_is_refused(desk, wrong, word):
    said = desk.refused("query_journal", **wrong)
    assert word in said["message"]
    assert "Traceback" not in json.dumps(said)


def test_a_token_without_the_scope_asks_nothing(desk):
    reply = desk.reply("query_journal", "acme", ("write",), query="select 1")
    assert reply.data["error"]["kind"] == "PermissionDenied"


def test_orders_in_the_journal_come_back_between_marks(desk):
    poisoned(desk.lab, "s")
    reply = desk.reply("query_journal", query="select body from events")
    mark = reply.text.split()[5]
    before, _, inside = reply.text.partition(f"<journal-{mark}>")
    assert ORDER not in before
    assert ORDER in inside


def test_a_secret_that_somebody_spells_out_is_struck_out(desk):
    desk.lab.secrets["API_KEY"] = "sk-very-secret-value"
    told = desk.ask("query_journal", query="select 'sk-very' || '-secret-value' as said")
    assert "sk-very-secret-value" not in json.dumps(told)


def test_several_agents_ask_at_once(desk):
    for tenant in ("a", "b", "c"):
        desk.lab.start(SmartDoor, id=f"door-{tenant}", tenant=tenant)
        desk.client(tenant)
    asked = ["a", "b", "c", "a", "b", "c"]
    found = together(
        6, lambda place: desk.ask("query_journal", asked[place], query="select run_id from runs")
    )
    assert [one["rows"] for one in found] == [[[f"door-{tenant}"]] for tenant in asked]


def test_runs_of_an_earlier_day_and_of_another_process_are_there(tmp_path):
    past(tmp_path / "x.duckdb")
    desk = AtDesk(Lab(tmp_path / "x.duckdb"))
    other = Elsewhere(desk.lab)
    try:
        query = "select run_id from runs order by 1"
        told = desk.ask("query_journal", query=query)
        assert told["rows"] == [["elsewhere"], ["old"], ["open"]]
    finally:
        other.close()
        sandboxes(desk.lab.journal).close()
        desk.close()


def test_a_question_after_a_fatal_one_is_answered(desk):
    desk.lab.start(SmartDoor, id="d")
    desk.refused("query_journal", query="select repeat('x', 2000000000)")
    assert desk.ask("query_journal", query="select run_id from runs")["rows"] == [["d"]]


def test_a_question_that_is_given_up_stops(desk):
    desk.ask("query_journal", query="select 1")  # its process is there
    slow = "select count(*) from range(100000000000) a, range(100) b"

    async def ask_and_leave():
        task = asyncio.ensure_future(desk.perform("query_journal", query=slow, seconds=30))
        await asyncio.sleep(0.5)
        waits = asyncio.ensure_future(desk.perform("query_journal", query=slow, seconds=30))
        await asyncio.sleep(0.2)
        waits.cancel()
        task.cancel()
        await asyncio.gather(task, waits, return_exceptions=True)
        began = time.monotonic()
        told = await desk.perform("query_journal", query="select 7 as x")
        return told, time.monotonic() - began

    told, took = asyncio.run(ask_and_leave())
    assert told.data["rows"] == [[7]]
    assert took < 15  # a new process is made; nobody waits 30 s for the one that was left
    calls = desk.lab.sql("select outcome from mcp_calls where tool = 'query_journal'")
    assert sorted(calls["outcome"]) == ["cancelled", "cancelled", "ok", "ok"]
