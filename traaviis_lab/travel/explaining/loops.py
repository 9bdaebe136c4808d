"""Where a run goes round: the same events through the same states, and nothing gained by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import orjson

from .explain import Finding
from .passage import Passage, Passing, told_state
from .usual import Usual

LONGEST = 12
ROUNDS = 3
"""A row of moves is a loop when it comes at least so many times, one right after the other."""


class Loop(NamedTuple):
    """A row of `length` moves, from the move at place `first` to the one at `last`, both in."""

    first: int
    last: int
    length: int

    @property
    def rounds(self) -> int:
        """How often it was gone round, the last round perhaps not to its end."""
        return (self.last - self.first + 1) // self.length


def loops(passage: Passage, usual: Usual) -> list[Finding]:
    """Loops without progress, and states that were visited far more often than is usual."""
    found = []
    looped: set[str] = set()
    for loop in find_loops(passage.moves):
        moves = passage.moves[loop.first : loop.last + 1]
        states = {move.before for move in moves}
        if not any(_more_than_usual(passage, usual, state) for state in states):
            continue
        finding = _told(loop, moves)
        if finding is not None:
            looped |= states
            found.append(finding)
    return [*found, *_visited(passage, usual, looped)]


def find_loops(moves: Sequence[Passing]) -> list[Loop]:
    """The loops of a way, longest first, none inside another."""
    keys = [(move.before, move.event, move.after) for move in moves]
    found: list[Loop] = []
    for length in range(1, LONGEST + 1):
        run = 0
        for place in range(length, len(keys) + 1):
            if place < len(keys) and keys[place] == keys[place - length]:
                run += 1
                continue
            if run + length >= ROUNDS * length and run:
                found.append(Loop(place - run - length, place - 1, length))
            run = 0
    found.sort(key=lambda loop: (loop.first - loop.last, loop.length))
    kept: list[Loop] = []
    for loop in found:
        if all(loop.last < other.first or loop.first > other.last for other in kept):
            kept.append(loop)
    return kept


def _told(loop: Loop, moves: Sequence[Passing]) -> Finding | None:
    """The finding, None for a loop that gets somewhere after its first round."""
    changed, counters = _changed(moves[loop.length :])
    bounces = len({move.before for move in moves}) > 1
    if not changed:
        gained, weight = "Nothing in the data changed meanwhile.", 0.6
    elif changed <= counters and bounces:
        names = ", ".join(f"data.{name}" for name in sorted(changed))
        gained, weight = f"All that changed is a count: {names}.", 0.35
    else:
        return None
    way = " → ".join(f"{told_state(move.before)} (`{move.event}`)" for move in moves[: loop.length])
    seqs = tuple(move.seq for move in moves)
    title = f"Went round {loop.rounds:,} times: {way}"
    text = f"From seq {seqs[0]} to {seqs[-1]}. {gained}"
    weight = min(0.85, weight + 0.02 * loop.rounds)
    return Finding(title, text, round(weight, 2), seqs, "loop")


def _changed(moves: Sequence[Passing]) -> tuple[set[str], set[str]]:
    """The data fields that changed on the way, and those of them that only count on."""
    values: dict[str, list[Any]] = {}
    for move in moves:
        step = orjson.loads(move.body).get("step") or {}
        if "check" in step:
            values.setdefault("(large values)", []).append(None)
        for name, value in step.get("set", {}).items():
            values.setdefault(name, []).append(value)
    return set(values), {name for name, row in values.items() if _counts(row)}


def _counts(row: Sequence[Any]) -> bool:
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in row):
        return False
    return len({later - sooner for sooner, later in pairwise(row)}) <= 1


def _more_than_usual(passage: Passage, usual: Usual, state: str) -> bool:
    """Whether a state was visited more often than in any other run; true where none is known."""
    most = usual.visits.get(state, 0) if usual.enough else 0
    return not usual.enough or sum(stay.state == state for stay in passage.stays) > most


def _visited(passage: Passage, usual: Usual, looped: set[str]) -> list[Finding]:
    if not usual.enough:
        return []
    visits = Counter(stay.state for stay in passage.stays)
    found = []
    for state, count in visits.most_common():
        most = usual.visits.get(state, 0)
        if state in looped or not most or count < max(2 * most, most + 2):
            continue
        seqs = tuple(stay.seq for stay in passage.stays if stay.state == state)
        text = f"In {usual.told()} it was {most:,} at most."
        title = f"Was in {told_state(state)} {count:,} times"
        found.append(Finding(title, text, 0.45, seqs, "loop"))
    return found[:3]
