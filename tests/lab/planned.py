"""A lab in memory for random effect trees: its functions fail, answer and resist by a plan."""

import asyncio
import contextlib
import json
import zlib

from tests.effects.trees import DATA
from traaviis_lab import Chart, Lab, LabError, ToldClock
from traaviis_lab.journal import Keep
from traaviis_lab.runtime import Recall, recall
from traaviis_lab.runtime.run import Run as LiveRun

EFFECT_FACTS = ("effect.started", "effect.completed", "effect.failed", "effect.cancelled")


def chart_of(tree, other):
    """A chart with a composed effect of a state, and another one of an arrow within it."""
    return Chart.from_spec(
        {
            "spec": "traaviis/1",
            "name": "Planned",
            "version": "1",
            "data": DATA,
            "states": {
                "idle": {"transitions": [{"on": "go", "to": "work"}]},
                "work": {
                    "enter": [tree.to_spec(), {"kind": "log", "message": "at work"}],
                    "on_success": [{"to": "idle", "assign": {"good": "event.result"}}],
                    "on_error": [{"to": "idle", "assign": {"bad": "event.message"}}],
                    "transitions": [
                        {"when": "data.n in [6, 8, 10]", "to": "work", "assign": {"n": "0"}},
                        {"when": "data.n in [2, 3, 9]", "to": "idle", "assign": {"n": "0"}},
                        {"on": "leave", "to": "idle"},
                        {"on": "again", "to": "work"},
                        {"on": "more", "do": [other.to_spec()]},
                        {"on": "end", "to": "over"},
                    ],
                },
                "over": {"final": True, "enter": [other.to_spec()]},
            },
        }
    )


class Planned:
    """The lab, its clock and its run. `stands` is where the live run stood after each turn.

    Args:
        seed: what the plan of the functions is drawn from.
    """

    def __init__(self, seed=0, path=None, clock=None):
        self.seed, self.clock = seed, clock or ToldClock()
        self.lab = Lab(path, clock=self.clock)
        self.calls, self.waiting, self.stands = [], [], {}
        for name in ("a", "b", "c"):
            self.lab.register(self._function(name), name)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.lab.close()

    def _function(self, name):
        async def planned(scope, word=None):
            self.calls.append(scope.key)
            plan = zlib.crc32(f"{self.seed}/{name}/{scope.key}".encode()) % 12
            if plan < 6:
                await self._gate(resists=plan == 5, answers=plan < 4)
            if plan in (3, 4, 6):
                raise ValueError(f"{name} does not work")
            return {"name": name, "text": "{{ data.n }}", "list": [1, 2]} if plan == 7 else plan

        return planned

    async def _gate(self, resists, answers):
        gate = asyncio.Event()
        self.waiting.append(gate)
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                if not resists:
                    raise
                gate.set()

    def watch(self, patch):
        """Note where live runs stand after each of their turns."""
        commit = LiveRun.commit

        def noted(run, *args, **more):
            commit(run, *args, **more)
            self.stands[run.seq] = stood(run)

        patch.setattr(LiveRun, "commit", noted)

    def settle(self, answers=False):
        """Let everything go on that can; `answers`: what waits to be answered is."""

        async def turns():
            for _ in range(3):
                if answers:
                    while self.waiting:
                        self.waiting.pop(0).set()
                for _ in range(30):
                    await asyncio.sleep(0)

        self.lab._thread.wait_for(turns())

    def play(self, run, inputs):
        """Do these one after the other: events, `answer`, `later`, `stop`, `resume`."""
        for name in inputs:
            if name == "answer":
                self.settle(answers=True)
            elif name == "later":
                self.clock.advance(1.5)
            elif name == "stop":
                run.stop()
            else:
                with contextlib.suppress(LabError):
                    run.send(name)
            self.settle()

    def finish(self, run):
        """Answer everything, until nothing is under way."""
        for _ in range(200):
            if not (run._live.pending or run._live.trees):
                return
            self.settle(answers=True)
            self.clock.advance(70)
        raise AssertionError(f"{dict(run._live.pending)} is still under way")


def stood(found):
    """Where a live or a recalled run stands. One that is done waits for nothing more."""
    calls = None if found.snapshot.done else found.calls
    return found.snapshot, found.pending, found.trees, calls, found.timers


def facts_of(run):
    """All its facts."""
    return list(run.lab.journal.read(run.id))


def check_facts(facts, ended=True):
    """Every effect that was started has one outcome, and has it after it was started."""
    started, over = {}, {}
    for fact in facts:
        if fact.kind not in EFFECT_FACTS:
            continue
        path = json.loads(fact.body)["path"]
        if fact.kind == "effect.started":
            assert path not in over, (fact, over[path])
            started[path] = fact
        else:
            assert path not in over, (fact, over[path])
            over[path] = fact
            local = fact.kind != "effect.cancelled" and b'"local"' in fact.body
            inside = fact.name in ("log", "put_data", "get_data", "merge_data", "update_data")
            assert path in started or local or inside, fact
    if ended:
        assert set(started) <= set(over), set(started) - set(over)


def check_recall(planned, run):
    """The record leads where the live run stood, after each of its turns."""
    found = Recall(run.chart)
    for fact in facts_of(run):
        found.apply(fact)
        if fact.seq in planned.stands:
            assert stood(found) == planned.stands[fact.seq], fact
    kept = run._live.kept()
    again = Recall(run.chart, Keep(run.id, run.seq, kept))
    again.run = run.id
    assert stood(again) == stood(found)
    assert stood(recall(run.lab.journal, run.id, run.chart)) == stood(found)
