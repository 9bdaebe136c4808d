"""Work out which states a set of transitions exits and enters (SCXML, Appendix D).

A plan says what a microstep will do to the configuration, without doing it. It depends on the
configuration, the transitions, and the run's history where a history marker is a target.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from traaviis_lab.errors import Diverged

from .chart import Transition
from .place import Place, in_final

if TYPE_CHECKING:
    from .tables import Tables

History = Mapping[str, tuple[str, ...]]
ROOT = ""


class Plan(NamedTuple):
    """What a microstep leaves, remembers and enters, in order, and where it arrives.

    `finished[i]` names the `done.state.*` events that entering `entered[i]` brings.
    `fixed` is false when the plan depends on the run's history.
    """

    exited: tuple[str, ...]
    remembered: tuple[tuple[str, tuple[str, ...]], ...]
    entered: tuple[str, ...]
    finished: tuple[tuple[str, ...], ...]
    active: frozenset[str]
    fixed: bool


def plan(tables: Tables, place: Place, chosen: tuple[Transition, ...], history: History) -> Plan:
    """The plan for taking `chosen` together in `place`; made once where history has no say."""
    key = tuple(t.id for t in chosen)
    known = place.plans.get(key)
    if known is not None:
        return known
    walk = _Walk(tables, history)
    arrows = [(t, walk.domain(t)) for t in chosen if t.targets]
    leaving = {s for _, domain in arrows for s in place.active & tables.inside[domain]}
    exited = tuple(reversed(tables.sort(leaving)))
    remembered = _remember(tables, place, exited)
    walk.history = {**history, **dict(remembered)} if remembered else history
    for t, domain in arrows:
        walk.enter_targets(t.targets, domain)
    made = _arrive(tables, place.active - leaving, exited, remembered, walk)
    if made.fixed:
        place.plans[key] = made
    return made


def plan_start(tables: Tables) -> Plan:
    """The plan for entering the chart: its initial states and all that comes with them."""
    walk = _Walk(tables, {})
    walk.enter_inside(ROOT)
    return _arrive(tables, frozenset(), (), (), walk)


def exit_set(
    tables: Tables, place: Place, transition: Transition, history: History
) -> frozenset[str]:
    """SCXML's computeExitSet for one transition. Nothing is left when it has no target."""
    if not transition.targets:
        return frozenset()
    return place.active & tables.inside[_Walk(tables, history).domain(transition)]


def _arrive(
    tables: Tables,
    staying: frozenset[str],
    exited: tuple[str, ...],
    remembered: tuple[tuple[str, tuple[str, ...]], ...],
    walk: _Walk,
) -> Plan:
    entered = tables.sort(walk.entering - staying)
    active = set(staying)
    finished: list[tuple[str, ...]] = []
    for state in entered:
        active.add(state)
        finished.append(_finishes(tables, state, active))
    return Plan(exited, remembered, entered, tuple(finished), frozenset(active), walk.fixed)


def _finishes(tables: Tables, state: str, active: set[str]) -> tuple[str, ...]:
    """The done events that entering `state` brings, given what is active by then."""
    node = tables.nodes[state]
    if node.kind != "final" or not node.parent:
        return ()
    around = tables.nodes[node.parent].parent
    names = [f"done.state.{node.parent}"]
    if around and tables.nodes[around].kind == "parallel" and in_final(tables, around, active):
        names.append(f"done.state.{around}")
    return tuple(names)


def _remember(
    tables: Tables, place: Place, exited: tuple[str, ...]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What the history markers of the states now left will bring back."""
    kept: list[tuple[str, tuple[str, ...]]] = []
    for state in exited:
        for marker in tables.markers[state]:
            if tables.nodes[marker].history == "deep":
                kept.append((marker, tuple(s for s in place.leaves if s in tables.inside[state])))
            else:
                inside = tables.children[state]
                kept.append((marker, tuple(s for s in inside if s in place.active)))
    return tuple(kept)


class _Walk:
    """The entry set as it grows: SCXML's add(Descendant|Ancestor)StatesToEnter."""

    __slots__ = ("entering", "fixed", "history", "tables")

    def __init__(self, tables: Tables, history: History) -> None:
        self.tables = tables
        self.history = history
        self.entering: set[str] = set()
        self.fixed = True

    def domain(self, transition: Transition) -> str:
        """SCXML's getTransitionDomain: the innermost compound state that holds the whole arrow."""
        tables = self.tables
        targets = self.effective(transition.targets)
        source = transition.source
        if (
            transition.internal
            and tables.nodes[source].kind == "compound"
            and all(t in tables.inside[source] for t in targets)
        ):
            return source
        for above in tables.ancestors[source]:
            if tables.nodes[above].kind == "compound" and tables.inside[above].issuperset(targets):
                return above
        return ROOT

    def effective(self, targets: Iterable[str]) -> list[str]:
        """SCXML's getEffectiveTargetStates: history markers replaced by what they stand for."""
        found: list[str] = []
        for target in targets:
            if self.tables.nodes[target].kind == "history":
                found += self.effective(self.recall(target))
            else:
                found.append(target)
        return found

    def recall(self, marker: str) -> tuple[str, ...]:
        """What was active when the state around `marker` was last left, or its default."""
        self.fixed = False
        node = self.tables.nodes[marker]
        remembered = self.history.get(marker)
        if not remembered:
            return node.default or self.inner(node.parent or ROOT)
        if not self.tables.inside[node.parent or ROOT].issuperset(remembered):
            raise Diverged(
                f"The snapshot's history of {marker!r} ({', '.join(remembered)}) does not fit "
                f"chart {self.tables.name!r}.",
                hint="The snapshot is of another chart or of another version of this one.",
            )
        return remembered

    def inner(self, state: str) -> tuple[str, ...]:
        """Where entering `state` leads when nothing inside it was aimed at."""
        node, children = self.tables.nodes[state], self.tables.children[state]
        if node.kind == "parallel":
            return children
        return (node.initial or children[:1]) if node.kind == "compound" else ()

    def enter_targets(self, targets: tuple[str, ...], domain: str) -> None:
        """Add targets, what lies inside them, and what lies between them and `domain`."""
        for target in targets:
            self.enter(target)
        for target in self.effective(targets):
            self.enter_around(target, domain)

    def enter(self, state: str) -> None:
        """Add `state` and what becomes active inside it."""
        if self.tables.nodes[state].kind == "history":
            self.enter_targets(self.recall(state), self.tables.nodes[state].parent or ROOT)
            return
        self.entering.add(state)
        self.enter_inside(state)

    def enter_inside(self, state: str) -> None:
        """Add what becomes active inside `state` by itself."""
        node = self.tables.nodes[state]
        self.enter_targets(node.initial if node.kind == "parallel" else self.inner(state), state)
        if node.kind == "parallel":
            self.enter_regions(state)

    def enter_around(self, state: str, domain: str) -> None:
        """Add the states between `state` and `domain`, and the other regions of parallel ones."""
        for above in self.tables.ancestors[state]:
            if above == domain:
                break
            self.entering.add(above)
            if self.tables.nodes[above].kind == "parallel":
                self.enter_regions(above)
        if domain == ROOT and self.tables.nodes[ROOT].kind == "parallel":
            self.enter_regions(ROOT)

    def enter_regions(self, state: str) -> None:
        """Add the regions of a parallel state that nothing entered so far lies in."""
        for region in self.tables.children[state]:
            if region not in self.entering and not self.entering & self.tables.inside[region]:
                self.enter(region)
