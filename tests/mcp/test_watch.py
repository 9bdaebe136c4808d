"""Watching through the desk: wait for facts, collect them, count over runs."""

import asyncio
import threading
import time

import pytest

from tests.mcp.at_desk import AtDesk, at_desk, soon
from tests.mcp.shops import ORDER, Elsewhere, past, poisoned, shop
from traaviis_lab import Lab
from traaviis_lab.gallery import SmartDoor


@pytest.fixture(params=["memory", "disk"])
def desk(request, tmp_path):
    made = at_desk(None if request.param == "memory" else tmp_path / "x.duckdb")
    yield made
    assert not made.lab.dispatcher._wants, "somebody still listens"
    made.close()


def door(desk, id="d", tenant="default"):
    return desk.lab.start(SmartDoor, id=id, tenant=tenant)


def test_what_has_happened_is_answered_at_once(desk):
    run = door(desk)
    run.send("open_command")
    began = time.monotonic()
    told = desk.ask("wait_for_fsm_event", fsm_id="d", after_seq=1, timeout=30)
    assert time.monotonic() - began < 5
    assert [row["seq"] for row in told["facts"]] == list(range(2, run.seq + 1))
    assert (told["next"], told["done"]) == (run.seq, False)


def test_what_is_to_come_is_waited_for(desk):
    run = door(desk)
    soon(lambda: run.send("open_command"))
    told = desk.ask("wait_for_fsm_event", fsm_id="d", timeout=20)
    assert told["facts"][0]["seq"] == 2
    assert told["facts"][0]["name"] == "open_command"


def test_only_what_fits_ends_the_waiting(desk):
    run = door(desk)

    def act():
        run.note("nothing")
        run.send("open_command")
        run.send("fully_open")

    soon(act)
    told = desk.ask("wait_for_fsm_event", fsm_id="d", kind="event", name="fully_open", timeout=20)
    assert [row["name"] for row in told["facts"]] == ["fully_open"]
    assert told["next"] == run.seq


def test_a_kind_stands_for_all_that_begin_with_it(desk):
    shop(desk.lab, "s")
    told = desk.ask("wait_for_fsm_event", fsm_id="s", after_seq=0, kind="effect")
    assert {row["kind"] for row in told["facts"]} == {"effect.started", "effect.completed"}


def test_when_nothing_comes_the_answer_is_empty(desk):
    door(desk)
    began = time.monotonic()
    told = desk.ask("wait_for_fsm_event", fsm_id="d", timeout=0.3)
    assert 0.2 < time.monotonic() - began < 5
    assert told == {"fsm_id": "d", "facts": [], "next": 1, "done": False}


def test_nobody_waits_for_a_run_that_is_over(desk):
    run = shop(desk.lab, "s")
    began = time.monotonic()
    told = desk.ask("wait_for_fsm_event", fsm_id="s", after_seq=run.seq, timeout=60)
    assert time.monotonic() - began < 5
    assert (told["facts"], told["done"], told["next"]) == ([], True, run.seq)
    told = desk.ask("stream_fsm_events", fsm_id="s", after_seq=0, seconds=60)
    assert (len(told["facts"]), told["done"]) == (run.seq, True)


def test_a_stream_tells_each_fact_as_it_comes(desk):
    run = door(desk)

    def act():
        for name in ("open_command", "fully_open", "close_command"):
            run.send(name)

    soon(act)
    told = desk.ask("stream_fsm_events", fsm_id="d", seconds=30, kind="event", limit=3)
    names = [row["name"] for row in told["facts"]]
    assert names == ["open_command", "fully_open", "close_command"]
    assert [(done, total) for done, total, _ in desk.news] == [(1, 3), (2, 3), (3, 3)]
    assert "event open_command in opening" in desk.news[0][2]


def test_a_stream_ends_in_time_and_goes_on_where_it_ended(desk):
    run = door(desk)
    began = time.monotonic()
    assert desk.ask("stream_fsm_events", fsm_id="d", seconds=0.4)["facts"] == []
    assert 0.3 < time.monotonic() - began < 5
    for name in ("open_command", "fully_open"):
        run.send(name)
    first = desk.ask("stream_fsm_events", fsm_id="d", after_seq=0, limit=2, seconds=5)
    again = desk.ask("stream_fsm_events", fsm_id="d", after_seq=first["next"], seconds=0.3)
    seqs = [row["seq"] for row in [*first["facts"], *again["facts"]]]
    assert seqs == list(range(1, run.seq + 1))


def test_large_facts_make_more_pages_and_none_is_lost(desk):
    run = desk.lab.start(SmartDoor, id="d")
    for number in range(150):
        run.note("many", number=number, text="x" * 1_900)
    seen, after = [], 0
    while after < run.seq:
        told = desk.ask("wait_for_fsm_event", fsm_id="d", after_seq=after, timeout=1)
        seen += [row["seq"] for row in told["facts"]]
        after = told["next"]
    assert seen == list(range(1, run.seq + 1))


async def waiting(desk, count, **more):
    tasks = [
        asyncio.create_task(desk.perform("wait_for_fsm_event", fsm_id="d", timeout=30, **more))
        for _ in range(count)
    ]
    while len(desk.lab.dispatcher._wants) < count:
        await asyncio.sleep(0.01)
    return tasks


def test_many_wait_at_once_and_hold_no_thread(desk):
    run = door(desk)

    async def main():
        before = threading.active_count()
        tasks = await waiting(desk, 200)
        grown = threading.active_count() - before
        await asyncio.to_thread(run.send, "open_command")
        replies = await asyncio.gather(*tasks)
        return grown, replies

    grown, replies = asyncio.run(main())
    assert grown < 20
    assert all(reply.data["facts"][0]["seq"] == 2 for reply in replies)


def test_a_poll_that_is_cancelled_leaves_nothing_behind(desk):
    run = door(desk)

    async def main():
        tasks = await waiting(desk, 30)
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in done)
        stream = asyncio.create_task(desk.perform("stream_fsm_events", fsm_id="d", seconds=30))
        while not desk.lab.dispatcher._wants:
            await asyncio.sleep(0.01)
        stream.cancel()
        await asyncio.gather(stream, return_exceptions=True)
        assert not desk.lab.dispatcher._wants

    asyncio.run(main())
    run.send("open_command")  # nobody is called back any more
    assert [line.outcome for line in desk.desk.record.lines] == ["cancelled"] * 31


@pytest.mark.parametrize("tool", ["wait_for_fsm_event", "stream_fsm_events"])
@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"fsm_id": "nobody"}, "no run"),
        ({"fsm_id": "theirs"}, "no run"),
        ({"fsm_id": "~budgets"}, "no run"),
        ({"fsm_id": "d", "after_seq": -1}, "after_seq"),
        ({"fsm_id": "d", "after_seq": "x"}, "after_seq"),
        ({"fsm_id": "d", "seconds": 61, "timeout": 61}, "60"),
        ({}, "fsm_id"),
    ],
    ids=str,
)
def test_what_cannot_be_watched_is_said(desk, tool, wrong, word):
    door(desk)
    door(desk, "theirs", "other")
    said = desk.refused(tool, **wrong)
    assert word in said["message"]


def test_orders_in_what_happens_come_back_between_marks(desk):
    poisoned(desk.lab, "s")
    for tool in ("wait_for_fsm_event", "stream_fsm_events"):
        reply = desk.reply(tool, fsm_id="s", after_seq=0, **(
            {"timeout": 1} if tool.startswith("wait") else {"seconds": 0.3}
        ))  # fmt: skip
        mark = reply.text.split()[5]
        assert ORDER in reply.text.partition(f"<journal-{mark}>")[2]


def test_a_run_of_an_earlier_day_is_read(tmp_path):
    past(tmp_path / "x.duckdb")
    desk = AtDesk(Lab(tmp_path / "x.duckdb"))
    told = desk.ask("wait_for_fsm_event", fsm_id="old", after_seq=0)
    assert (told["facts"][0]["seq"], told["done"]) == (1, True)
    desk.close()


def test_what_another_process_does_is_heard(tmp_path):
    desk = AtDesk(Lab(tmp_path / "x.duckdb"))
    other = Elsewhere(desk.lab)
    try:
        soon(lambda: other.send("open_command"))
        told = desk.ask("wait_for_fsm_event", fsm_id="elsewhere", after_seq=1, timeout=20)
        assert told["facts"][0]["name"] == "open_command"
    finally:
        other.close()
        desk.close()


def test_analytics_count_the_tenants_runs_and_no_others(desk):
    for number in range(3):
        shop(desk.lab, f"s{number}", tenant="acme", items=number + 1)
    stands = door(desk, "d", "acme")
    stands.send("open_command")
    with pytest.raises(Exception, match="nothing|listens"):
        stands.send("open_command")
    shop(desk.lab, "theirs", tenant="other")
    told = desk.ask("get_workflow_analytics", "acme")
    assert told["runs"] == 4
    shops, doors = told["machines"]
    assert (shops["machine"], shops["runs"], shops["done"]) == ("Shop", 3, 3)
    assert {row["state"] for row in shops["states"]} == {"browsing", "paying", "paid"}
    browsing = next(row for row in shops["states"] if row["state"] == "browsing")
    assert (browsing["stays"], browsing["runs"]) == (3, 3)
    assert browsing["p50"] <= browsing["p95"]
    assert doors["standing"] == {"opening": 1}
    assert doors["refused"] == [{"event": "open_command", "state": "opening", "times": 1}]
    only = desk.ask("get_workflow_analytics", "acme", machine="SmartDoor", limit=10)
    assert [row["machine"] for row in only["machines"]] == ["SmartDoor"]
    assert desk.ask("get_workflow_analytics", "acme", limit=2)["runs"] == 2
    assert desk.ask("get_workflow_analytics", "nobody") == {"runs": 0, "machines": []}


def test_analytics_tell_loops_failures_and_costs(desk):
    def charge(amount):
        raise RuntimeError("card refused")

    desk.lab.register(charge, "charge")
    from tests.lab.spending import Triage, called
    from tests.travel.shop import Shop

    run = desk.lab.start(Shop, id="s")
    run.send("added", item="x", price=1)
    for tries in (1, 2):
        run.send("checkout")
        run.wait(lambda run, tries=tries: run.data["tries"] == tries and run.state == "browsing")
    triage = desk.lab.start(Triage, "t1")
    called(triage, "classify", "a/small", 300, 10, 0.25)
    called(triage, "classify", "b/tuned", 100, 10, None)
    rows = {row["machine"]: row for row in desk.ask("get_workflow_analytics")["machines"]}
    failed = {row["effect"]: row for row in rows["Shop"]["failed_effects"]}
    assert failed["call"] == {"effect": "call", "failed": 2, "completed": 0}
    loops = {row["state"]: row["most"] for row in rows["Shop"]["loops"]}
    assert loops == {"browsing": 3, "paying": 2}
    costs = rows["Triage"]["costs"]
    assert costs == {"calls": 2, "tokens_in": 400, "tokens_out": 20, "usd": 0.25, "unpriced": 1}
