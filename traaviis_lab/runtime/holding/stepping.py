"""What a person does with a run that is looked at: set breakpoints, pause, step, resume.

Functions of a `Hold`, called on the engine's loop. Each calls `acknowledge` once when what it
wrote is durable; where it raises, it has not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from traaviis_lab.errors import LabError
from traaviis_lab.machine import Step
from traaviis_lab.machine.macrostep import events_taken

from .breakpoints import Breakpoint, read_breakpoint
from .gate import Acknowledge, Gate
from .held import Held, Waiting
from .hold import Hold
from .outlook import work
from .state import Pause
from .watched import WatchedTurn

By = Literal["event", "microstep", "effect"]


def set_breakpoint(hold: Hold, spec: Mapping[str, Any], acknowledge: Acknowledge) -> Breakpoint:
    """Set a breakpoint and answer it. Raises `DefinitionError` for what nobody knows."""
    run = hold.run
    if run.snapshot.done:
        raise LabError(f"Run {run.id!r} is done; nothing can hold it.", hint="Start or fork one.")
    made = read_breakpoint(run.chart, f"b{hold.state.count + 1}", spec)
    body = {"id": made.id, **made.to_spec(), "text": made.text}
    hold.write(("debug", "breakpoint", body, None), acknowledge=acknowledge)
    return hold.state.breakpoints[made.id]


def switch_breakpoint(hold: Hold, id: str, enabled: bool, acknowledge: Acknowledge) -> None:
    """Switch a breakpoint on or off. Raises `LabError` if it is not there."""
    known = hold.state.breakpoints.get(id)
    if known is None:
        raise _gone(hold, id)
    if known.enabled == enabled:
        acknowledge(None)
        return
    body = {"id": id, **known.to_spec(), "text": known.text, "enabled": enabled}
    hold.write(("debug", "breakpoint", body, None), acknowledge=acknowledge)


def clear_breakpoint(hold: Hold, id: str, acknowledge: Acknowledge) -> None:
    """Take a breakpoint away; one that is gone already stays gone. A held run stays held."""
    if id not in hold.state.breakpoints:
        acknowledge(None)
        return
    hold.write(("debug", "cleared", {"breakpoint": id}, None), acknowledge=acknowledge)


def pause(hold: Hold, acknowledge: Acknowledge, reason: str = "Paused by hand.") -> None:
    """Hold the run where it stands. Raises `LabError` if it is done."""
    run = hold.run
    if run.snapshot.done:
        raise LabError(f"Run {run.id!r} is done; there is nothing to pause.", hint="run.history()")
    if hold.state.pause is not None:
        acknowledge(None)
        return
    body = {"breakpoint": None, "reason": reason, "by": "pause"}
    hold.write(("debug", "paused", body, None), acknowledge=acknowledge)


def resume(hold: Hold, acknowledge: Acknowledge) -> None:
    """Let the mailbox flow, and after it what comes; what the run is held before is let through.

    `acknowledge` is called when the mailbox is empty or the run is held again, all durable.
    """
    held, first = hold.state.pause, hold.state.first
    if held is None:  # somebody else may have resumed it, and the mailbox flows yet
        hold.flow(Gate(acknowledge))
        return
    body: dict[str, Any] = {}
    if first is not None and held.item == first.seq:
        body["through"] = [first.seq, held.seq]
    _go_on(hold, body, Gate(acknowledge))


def step(hold: Hold, by: By, acknowledge: Acknowledge) -> Step:
    """Go on by one event, microstep or effect, and answer the first step.

    Raises `LabError` if nothing waits to be taken. If what waited is refused, that is raised, and
    the run stays held for the next.
    """
    held, item = _waiting(hold)
    if by == "event":
        return _take(hold, held, item, acknowledge)
    if by == "effect":
        return _to_effect(hold, held, item, acknowledge)
    looks = hold.looks
    if looks is None or looks.micro + 1 >= len(looks.moves):
        return _take(hold, held, item, acknowledge)
    return _over(hold, looks, acknowledge)


def _waiting(hold: Hold) -> tuple[Pause, Waiting]:
    run, held, item = hold.run, hold.state.pause, hold.state.first
    if held is None:
        raise LabError(
            f"Run {run.id!r} is not held, so there is nothing to step through.",
            hint="run.pause() holds it now, run.breakpoint(...) when something happens.",
        )
    if item is None:
        names = events_taken(run.chart, run.snapshot)
        what = f'run.send("{names[0]}")' if names else "A timer or an effect under way"
        raise LabError(
            f"Nothing waits in the mailbox of run {run.id!r}, held in "
            f"{run.texts.state(run.snapshot.active)[0]}.",
            hint=f"{what} puts something there; run.resume() lets the run go on by itself. "
            f"Events taken here: {', '.join(names) or 'none'}.",
        )
    return held, item


def _take(hold: Hold, held: Pause, item: Waiting, acknowledge: Acknowledge) -> Step:
    turn = WatchedTurn(hold.run)
    try:
        made = work(turn, item)
    except LabError as refusal:
        hold.refuse(item, refusal)
        raise
    # Whoever holds the run here has been counted already.
    since = held.seq if held.item == item.seq else -1
    hold.meets(turn, item, since, may_hold=False)
    hold.take(turn, made, None, acknowledge)
    return made


def _to_effect(hold: Hold, held: Pause, item: Waiting, acknowledge: Acknowledge) -> Step:
    gate = Gate(acknowledge)
    made = _take(hold, held, item, gate.one())
    if hold.state.pause is None:  # that was the end of the run
        gate.close()
    else:
        _go_on(hold, {"until": "effect"}, gate)
    return made


def _over(hold: Hold, looks: Held, acknowledge: Acknowledge) -> Step:
    move = looks.moves[looks.micro]
    hold.looks = replace(looks, micro=looks.micro + 1, active=looks.places[looks.micro])
    acknowledge(None)
    return Step(hold.run.snapshot, (), (move,), move.taken)


def _go_on(hold: Hold, body: Mapping[str, Any], gate: Gate) -> None:
    hold.write(("debug", "resumed", body, None), acknowledge=gate.one())
    hold.flow(gate)


def _gone(hold: Hold, id: str) -> LabError:
    known = ", ".join(hold.state.breakpoints) or "none"
    return LabError(
        f"Run {hold.run.id!r} has no breakpoint {id!r} any more.", hint=f"There are: {known}."
    )
