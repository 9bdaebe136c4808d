"""What happened inside one step: which guards were tried, who assigned what, who asked for what.

A step says which transitions were taken and what came out. To say why, it is worked out once more
by the algorithm, on a draft that takes notes. Pure: nothing is performed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from traaviis_lab.machine import Event, Snapshot
from traaviis_lab.machine.action import Block
from traaviis_lab.machine.chart import Chart, Transition
from traaviis_lab.machine.draft import Draft
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.macrostep import settle
from traaviis_lab.machine.microstep import enter, microstep
from traaviis_lab.machine.place import Place
from traaviis_lab.machine.select import select
from traaviis_lab.machine.values import Data
from traaviis_lab.runtime.bodies import came_in

if TYPE_CHECKING:
    from traaviis_lab.travel.trail import Moment


class Tried(NamedTuple):
    """A guard that was asked: in which microstep, after how many acts, and what it said."""

    micro: int
    acts: int
    transition: Transition
    event: Event
    held: bool
    error: str


class Act(NamedTuple):
    """A transition that was carried out, with the data before and after its assignments."""

    micro: int
    transition: Transition
    event: Event
    active: frozenset[str]
    before: Data
    after: Data


class Asked(NamedTuple):
    """An effect or an event that was asked for: `where` is a transition or `<state>.enter`."""

    effect: Effect
    where: str
    event: Event
    acts: int


class Witness(Draft):
    """A draft that takes notes. `base` is the data before any act (an effect's patch is in it)."""

    __slots__ = ("acts", "asked", "base", "outer", "raisers", "tried")

    def __init__(self, chart: Chart, snapshot: Snapshot, data: Data, outer: Event) -> None:
        place = (
            chart.tables.place(snapshot.active)
            if snapshot.active
            else Place(chart.tables, frozenset())
        )
        super().__init__(chart.tables, place, data, snapshot.history)
        self.base, self.outer = data, outer
        self.acts: list[Act] = []
        self.tried: list[Tried] = []
        self.asked: list[Asked] = []
        self.raisers: dict[int, Asked] = {}  # by the id of the event, which `raised` keeps alive

    def holds(self, transition: Transition) -> bool:
        """Note what the guard said."""
        held = super().holds(transition)
        if transition.when is not None:
            micro, acts = len(self.moves), len(self.acts)
            error = "" if held else self.failed.get(transition.id, "")
            self.tried.append(Tried(micro, acts, transition, self.event, held, error))
        return held

    def act(self, transition: Transition) -> None:
        """Note what the assignments changed."""
        before, place = self.data, len(self.acts)
        micro, event, active = len(self.moves), self.event, self.place.active
        self.acts.append(Act(micro, transition, event, active, before, before))
        super().act(transition)
        self.acts[place] = Act(micro, transition, event, active, before, self.data)

    def ask(self, block: Block, where: str, owner: str) -> None:
        """Note who asked."""
        wishes, queued = len(self.effects), len(self.queue)
        super().ask(block, where, owner)
        outward = [effect for effect, _, raises in block if not raises]
        for effect in outward[: len(self.effects) - wishes]:
            self.asked.append(Asked(effect, where, self.event, len(self.acts)))
        raising = [effect for effect, _, raises in block if raises]
        for event, effect in zip(list(self.queue)[queued:], raising, strict=False):
            self.raisers[id(event)] = Asked(effect, where, self.event, len(self.acts))

    def data_at(self, acts: int) -> Data:
        """The data after so many acts."""
        return self.acts[acts - 1].after if acts else self.base


def witness(chart: Chart, moment: Moment) -> Witness:
    """Work the step of a moment out once more, taking notes."""
    fact, body, before = moment.fact, moment.body, moment.before
    event = came_in(fact.kind, fact.name, body)
    if event is None:
        given: dict[str, Any] = {**chart.data, **body["data"]}
        draft = Witness(chart, Snapshot(frozenset()), given, Event(""))
        enter(draft, chart.tables.first, "", ())
        settle(draft)
        return draft
    data = before.data if event.patch is None else {**before.data, **event.patch}
    draft = Witness(chart, before, data, event)
    if not draft.place.ended:
        draft.event = event
        chosen = select(draft, event.name) if event.name else ()
        if chosen:
            microstep(draft, chosen, event.name)
        settle(draft)
    return draft
