"""The front room as a person uses it."""

import asyncio
import threading

import pytest

from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import (
    EventRefused,
    JournalConflict,
    JournalError,
    LabError,
    RunNotFound,
)

from .conftest import Door


def test_a_run_goes_where_its_events_lead_and_says_so(lab):
    run = lab.start(Door, id="door_001", data={"locked": True}, tenant="building")
    step = run.send("open_command", user_id="u1")
    assert step.snapshot.active == {"opening"}
    run.send("fully_open")
    assert (run.state, run.data, run.tenant) == ("open", {"opened": 1, "locked": True}, "building")
    assert run.events == ()
    assert list(run.blocked) == ["close_command"]
    with pytest.raises(EventRefused, match="close_command") as caught:
        run.send("close_command")
    assert "data.locked" in str(caught.value)
    assert run.refused["name"] == "close_command"
    assert run.state == "open"


def test_every_fact_can_be_asked_for(lab):
    run = lab.start(Door, id="d")
    run.send("open_command", user_id="u1")
    run.send("fully_open")
    with pytest.raises(EventRefused):
        run.send("kicked")
    rows = lab.sql("select seq, kind, name, state from events where run_id = 'd' order by seq")
    assert rows.values.tolist() == [
        [1, "run.started", "Door", "closed"],
        [2, "event", "open_command", "opening"],
        [3, "event", "fully_open", "open"],
        [4, "event.refused", "kicked", "open"],
    ]
    history = run.history(data=True)
    assert history["state"].tolist() == ["closed", "opening", "open"]
    assert history["changed"].tolist() == [{}, {}, {"opened": 1}]
    assert history["data"].tolist()[-1] == {"opened": 1, "locked": False}
    assert lab.runs()[["run", "machine", "state", "live"]].values.tolist() == [
        ["d", "Door", "open", True]
    ]
    assert lab.verify().problems == ()


def test_any_place_can_be_stood_at(lab):
    run = lab.start(Door)
    run.send("open_command")
    run.send("fully_open")
    assert [sorted(run.at(seq).active) for seq in (1, 2, 3)] == [["closed"], ["opening"], ["open"]]
    assert run.at(3) == run.snapshot
    with pytest.raises(LabError, match="has no seq 9"):
        run.at(9)


def test_timers_come_when_the_clock_is_told_and_not_when_their_state_was_left(lab, clock):
    run = lab.start(Door)
    for name in ("open_command", "fully_open", "close_command"):
        run.send(name)
    assert list(run.timers) == ["after.closing.0"]
    clock.advance(29)
    assert run.state == "closing"
    clock.advance(1)
    assert (run.state, run.timers) == ("opening", {})
    run.send("fully_open")
    run.send("close_command")
    run.send("fully_closed")
    clock.advance(60)
    assert run.state == "closed"


@pytest.mark.parametrize("name", ["done.state.x", "error.execution", "after.closing.0"])
def test_the_engines_own_events_cannot_be_sent(lab, name):
    run = lab.start(Door)
    with pytest.raises(EventRefused, match="for the engine"):
        run.send(name)


@pytest.mark.parametrize(
    ("value", "says"),
    [({1, 2}, "when"), (float("nan"), "when"), ({1: 2}, "when"), (2**70, "when")],
)
def test_what_is_not_json_is_refused_with_its_path_and_changes_nothing(lab, value, says):
    run = lab.start(Door)
    with pytest.raises(JournalError, match=says):
        run.send("open_command", when=value)
    assert run.state == "closed"


def test_what_was_sent_is_nobody_elses(lab):
    run = lab.start(Keeper)
    mine = [1]
    run.send("keep", items=mine)
    mine.append(2)
    run.data["items"].append(3)
    assert run.data == {"items": [1]}


class Keeper(Machine):
    """Keeps what it is given."""

    data = {"items": []}
    on = State(initial=True)
    on.to(None, on="keep", assign={"items": "event.items"})


def test_an_id_is_taken_once(lab):
    lab.start(Door, id="d")
    with pytest.raises(JournalConflict, match="'d' already") as caught:
        lab.start(Door, id="d")
    assert "lab.resume('d')" in caught.value.hint


def test_unknown_runs_and_machines_say_what_to_do(lab):
    with pytest.raises(RunNotFound, match="'nobody'"):
        lab.run("nobody")
    with pytest.raises(RunNotFound, match="'nobody'"):
        lab.resume("nobody")
    with pytest.raises(LabError, match="is not a machine"):
        lab.start(42)


class Order(Machine):
    """Calls functions and waits."""

    data = {"price": 0, "notes": {}}
    idle = State(initial=True)
    asking = State(
        enter=[fx.call("price_of", args={"item": "{{ event.item }}"}, into="price")],
    )
    known = State(enter=[fx.put_data("notes.seen", True)])
    failed = State()
    idle.to(asking, on="ask")
    asking.to(known, on="done.invoke.asking")
    asking.to(failed, on="error.invoke.asking", assign={"why": "event.message"})
    asking.to(idle, on="forget")


def test_a_called_function_answers_into_data_and_its_state_goes_on(lab):
    lab.register(lambda item: {"tea": 3}[item], name="price_of")
    run = lab.start(Order)
    run.send("ask", item="tea")
    run.wait("known", timeout=10)
    assert run.data == {"price": 3, "notes": {"seen": True}}
    kinds = lab.sql("select kind from events order by seq")["kind"].tolist()
    assert kinds == [
        "run.started", "event", "effect.started", "effect.completed", "event", "effect.completed",
    ]  # fmt: skip


def test_a_failing_function_is_an_event_with_the_reason(lab):
    lab.register(lambda item: {"tea": 3}[item], name="price_of")
    run = lab.start(Order)
    run.send("ask", item="coffee")
    run.wait("failed", timeout=10)
    assert "KeyError" in run.data["why"]


def test_an_unregistered_function_is_never_called(lab):
    run = lab.start(Order)
    run.send("ask", item="tea")
    run.wait("failed", timeout=10)
    assert "No function 'price_of' is registered" in run.data["why"]


def test_leaving_a_state_cancels_its_effects(lab):
    async def never(item):
        await asyncio.Event().wait()

    lab.register(never, name="price_of")
    run = lab.start(Order)
    run.send("ask", item="tea")
    assert [e["kind"] for e in run.under_way] == ["call"]
    run.send("forget")
    assert run.under_way == ()
    kinds = lab.sql("select kind from events order by seq")["kind"].tolist()
    assert kinds[-1] == "effect.cancelled"


def test_a_plain_function_may_use_the_lab_and_an_async_one_is_told_why_not(lab):
    other = lab.start(Door, id="other")

    def open_other(item):
        other.send("open_command")
        return 1

    async def open_too(item):
        other.send("fully_open")

    lab.register(open_other, name="price_of")
    first = lab.start(Order)
    first.send("ask", item="x")
    first.wait("known", timeout=10)
    assert other.state == "opening"
    lab.register(open_too, name="price_of")
    second = lab.start(Order)
    second.send("ask", item="x")
    second.wait("failed", timeout=10)
    assert "cannot wait for itself" in second.data["why"]


class Caller(Machine):
    """Sends an event to another run."""

    idle = State(initial=True)
    calling = State(enter=[fx.send_event("door", "open_command")])
    glad = State()
    sad = State()
    idle.to(calling, on="go")
    calling.to(glad, on="done.invoke.calling")
    calling.to(sad, on="error.invoke.calling")
    glad.to(calling, on="go")


def test_one_run_sends_to_another_and_learns_whether_it_was_taken(lab):
    door = lab.start(Door, id="door")
    caller = lab.start(Caller)
    caller.send("go")
    caller.wait("glad", timeout=10)
    assert door.state == "opening"
    caller.send("go")
    caller.wait("sad", timeout=10)


def test_delays_follow_the_told_clock(lab, clock):
    class Nap(Machine):
        asleep = State(initial=True, enter=[fx.delay("5s")])
        awake = State(final=True)
        asleep.to(awake, on="done.invoke.asleep")

    run = lab.start(Nap)
    clock.advance(4)
    assert run.state == "asleep"
    clock.advance(1)
    run.wait(timeout=10)
    assert (run.state, run.done) == ("awake", True)
    with pytest.raises(EventRefused, match="too late"):
        run.send("anything")


def test_faces_see_every_fact_in_order(lab):
    seen, ended = [], threading.Event()

    def look(fact):
        seen.append((fact.seq, fact.kind))
        if fact.kind == "run.done":
            ended.set()

    run = lab.start(Door)
    unsubscribe = run.on(look)
    run.send("open_command")
    run.send("fully_open")
    run.stop()
    assert ended.wait(10)
    assert seen == [(2, "event"), (3, "event"), (4, "run.done")]
    unsubscribe()


def test_who_hears_of_a_fact_finds_the_run_there(lab, monkeypatch):
    run, found, ended, append = lab.start(Keeper), [], threading.Event(), lab.journal.append

    def slowly(*args, **kwargs):  # the fact is told of, but its turn is not over yet
        append(*args, **kwargs)
        threading.Event().wait(0.2)

    monkeypatch.setattr(lab.journal, "append", slowly)
    run.on(lambda fact: (found.append((fact.seq, run.seq)), ended.set()))
    run.send("keep", items=[1])
    assert ended.wait(10)
    assert found == [(2, 2)]


def test_a_callback_may_fail_and_may_send(lab, caplog):
    run = lab.start(Door)

    def answer(fact):
        if fact.name == "open_command":
            run.send("fully_open")
        raise ValueError("my own fault")

    run.on(answer)
    run.send("open_command")
    run.wait("open", timeout=10)
    assert run.state == "open"


def test_it_works_inside_a_running_loop_and_from_many_threads(lab):
    run = lab.start(Door)

    async def cell():
        return run.send("open_command")

    assert asyncio.run(cell()).snapshot.active == {"opening"}
    runs = [lab.start(Door) for _ in range(8)]
    threads = [threading.Thread(target=r.send, args=("open_command",)) for r in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {r.state for r in runs} == {"opening"}


def test_the_same_path_is_the_same_lab_and_a_closed_one_opens_again(tmp_path):
    path = tmp_path / "door.duckdb"
    lab = Lab(path)
    assert Lab(path) is lab
    with pytest.raises(LabError, match="open already"):
        Lab(path, durability="async")
    run = lab.start(Door, id="d")
    run.send("open_command")
    lab.close()
    lab.close()
    with pytest.raises(LabError, match="closed"):
        run.send("fully_open")
    with Lab(path) as again:
        assert again is not lab
        run = again.resume("d")
        run.send("fully_open")
        assert (run.state, run.seq) == ("open", 3)


def test_timers_and_effects_go_on_another_day(tmp_path, clock):
    path = tmp_path / "door.duckdb"
    calls = []
    with Lab(path, clock=clock) as lab:
        run = lab.start(Door, id="d")
        for name in ("open_command", "fully_open", "close_command"):
            run.send(name)
        order = lab.start(Order, id="o")
        lab.register(_forever, name="price_of")
        order.send("ask", item="tea")
        before = run.snapshot
    clock.advance(10)
    with Lab(path, clock=clock) as lab:
        lab.register(lambda item: calls.append(item) or 5, name="price_of")
        run = lab.resume("d")
        assert run.snapshot == before
        clock.advance(19)
        assert run.state == "closing"
        clock.advance(1)
        assert run.state == "opening"
        order = lab.resume("o")
        order.wait("known", timeout=10)
        assert (calls, order.data["price"]) == (["tea"], 5)
        assert lab.verify().problems == ()


async def _forever(item):
    await asyncio.Event().wait()


def test_the_default_lab_is_one_per_process():
    lab = Lab.default()
    assert Lab.default() is lab
    lab.close()
    assert Lab.default() is not lab
    Lab.default().close()


def test_a_repr_says_where_it_stands(lab):
    run = lab.start(Door, id="d")
    assert repr(run) == "<Run d of Door: closed at seq 1, takes open_command>"
    assert "1 live run>" in repr(lab)


def test_a_note_is_a_fact_that_moves_nothing(lab):
    run = lab.start(Door, id="d")
    before = run.snapshot
    run.note("malformed line", line=7, text="{oops")
    assert (run.snapshot, run.seq) == (before, 2)
    found = lab.sql("select kind, name, body from events where seq = 2").values.tolist()
    assert found == [["note", "malformed line", '{"data":{"line":7,"text":"{oops"}}']]
    assert run.at(2) == before
    with pytest.raises(JournalError, match="note 'odd'"):
        run.note("odd", value={1})
    with pytest.raises(LabError, match="no name"):
        run.note("")
    run.send("open_command")
    assert run.seq == 3
