"""Where a run stands beyond its snapshot: timers that run, effects under way, states that wait.

Plain values and functions of what a step did and when, so that a live run and one that is
recalled from its facts come to the same place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from immutables import Map

from traaviis_lab.effects.growing import Tree
from traaviis_lab.machine import Chart, Event, Move, Snapshot, Step, step
from traaviis_lab.machine.effect import Effect


class Ask(NamedTuple):
    """One wish of a step: its place among the step's effects, the effect, whose `enter` it is."""

    place: int
    effect: Effect
    owner: str


class Pending(NamedTuple):
    """An effect that was started and has no outcome yet. `seq` is the fact that started it."""

    effect: Effect
    owner: str
    place: int
    seq: int
    began: int
    occurrence: int = 1


UnderWay = Map[str, Pending]
"""The effects under way by path. It never changes, so that a turn can be thrown away."""
Trees = Map[str, Tree]
"""The composed effects under way, by the path of their root."""
NOTHING_UNDER_WAY: UnderWay = Map()
NO_TREES: Trees = Map()


def in_order(pending: Mapping[str, Pending]) -> list[tuple[str, Pending]]:
    """Effects under way in the order in which they were started."""
    return sorted(pending.items(), key=lambda one: one[1].seq)


KEEP_EVERY = 500
"""Facts between two kept snapshots of a run."""


def is_time_to_keep(before: int, seq: int, trees: Trees) -> bool:
    """Whether a snapshot is kept between these facts: the more there is in it, the more seldom."""
    if seq // KEEP_EVERY == before // KEEP_EVERY:  # then no larger stretch ends here either
        return False
    size = sum(len(tree.nodes) for tree in trees.values()) if trees else 0
    every = KEEP_EVERY * max(1, size // KEEP_EVERY)
    return seq // every != before // every


def patched(chart: Chart, snapshot: Snapshot, patch: Mapping[str, Any]) -> Step:
    """What fields that an effect brings home lead to; in a run that is over they only are there."""
    if snapshot.done:
        return Step(snapshot._replace(data={**snapshot.data, **patch}))
    return step(chart, snapshot, Event("", {}, patch))


@lru_cache(maxsize=4096)
def root_of(path: str) -> tuple[str, str]:
    """The path of an effect's root, `seq/place`, and the way from there ("": it is the root)."""
    seq, _, rest = path.partition("/")
    place, _, inner = rest.partition("/")
    return f"{seq}/{place}", inner


@dataclass(slots=True)
class Invocation:
    """The `enter` effects of an active state: how many are out, and what the others answered."""

    waiting: int
    failed: bool = False
    results: dict[int, Any] = field(default_factory=dict)

    def answer(self) -> Any:
        """The result of the only effect, or the results of all of them in order."""
        results = [self.results[i] for i in sorted(self.results)]
        return results[0] if len(results) == 1 else results


def timers_after(
    chart: Chart, timers: Mapping[str, int], moves: Sequence[Move], at: int
) -> Mapping[str, int]:
    """The timers that run after these moves: event name to when it is due, in microseconds."""
    states, after = chart.states, timers
    for move in moves:
        for name in move.exited:
            for timer in states[name].timers:
                if timer.event in after:
                    after = {k: v for k, v in after.items() if k != timer.event}
        for name in move.entered:
            for timer in states[name].timers:
                after = {**after, timer.event: at + round(timer.seconds * 1e6)}
    return after


def asks_of(step: Step) -> list[Ask]:
    """The wishes that count: those of a state that was only passed through are local ones.

    SCXML starts what belongs to a state (`invoke`) when the macrostep ends, and only for states
    that are still active then; actions such as `log` happen on the way all the same.
    """
    active = step.snapshot.active
    if len(step.moves) < 2:  # nothing is entered twice within one microstep
        return [
            Ask(index, effect, owner if owner in active else "")
            for index, (effect, owner) in enumerate(zip(step.effects, step.owners, strict=True))
            if not owner or owner in active or not effect.outward
        ]
    entered = Counter(name for move in step.moves for name in move.entered)
    asked = Counter(step.owners)
    seen: Counter[str] = Counter()
    asks = []
    for index, (effect, owner) in enumerate(zip(step.effects, step.owners, strict=True)):
        seen[owner] += 1
        if owner and effect.outward:
            times = max(1, entered[owner])
            last_time = seen[owner] > asked[owner] - asked[owner] // times
            if owner not in active or not last_time:
                continue
        asks.append(Ask(index, effect, owner if owner in active else ""))
    return asks


def left_by(moves: Sequence[Move]) -> set[str]:
    """Every state that was left on the way, also those that were entered again."""
    if len(moves) == 1:
        return set(moves[0].exited)
    return {name for move in moves for name in move.exited}


def invocations_after(
    calls: Mapping[str, Invocation], moves: Sequence[Move], asks: Sequence[Ask]
) -> Mapping[str, Invocation]:
    """The states that wait for their `enter` effects after a step."""
    gone = left_by(moves)
    after = calls if gone.isdisjoint(calls) else {k: v for k, v in calls.items() if k not in gone}
    owners: dict[str, int] = {}
    for ask in asks:
        if ask.owner:
            owners[ask.owner] = owners.get(ask.owner, 0) + 1
    if owners:
        after = {**after, **{owner: Invocation(count) for owner, count in owners.items()}}
    return after
