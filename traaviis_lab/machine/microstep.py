"""Carry out one microstep: leave, act, enter, each in its order (SCXML's microstep)."""

from __future__ import annotations

from .chart import Transition
from .draft import Draft
from .plan import Plan, plan
from .values import Event, Move


def microstep(draft: Draft, chosen: tuple[Transition, ...], trigger: str) -> None:
    """Take `chosen` together. `trigger` is the event's name, "" where nothing triggered them."""
    made = plan(draft.tables, draft.place, chosen, draft.history)
    _leave(draft, made)
    for transition in chosen:
        draft.act(transition)
    draft.taken += (t.id for t in chosen)
    enter(draft, made, trigger, tuple(t.id for t in chosen))


def enter(draft: Draft, made: Plan, trigger: str, taken: tuple[str, ...]) -> None:
    """Enter a plan's states from outside inwards, and say which states are done by that."""
    hooks, blocks = draft.tables.on_enter, draft.tables.enter
    staying = draft.active
    for i, state in enumerate(made.entered):
        if state in hooks:
            draft.active = staying.union(made.entered[: i + 1])
            draft.ask(hooks[state], f"{state}.on_enter", "")
        if state in blocks:
            draft.active = staying.union(made.entered[: i + 1])
            draft.ask(blocks[state], f"{state}.enter", state)
        draft.queue.extend(Event(name) for name in made.finished[i])
    draft.place = draft.tables.place(made.active)
    draft.active = draft.place.active
    draft.moves.append(Move(trigger, made.exited, taken, made.entered))


def _leave(draft: Draft, made: Plan) -> None:
    blocks = draft.tables.exit
    before = draft.active
    for i, state in enumerate(made.exited):
        if state in blocks:
            draft.active = before.difference(made.exited[:i])
            draft.ask(blocks[state], f"{state}.exit", "")
    draft.active = before.difference(made.exited)
    if made.remembered:
        draft.history = {**draft.history, **dict(made.remembered)}
