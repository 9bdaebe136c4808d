"""Calls that are done at once, in a row or side by side, say the same as any others."""

import asyncio

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from traaviis_lab import Chart, Event, Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import EffectError
from traaviis_lab.runtime import carriers, quick
from traaviis_lab.runtime.recall import recall

WORDS = ("one", "nothing", "waits", "breaks", "large", "odd", "cancels", "adds")


class Shop:
    """Functions for machines to call, and which were called."""

    def __init__(self):
        self.made = []

    def bring(self, lab):
        for word in WORDS:
            lab.register(getattr(self, word))

    async def one(self, number=1):
        self.made.append(("one", number))
        return number

    async def nothing(self):
        self.made.append("nothing")

    async def waits(self):
        self.made.append("waits")
        await asyncio.sleep(0)
        return "late"

    async def breaks(self):
        self.made.append("breaks")
        raise ValueError("no")

    async def large(self):
        return "x" * 5_000

    async def odd(self):
        return {1, 2}

    async def cancels(self):
        raise asyncio.CancelledError

    async def adds(self):
        return {"a": [1, 2]}


def chart(effect):
    working = {
        "enter": [effect.to_spec()],
        "on_success": [{"to": "idle"}],
        "on_error": [{"to": "idle"}],
    }
    idle = {"transitions": [{"on": "go", "to": "working"}]}
    states = {"idle": idle, "working": working}
    return Chart.from_spec(
        {"spec": "traaviis/1", "name": "Row", "data": {"kept": 0}, "states": states}
    )


def told(lab, run, after=0):
    """The facts by what they say, without what differs from round to round."""
    found = []
    for fact in lab.journal.read(run.id, after=after):
        body = orjson.loads(fact.body)
        place = (body.pop("path", None) or "").partition("/")[2]
        cause = None if fact.cause is None else fact.seq - fact.cause
        found.append((fact.kind, fact.name, place, cause, fact.state, fact.effect, body))
    return found


def rounds(lab, run, count=1):
    """Let it go around so many times; answers what was told in the last."""
    for _ in range(count):
        last = run.seq

        async def whole():
            await run._live.send(Event("go"))
            while "idle" not in run._live.snapshot.active:
                await asyncio.sleep(0)

        lab._thread.wait_for(whole())
    return told(lab, run, last)


def quick_and_slow(effect, monkeypatch):
    """What a round tells where calls are known to be done at once, and where none is."""
    answers = []
    for patience in (60, -1):
        monkeypatch.setattr(quick, "QUICK", patience)
        monkeypatch.setattr(carriers, "LONGEST", 60)
        with Lab() as lab:
            shop = Shop()
            shop.bring(lab)
            run = lab.start(chart(effect))
            rounds(lab, run, 2)
            shop.made.clear()
            facts = rounds(lab, run)
            found = recall(lab.journal, run.id, run.chart)
            live = run._live
            assert (found.snapshot, dict(found.pending)) == (live.snapshot, dict(live.pending))
            assert found.trees == live.trees
            assert not live.tasks
            assert live.open is None
            assert lab.journal.verify().problems == ()
            answers.append((facts, shop.made, run.data))
    return answers


calls = st.one_of(
    st.sampled_from(WORDS).map(fx.call),
    st.integers(0, 9).map(lambda n: fx.call("one", args={"number": n})),
    st.just(fx.call("one", args={"number": "{{ data.kept }}"})),
    st.just(fx.call("one", args={"wrong": 1})),
    st.just(fx.call("one", args={"number": "{{ data.nobody }}"})),
    st.just(fx.call("one", into="kept")),
    st.just(fx.call("nobody")),
    st.just(fx.merge_data({"kept": 7})),
)
rows = st.lists(calls, min_size=1, max_size=8).map(lambda some: fx.sequence(*some))
tame = st.sampled_from(("one", "nothing", "adds")).map(fx.call)
fans = st.builds(
    lambda some, settle: fx.parallel(*some, settle=settle),
    st.lists(st.one_of(tame, calls), min_size=2, max_size=6),
    st.booleans(),
)
nested = st.lists(st.one_of(calls, rows, fans), min_size=1, max_size=4).map(
    lambda some: fx.sequence(*some)
)
trusting = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(effect=rows)
@trusting
def test_a_row_says_the_same_however_it_is_made(effect, monkeypatch):
    fast, slow = quick_and_slow(effect, monkeypatch)
    assert fast == slow


@given(effect=st.one_of(fans, nested))
@trusting
def test_so_do_calls_side_by_side_and_rows_within(effect, monkeypatch):
    fast, slow = quick_and_slow(effect, monkeypatch)
    assert sorted(map(repr, fast[1])) == sorted(map(repr, slow[1]))
    assert fast[2] == slow[2]
    assert outcomes(fast[0]) == outcomes(slow[0])


def outcomes(facts):
    """What became of each place, whatever came first."""
    return sorted((place, kind, repr(body)) for kind, _, place, _, _, _, body in facts if place)


def test_what_is_told_to_end_as_it_starts_is_not_made(monkeypatch):
    hopeless = fx.call("one", args={"number": "{{ data.nobody }}"})
    effect = fx.parallel(fx.call("one"), fx.call("nothing"), hopeless)
    fast, slow = quick_and_slow(fx.sequence(fx.call("one"), effect), monkeypatch)
    assert fast[1] == slow[1] == [("one", 1)]
    assert outcomes(fast[0]) == outcomes(slow[0])


@pytest.fixture
def lab(monkeypatch):
    monkeypatch.setattr(quick, "QUICK", 60)  # however busy the machine is
    monkeypatch.setattr(carriers, "LONGEST", 60)
    with Lab() as lab:
        yield lab


def test_most_of_a_row_is_made_without_its_handler(lab):
    shop = Shop()
    shop.bring(lab)
    run = lab.start(chart(fx.sequence(*[fx.call("one") for _ in range(6)])))
    rounds(lab, run)
    performed, perform = [], lab._engine.interpreter.perform
    lab._engine.interpreter.perform = lambda *said: performed.append(said) or perform(*said)
    assert len(rounds(lab, run)) == 16
    assert performed == []
    assert shop.made == [("one", 1)] * 12


def test_a_handler_of_ones_own_is_asked_from_then_on(lab):
    shop = Shop()
    shop.bring(lab)
    run = lab.start(chart(fx.sequence(fx.call("one"), fx.call("one"))))
    rounds(lab, run, 2)

    async def mine(effect, scope):
        return f"mine {effect.function}"

    lab.handler("call", mine)
    results = [body.get("result") for kind, *_, body in rounds(lab, run) if "completed" in kind]
    assert results == ["mine one", "mine one", ["mine one", "mine one"]]


@pytest.mark.parametrize("together", [fx.sequence, fx.parallel])
def test_what_a_function_changes_is_its_own(lab, together):
    async def counts(found):
        found.append(1)
        return len(found)

    lab.register(counts)
    run = lab.start(chart(together(*[fx.call("counts", {"found": []})] * 4)))
    facts = rounds(lab, run, 3)
    assert [body["result"] for kind, *_, body in facts if kind == "effect.completed"][:4] == [1] * 4


def test_a_long_row_lets_others_in(lab, monkeypatch):
    monkeypatch.setattr(carriers, "LONGEST", 0.005)
    seen = []

    async def one():
        return 1

    lab.register(one)
    run = lab.start(chart(fx.sequence(*[fx.call("one") for _ in range(3_000)])))
    rounds(lab, run)

    async def beside():
        while "idle" in run._live.snapshot.active:
            await asyncio.sleep(0)
        while "idle" not in run._live.snapshot.active:
            seen.append(run._live.seq)
            await asyncio.sleep(0)

    async def both():
        other = asyncio.ensure_future(beside())
        await asyncio.sleep(0)
        await run._live.send(Event("go"))
        await other

    lab._thread.wait_for(both())
    assert len(set(seen)) > 3
    assert lab.journal.verify().problems == ()


def stopped_from_within(lab, together):
    """Five calls of which the first stops the run; the kinds of facts of that round."""
    stop = []

    async def ends():
        if stop:
            run._live.stop()
        return 1

    lab.register(ends)
    run = lab.start(chart(together(*[fx.call("ends") for _ in range(5)])))
    rounds(lab, run, 2)
    stop.append(True)
    last = run.seq
    run.send("go")
    lab._thread.wait_for(asyncio.sleep(0.01))
    assert run.done
    assert not run.under_way
    assert not run._live.tasks
    assert lab.journal.verify().problems == ()
    return [fact[0] for fact in told(lab, run, last)]


def test_who_stops_the_run_from_within_a_row(lab):
    kinds = stopped_from_within(lab, fx.sequence)
    assert kinds.count("effect.started") == kinds.count("effect.cancelled") == 2


def test_who_stops_the_run_from_side_by_side(lab):
    kinds = stopped_from_within(lab, fx.parallel)
    assert kinds.count("effect.started") == 6
    assert kinds.count("effect.completed") + kinds.count("effect.cancelled") == 6


def test_a_row_goes_on_where_its_function_waits(lab):
    waits = []

    async def maybe():
        if waits and len(waits) < 3:
            waits.append(True)
            await asyncio.sleep(0.001)
            return "waited"
        return "at once"

    lab.register(maybe)
    run = lab.start(chart(fx.sequence(*[fx.call("maybe") for _ in range(5)])))
    rounds(lab, run, 2)
    waits.append(True)
    results = [body.get("result") for kind, *_, body in rounds(lab, run) if "completed" in kind]
    assert results[-1] == ["waited", "waited", "at once", "at once", "at once"]


def test_what_begins_with_an_error_is_raised_where_it_is_awaited():
    async def breaks():
        raise EffectError("no")

    begun = quick.Begun(breaks, {})
    assert (begun.over, begun.answered, begun.text) == (True, False, None)

    async def whole():
        await begun

    with pytest.raises(EffectError, match="no"):
        asyncio.run(whole())
