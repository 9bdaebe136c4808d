"""Commands that drive the live run on track a: events, steps, breakpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError
from traaviis_lab.machine import Event
from traaviis_lab.widgets.commands import Answer, object_of, text_of
from traaviis_lab.widgets.run_widget import answered

if TYPE_CHECKING:
    from traaviis_lab.lab import Run

    from .widget import DebugWidget

Command = Mapping[str, Any]
SPEC = ("state", "on", "event", "effect", "error", "when", "hit", "once")
"""What a breakpoint may ask for; the words of `run.breakpoint`."""
STEPS = ("event", "microstep", "effect")


def send(widget: DebugWidget, command: Command) -> Answer:
    """Send an event."""
    _run(widget).send_event(Event(text_of(command, "event"), object_of(command, "data")))
    return None


def stop(widget: DebugWidget, _command: Command) -> Answer:
    """End the run."""
    _run(widget).stop()
    return None


def pause(widget: DebugWidget, _command: Command) -> Answer:
    """Hold the run; what comes then waits."""
    _run(widget).pause()
    return _and_look(widget)


def resume(widget: DebugWidget, _command: Command) -> Answer:
    """Let go on what is held."""
    run = _run(widget)
    return widget.work(lambda: _looked(widget, run.resume()))


def step(widget: DebugWidget, command: Command) -> Answer:
    """Go on by one event, microstep or effect."""
    run, by = _run(widget), command.get("by", "event")
    if by not in STEPS:
        raise LabError(f"A step is by {', '.join(STEPS)}, not by {by!r}.")
    return widget.work(lambda: _looked(widget, run.step(by=by)))


def run_to(widget: DebugWidget, command: Command) -> Answer:
    """Go on until a state would be entered or an event taken."""
    run = _run(widget)
    goal = {name: text_of(command, name) for name in ("state", "event") if command.get(name)}
    return widget.work(lambda: _looked(widget, run.run_to(**goal)))


def add_breakpoint(widget: DebugWidget, command: Command) -> Answer:
    """`{breakpoint}`: the id of a new breakpoint."""
    asked = object_of(command, "spec")
    strange = [name for name in asked if name not in SPEC]
    if strange:
        raise LabError(
            f"A breakpoint knows no {strange[0]!r}.", hint=f"It knows: {', '.join(SPEC)}."
        )
    spec = {name: value for name, value in asked.items() if value not in (None, "")}
    made = _run(widget).breakpoint(**spec)
    _and_look(widget)
    return {"breakpoint": made.id}


def set_breakpoint(widget: DebugWidget, command: Command) -> Answer:
    """Switch a breakpoint on or off."""
    found = _breakpoint(_run(widget), text_of(command, "breakpoint"))
    if command.get("enabled") is True:
        found.enable()
    else:
        found.disable()
    return _and_look(widget)


def remove_breakpoint(widget: DebugWidget, command: Command) -> Answer:
    """Take a breakpoint away."""
    _breakpoint(_run(widget), text_of(command, "breakpoint")).remove()
    return _and_look(widget)


def answer(widget: DebugWidget, command: Command) -> Answer:
    """Say what becomes of an effect that was under way when its process died."""
    run, path, said = _run(widget), text_of(command, "path"), text_of(command, "answer")
    return widget.work(lambda: answered(run, path, said))


def _run(widget: DebugWidget) -> Run:
    return widget.subject("a").driven()


def _breakpoint(run: Run, id: str) -> Any:
    for one in run.breakpoints:
        if one.id == id:
            return one
    known = ", ".join(one.id for one in run.breakpoints) or "none"
    raise LabError(f"There is no breakpoint {id!r}.", hint=f"Breakpoints: {known}.")


def _and_look(widget: DebugWidget) -> Answer:
    """Have the stand looked at, also where no fact tells of a change: a microstep writes none."""
    widget.track("a").look()
    return None


def _looked(widget: DebugWidget, _done: Any) -> None:
    _and_look(widget)
