"""Laws of forks, on charts nobody drew, with timers and effects that come home when they like."""

import asyncio
import contextlib
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.machine.charts import SCALE, chart_specs
from traaviis_lab import Chart, Lab, ToldClock
from traaviis_lab.errors import LabError, RunawayChart
from traaviis_lab.runtime import Recall, recall

QUICK = settings(
    max_examples=50 * SCALE,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
CALL = {"kind": "call", "function": "ask", "args": {"n": "{{ data.n }}"}, "into": "n"}
WISHES = (
    CALL,
    {"kind": "call", "function": "ask", "args": {"n": 2}},
    {"kind": "call", "function": "never"},
    {"kind": "delay", "for": "2s"},
    {"kind": "update_data", "key": "n", "value": "data.n + 1"},
)
NAMES = ("a", "a", "a", "b", "c", "d.e", "later", "later", "doze", "answer", "answer", "answer")
INPUTS = st.lists(st.sampled_from(NAMES), min_size=4, max_size=16)


AGENT = {
    "spec": "traaviis/1",
    "name": "Agent",
    "version": "1.0.0",
    "data": {"n": 1},
    "parallel": True,
    "states": {
        "work": {
            "states": {
                "idle": {"transitions": [{"on": "a", "to": "asking"}]},
                "asking": {
                    "enter": [CALL, {"kind": "delay", "for": "2s"}],
                    "after": [{"delay": 3, "to": "idle"}],
                    "on_success": [{"to": "idle", "assign": {"n": "data.n * 2"}}],
                    "on_error": [{"to": "lost"}],
                    "transitions": [{"on": "b", "to": "idle"}, {"on": "c", "to": "asking"}],
                },
                "lost": {
                    "enter": [{"kind": "call", "function": "never"}],
                    "transitions": [{"on": "a", "to": "asking", "assign": {"n": "data.n + 1"}}],
                },
            }
        },
        "clock": {
            "states": {
                "tick": {"after": [{"delay": 1, "to": "tock"}]},
                "tock": {
                    "after": [{"delay": 1, "to": "tick"}],
                    "transitions": [
                        {"on": "b", "when": "data.n > 2", "do": [CALL]},
                        {"on": "d.e", "assign": {"n": "data.n + 1"}},
                    ],
                },
            }
        },
    },
}
PLACE = st.integers(0, 100)  # percent of the run
CHANGES = st.sampled_from(
    [{}, {"event": "a"}, {"data": {"n": 7}}, {"data": {"m": [1]}, "event": "b"}, {"live": False}]
)


@pytest.fixture(autouse=True)
def _quiet():
    """Charts that never rest are told of in the log, at length."""
    logging.getLogger("traaviis_lab").disabled = True
    yield
    logging.getLogger("traaviis_lab").disabled = False


def specs():
    """The agent above, which has all of it at once, or a drawn one."""
    return st.integers(0, 2).flatmap(lambda n: busy_specs() if n == 0 else st.just(AGENT))


@st.composite
def busy_specs(draw):
    """A drawn chart whose states and arrows also ask something of the world, and wait."""
    spec = draw(chart_specs(eventless=draw(st.integers(0, 3)) == 0))

    def visit(states):
        for box in states.values():
            if box.get("history"):
                continue
            if draw(st.booleans()):
                box.setdefault("enter", []).append(draw(st.sampled_from(WISHES)))
            for arrow in box.get("transitions", ()):
                if draw(st.integers(0, 3)) == 0:
                    arrow.setdefault("do", []).append(draw(st.sampled_from(WISHES)))
            if not box.get("final") and draw(st.integers(0, 3)) == 0:
                box["after"] = [{"delay": draw(st.sampled_from([1, 3])), "to": next(iter(states))}]
                if states[box["after"][0]["to"]].get("history"):
                    del box["after"]
            if not box.get("final") and draw(st.booleans()):
                box["on_success"] = [{"assign": {"n": "data.n * 2"}}]
            visit(box.get("states", {}))

    visit(spec["states"])
    return spec


class SlowClock(ToldClock):
    """A clock whose timers may come late, as those of a busy or sleeping computer do."""

    def doze(self, seconds):
        self._now += round(seconds * 1e6)


class World:
    """A lab, its clock, and how often the world was asked. It answers when it is told to."""

    def __init__(self):
        self.clock = SlowClock()
        self.lab = Lab(clock=self.clock)
        self.asked = 0
        self.waiting = []
        self.lab.register(self.ask, "ask")
        self.lab.register(self.never, "never")

    async def ask(self, n):
        self.asked += 1
        mine = self.asked
        gate = asyncio.Event()
        self.waiting.append(gate)
        await gate.wait()
        if isinstance(n, int) and n % 3 == 0:
            raise ValueError(f"{n} is not to be asked")
        return mine  # another answer each time: asked again, it would be seen

    async def never(self):
        self.asked += 1
        await asyncio.Event().wait()

    def settle(self, *, answers=False):
        async def turns():
            if answers:
                while self.waiting:
                    self.waiting.pop(0).set()
            for _ in range(20):
                await asyncio.sleep(0)

        self.lab._thread.wait_for(turns())

    def let_go(self, run):
        self.lab._thread.ask(lambda: self.lab._engine.release(run.id))

    def start(self, spec):
        try:
            return self.lab.start(Chart.from_spec(spec))
        except RunawayChart:
            return None

    def play(self, run, inputs):
        for name in inputs:
            self.settle(answers=name == "answer")
            if name == "later":
                self.clock.advance(1.5)
            elif name == "doze":
                self.clock.doze(1.5)
            elif name != "answer":
                with contextlib.suppress(LabError):
                    run.send(name)
        self.clock.advance(0)  # what came late has come now
        self.settle()


def facts(run):
    return list(run.lab.journal.read(run.id))


def moves(run, after=0):
    """What moved it, and where to."""
    return [(f.kind, f.name, f.state) for f in facts(run) if f.seq > after and b'"step":' in f.body]


def stands(run, seq=None):
    return recall(run.lab.journal, run.id, run.chart, seq)


def compare(fork, parent, upto):
    """The fork stands where its parent stood after fact `upto`, timers and effects included."""
    mine, theirs = stands(fork, len(facts(fork))), stands(parent, upto)
    assert mine.snapshot == theirs.snapshot
    assert mine.visited == theirs.visited
    assert mine.calls == theirs.calls
    assert set(mine.timers) == set(theirs.timers)
    kinds = [sorted((p.effect.kind, p.owner) for p in r.pending.values()) for r in (mine, theirs)]
    assert kinds[0] == kinds[1]


@QUICK
@given(specs(), INPUTS, PLACE, PLACE)
def test_a_fork_without_a_change_is_its_parent_and_asks_nobody(spec, inputs, place, other):
    world = World()
    with world.lab:
        run = world.start(spec)
        if run is None:
            return
        world.play(run, inputs)
        before, asked = facts(run), world.asked
        same = run.fork()
        compare(same, run, run.seq)
        k = place * run.seq // 100
        again = run.fork(at=k, until="end")
        compare(again, run, run.seq)
        assert moves(again, 1 if again.forked_at else 0) == moves(run, again.forked_at)
        grandchild = again.fork(at=max(1, other * again.seq // 100), until="end")
        compare(grandchild, run, run.seq)
        last = grandchild.fork()
        compare(last, run, run.seq)
        world.settle()
        assert world.asked == asked
        assert facts(run) == before
        assert world.lab.verify().problems == ()


@QUICK
@given(specs(), INPUTS, PLACE, INPUTS)
def test_a_fork_at_a_place_stands_there_and_what_it_does_then_leaves_its_parent_alone(
    spec, inputs, place, later
):
    world = World()
    with world.lab:
        run = world.start(spec)
        if run is None:
            return
        world.play(run, inputs)
        before, asked = facts(run), world.asked
        k = max(1, place * run.seq // 100)
        world.let_go(run)  # its own timers go on else
        fork = run.fork(at=k)
        assert fork.forked_from == run.id
        assert fork.forked_at >= k
        assert fork.at(1) == run.at(fork.forked_at)
        world.play(fork, later)
        assert world.asked == asked
        assert facts(run) == before
        again = Recall(fork.chart)
        for fact in facts(fork):
            again.apply(fact)
        assert again.snapshot == fork.snapshot
        assert world.lab.verify().problems == ()


@QUICK
@given(specs(), INPUTS, PLACE, CHANGES, st.lists(PLACE, max_size=2))
def test_whatever_is_left_out_or_changed_nothing_is_asked_again_nor_written_by_half(
    spec, inputs, place, change, left_out
):
    world = World()
    with world.lab:
        run = world.start(spec)
        if run is None:
            return
        world.play(run, inputs)
        before, asked, runs = facts(run), world.asked, len(world.lab.journal.runs())
        k = place * run.seq // 100
        drop = [max(1, one * run.seq // 100) for one in left_out]
        try:
            fork = run.fork(at=k, drop=drop, until="end", **change)
        except LabError:
            assert len(world.lab.journal.runs()) == runs
        else:
            assert len(world.lab.journal.runs()) == runs + 1
            again = stands(fork)
            world.settle()
            assert again.snapshot == fork.at(again.seq)
        assert world.asked == asked
        assert facts(run) == before
