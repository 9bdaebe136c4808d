"""A configuration (the states active together) and what a chart can say of it once and for all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from traaviis_lab.errors import Diverged

from .chart import Check, Transition

if TYPE_CHECKING:
    from .plan import Plan
    from .tables import Tables

MOST_PLACES = 2_048


class Place:
    """One configuration: its order, its leaves, who listens there, and what was worked out already.

    `chains` holds, for each active leaf in document order, the leaf and the states around it
    from inside outwards. `ended` says whether the run is over here.
    """

    __slots__ = (
        "_candidates", "active", "chains", "checks", "compatible", "ended", "leaves", "order",
        "plans",
    )  # fmt: skip

    def __init__(self, tables: Tables, active: frozenset[str]) -> None:
        self.active = active
        self.order = tables.sort(active)
        self.leaves = tuple(s for s in self.order if not tables.children[s])
        self.chains = tuple((s, *tables.ancestors[s][:-1]) for s in self.leaves)
        self.checks: tuple[Check, ...] = tuple(
            c for s in self.order for c in tables.nodes[s].checks
        )
        self.ended = in_final(tables, "", active)
        self.plans: dict[tuple[str, ...], Plan] = {}
        self.compatible: dict[tuple[str, ...], tuple[Transition, ...]] = {}
        self._candidates: dict[str | None, tuple[tuple[Transition, ...], ...]] = {}

    def candidates(self, tables: Tables, name: str | None) -> tuple[tuple[Transition, ...], ...]:
        """For each leaf that hears `name` (None: eventless), what may fire, inner arrows first."""
        known = self._candidates.get(name)
        if known is not None:
            return known
        rows = (tuple(t for s in chain for t in tables.listeners(s, name)) for chain in self.chains)
        found = tuple(row for row in rows if row)
        if name is None or name in tables.vocabulary:
            self._candidates[name] = found
        return found


class PlaceBook(dict[frozenset[str], Place]):
    """The configurations met so far. A new one is checked; a full book starts afresh."""

    __slots__ = ("_tables",)

    def __init__(self, tables: Tables) -> None:
        super().__init__()
        self._tables = tables

    def __missing__(self, active: frozenset[str]) -> Place:
        """Check `active` and open a page for it. Raises `Diverged` if it is not legal here."""
        check_legal(self._tables, active)
        if len(self) >= MOST_PLACES + len(self._tables.nodes):
            self.clear()
            self._tables.ready.clear()
        place = self[active] = Place(self._tables, active)
        return place


def in_final(tables: Tables, state: str, active: frozenset[str] | set[str]) -> bool:
    """SCXML's isInFinalState: a compound state in a final child, a parallel one in all regions."""
    if tables.nodes[state].kind == "parallel":
        return all(in_final(tables, child, active) for child in tables.children[state])
    return not tables.finals[state].isdisjoint(active)


def check_legal(tables: Tables, active: frozenset[str]) -> None:
    """Raise `Diverged` unless `active` is a configuration of this chart: one child of every
    active compound state, all of every active parallel one, and the states around each."""
    problem = _problem(tables, active)
    if problem:
        names = ", ".join(sorted(active)) or "nothing"
        raise Diverged(
            f"The snapshot's active states ({names}) do not fit chart {tables.name!r}: {problem}.",
            hint="The snapshot is of another chart or of another version of this one. "
            "Use the chart it was made with, or start a new run.",
        )


def _problem(tables: Tables, active: frozenset[str]) -> str:
    on: Counter[str] = Counter()
    for state in sorted(active):
        node = tables.nodes.get(state)
        if node is None or node.parent is None:
            return f"{state!r} is not one of its states"
        if node.kind == "history":
            return f"{state!r} is a history marker and never active"
        if node.parent and node.parent not in active:
            return f"{state!r} is active but {node.parent!r} around it is not"
        on[node.parent] += 1
    for state in ("", *sorted(active)):
        kind = tables.nodes[state].kind
        if kind == "parallel" and on[state] < len(tables.children[state]):
            missing = next(child for child in tables.children[state] if child not in active)
            return f"region {missing!r} of {state or 'the chart'!r} is not active"
        if kind == "compound" and on[state] != 1:
            return f"{state or 'the chart'!r} needs one active child and has {on[state]}"
    return ""
