"""Outcomes in a row of what is done at once are one turn; nobody sees it half written."""

import asyncio
import threading
import time

import orjson
import pytest

from traaviis_lab import Chart, Event, Lab
from traaviis_lab import effects as fx
from traaviis_lab.runtime import bodies, carriers, quick
from traaviis_lab.runtime.recall import recall


def chart(effect):
    working = {"enter": [effect.to_spec()], "on_success": [{"to": "idle"}]}
    idle = {"transitions": [{"on": "go", "to": "working"}]}
    states = {"idle": idle, "working": {**working, "on_error": [{"to": "broken"}]}, "broken": {}}
    spec = {"spec": "traaviis/1", "name": "Row", "data": {"kept": ""}, "states": states}
    return Chart.from_spec(spec)


def row(*names):
    return fx.sequence(*[fx.call(name) for name in names])


async def one():
    return 1


@pytest.fixture
def lab(monkeypatch):
    monkeypatch.setattr(quick, "QUICK", 60)  # however busy the machine is
    monkeypatch.setattr(carriers, "LONGEST", 60)
    with Lab() as lab:
        lab.register(one)
        yield lab


def go(lab, run):
    """One round, all of it in one go of the loop's thread; answers the batches that were written."""
    batches, append = [], lab.journal.append
    lab.journal.append = lambda facts, **how: (batches.append(list(facts)), append(facts, **how))

    async def whole():
        await run._live.send(Event("go"))
        while run._live.pending:
            await asyncio.sleep(0)

    try:
        lab._thread.wait_for(whole())
    finally:
        del lab.journal.append
    return batches


def told(lab, run, after=0):
    """The facts without what differs from round to round."""
    found = []
    for fact in lab.journal.read(run.id, after=after):
        body = orjson.loads(fact.body)
        place = (body.get("path") or "").partition("/")[2]
        cause = None if fact.cause is None else fact.seq - fact.cause
        found.append((fact.kind, fact.name, place, cause, body.get("result"), fact.state))
    return found


def test_what_is_done_at_once_is_written_at_once_and_says_the_same(lab, monkeypatch):
    run = lab.start(chart(row(*["one"] * 5)))
    monkeypatch.setattr(quick, "QUICK", -1)
    assert len(go(lab, run)) == 6
    last = run.seq
    monkeypatch.setattr(quick, "QUICK", 60)
    assert len(go(lab, run)) == 2
    assert told(lab, run, last) == told(lab, run)[1:last]
    assert lab.journal.verify().problems == ()


def test_it_is_so_in_memory_alone(tmp_path):
    with Lab(tmp_path / "a.duckdb") as lab:
        lab.register(one)
        run = lab.start(chart(row("one", "one")))
        go(lab, run)
        assert [len(batch) for batch in go(lab, run)] == [3, 2, 3]


def test_what_takes_long_without_waiting_is_not_done_at_once(lab, monkeypatch):
    monkeypatch.setattr(quick, "QUICK", 0.001)

    async def holds_up():
        time.sleep(0.002)
        return 1

    lab.register(holds_up)
    run = lab.start(chart(row("holds_up", "holds_up", "holds_up")))
    assert len(go(lab, run)) == 4
    assert len(go(lab, run)) == 4


def test_a_function_with_a_scope_sees_its_own_start(lab):
    seen = []

    async def looks(scope):
        seen.append(run._live.open)
        return scope.key

    lab.register(looks)
    run = lab.start(chart(row("one", "looks", "looks")))
    go(lab, run)
    go(lab, run)
    assert seen == [None] * 4


def test_one_that_waits_after_all_is_seen_to_be_under_way(lab):
    door, waits = threading.Event(), []

    async def slow():
        while waits and not door.is_set():
            await asyncio.sleep(0.001)
        return 2

    lab.register(slow)
    run = lab.start(chart(row("one", "one", "slow", "one")))
    go(lab, run)
    waits.append(True)
    run.send("go")
    lab._thread.wait_for(asyncio.sleep(0.01))
    started = [fact for fact in lab.journal.read(run.id) if fact.kind == "effect.started"]
    assert orjson.loads(started[-1].body)["effect"]["function"] == "slow"
    assert [one["kind"] for one in run.under_way] == ["sequence", "call"]
    assert set(recall(lab.journal, run.id, run.chart).pending) == set(run._live.pending)
    door.set()
    run.wait("idle", timeout=30)


def test_one_that_waits_after_all_can_be_cancelled(lab):
    waits = []

    async def slow():
        if waits:
            await asyncio.sleep(60)
        return 2

    lab.register(slow)
    run = lab.start(chart(row("one", "one", "slow")))
    go(lab, run)
    waits.append(True)
    run.send("go")
    lab._thread.wait_for(asyncio.sleep(0.01))
    run.stop()
    assert run.done
    assert "effect.cancelled" in [fact[0] for fact in told(lab, run)]
    assert not run.under_way
    assert lab.journal.verify().problems == ()


def test_what_is_written_while_it_is_open_is_a_run_that_goes_on(lab):
    seen = []

    async def look():
        found = recall(lab.journal, run.id, run.chart)
        seen.append((found.seq, sorted(found.pending), run._live.open is not None))
        return 1

    lab.register(look)
    run = lab.start(chart(row("one", "look", "look")))
    go(lab, run)
    seen.clear()
    last = run.seq
    go(lab, run)
    # As after a crash: the first of them is begun anew, and what came of it was never said.
    assert seen == [(last + 3, [f"{last + 1}/0/0"], True)] * 2


def test_who_writes_meanwhile_comes_after_what_happened_before(lab):
    async def says():
        run._live.note("here", {})
        return 1

    lab.register(says)
    run = lab.start(chart(row("one", "says", "one")))
    go(lab, run)
    last = run.seq
    go(lab, run)
    kinds = [fact[0] for fact in told(lab, run, last)]
    before = kinds[: kinds.index("note")]
    assert (before.count("effect.started"), before.count("effect.completed")) == (3, 1)
    assert "idle" in run.snapshot.active
    assert lab.journal.verify().problems == ()


def test_a_failure_in_the_middle(lab):
    fails = []

    async def breaks():
        if fails:
            raise ValueError("no")
        return 1

    lab.register(breaks)
    run = lab.start(chart(row("one", "breaks", "one")))
    go(lab, run)
    fails.append(True)
    last = run.seq
    go(lab, run)
    kinds = [fact[0] for fact in told(lab, run, last)]
    assert (kinds.count("effect.completed"), kinds.count("effect.failed")) == (1, 2)
    assert "broken" in run.snapshot.active


def test_an_outcome_that_cannot_be_takes_no_other_with_it(lab, monkeypatch):
    size = [1]

    async def grows():
        return "x" * size[0]

    lab.register(grows)
    run = lab.start(chart(row("one", "one") >> fx.call("grows", into="kept")))
    go(lab, run)
    monkeypatch.setattr(bodies, "MAX_CHANGE", 100)
    size[0], last = 1_000, run.seq
    run.send("go")
    lab._thread.wait_for(asyncio.sleep(0.05))
    facts = told(lab, run, last)
    kinds = [fact[0] for fact in facts]
    assert (kinds.count("effect.started"), kinds.count("effect.completed")) == (4, 2)
    assert kinds[-1] == "note"
    found = recall(lab.journal, run.id, run.chart)
    assert set(found.pending) == set(run._live.pending) == {f"{last + 1}/0/2"}
    assert found.trees == run._live.trees


def test_another_function_of_the_same_name_has_to_prove_itself(lab, monkeypatch):
    run = lab.start(chart(row("one", "one", "one")))
    go(lab, run)
    monkeypatch.setattr(quick, "QUICK", 0.001)

    async def other():
        time.sleep(0.002)
        return 3

    lab.register(other, "one")
    assert len(go(lab, run)) == 4


def test_a_turn_that_has_been_open_for_long_is_written(lab, monkeypatch):
    run = lab.start(chart(row(*["one"] * 4)))
    go(lab, run)
    monkeypatch.setattr(carriers, "LONGEST", -1)
    assert len(go(lab, run)) == 5
