"""Tools that hold a live run: breakpoints, one step at a time, and going on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from traaviis_lab.errors import LabError
from traaviis_lab.mcp.call import Call

from . import shown
from .core import FsmId
from .tool import Params, Tool, tool

if TYPE_CHECKING:
    from traaviis_lab.lab import Run
    from traaviis_lab.lab.debugging import Breakpoint

_ACTIONS = Literal["set", "list", "remove", "enable", "disable", "pause"]


class SetBreakpoint(Params):
    """What `set_breakpoint` takes."""

    fsm_id: FsmId
    action: Annotated[_ACTIONS, Field(description="pause holds the run now.")] = "set"
    breakpoint: Annotated[str | None, Field(description="Its id, like b1, to change it.")] = None
    state: Annotated[str | None, Field(description="Before this state is entered.")] = None
    on: Annotated[Literal["enter", "exit"] | None, Field(description="... or left.")] = None
    event: Annotated[str | None, Field(description="Before this event; order.* works.")] = None
    effect: Annotated[str | None, Field(description="Before an effect of this kind.")] = None
    error: Annotated[bool, Field(description="Before a failure is taken.")] = False
    when: Annotated[str | None, Field(description="Expression, like data.total > 10.")] = None
    hit: Annotated[int, Field(ge=1, description="Hold from this match on.")] = 1
    once: Annotated[bool, Field(description="Remove it when it has held.")] = False


@tool("debug", "debug", quotes=True)
def set_breakpoint(call: Call, params: SetBreakpoint) -> Mapping[str, Any]:
    """Hold a live run before a turn that would do all of what is given. The action can also list,
    remove, enable or disable breakpoints, or pause the run. Then step or resume."""
    run = call.live(params.fsm_id)
    made: Breakpoint | None = None
    if params.action == "set":
        spec = params.model_dump(exclude={"fsm_id", "action", "breakpoint"})
        made = run.breakpoint(**spec)
    elif params.action == "pause":
        run.pause()
    elif params.action != "list":
        _change(run, params)
    told = {"fsm_id": run.id, "breakpoints": [_breakpoint(one) for one in run.breakpoints]}
    return {**told, **({"breakpoint": made.id} if made is not None else {}), **_held(run)}


class StepRun(Params):
    """What `step` takes."""

    fsm_id: FsmId
    by: Annotated[
        Literal["event", "microstep", "effect"],
        Field(description="effect: until one is asked for or ends."),
    ] = "event"


@tool("debug", "debug", quotes=True)
def step(call: Call, params: StepRun) -> Mapping[str, Any]:
    """Go on a little with a held run: by the first event that waits, by one microstep of it, or to
    the next effect. It stays held."""
    run = call.live(params.fsm_id)
    made = run.step(params.by)
    moves = [
        {"event": one.event, "exited": list(one.exited), "taken": list(one.taken),
         "entered": list(one.entered)}
        for one in made.moves
    ]  # fmt: skip
    return {**shown.run(run), "taken": list(made.taken), "moves": moves, **_held(run)}


class OneRun(Params):
    """What `resume` takes."""

    fsm_id: FsmId


@tool("debug", "debug", idempotent=True, quotes=True)
def resume(call: Call, params: OneRun) -> Mapping[str, Any]:
    """Let a held run go on: what waits is taken, until nothing does or a breakpoint holds it."""
    run = call.live(params.fsm_id)
    run.resume()
    return {**shown.run(run), **_held(run)}


def _change(run: Run, params: SetBreakpoint) -> None:
    known = {one.id: one for one in run.breakpoints}
    if params.breakpoint not in known:
        raise LabError(
            f"Run {run.id!r} has no breakpoint {params.breakpoint!r}.",
            hint=f"It has: {', '.join(known) or 'none'}; name one as breakpoint=.",
        )
    one = known[params.breakpoint]
    if params.action == "remove":
        one.remove()
    elif params.action == "enable":
        one.enable()
    else:
        one.disable()


def _breakpoint(one: Breakpoint) -> dict[str, Any]:
    told: dict[str, Any] = shown.value(one.to_json(), 100, 500)
    return told


def _held(run: Run) -> dict[str, Any]:
    """Why it is held, what the turn to come would do, and what waits."""
    held = run.held
    if held is None:
        return {"held": None}
    waits = [one.to_json() for one in held.mailbox[: shown.MOST_LISTED]]
    more = len(held.mailbox) - len(waits)
    told = {**held.to_json(), "waits": waits, **({"waits_more": more} if more > 0 else {})}
    return {"held": shown.value(told, 1_000, 2_000)}


TOOLS: tuple[Tool, ...] = (set_breakpoint, step, resume)
