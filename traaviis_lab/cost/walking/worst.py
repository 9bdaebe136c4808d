"""The most that a machine can take: the dearest way through it, whatever guards and events say.

Every configuration the chart can come to rest in is looked at. On a way that goes nowhere twice
everything counts once; in a loop every state counts as often as it may be entered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.explore import Edge, Node, explore

MOST_CONFIGURATIONS = 600


class Most(NamedTuple):
    """The most of everything; infinite where nothing bounds it."""

    calls: float = 0.0
    tokens_in: float = 0.0
    tokens_out: float = 0.0
    usd: float = 0.0
    seconds: float = 0.0

    def plus(self, other: Most) -> Most:
        """One after the other."""
        return Most(*(mine + its for mine, its in zip(self, other, strict=True)))

    def times(self, count: float) -> Most:
        """So many times; nothing stays nothing."""
        return Most(*(0.0 if not one or not count else one * count for one in self))

    def or_more(self, other: Most) -> Most:
        """Whichever is more, of each."""
        return Most(*(max(mine, its) for mine, its in zip(self, other, strict=True)))


NOTHING = Most()
ENDLESS = Most(*(math.inf,) * 5)
Weigh = Callable[[str], Most]
"""What entering a state, or taking a transition, takes at most: `Ask` as `state`, `#id`."""


class Worst:
    """The dearest way through a chart. `cap`: how often a state is entered in a loop."""

    def __init__(self, chart: Chart, weigh: Weigh, cap: Callable[[str], int]) -> None:
        self.chart, self._cap = chart, cap
        self._weigh = weigh
        self._known: dict[str, Most] = {}
        self.looping: set[str] = set()

    def of(self, active: frozenset[str] | None) -> Most:
        """From the start (None), or from where these states are active."""
        walk = explore(self.chart, most=MOST_CONFIGURATIONS, hasty=True)
        if walk.limits:
            return ENDLESS if any(self._entering(s).calls for s in self.chart.states) else NOTHING
        groups = _strongly_connected(walk.edges)
        best: dict[int, Most] = {}
        number = {node: at for at, group in enumerate(groups) for node in group}
        for at, group in enumerate(groups):  # those they lead to come first
            onward = NOTHING
            for node in group:
                for edge in walk.edges[node]:
                    if number[edge.to] != at:
                        onward = onward.or_more(self._edge(edge).plus(best[number[edge.to]]))
            best[at] = onward.plus(self._round(group, walk.edges, number, at))
        if active is None:
            return _dearest(self._edge(e).plus(best[number[e.to]]) for e in walk.starts)
        return _dearest(best[number[n]] for n in walk.edges if n.active == active)

    def _round(
        self, group: list[Node], edges: dict[Node, list[Edge]], number: dict[Node, int], at: int
    ) -> Most:
        """What a loop takes: each of its states as often as it may be entered."""
        states: set[str] = set()
        taken: set[str] = set()
        for node in group:
            for edge in edges[node]:
                if number[edge.to] == at:
                    states |= edge.entered
                    taken |= set(edge.taken)
        self.looping |= states
        total = NOTHING
        for state in sorted(states):
            total = total.plus(self._entering(state).times(self._cap(state)))
        for one in sorted(taken):
            source = self.chart.transitions[one].source
            total = total.plus(self._taking(one).times(self._cap(source)))
        return total

    def _edge(self, edge: Edge) -> Most:
        total = NOTHING
        for state in sorted(edge.entered):
            total = total.plus(self._entering(state))
        for one in edge.taken:
            total = total.plus(self._taking(one))
        return total

    def _entering(self, state: str) -> Most:
        return self._at(state)

    def _taking(self, transition: str) -> Most:
        return self._at(f"#{transition}")

    def _at(self, key: str) -> Most:
        if key not in self._known:
            self._known[key] = self._weigh(key)
        return self._known[key]


def _dearest(several: Iterable[Most]) -> Most:
    found = NOTHING
    for one in several:
        found = found.or_more(one)
    return found


def _strongly_connected(edges: dict[Node, list[Edge]]) -> list[list[Node]]:
    """The loops, and each place that is in none by itself; those that are led to come first.

    Kosaraju's way: the order in which nodes are left going forward, then backward from the last.
    """
    back: dict[Node, list[Node]] = {node: [] for node in edges}
    onward: dict[Node, list[Node]] = {}
    for node, out in edges.items():
        onward[node] = [edge.to for edge in out if edge.to in edges]
        for to in onward[node]:
            back[to].append(node)
    left: list[Node] = []
    seen: set[Node] = set()
    for node in edges:
        left += _reached(node, onward, seen)
    groups: list[list[Node]] = []
    seen.clear()
    for node in reversed(left):
        if node not in seen:
            groups.append(_reached(node, back, seen))
    groups.reverse()  # found from the start on; asked for from the ends
    return groups


def _reached(start: Node, onward: dict[Node, list[Node]], seen: set[Node]) -> list[Node]:
    """What is reached from a node and was not seen yet, in the order in which it is left."""
    if start in seen:
        return []
    seen.add(start)
    left: list[Node] = []
    work = [(start, iter(onward[start]))]
    while work:
        node, rest = work[-1]
        for to in rest:
            if to not in seen:
                seen.add(to)
                work.append((to, iter(onward[to])))
                break
        else:
            work.pop()
            left.append(node)
    return left
