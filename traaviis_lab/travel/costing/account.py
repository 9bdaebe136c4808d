"""Fold the facts about costs, one at a time: sums by state, model and place, and a line of time."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappush, heapreplace
from typing import Any, NamedTuple

from .call import Call, Foreseen
from .plan import Plan, plus
from .sums import Sum

MOST_POINTS = 600
"""More points of the line of time than this are thinned out; the last one always stays."""
MOST_CALLS = 40
"""So many of the most expensive calls are kept at hand."""


class Point(NamedTuple):
    """What had been spent by a time: `at` in microseconds."""

    at: int
    usd: float
    tokens: int
    seconds: float
    calls: int


class Account:
    """What the calls that were taken in cost together; taking one more in is quick."""

    def __init__(self) -> None:
        self.total = Sum()
        self.states: dict[str, Sum] = {}
        self.models: dict[str, Sum] = {}
        self.nodes: dict[str, Sum] = {}
        self.homes: dict[str, tuple[str, str]] = {}  # node to its state and its model
        self.plan: dict[str, Foreseen] = {}
        self.planned: Foreseen | None = None
        self.line: list[Point] = []
        self._every = 1
        self._dear: list[tuple[tuple[float, float, int], Call]] = []

    def take(self, call: Call) -> None:
        """Count a call."""
        self.total.add(call)
        place = call.node or call.path
        _sum_in(self.states, call.state).add(call)
        _sum_in(self.models, call.model).add(call)
        _sum_in(self.nodes, place).add(call)
        self.homes[place] = (call.state, call.model)
        self._mark(call)
        key = (call.usd or 0.0, float(call.tokens), -call.seq)
        if len(self._dear) < MOST_CALLS:
            heappush(self._dear, (key, call))
        elif key > self._dear[0][0]:
            heapreplace(self._dear, (key, call))

    def expect(self, plan: Plan) -> None:
        """An estimate was made of what is to come: the newest one counts.

        Made on the way, it stands on top of what was used until then.
        """
        used = {name: one.used() for name, one in self.states.items()}
        names = dict.fromkeys([*used, *plan.states])
        both = {
            name: [side[name] for side in (used, plan.states) if name in side] for name in names
        }
        self.plan = {name: plus(parts) for name, parts in both.items()}
        self.planned = None if plan.whole is None else plus([self.total.used(), plan.whole])

    def dearest(self) -> list[Call]:
        """The calls that cost most, the dearest first; of those without a price the largest."""
        return [call for _, call in sorted(self._dear, reverse=True)]

    def by_state(self, order: Iterable[str] = ()) -> list[dict[str, Any]]:
        """A row per state that was asked from or is foreseen to be, in the order given."""
        names = [*order, *self.states, *self.plan]
        known = dict.fromkeys(name for name in names if name in self.states or name in self.plan)
        return [
            {"state": name, **(self.states.get(name) or Sum()).to_json(self.plan.get(name))}
            for name in known
        ]

    def by_model(self) -> list[dict[str, Any]]:
        """A row per model, the one with most tokens first."""
        rows = [{"model": name, **one.to_json()} for name, one in self.models.items()]
        return sorted(rows, key=lambda row: -(row["tokens_in"] + row["tokens_out"]))

    def by_effect(self) -> list[dict[str, Any]]:
        """A row per place in the machine that asks a model."""
        return [
            {"node": node, "state": self.homes[node][0], "model": self.homes[node][1]}
            | one.to_json()
            for node, one in self.nodes.items()
        ]

    def sums(self) -> dict[str, Any]:
        """The whole."""
        return self.total.to_json(self.planned)

    def _mark(self, call: Call) -> None:
        total = self.total
        tokens = total.tokens_in + total.tokens_out
        point = Point(call.at, total.known_usd, tokens, total.seconds, total.calls)
        if self.line and (total.calls - 1) % self._every:
            self.line[-1] = point  # the last one always stays
            return
        self.line.append(point)
        if len(self.line) > MOST_POINTS:
            self._every *= 2
            self.line = [*self.line[:-1:2], point]


def _sum_in(sums: dict[str, Sum], name: str) -> Sum:
    found = sums.get(name)
    if found is None:
        found = sums[name] = Sum()
    return found
