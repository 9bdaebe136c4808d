"""Index a chart once, so that stepping never searches it.

Everything here is a function of the chart alone. What depends on a configuration (which states
are active together) is in `place.py`; what can be made ready in advance is in `ready.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .action import Block, compile_block
from .chart import Chart, StateNode, Transition
from .matching import is_pattern, matches
from .payload import compile_payload
from .place import Place, PlaceBook
from .ready import Row, begin_row, prepare
from .values import Data

if TYPE_CHECKING:
    from .plan import Plan

ROOT = ""


@dataclass(slots=True, eq=False)
class Tables:
    """What `step` looks up. Only the memos `places` and `ready` grow, and never past a limit."""

    name: str
    data: Data
    nodes: Mapping[str, StateNode]
    order: Mapping[str, int]
    ancestors: Mapping[str, tuple[str, ...]]
    inside: Mapping[str, frozenset[str]]
    children: Mapping[str, tuple[str, ...]]
    markers: Mapping[str, tuple[str, ...]]
    finals: Mapping[str, frozenset[str]]
    named: Mapping[str, Mapping[str, tuple[Transition, ...]]]
    patterns: Mapping[str, tuple[Transition, ...]]
    eventless: Mapping[str, tuple[Transition, ...]]
    vocabulary: frozenset[str]
    payloads: Mapping[str, Callable[[Data], str | None]]
    on_enter: Mapping[str, Block]
    enter: Mapping[str, Block]
    exit: Mapping[str, Block]
    do: Mapping[str, Block]
    portable: bool = True
    places: PlaceBook = field(init=False)
    ready: dict[frozenset[str], dict[str, tuple[Row, ...]]] = field(default_factory=dict)
    begin: Row | None = None
    first: Plan | None = None

    def __post_init__(self) -> None:
        """Open the book of configurations; it reads the index above."""
        self.places = PlaceBook(self)

    def place(self, active: frozenset[str]) -> Place:
        """The configuration `active`, checked when it is met for the first time."""
        return self.places[active]

    def listeners(self, state: str, name: str | None) -> tuple[Transition, ...]:
        """The transitions of `state` that `name` may trigger; None asks for the eventless ones."""
        if name is None:
            return self.eventless[state]
        named = self.named[state].get(name)
        if named is not None:
            return named
        return tuple(t for t in self.patterns[state] if any(matches(e, name) for e in t.events))

    def sort(self, states: set[str] | frozenset[str]) -> tuple[str, ...]:
        """Document order: outer before inner, earlier before later."""
        return tuple(sorted(states, key=self.order.__getitem__))


def build_tables(chart: Chart) -> Tables:
    """Index `chart`. A flat chart's steps are made ready here, for every state and event."""
    nodes = {ROOT: chart.root, **{k: n for k, n in chart.states.items() if k != ROOT}}
    real = [n for n in nodes.values() if n.kind != "history"]
    tables = Tables(
        name=chart.name,
        data=chart.data,
        nodes=nodes,
        order={state: place for place, state in enumerate(nodes)},
        ancestors={state: _ancestors(nodes, state) for state in nodes},
        inside=_inside(nodes),
        children={n.id: tuple(c for c in n.children if nodes[c].kind != "history") for n in real},
        markers={n.id: tuple(c for c in n.children if nodes[c].kind == "history") for n in real},
        finals={n.id: frozenset(c for c in n.children if nodes[c].kind == "final") for n in real},
        named={n.id: _by_name(n.transitions) for n in real},
        patterns={n.id: tuple(t for t in n.transitions if _has_pattern(t)) for n in real},
        eventless={n.id: tuple(t for t in n.transitions if not t.events) for n in real},
        vocabulary=frozenset(
            e for n in real for t in n.transitions for e in t.events if not is_pattern(e)
        ),
        payloads={name: compile_payload(schema) for name, schema in chart.events.items() if schema},
        on_enter={n.id: compile_block(n.on_enter) for n in real if n.on_enter},
        enter={n.id: compile_block(n.enter) for n in real if n.enter},
        exit={n.id: compile_block(n.exit) for n in real if n.exit},
        do={t.id: compile_block(t.do) for n in real for t in n.transitions if t.do},
        portable=chart.portable,
    )
    begin_row(tables)
    if chart.root.kind == "compound" and all(n.kind in ("atomic", "final") for n in real[1:]):
        for node in real[1:]:
            for name in tables.named[node.id]:
                prepare(tables, frozenset((node.id,)), name)
    return tables


def _ancestors(nodes: Mapping[str, StateNode], state: str) -> tuple[str, ...]:
    """From the parent outwards; the root comes last."""
    found: list[str] = []
    above = nodes[state].parent
    while above is not None:
        found.append(above)
        above = nodes[above].parent
    return tuple(found)


def _inside(nodes: Mapping[str, StateNode]) -> dict[str, frozenset[str]]:
    """Everything strictly inside each state, history markers left out."""
    found: dict[str, set[str]] = {state: set() for state in nodes}
    for state in reversed(list(nodes)):
        node = nodes[state]
        if node.parent is not None and node.kind != "history":
            found[node.parent] |= found[state] | {state}
    return {state: frozenset(names) for state, names in found.items()}


def _has_pattern(transition: Transition) -> bool:
    return any(is_pattern(event) for event in transition.events)


def _by_name(transitions: tuple[Transition, ...]) -> dict[str, tuple[Transition, ...]]:
    """For each event a state names in full: what it may trigger there, patterns included."""
    names = {e: None for t in transitions for e in t.events if not is_pattern(e)}
    return {
        name: tuple(t for t in transitions if any(matches(e, name) for e in t.events))
        for name in names
    }
