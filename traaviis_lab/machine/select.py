"""Choose the transitions of a microstep: inner states first, never two that leave the same state.

SCXML's selectTransitions and removeConflictingTransitions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .chart import Transition
from .draft import Draft
from .place import Place
from .plan import History, exit_set

if TYPE_CHECKING:
    from .tables import Tables


def select(draft: Draft, name: str | None) -> tuple[Transition, ...]:
    """What event `name` (None: no event) makes the chart do where the draft stands now."""
    heard = draft.place.candidates(draft.tables, name)
    if not heard:
        return ()
    chosen: dict[str, Transition] = {}
    answers: dict[str, bool] = {}
    for candidates in heard:
        for transition in candidates:
            if transition.id not in answers:
                answers[transition.id] = draft.holds(transition)
            if answers[transition.id]:
                chosen[transition.id] = transition
                break
    return without_conflicts(draft.tables, draft.place, tuple(chosen.values()), draft.history)


def without_conflicts(
    tables: Tables, place: Place, chosen: tuple[Transition, ...], history: History
) -> tuple[Transition, ...]:
    """Drop transitions that would leave a state another one leaves: the one from further inside
    stays, else the one that comes first."""
    if len(chosen) < 2:
        return chosen
    key = tuple(t.id for t in chosen)
    known = place.compatible.get(key)
    if known is not None:
        return known
    kept: dict[str, tuple[Transition, frozenset[str]]] = {}
    for transition in chosen:
        leaving = exit_set(tables, place, transition, history)
        rivals = [other for other, left in kept.values() if left & leaving]
        if all(transition.source in tables.inside[other.source] for other in rivals):
            for other in rivals:
                del kept[other.id]
            kept[transition.id] = (transition, leaving)
    together = tuple(transition for transition, _ in kept.values())
    if not any(tables.nodes[s].kind == "history" for t in chosen for s in t.targets):
        place.compatible[key] = together
    return together
