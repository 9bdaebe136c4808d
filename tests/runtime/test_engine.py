"""The engine on a loop of the test's own, without a lab."""

import asyncio

import pytest

from traaviis_lab import Event, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.effects.recorded import recorded_effect
from traaviis_lab.errors import EventRefused, JournalError, LabError, RunawayChart
from traaviis_lab.journal import MemoryJournal
from traaviis_lab.machine.effect import VOCABULARY
from traaviis_lab.runtime import Engine, bodies, chart_like
from traaviis_lab.runtime.standing import KEEP_EVERY


class Loop(Machine):
    """Changes its data whenever it changes its data."""

    data = {"n": 0}
    idle = State(initial=True)
    a = State(enter=[fx.update_data("n", "data.n + 1")])
    b = State(enter=[fx.update_data("n", "data.n + 1")])
    idle.to(a, on="go")
    a.to(b, when="data.n % 2 == 1")
    b.to(a, when="data.n % 2 == 0")


def engine(journal=None):
    return Engine(journal or MemoryJournal(), ToldClock(), "memory")


def test_a_run_that_feeds_itself_for_ever_is_stopped_and_nothing_has_happened():
    async def go():
        run = engine().start(Loop.chart, "loop", {}, "t")
        before = run.snapshot
        with pytest.raises(RunawayChart, match="more than"):
            await run.send(Event("go"))
        assert run.snapshot == before
        assert run.refused[0] == "go"

    asyncio.run(go())


class Divider(Machine):
    """Assigns what JSON cannot hold, if asked to."""

    data = {"x": 1.0}
    on = State(initial=True)
    on.to(None, on="divide", assign={"x": "data.x / event.by"})
    on.to(None, on="gather", assign={"x": lambda data, event: {1, 2}})


def test_data_that_json_cannot_hold_is_refused_whole():
    async def go():
        run = engine().start(Divider.chart, "d", {}, "t")
        with pytest.raises(JournalError, match="data.x"):
            await run.send(Event("gather"))
        assert (run.snapshot.data, run.seq) == ({"x": 1.0}, 2)
        await run.send(Event("divide", {"by": 2.0}))
        assert run.snapshot.data == {"x": 0.5}

    asyncio.run(go())


class Doubling(Machine):
    """Its data grows without bound."""

    data = {"x": "x"}
    on = State(initial=True)
    on.to(None, on="grow", assign={"x": "[data.x, data.x]"})


def test_data_that_grows_for_ever_is_stopped_with_the_field_named(monkeypatch):
    monkeypatch.setattr(bodies, "MAX_CHANGE", 1_000)

    async def go():
        run = engine().start(Doubling.chart, "d", {}, "t")
        for _ in range(7):
            await run.send(Event("grow"))
        with pytest.raises(JournalError, match=r"bytes of data \(x\)"):
            await run.send(Event("grow"))

    asyncio.run(go())


class Broken(MemoryJournal):
    """A journal whose disk is full."""

    def append(self, facts, **_):
        if facts[0].kind != "run.started":
            raise JournalError("No space left on device.", hint="Make room.")
        super().append(facts, **_)


def test_a_journal_that_cannot_write_leaves_the_run_where_it_was():
    async def go():
        run = engine(Broken()).start(Divider.chart, "d", {}, "t")
        with pytest.raises(JournalError, match="No space"):
            await run.send(Event("divide", {"by": 2.0}))
        assert (run.snapshot.data, run.seq) == ({"x": 1.0}, 1)

    asyncio.run(go())


def test_a_released_run_can_be_resumed_by_another_engine():
    async def go():
        journal = MemoryJournal()
        first = engine(journal)
        run = first.start(Divider.chart, "d", {}, "t")
        await run.send(Event("divide", {"by": 4.0}))
        first.release("d")
        again = engine(journal).resume("d", Divider.chart)
        assert (again.snapshot, again.seq) == (run.snapshot, run.seq)
        with pytest.raises(EventRefused):
            await again.send(Event("nothing"))

    asyncio.run(go())


def test_a_long_run_is_kept_on_the_way_and_recalled_from_there():
    async def go():
        journal = MemoryJournal()
        first = engine(journal)
        run = first.start(Divider.chart, "d", {}, "t")
        for _ in range(KEEP_EVERY + 200):
            run.deliver(Event("divide", {"by": 1.0}))
        assert journal.near("d", 10_000).seq == KEEP_EVERY
        first.release("d")
        assert engine(journal).resume("d", Divider.chart).snapshot == run.snapshot

    asyncio.run(go())


def test_a_journalled_effect_is_read_as_it_stands():
    effect = fx.call("f", args={"text": "{{ not closed"}, into="x")
    assert recorded_effect(effect.to_spec()) == effect
    assert recorded_effect(fx.delay("2s").to_spec()) == fx.delay(2)
    with pytest.raises(LabError, match="'teleport'") as caught:
        recorded_effect({"kind": "teleport"})
    assert "call" in caught.value.hint
    assert "teleport" not in VOCABULARY


@pytest.mark.parametrize("thing", [42, "Door", None, {"states": {}}])
def test_only_machines_can_be_started(thing):
    with pytest.raises(LabError, match="is not a machine"):
        chart_like(thing)
