"""Answers made ready in advance, for steps whose outcome is known but for guards and values.

For a configuration and an event name, `prepare` makes the rows that `step` tries from the top.
A row says: if its guard holds, this is where the run stands next, these are the effects, this is
the record of the move. Where the outcome depends on more (history that is restored, eventless
transitions or raised events that follow, guards in several regions), there is no row, and the
algorithm in `macrostep.py` decides. A law checks that both always answer alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .action import Block, fill_block
from .chart import Compute, Transition
from .effect import Effect
from .matching import is_reserved, matches
from .place import Place
from .plan import Plan, plan, plan_start
from .refuse import check_event
from .select import without_conflicts
from .values import Data, Event, Move

if TYPE_CHECKING:
    from .tables import Tables

Update = Callable[[Data, Event], Data]
Fill = Callable[[Data, Data, Event], tuple[Effect, ...]]

MOST_READY = 100
"""How many guards are tried, and fields assigned, before the watched algorithm decides."""


class Row(NamedTuple):
    """One ready answer. `update` makes the new data, `fill` the effects that hold templates
    (from the data before and after); None where nothing is to be done."""

    when: Compute | None
    update: Update | None
    fill: Fill | None
    remembered: Mapping[str, tuple[str, ...]] | None
    active: frozenset[str]
    done: bool
    effects: tuple[Effect, ...]
    moves: tuple[Move, ...]
    taken: tuple[str, ...]
    raised: tuple[Event, ...]
    owners: tuple[str, ...]


def prepare(tables: Tables, active: frozenset[str], name: str) -> tuple[Row, ...]:
    """The rows for event `name` in the configuration `active`; kept if the chart knows the name.

    Raises `Diverged` where `active` is not legal.
    """
    place = tables.place(active)
    if place.ended or name not in tables.vocabulary:
        return ()
    rows = tuple(_rows(tables, place, name))
    tables.ready.setdefault(place.active, {})[name] = rows
    return rows


def begin_row(tables: Tables) -> None:
    """Make ready how the chart is entered."""
    tables.first = made = plan_start(tables)
    tables.begin = _row(tables, made, (), "", None)


def _rows(tables: Tables, place: Place, name: str) -> Iterator[Row]:
    """The rows in the order in which they are tried; what is not ready ends the list."""
    gate = _gate(tables, place, name)
    if gate is not None:
        yield gate
    for chosen in _alternatives(tables, place, name)[:MOST_READY]:
        made = plan(tables, place, chosen, {})
        row = _row(tables, made, chosen, name, place) if made.fixed else None
        if row is None:
            return
        yield row
        if row.when is None:
            return


def _alternatives(tables: Tables, place: Place, name: str) -> list[tuple[Transition, ...]]:
    """What may be taken together, first choice first; [] where that cannot be told in advance."""
    heard = place.candidates(tables, name)
    chains = list({tuple(t.id for t in chain): chain for chain in heard}.values())
    if len(chains) == 1:
        return [(transition,) for transition in chains[0]]
    if chains and all(chain[0].when is None for chain in chains):
        firsts = tuple({chain[0].id: chain[0] for chain in chains}.values())
        if not any(tables.nodes[t].kind == "history" for first in firsts for t in first.targets):
            return [without_conflicts(tables, place, firsts, {})]
    return []


def _gate(tables: Tables, place: Place, name: str) -> Row | None:
    """A row that is never taken: its guard lets an `EventRefused` out if a check says no."""
    checked = any(not c.events or any(matches(e, name) for e in c.events) for c in place.checks)
    if is_reserved(name) or not (checked or name in tables.payloads):
        return None

    def refuses(data: Data, event: Event, active: frozenset[str]) -> bool:
        check_event(tables, place, data, event)
        return False

    return Row(refuses, None, None, None, place.active, False, (), (), (), (), ())


def _row(
    tables: Tables, made: Plan, chosen: tuple[Transition, ...], name: str, place: Place | None
) -> Row | None:
    arrival = tables.place(made.active)
    blocks = _Blocks(tables, made, chosen, place.active if place else frozenset())
    raised = () if arrival.ended else tuple(Event(e) for names in made.finished for e in names)
    follow = (None, *(event.name for event in raised))
    if not arrival.ended and any(arrival.candidates(tables, e) for e in follow):
        return None
    if sum(len(t.assign) for t in chosen) > MOST_READY:
        return None
    if blocks.raises or (blocks.open and len(chosen) > 1):
        return None
    taken = tuple(t.id for t in chosen)
    return Row(
        chosen[0].when.compute if len(chosen) == 1 and chosen[0].when else None,
        _updater(chosen, blocks.between),
        blocks.fill if blocks.open else None,
        dict(made.remembered) or None,
        arrival.active,
        arrival.ended,
        () if blocks.open else blocks.static(),
        (Move(name, made.exited, taken, made.entered),),
        taken,
        raised,
        blocks.owners(),
    )


def _updater(chosen: tuple[Transition, ...], active: frozenset[str]) -> Update | None:
    """All assignments of `chosen`, one transition after the other."""
    groups = [
        tuple((name, formula.compute) for name, formula in t.assign) for t in chosen if t.assign
    ]
    if not groups:
        return None
    if len(groups) == 1 and len(groups[0]) == 1:
        ((field, compute),) = groups[0]
        return lambda data, event: {**data, field: compute(data, event, active)}

    def update(data: Data, event: Event) -> Data:
        for pairs in groups:
            data = {**data, **{name: compute(data, event, active) for name, compute in pairs}}
        return data

    return update


class _Blocks:
    """The effects of one microstep: each block with the states active while it is asked for."""

    def __init__(
        self,
        tables: Tables,
        made: Plan,
        chosen: tuple[Transition, ...],
        before: frozenset[str],
    ) -> None:
        self.between = staying = before.difference(made.exited)
        self.before: list[tuple[Block, frozenset[str], str]] = []
        self.after: list[tuple[Block, frozenset[str], str]] = []
        for i, state in enumerate(made.exited):
            if state in tables.exit:
                self.before.append((tables.exit[state], before.difference(made.exited[:i]), ""))
        for transition in chosen:
            if transition.id in tables.do:
                self.after.append((tables.do[transition.id], staying, ""))
        for i, state in enumerate(made.entered):
            active = staying.union(made.entered[: i + 1])
            if state in tables.on_enter:
                self.after.append((tables.on_enter[state], active, ""))
            if state in tables.enter:
                self.after.append((tables.enter[state], active, state))
        actions = [a for block, _, _ in (*self.before, *self.after) for a in block]
        self.raises = any(a.raises for a in actions)
        self.open = any(a.fill is not None for a in actions)

    def static(self) -> tuple[Effect, ...]:
        """The effects, where no template is among them."""
        return tuple(a.effect for block, _, _ in (*self.before, *self.after) for a in block)

    def owners(self) -> tuple[str, ...]:
        """For each effect, the state whose `enter` asks for it."""
        return tuple(owner for block, _, owner in (*self.before, *self.after) for _ in block)

    def fill(self, old: Data, new: Data, event: Event) -> tuple[Effect, ...]:
        """The effects with their templates filled in: exits see the old data, the rest the new."""
        made: list[Any] = []
        for block, active, _ in self.before:
            made += fill_block(block, old, event, active)
        for block, active, _ in self.after:
            made += fill_block(block, new, event, active)
        return tuple(made)
