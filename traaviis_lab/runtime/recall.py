"""Bring a run back from its facts: fold `step` over them. Nothing is performed here.

A fact that carries `step` moved the machine; its event, folded over the snapshot before it,
gives the snapshot after it. Timers and effects under way follow from the same facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import orjson
from immutables import Map

from traaviis_lab.effects.growing import CANCELLED, Outcome, Tree, Walk, completed, failed
from traaviis_lab.effects.growing.values import tree_from_json
from traaviis_lab.effects.recorded import recorded_effect
from traaviis_lab.errors import DefinitionError, Diverged, LabError, RunNotFound
from traaviis_lab.journal import Fact, Journal, Keep
from traaviis_lab.machine import Chart, Event, Snapshot, Step, start, step

from .bodies import came_in, kept_snapshot
from .growth import walk_of
from .holding.state import KINDS as HOLDING
from .holding.state import HoldState
from .large import said_in_full
from .standing import (
    NO_TREES,
    NOTHING_UNDER_WAY,
    Invocation,
    Pending,
    Trees,
    UnderWay,
    asks_of,
    invocations_after,
    left_by,
    patched,
    root_of,
    timers_after,
)

ASKING = frozenset({"human.asked", "human.answered"})
ASIDE = frozenset({"event.refused", "note", *ASKING, *HOLDING})
"""Kinds of facts that move nothing."""
OUTCOMES = frozenset({"effect.completed", "effect.failed", "effect.cancelled"})


class Recall:
    """A run as it is known from its facts so far: `apply` one after the other.

    `owed` are composed effects that have come to their end, with the outcome the next facts tell;
    of those in `unheard` the machine is not told.
    """

    def __init__(self, chart: Chart, kept: Keep | None = None) -> None:
        self.chart = chart
        self.run = self.coming = ""
        self.timed = any(node.timers for node in chart.states.values())
        self.snapshot = Snapshot(frozenset())
        self.seq = 0
        self.timers: Mapping[str, int] = {}
        self.pending: UnderWay = NOTHING_UNDER_WAY
        self.trees: Trees = NO_TREES
        self.asked: Mapping[str, int] = {}
        self.owed: Mapping[str, Outcome] = {}
        self.unheard: frozenset[str] = frozenset()
        self.calls: Mapping[str, Invocation] = {}
        self.visited: frozenset[str] = frozenset()
        self.hold: HoldState | None = None
        if kept is not None:
            self.seq = kept.seq
            self._remember(orjson.loads(kept.body))

    def apply(self, fact: Fact) -> Step | None:
        """Go on by one fact; the step it made, None if it moved nothing.

        Raises `Diverged` if the chart no longer takes what it took then.
        """
        self.run, self.seq = fact.run, fact.seq
        if self.hold is not None or fact.kind in HOLDING:
            self._hold(fact)
        if fact.kind in ASIDE:
            self._aside(fact)
            return None
        body = said_in_full(orjson.loads(fact.body), self.snapshot.data)
        if fact.kind == "run.forked" and "stand" in body:
            self._remember(body["stand"])
            return None
        if fact.kind == "run.done":
            self.snapshot = self.snapshot._replace(done=True)
            self.timers = {}
            for root in body.get("left", ()):
                self._grow(root, Walk.leave)
            return None
        self.coming = body["path"] if fact.kind in OUTCOMES else ""
        if fact.kind.startswith("effect."):
            self._effect(fact, body)
        here = None
        if "step" in body:
            here = self._step(fact, body)
            self._follow(here, fact)
        if self.trees and fact.kind in OUTCOMES:
            self._branch(fact, body)
        return here

    def _step(self, fact: Fact, body: Mapping[str, Any]) -> Step:
        event = came_in(fact.kind, fact.name, body)
        try:
            if event is None:
                return start(self.chart, body["data"])
            if event.patch is not None:
                return patched(self.chart, self.snapshot, event.patch)
            return step(self.chart, self.snapshot, event)
        except LabError as error:
            raise Diverged(
                f"Run {fact.run!r} took {fact.name!r} at seq {fact.seq}, but now: {error}",
                hint="The chart has changed since. Resume on the chart the run was started with.",
            ) from error

    def _follow(self, here: Step, fact: Fact) -> None:
        self.snapshot = here.snapshot
        if not here.snapshot.active <= self.visited:
            self.visited |= here.snapshot.active
        if self.timed or self.timers:
            # The timer that came due is over; where its state was entered again, it runs anew.
            timers = self.timers
            if fact.kind == "event" and fact.name in timers:
                timers = {k: v for k, v in timers.items() if k != fact.name}
            self.timers = timers_after(self.chart, timers, here.moves, fact.at)
        if self.hold is not None:
            self.hold.left(self.chart, here.moves)
        if here.effects or self.calls:
            asks = asks_of(here) if here.effects else []
            self.calls = invocations_after(self.calls, here.moves, asks)
        if self.trees and (gone := left_by(here.moves)):
            for root in sorted(self.trees):
                tree = self.trees[root]
                if tree.owner in gone and not tree.left:
                    self._grow(root, Walk.leave)

    def copy(self) -> Recall:
        """Another one that stands here and goes on by itself; what is in it is shared."""
        other = Recall.__new__(Recall)
        other.__dict__.update(self.__dict__)
        other.hold = self.hold and self.hold.copy()
        return other

    def _hold(self, fact: Fact) -> None:
        if self.hold is None:
            self.hold = HoldState()
        self.hold.apply(fact)
        if fact.kind == "event.held" and fact.name in self.timers:
            self.timers = {k: v for k, v in self.timers.items() if k != fact.name}

    def _effect(self, fact: Fact, body: Mapping[str, Any]) -> None:
        path = body["path"]
        if fact.kind == "effect.started":
            self._started(fact, path, body)
            return
        if fact.kind not in OUTCOMES:
            return
        owner = body["owner"]
        root, inner = root_of(path)
        if path in self.pending:
            self.pending = self.pending.delete(path)
        if path in self.asked:
            self.asked = {k: v for k, v in self.asked.items() if k != path}
        if root in self.owed and not inner:
            self.owed = {k: v for k, v in self.owed.items() if k != root}
        call = self.calls.get(owner) if owner and not inner else None
        if call is None or root in self.unheard:
            return
        if fact.kind == "effect.failed":
            self.calls = {**self.calls, owner: Invocation(call.waiting, failed=True)}
        elif fact.kind == "effect.completed":
            index = int(root.partition("/")[2])
            results = {**call.results, index: body.get("result")}
            after = Invocation(call.waiting - 1, call.failed, results)
            self.calls = {**self.calls, owner: after}

    def _started(self, fact: Fact, path: str, body: Mapping[str, Any]) -> None:
        effect, owner = recorded_effect(body["effect"]), body["owner"]
        place = int(path.split("/")[1])
        if effect.composed:
            tree = Tree(effect, owner, place, fact.seq, fact.at)
            self.trees = self.trees.set(path, tree)
            self._grow(path, Walk.begin)
            return
        again = body.get("occurrence", 1)
        pending = Pending(effect, owner, place, fact.seq, fact.at, again)
        self.pending = self.pending.set(path, pending)

    def _branch(self, fact: Fact, body: Mapping[str, Any]) -> None:
        """A leaf of a composed effect ended: that goes on."""
        root, inner = root_of(body["path"])
        if not inner or root not in self.trees:
            return
        if fact.kind == "effect.completed":
            outcome = completed(body.get("result"))
        elif fact.kind == "effect.failed":
            outcome = failed(body["error"])
        elif body.get("ended"):
            outcome = CANCELLED
        else:  # what is left out at once has been left out already
            return
        self._grow(root, lambda walk: walk.outcome(inner, outcome))

    def _grow(self, root: str, work: Callable[[Walk], None]) -> None:
        walk = walk_of(self.trees[root], self.snapshot, self.run, root)
        work(walk)
        grown = walk.tree()
        over = walk.ended is not None
        if walk.ended is not None:
            self.owed = {**self.owed, root: walk.ended}
            if grown.left:
                self.unheard |= {root}
        self.trees = self.trees.delete(root) if over else self.trees.set(root, grown)
        for inner in walk.stops:  # one that had not begun has ended with that
            path = f"{root}/{inner}"
            begun = path in self.pending or path == self.coming
            if not (over or begun) and root in self.trees:
                self._grow(root, partial(Walk.outcome, path=inner, outcome=CANCELLED))

    def _aside(self, fact: Fact) -> None:
        if self.timers and (lost := lost_timer(fact)):
            self.timers = {k: v for k, v in self.timers.items() if k != lost}
        if fact.kind not in ASKING:
            return
        path = orjson.loads(fact.body)["path"]
        asked = {k: v for k, v in self.asked.items() if k != path}
        self.asked = {**asked, path: fact.seq} if fact.kind == "human.asked" else asked

    def _remember(self, body: Mapping[str, Any]) -> None:
        self.snapshot = kept_snapshot(body)
        self.timers = body["timers"]
        self.visited = frozenset(body["visited"])
        self.hold = HoldState.from_json(body["hold"]) if "hold" in body else None
        self.pending = Map(
            (path, Pending(recorded_effect(spec), *rest))
            for path, (spec, *rest) in body["pending"].items()
        )
        self.trees = Map((root, tree_from_json(t)) for root, t in body.get("trees", {}).items())
        self.asked = body.get("asked", {})
        self.calls = {
            name: Invocation(waiting, failed, {int(k): v for k, v in results.items()})
            for name, (waiting, failed, results) in body["calls"].items()
        }


def lost_timer(fact: Fact) -> str:
    """The timer that a fork left out where it would have come, by a note of the fork; or ""."""
    if fact.kind != "note" or b'"timer":' not in fact.body:
        return ""
    return str(orjson.loads(fact.body).get("timer", ""))


def recall(journal: Journal, run: str, chart: Chart, upto: int | None = None) -> Recall:
    """The run as it stood after fact `upto` (None: the last), from the nearest kept snapshot on.

    Raises `RunNotFound` if the journal knows no such run.
    """
    kept = journal.near(run, upto) if upto is not None else journal.near(run, 2**62)
    found = Recall(chart, kept)
    for fact in journal.read(run, after=found.seq, upto=upto, hashed=False):
        found.apply(fact)
    if found.seq == 0:
        raise RunNotFound(f"No run {run!r} in this journal.", hint="lab.runs() lists them.")
    return found


def chart_of(journal: Journal, run: str) -> Chart:
    """The chart a run was started with, from the journal.

    Raises `RunNotFound`, and `DefinitionError` where the chart holds Python functions.
    """
    info = journal.info(run)
    if info is None:
        raise RunNotFound(f"No run {run!r} in this journal.", hint="lab.runs() lists them.")
    spec = journal.chart(info.chart)
    if spec is None:
        raise RunNotFound(
            f"The chart of run {run!r} ({info.chart[:12]}) is not in this journal.",
            hint=f"Pass it: lab.resume({run!r}, chart={info.machine}).",
        )
    try:
        return Chart.from_spec(orjson.loads(spec))
    except DefinitionError as error:
        raise DefinitionError(
            f"The chart of run {run!r} cannot be read from the journal alone: {error}",
            hint=f"Pass the class: lab.resume({run!r}, chart={info.machine}).",
        ) from error


def event_of(fact: Fact) -> Event | None:
    """The event that a fact brought to the machine, None if it moved nothing."""
    return came_in(fact.kind, fact.name, orjson.loads(fact.body))
