"""Work out what the next one of a mailbox would do, and tell why a run is held before it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from traaviis_lab.errors import LabError
from traaviis_lab.machine import Event, Step
from traaviis_lab.runtime.told import told

from .held import Held, Waiting
from .state import Pause
from .watched import WatchedTurn, differences

if TYPE_CHECKING:
    from traaviis_lab.runtime.run import Run

_OUTCOME = frozenset({"path", "owner", "result", "error", "into", "cancelled"})


def work(turn: WatchedTurn, item: Waiting) -> Step:
    """Let the turn take what waited. Raises like the turn: nothing has happened then."""
    step = _brought(turn, item)
    turn.run.engine.check_records(turn.run, turn.starts)
    return step


def _brought(turn: WatchedTurn, item: Waiting) -> Step:
    if item.kind != "effect":
        return turn.take(Event(item.name, item.data), item.seq or None)
    path = item.data["path"]
    more = {name: value for name, value in item.data.items() if name not in _OUTCOME}
    if item.data.get("cancelled"):
        turn.cut(path, more)
    elif "error" in item.data:
        turn.fail(path, told(item.data["error"]), more)
    else:
        result, into = item.data.get("result"), item.data.get("into")
        turn.resolve(path, result, {into: result} if into else None, more)
    return turn.steps[-1] if turn.steps else Step(turn.snapshot)


def event_of(item: Waiting) -> Event:
    """What came, as an event; of an outcome the effect's kind with `{path, result|error}`."""
    return Event(item.name, item.data)


def foresee(run: Run, pause: Pause, item: Waiting | None) -> Held:
    """The held run: what the first of its mailbox would do. Changes nothing."""
    held = Held(pause.breakpoint, pause.reason, pause.by, pause.seq, run.snapshot.active)
    if item is None:
        return held
    turn = WatchedTurn(run)
    try:
        work(turn, item)
    except LabError as error:
        return replace(held, event=event_of(item), refusal=error.message)
    return replace(
        held,
        event=event_of(item),
        moves=turn.moves,
        places=tuple(turn.stands()),
        changes=tuple(differences(turn.origin.data, turn.snapshot.data)),
        effects=tuple(effect.to_spec() for effect in turn.effects),
    )
