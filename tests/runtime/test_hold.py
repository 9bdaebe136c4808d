"""Holds on a loop of the test's own: what is written, when nothing can be, and what is kept."""

import asyncio

import pytest

from traaviis_lab import Event, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import JournalError, LabError
from traaviis_lab.journal import MemoryJournal
from traaviis_lab.runtime import Engine, Recall, recall, standing
from traaviis_lab.runtime.holding import stepping
from traaviis_lab.runtime.holding.gate import Gate


class Counter(Machine):
    """Counts up to what it is told, and says so."""

    data = {"n": 0}
    on = State(initial=True)
    on.to(None, on="count", assign={"n": "data.n + 1"})
    on.to(None, on="say", do=fx.log("{{ data.n }}"))


class Clocked(Machine):
    """Enters its own state again when one timer comes, and stays in it when the other does."""

    data = {"n": 0}
    on = State(initial=True)
    on.after("5s", on, assign={"n": "data.n + 1"})
    on.after("3s", None, assign={"n": "data.n + 100"})
    on.to(None, on="look")


def ack(error):
    assert error is None


class Filling(MemoryJournal):
    """A journal whose disk fills up."""

    full = False

    def append(self, facts, **more):
        if self.full:
            raise JournalError("No space left on device.", hint="Make room.")
        super().append(facts, **more)


def engine(journal, clock=None):
    return Engine(journal, clock or ToldClock(), "memory")


def folded(journal, run, chart):
    again = Recall(chart)
    for fact in journal.read(run):
        again.apply(fact)
    return again


def test_a_timer_that_restarts_itself_runs_on_after_it_is_recalled():
    async def go():
        journal, clock = MemoryJournal(), ToldClock()
        one = engine(journal, clock)
        run = one.start(Clocked.chart, "c", {}, "t")
        for seconds, names in [(4, ["after.on.0"]), (2, ["after.on.0", "after.on.1"])]:
            await clock._walk(clock.now() + seconds * 1_000_000)
            assert sorted(run.timers) == names
            assert folded(journal, "c", Clocked.chart).timers == run.timers

    asyncio.run(go())


def test_a_timer_that_waits_and_starts_itself_again_is_recalled_too():
    async def go():
        journal, clock = MemoryJournal(), ToldClock()
        one = engine(journal, clock)
        run = one.start(Clocked.chart, "c", {}, "t")
        hold = one.hold(run)
        stepping.pause(hold, ack)
        await clock._walk(clock.now() + 12_000_000)
        assert (len(hold.state.mailbox), dict(run.timers)) == (2, {})
        assert dict(folded(journal, "c", Clocked.chart).timers) == {}
        for _ in range(2):
            stepping.step(hold, "event", ack)
            assert run.timers == folded(journal, "c", Clocked.chart).timers
        assert run.timers["after.on.0"] == clock.now() + 5_000_000

    asyncio.run(go())


def test_what_cannot_be_written_is_not_held_and_not_taken():
    async def go():
        journal = Filling()
        one = engine(journal)
        run = one.start(Counter.chart, "c", {}, "t")
        hold = one.hold(run)
        stepping.set_breakpoint(hold, {"event": "count"}, ack)
        journal.full = True
        with pytest.raises(JournalError, match="No space"):
            await run.send(Event("count"))
        assert (hold.held, run.seq, hold.state.mailbox) == (None, 2, {})
        with pytest.raises(JournalError, match="No space"):
            stepping.pause(hold, ack)
        assert hold.held is None
        journal.full = False
        await run.send(Event("count"))
        assert hold.held.breakpoint == "b1"
        journal.full = True
        with pytest.raises(JournalError, match="No space"):
            stepping.step(hold, "event", ack)
        assert (hold.held.breakpoint, len(hold.held.mailbox)) == ("b1", 1)
        assert run.snapshot.data == {"n": 0}
        journal.full = False
        stepping.step(hold, "event", ack)
        assert run.snapshot.data == {"n": 1}

    asyncio.run(go())


def test_a_mailbox_that_cannot_flow_tells_who_resumed_it_and_flows_on_when_something_comes():
    async def go():
        journal, told = Filling(), []
        one = engine(journal)
        run = one.start(Counter.chart, "c", {}, "t")
        hold = one.hold(run)
        stepping.pause(hold, ack)
        for _ in range(150):
            await run.send(Event("count"))
        stepping.resume(hold, told.append)
        assert (run.snapshot.data["n"], told) == (100, []), "one slice, and the loop goes on"
        journal.full = True
        await asyncio.sleep(0)
        assert run.snapshot.data["n"] == 100
        [error] = told
        assert isinstance(error, JournalError)
        journal.full = False
        await run.send(Event("count"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert (run.snapshot.data["n"], dict(hold.state.mailbox)) == (151, {})
        assert len(told) == 1

    asyncio.run(go())


def test_what_comes_while_the_mailbox_flows_waits_behind_it():
    async def go():
        journal, told = MemoryJournal(), []
        one = engine(journal)
        run = one.start(Counter.chart, "c", {}, "t")
        hold = one.hold(run)
        stepping.pause(hold, ack)
        for _ in range(250):
            await run.send(Event("count"))
        stepping.resume(hold, told.append)
        step = await run.send(Event("count"))
        assert (step.moves, step.taken) == ((), ())
        stepping.pause(hold, ack)
        await asyncio.sleep(0)
        assert told == [None], "who resumed it is told when it is held again"
        assert (run.snapshot.data["n"], hold.held.reason) == (100, "Paused by hand.")
        stepping.resume(hold, told.append)
        for _ in range(5):
            await asyncio.sleep(0)
        assert (run.snapshot.data["n"], told) == (251, [None, None])

    asyncio.run(go())


def test_a_run_that_is_let_go_while_its_mailbox_flows_stands_still():
    async def go():
        journal, told = MemoryJournal(), []
        one = engine(journal)
        run = one.start(Counter.chart, "c", {}, "t")
        stepping.pause(one.hold(run), ack)
        for _ in range(150):
            await run.send(Event("count"))
        stepping.resume(one.hold(run), told.append)
        one.release("c")
        await asyncio.sleep(0)
        assert (run.snapshot.data["n"], told) == (100, [None])
        again = one.resume("c", Counter.chart)
        for _ in range(5):
            await asyncio.sleep(0)
        assert again.snapshot.data["n"] == 150

    asyncio.run(go())


def test_kept_snapshots_hold_the_mailbox_as_it_was(monkeypatch):
    monkeypatch.setattr(standing, "KEEP_EVERY", 7)

    async def go():
        journal = MemoryJournal()
        one = engine(journal)
        run = one.start(Counter.chart, "c", {}, "t")
        hold = one.hold(run)
        stepping.set_breakpoint(hold, {"event": "say", "hit": 2}, ack)
        for name in ("count", "say", "say", "count", "say", "count"):
            await run.send(Event(name))
        stepping.resume(hold, ack)
        for _ in range(3):
            await run.send(Event("count"))
        stepping.step(hold, "event", ack)
        assert journal.near("c", run.seq) is not None
        plain = Recall(Counter.chart)
        for fact in journal.read("c"):
            twin = plain.copy()
            before = twin.hold and twin.hold.to_json()
            plain.apply(fact)
            assert (twin.hold and twin.hold.to_json()) == before
            near = recall(journal, "c", Counter.chart, fact.seq)
            assert near.snapshot == plain.snapshot
            assert (near.hold and near.hold.to_json()) == (plain.hold and plain.hold.to_json())
        assert plain.hold.to_json() == hold.state.to_json()

    asyncio.run(go())


def test_a_run_without_breakpoints_never_meets_a_hold(monkeypatch):
    async def go():
        journal = MemoryJournal()
        one = engine(journal)
        held, free = (one.start(Counter.chart, name, {}, "t") for name in "ab")
        stepping.set_breakpoint(one.hold(held), {"event": "count"}, ack)
        monkeypatch.setattr(type(one.hold(held)), "deliver", None)
        await free.send(Event("count"))
        stepping.clear_breakpoint(one.hold(held), "b1", ack)
        await held.send(Event("count"))
        assert (free.snapshot, list(one.holds)) == (held.snapshot, ["a"])

    asyncio.run(go())


@pytest.mark.parametrize("order", ["writes first", "close first"])
def test_a_gate_tells_once_when_all_is_durable(order):
    told = []
    gate = Gate(told.append)
    one, two = gate.one(), gate.one()
    steps = [lambda: one(None), lambda: two(None), gate.close]
    for step in steps if order == "writes first" else steps[::-1]:
        assert told == []
        step()
    assert told == [None]


def test_a_gate_tells_of_an_error_at_once_and_only_then():
    told, error = [], LabError("lost")
    gate = Gate(told.append)
    one, two = gate.one(), gate.one()
    one(error)
    two(None)
    gate.close(LabError("later"))
    assert told == [error]
