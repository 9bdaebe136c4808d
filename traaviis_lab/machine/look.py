"""Look at where a run stands: which events it takes now, which are blocked and why.

A guard that asks for the event's data cannot be known before the event comes: it counts as
possible. To tell, it is computed with an event whose data notices being asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from .chart import Chart, Formula, Transition
from .matching import is_pattern, is_reserved, matches
from .place import Place
from .values import Data, Event, Snapshot

Verdict = Literal["yes", "maybe", "no"]


def leaves(chart: Chart, snapshot: Snapshot) -> tuple[str, ...]:
    """The innermost active states, in document order."""
    found: tuple[str, ...] = chart.tables.place(snapshot.active).leaves
    return found


def enabled(chart: Chart, snapshot: Snapshot) -> tuple[str, ...]:
    """Ids of the transitions that an event could fire now, in document order of their states."""
    return tuple(dict.fromkeys(t.id for t, _ in _possible(chart, snapshot)))


def events_taken(chart: Chart, snapshot: Snapshot) -> list[str]:
    """Names of the events that would be taken now, patterns as written, outer states last.

    Events that only the engine sends (`done.*`, `error.*`, `after.*`) are left out.
    """
    place: Place = chart.tables.place(snapshot.active)
    names = dict.fromkeys(e for _, e in _possible(chart, snapshot) if not is_reserved(e))
    return [n for n in names if is_pattern(n) or not _veto(place, snapshot, n)]


def events_blocked(chart: Chart, snapshot: Snapshot) -> dict[str, str]:
    """Events some active state listens for but that would be refused now, each with the reason."""
    place: Place = chart.tables.place(snapshot.active)
    if place.ended:
        return {}
    free = events_taken(chart, snapshot)
    blocked: dict[str, str] = {}
    for transition in _listening(chart, place):
        for name in transition.events:
            if is_reserved(name) or any(matches(other, name) for other in free):
                continue
            reason = _veto(place, snapshot, name) or _no(transition, snapshot, name)
            blocked[name] = f"{blocked[name]}; {reason}" if name in blocked else reason
    return blocked


def _listening(chart: Chart, place: Place) -> Iterator[Transition]:
    """The transitions with events of the active states, inner states first, each once."""
    seen: set[str] = set()
    for chain in place.chains:
        for state in chain:
            if state not in seen:
                seen.add(state)
                yield from (t for t in chart.tables.nodes[state].transitions if t.events)


def _possible(chart: Chart, snapshot: Snapshot) -> Iterator[tuple[Transition, str]]:
    """Each transition with each event (as written) that may fire it; what an inner, certain
    transition always takes first is left out."""
    place: Place = chart.tables.place(snapshot.active)
    if place.ended:
        return
    for chain in place.chains:
        certain: list[str] = []
        for state in chain:
            for transition in chart.tables.nodes[state].transitions:
                for name in transition.events:
                    verdict = _verdict(transition.when, snapshot, name)
                    if verdict == "no" or any(matches(c, name) for c in certain):
                        continue
                    yield transition, name
                    if verdict == "yes":
                        certain.append(name)


def _veto(place: Place, snapshot: Snapshot, name: str) -> str:
    """The reason of a `validate` that refuses the event whatever it carries; "" if none does."""
    for check in place.checks:
        listens = not check.events or any(matches(e, name) for e in check.events)
        if listens and _verdict(check.when, snapshot, name) == "no":
            return check.reason
    return ""


def _no(transition: Transition, snapshot: Snapshot, name: str) -> str:
    if transition.when is None:
        return ""
    try:
        transition.when.compute(snapshot.data, Event(name, {}), snapshot.active)
    except Exception as error:
        return f"guard `{transition.when.text}` could not be computed: {error}"
    return f"guard `{transition.when.text}` is false"


def _verdict(formula: Formula | None, snapshot: Snapshot, name: str) -> Verdict:
    """Whether the formula holds now: "maybe" when that depends on what the event carries."""
    if formula is None:
        return "yes"
    asked = _Asked()
    try:
        holds = bool(formula.compute(snapshot.data, Event(name, asked), snapshot.active))
    except Exception:
        holds = False
    if asked.asked:
        return "maybe"
    return "yes" if holds else "no"


class _Asked(dict[str, Any]):
    """Empty event data that notices being looked into."""

    __slots__ = ("asked",)

    def __init__(self) -> None:
        super().__init__()
        self.asked = False

    def _ask(self) -> Data:
        self.asked = True
        return {}

    def __getitem__(self, key: str) -> Any:
        return self._ask()[key]

    def __contains__(self, key: object) -> bool:
        return key in self._ask()

    def __iter__(self) -> Iterator[str]:
        return iter(self._ask())

    def __len__(self) -> int:
        return len(self._ask())

    def __eq__(self, other: object) -> bool:
        return self._ask() == other

    def __ne__(self, other: object) -> bool:
        return self._ask() != other

    __hash__ = None

    def get(self, key: str, default: Any = None) -> Any:
        """As of an empty mapping."""
        self._ask()
        return default

    def keys(self) -> Any:
        """As of an empty mapping."""
        return self._ask().keys()

    def values(self) -> Any:
        """As of an empty mapping."""
        return self._ask().values()

    def items(self) -> Any:
        """As of an empty mapping."""
        return self._ask().items()
