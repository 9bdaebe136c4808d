"""Walk through every configuration a chart can come to rest in, with guards taken as possible.

Guards are not computed: where one is asked, both answers are tried, except for the guards `true`
and `false`. Data is not looked at. So everything a run can do is found, and perhaps more: what is
found unreachable is unreachable whatever the data.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from traaviis_lab.errors import RunawayChart

from .action import Block
from .chart import Chart, Transition
from .draft import Draft
from .macrostep import settle
from .microstep import enter, microstep
from .place import Place
from .plan import History
from .select import select
from .tables import Tables, build_tables
from .values import Event

MOST_CONFIGURATIONS = 5_000
MOST_ANSWERS = 64


class Node(NamedTuple):
    """Where a run can rest: the active states, and what the history markers remember."""

    active: frozenset[str]
    history: tuple[tuple[str, tuple[str, ...]], ...]


class Edge(NamedTuple):
    """What an event may do: the transitions taken, the states entered, where the run rests then."""

    event: str
    taken: tuple[str, ...]
    entered: frozenset[str]
    to: Node


@dataclass(slots=True)
class Walk:
    """All that was found: for each node, in the order of discovery, the edges out of it.

    `starts` are the edges into the first nodes. `limits` says which limits were met; empty means
    that the walk is complete. A `hasty` walk ends with the first of them.
    """

    starts: list[Edge] = field(default_factory=list)
    edges: dict[Node, list[Edge]] = field(default_factory=dict)
    limits: list[str] = field(default_factory=list)
    hasty: bool = False

    @property
    def over(self) -> bool:
        """Whether to walk no further."""
        return self.hasty and bool(self.limits)


def explore(chart: Chart, *, most: int = MOST_CONFIGURATIONS, hasty: bool = False) -> Walk:
    """Walk breadth first from the start, to at most `most` configurations.

    `hasty`: end as soon as a limit is met, for those who need the whole or nothing.
    """
    tables = build_tables(chart)  # its own, so that the chart's memos stay small
    walk = Walk(hasty=hasty)
    walk.starts = list(_outcomes(tables, None, "", walk))
    waiting = deque(dict.fromkeys(edge.to for edge in walk.starts))
    seen = set(waiting)
    while waiting and not walk.over:
        node = waiting.popleft()
        walk.edges[node] = found = [
            edge
            for name in _heard(tables, tables.place(node.active))
            for edge in _outcomes(tables, node, name, walk)
        ]
        for edge in found:
            if edge.to in seen:
                continue
            if len(seen) >= most:
                _note(walk, f"stopped at {most} configurations")
                continue
            seen.add(edge.to)
            waiting.append(edge.to)
    return walk


def _heard(tables: Tables, place: Place) -> list[str]:
    """The events to try in a configuration; a pattern stands for an event that it matches."""
    if place.ended:
        return []
    heard = {
        event: None
        for state in place.order
        for transition in tables.nodes[state].transitions
        for event in transition.events
        if not event.startswith("done.state.")  # these the machine raises itself
    }
    return list(heard)


def _outcomes(tables: Tables, node: Node | None, name: str, walk: Walk) -> Iterator[Edge]:
    """What may come of an event in a node (None: of the start), each outcome once."""
    answers: list[bool] | None = []
    seen: set[Edge] = set()
    for _ in range(MOST_ANSWERS):
        if answers is None or walk.over:
            return
        guess = _play(tables, node, name, answers)
        if guess is None:
            _note(walk, f"left out what never settles after {name or 'the start'!r}")
        elif guess.moves:
            edge = _edge(guess, name)
            if edge not in seen:
                seen.add(edge)
                yield edge
        answers = _next(answers)
    if answers is not None:
        _note(walk, f"tried {MOST_ANSWERS} combinations of guards for {name or 'the start'!r}")


def _play(tables: Tables, node: Node | None, name: str, answers: list[bool]) -> _Guess | None:
    """One macrostep in which guards answer as told; None if it never settles."""
    place = tables.place(node.active) if node else Place(tables, frozenset())
    guess = _Guess(tables, place, dict(node.history) if node else {}, answers)
    try:
        if node is None and tables.first is not None:
            enter(guess, tables.first, "", ())
        else:
            guess.event = Event(name)
            chosen = select(guess, name)
            if chosen:
                microstep(guess, chosen, name)
        settle(guess)
    except RunawayChart:
        return None
    return guess


def _edge(guess: _Guess, name: str) -> Edge:
    entered = frozenset(state for move in guess.moves for state in move.entered)
    node = Node(guess.place.active, tuple(sorted(guess.history.items())))
    return Edge(name, tuple(guess.taken), entered, node)


def _next(answers: list[bool]) -> list[bool] | None:
    """The next combination: the last "no" becomes a "yes", and what followed is asked anew."""
    while answers and answers[-1]:
        answers.pop()
    if not answers:
        return None
    answers[-1] = True
    return answers


def _note(walk: Walk, text: str) -> None:
    if text not in walk.limits:
        walk.limits.append(text)


class _Guess(Draft):
    """A draft whose guards answer from a list, which grows by a "no" for each new question."""

    __slots__ = ("_answers", "_asked")

    def __init__(self, tables: Tables, place: Place, history: History, answers: list[bool]) -> None:
        super().__init__(tables, place, {}, history)
        self._answers = answers
        self._asked = 0

    def holds(self, transition: Transition) -> bool:
        """Yes and no in turn, but for guards that are constants."""
        if transition.when is None or transition.when.text in ("true", "false"):
            return transition.when is None or transition.when.text == "true"
        if self._asked == len(self._answers):
            self._answers.append(False)
        self._asked += 1
        return self._answers[self._asked - 1]

    def act(self, transition: Transition) -> None:
        """Raise what the transition raises; nothing is computed."""
        self.ask(self.tables.do.get(transition.id, ()), transition.id, "")

    def ask(self, block: Block, where: str, owner: str) -> None:
        """Raise what the block raises, where its name is known in advance."""
        for effect, fill, raises in block:
            if raises and fill is None:
                self.queue.append(Event(str(getattr(effect, "event", ""))))
