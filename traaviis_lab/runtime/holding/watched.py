"""A turn whose steps are noted on the way, so that breakpoints can be held against it.

It is worked out like any other, but says nothing to the log until it is really taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects import Log
from traaviis_lab.errors import ExpressionError
from traaviis_lab.machine import Event, Move, Snapshot, Step
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.matching import matches
from traaviis_lab.runtime.local import Answer, perform_locally
from traaviis_lab.runtime.turn import Turn

from .breakpoints import Breakpoint, formula

if TYPE_CHECKING:
    from traaviis_lab.runtime.run import Run


class WatchedTurn(Turn):
    """A turn that remembers where it began, its steps, and the effects it would ask for."""

    __slots__ = ("local", "origin", "said", "steps")

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.origin: Snapshot = run.snapshot
        self.steps: list[Step] = []
        self.local: list[Effect] = []
        self.said: list[Log] = []

    def _follow(self, here: Step, seq: int) -> None:
        self.steps.append(here)
        super()._follow(here, seq)

    def _perform(self, effect: Effect) -> Answer:
        self.local.append(effect)
        if isinstance(effect, Log):
            self.said.append(effect)
            return effect.message, None
        return super()._perform(effect)

    def speak(self) -> None:
        """Say to the log what the turn said; when it is certain that it happened."""
        for effect in self.said:
            perform_locally(effect, self.snapshot, self.run)

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What it asks for: what it did within the run, then what would start."""
        return (*self.local, *(ask.effect for ask in self.starts.values()))

    @property
    def moves(self) -> tuple[Move, ...]:
        """Its microsteps, in order."""
        return tuple(move for step in self.steps for move in step.moves)

    def stands(self) -> Iterator[frozenset[str]]:
        """The active states after each microstep."""
        active = self.origin.active
        for move in self.moves:
            active = active.difference(move.exited).union(move.entered)
            yield active

    def names(self) -> Iterator[str]:
        """The events it goes through: what came in, what followed, what the machine raised."""
        for fact in self.facts:
            if fact.kind == "event":
                yield fact.name
        for step in self.steps:
            yield from (event.name for event in step.raised)


def met(breakpoint: Breakpoint, turn: WatchedTurn, event: Event) -> str | None:
    """What the turn would do that the breakpoint waits for, in words; None if it does not meet it.

    Raises `ExpressionError` where the expression cannot be computed from the turn's data.
    """
    asked = (
        (breakpoint.state, _touches),
        (breakpoint.event, _hears),
        (breakpoint.effect, _asks),
        (breakpoint.error, _fails),
        (breakpoint.when, _holds),
    )
    said = []
    for given, found in asked:
        if given:
            if not (words := found(breakpoint, turn, event)):
                return None
            said.append(words)
    return " and ".join(said)


def _touches(breakpoint: Breakpoint, turn: WatchedTurn, _: Event) -> str:
    state, entered = breakpoint.state, breakpoint.on == "enter"
    touched = any(state in (m.entered if entered else m.exited) for m in turn.moves)
    return f"would {'enter' if entered else 'leave'} {state}" if touched else ""


def _hears(breakpoint: Breakpoint, turn: WatchedTurn, event: Event) -> str:
    for name in turn.names():
        if matches(breakpoint.event, name):
            return "came in" if name == event.name else f"would lead to {name}"
    return ""


def _asks(breakpoint: Breakpoint, turn: WatchedTurn, _: Event) -> str:
    asked = any(effect.kind == breakpoint.effect for effect in turn.effects)
    return f"would ask for {breakpoint.effect}" if asked else ""


def _fails(_: Breakpoint, turn: WatchedTurn, __: Event) -> str:
    name = next((name for name in turn.names() if name.startswith("error.")), "")
    return name and f"would lead to {name}"


def _holds(breakpoint: Breakpoint, turn: WatchedTurn, event: Event) -> str:
    """An expression alone must not have been true before the turn."""
    compute, before, after = formula(breakpoint.when).compute, turn.origin, turn.snapshot
    if not compute(after.data, event, after.active):
        return ""
    if breakpoint.is_edge and _was_true(breakpoint, before):
        return ""
    return f"would make {breakpoint.when} true" if breakpoint.is_edge else breakpoint.when


def _was_true(breakpoint: Breakpoint, before: Snapshot) -> bool:
    """Whether the expression was true without the event: what that carries is new with it."""
    try:
        return bool(formula(breakpoint.when).compute(before.data, Event(""), before.active))
    except ExpressionError:
        return False


def differences(before: Any, after: Any, path: str = "data") -> Iterator[dict[str, Any]]:
    """The values that differ, by path: `{path, old, new}`. Lists are compared as a whole."""
    if before is after or before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(k for k in after if k not in before)]:
            yield from differences(before.get(key), after.get(key), f"{path}.{key}")
    else:
        yield {"path": path, "old": before, "new": after}
