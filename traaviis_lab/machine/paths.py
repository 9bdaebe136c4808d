"""Say what a chart can and cannot do: places never reached, places never left, ways to each state.

Guards count as possibly true and possibly false (`explore.py`), so a finding holds for any data.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .chart import Chart
from .components import closed_sets
from .explore import MOST_CONFIGURATIONS, Edge, Node, Walk, explore
from .matching import matches

Way = tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Findings:
    """What `examine` found out about a chart.

    - unreachable: states that no run enters.
    - untaken: ids of transitions that no run takes.
    - dead_ends: reachable leaves, not final, where neither they nor a state around them have any
      transition: a run stays there and never ends.
    - traps: sets of leaves that a run can get into and never out of, although something happens
      there and the run could have ended, or come to rest, elsewhere.
    - unheard: events that are declared or raised and that no transition takes.
    - ways: for each reachable state a shortest sequence of events that enters it.
    - cover: sequences of events, each from the start, that together take every transition that
      can be taken.
    - configurations: how many were visited; `limits` says where the search was cut short.
    """

    chart: str
    unreachable: Way
    untaken: Way
    dead_ends: Way
    traps: tuple[Way, ...]
    unheard: Way
    ways: Mapping[str, Way]
    cover: tuple[Way, ...]
    configurations: int
    limits: Way

    @property
    def sound(self) -> bool:
        """Whether nothing suspicious was found."""
        return not (
            self.unreachable or self.untaken or self.dead_ends or self.traps or self.unheard
        )

    def __repr__(self) -> str:
        """A line for each kind of finding, for people."""
        rows = [
            ("unreachable", ", ".join(self.unreachable)),
            ("never taken", ", ".join(self.untaken)),
            ("dead ends", ", ".join(self.dead_ends)),
            ("traps", "; ".join(", ".join(trap) for trap in self.traps)),
            ("events no state takes", ", ".join(self.unheard)),
        ]
        lines = [f"  {what}: {text}" for what, text in rows if text] or ["  nothing suspicious"]
        events = sum(len(way) for way in self.cover)
        lines.append(f"  all transitions: {len(self.cover)} sequences, {events} events")
        lines += [f"  limit: {limit}" for limit in self.limits]
        return f"Findings of {self.chart}, {self.configurations} configurations\n" + "\n".join(
            lines
        )


def examine(chart: Chart, *, most: int = MOST_CONFIGURATIONS) -> Findings:
    """Look at every configuration the chart can be in, up to `most` of them."""
    walk = explore(chart, most=most)
    edges = [*walk.starts, *(edge for out in walk.edges.values() for edge in out)]
    entered = {state for edge in edges for state in edge.entered}
    taken = {t for edge in edges for t in edge.taken}
    real = [state for state, node in chart.states.items() if node.kind != "history"]
    return Findings(
        chart=chart.name,
        unreachable=tuple(state for state in real if state not in entered),
        untaken=tuple(t for t in chart.transitions if t not in taken),
        dead_ends=tuple(s for s in real if s in entered and _is_dead_end(chart, s)),
        traps=_traps(chart, walk),
        unheard=_unheard(chart),
        ways=_ways(walk, real),
        cover=tuple(_cover(walk, taken)),
        configurations=len(walk.edges),
        limits=tuple(walk.limits),
    )


def _is_dead_end(chart: Chart, state: str) -> bool:
    around = (state, *chart.tables.ancestors[state][:-1])
    leaf = chart.states[state].kind == "atomic"
    return leaf and not any(chart.states[s].transitions for s in around)


def _traps(chart: Chart, walk: Walk) -> tuple[Way, ...]:
    """The closed sets of nodes where something happens, if there is more than one closed set."""
    closed = closed_sets({node: [e.to for e in out] for node, out in walk.edges.items()})
    if len(closed) < 2:
        return ()
    inside = chart.tables.children
    found: list[Way] = []
    for nodes in closed:
        if any(walk.edges.get(node) for node in nodes):
            active = {state for node in nodes for state in node.active}
            found.append(tuple(s for s in chart.states if s in active and not inside[s]))
    return tuple(dict.fromkeys(found))


def _unheard(chart: Chart) -> Way:
    """Declared and raised events that no transition listens for."""
    tables = chart.tables
    listed = (tables.do, tables.on_enter, tables.enter, tables.exit)
    blocks = (block for blocks in listed for block in blocks.values())
    raised = (
        str(getattr(effect, "event", ""))
        for block in blocks
        for effect, fill, raises in block
        if raises and fill is None
    )
    patterns = {event for t in chart.transitions.values() for event in t.events}
    names = dict.fromkeys((*chart.events, *raised))
    return tuple(n for n in names if not any(matches(pattern, n) for pattern in patterns))


def _ways(walk: Walk, states: Iterable[str]) -> dict[str, Way]:
    """The shortest event sequence to each state that is entered, also in passing."""
    ways: dict[str, Way] = {}
    reached: dict[Node, Way] = {}
    for edge in walk.starts:
        reached.setdefault(edge.to, ())
        for state in edge.entered:
            ways.setdefault(state, ())
    for node, out in walk.edges.items():  # in the order of discovery: nearest first
        for edge in out:
            way = (*reached[node], edge.event)
            reached.setdefault(edge.to, way)
            for state in edge.entered:
                ways.setdefault(state, way)
    return {state: ways[state] for state in states if state in ways}


def _cover(walk: Walk, taken: set[str]) -> Iterable[Way]:
    """Walk on to the nearest transition not taken yet; start anew when none can be reached."""
    left = taken - {t for edge in walk.starts for t in edge.taken}
    starts = list(dict.fromkeys(edge.to for edge in walk.starts))
    while left:
        sequence: list[str] = []
        here = starts
        while left:
            path = _nearest(walk, here, left)
            if not path:
                break
            for edge in path:
                left.difference_update(edge.taken)
            sequence += [edge.event for edge in path]
            here = [path[-1].to]
        if not sequence:
            return
        yield tuple(sequence)


def _nearest(walk: Walk, sources: list[Node], wanted: set[str]) -> list[Edge]:
    """The shortest path from one of `sources` whose last edge takes a wanted transition."""
    before: dict[Node, tuple[Node, Edge] | None] = dict.fromkeys(sources)
    waiting = deque(sources)
    while waiting:
        node = waiting.popleft()
        for edge in walk.edges.get(node, ()):
            if not wanted.isdisjoint(edge.taken):
                return [*_back(before, node), edge]
            if edge.to not in before:
                before[edge.to] = (node, edge)
                waiting.append(edge.to)
    return []


def _back(before: Mapping[Node, tuple[Node, Edge] | None], node: Node) -> list[Edge]:
    path: list[Edge] = []
    step = before[node]
    while step is not None:
        node, edge = step
        path.append(edge)
        step = before[node]
    return path[::-1]
