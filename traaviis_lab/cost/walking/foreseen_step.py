"""One macrostep of a machine whose data is only partly known: what is not known is drawn.

It is the engine's own algorithm; only guards, assignments and effects that ask for what is not
known go another way than in a run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from traaviis_lab.errors import RunawayChart
from traaviis_lab.machine.action import Block
from traaviis_lab.machine.chart import Chart, Transition
from traaviis_lab.machine.draft import Draft
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.macrostep import settle
from traaviis_lab.machine.microstep import enter, microstep
from traaviis_lab.machine.place import Place
from traaviis_lab.machine.plan import History
from traaviis_lab.machine.select import select
from traaviis_lab.machine.values import Event

from .chance import Chance
from .known import UNSURE, Known, told, unknown_event
from .odds import Odds


class Wish(NamedTuple):
    """An effect that a step asked for.

    `filled` says whether its templates were filled in. `where` is the place in the chart;
    `place` counts the effects of its owner's `enter`, else those of the step (the owner is "").
    """

    effect: Effect
    owner: str
    where: str
    place: int
    filled: bool
    event: Event

    @property
    def state(self) -> str:
        """The state it belongs to: the one that asks, or whose arrow or hook does."""
        if self.owner:
            return self.owner
        source, arrow, _ = self.where.rpartition("#")
        return source if arrow else self.where.rpartition(".")[0]


class Stand(NamedTuple):
    """Where a walk stands: as a snapshot, but with data that is known only in part."""

    active: frozenset[str]
    data: Known
    history: History
    done: bool = False


class Stepped(NamedTuple):
    """What a macrostep came to: where it stands, what it asked for, entered, left and took.

    `guessed` are the guards that were decided by even odds; `restless`: it never came to rest.
    """

    stand: Stand
    wishes: tuple[Wish, ...]
    entered: tuple[str, ...]
    exited: tuple[str, ...]
    taken: tuple[str, ...]
    guessed: tuple[str, ...]
    restless: bool = False


def begin(chart: Chart, data: Known, chance: Chance, odds: Odds) -> Stepped:
    """The start of a run with this data."""
    tables = chart.tables
    draft = _Foreseen(chart, Place(tables, frozenset()), data, {}, (chance, odds))
    assert tables.first is not None
    return _finished(draft, lambda: enter(draft, tables.first, "", ()))


def take(chart: Chart, stand: Stand, event: Event, chance: Chance, odds: Odds) -> Stepped:
    """What comes of an event; nothing moves where nobody takes it."""
    place = chart.tables.place(stand.active)
    draft = _Foreseen(chart, place, stand.data, stand.history, (chance, odds))

    def work() -> None:
        draft.event = event
        chosen = select(draft, event.name) if event.name else ()
        if chosen:
            microstep(draft, chosen, event.name)

    return _finished(draft, work)


def _finished(draft: _Foreseen, work: Callable[[], None]) -> Stepped:
    restless = False
    try:
        work()
        settle(draft)
    except RunawayChart:
        restless = True
    known = draft.data
    assert isinstance(known, Known)
    stand = Stand(draft.place.active, known, draft.history, draft.place.ended)
    entered = tuple(state for move in draft.moves for state in move.entered)
    exited = tuple(state for move in draft.moves for state in move.exited)
    return Stepped(
        stand, tuple(draft.wishes), entered, exited, tuple(draft.taken), tuple(draft.guessed),
        restless,
    )  # fmt: skip


class _Foreseen(Draft):
    """A draft that knows its data only in part."""

    __slots__ = ("_chance", "_odds", "_sure", "guessed", "wishes")

    def __init__(
        self, chart: Chart, place: Place, data: Known, history: History,
        drawn: tuple[Chance, Odds],
    ) -> None:  # fmt: skip
        super().__init__(chart.tables, place, data, history)
        self._chance, self._odds = drawn
        self.wishes: list[Wish] = []
        self.guessed: set[str] = set()

    @property
    def known(self) -> Known:
        """The data, as what it is here."""
        assert isinstance(self.data, Known)
        return self.data

    def holds(self, transition: Transition) -> bool:
        """Computed where that can be; else drawn by how often it was taken."""
        when = transition.when
        if when is None:
            return True
        try:
            value = told(when.compute, self.known, self.event, self.active)
        except Exception:
            return False
        return bool(value) if value is not UNSURE else self._guess(transition)

    def _guess(self, transition: Transition) -> bool:
        """One of those that stand to choose from here on: this one, a later one, or none."""
        name = self.event.name if transition.events else None
        rivals = self.tables.listeners(transition.source, name)
        later = rivals[[one.id for one in rivals].index(transition.id) + 1 :]
        certain = any(one.when is None for one in later)
        weights = [float(self._odds.weight(one.id)) for one in (transition, *later)]
        seen = any(weights)
        if name is None and not certain:  # perhaps none of them
            left = sum(self._odds.weight(t) for t in self._odds.taken if t.startswith(
                f"{transition.source}#")) if seen else 0  # fmt: skip
            weights.append(max(0.0, left - sum(weights)) if seen else 1.0)
        if not seen:
            self.guessed.add(f"`{transition.when.text if transition.when else ''}`")
            return self._chance.happens(1 / len(weights))
        return self._chance.happens((weights[0] + 0.1) / (sum(weights) + 0.1 * len(weights)))

    def act(self, transition: Transition) -> None:
        """Assign what can be computed; the other fields are not known from now on."""
        values: dict[str, Any] = {}
        lost: list[str] = []
        for name, formula in transition.assign:
            try:
                value = told(formula.compute, self.known, self.event, self.active)
            except Exception:
                value = UNSURE
            if value is UNSURE:
                lost.append(name)
            else:
                values[name] = value
        if transition.assign:
            self.data = self.known.with_fields(values, lost)
        block = self.tables.do.get(transition.id)
        if block:
            self.ask(block, transition.id, "")

    def ask(self, block: Block, where: str, owner: str) -> None:
        """Note down what is asked for, filled in where that can be."""
        start = 0 if owner else len(self.wishes)
        for place, (effect, fill, raises) in enumerate(block, start):
            wish: Any = effect
            if fill is not None:
                try:
                    wish = told(fill, self.known, self.event, self.active)
                except Exception:
                    wish = UNSURE
            if raises:
                self.queue.append(_raised(effect, wish))
                continue
            filled = wish is not UNSURE
            self.wishes.append(
                Wish(wish if filled else effect, owner, where, place, filled, self.event)
            )

    def fail(self, where: str, error: Exception) -> None:
        """What goes wrong here need not go wrong in a run."""


def _raised(effect: Any, wish: Any) -> Event:
    if wish is UNSURE:
        return unknown_event(str(effect.event))
    return Event(str(wish.event), wish.data)
