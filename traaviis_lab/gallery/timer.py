"""A countdown that is driven by ticks, and that notices when they stop."""

from __future__ import annotations

from typing import ClassVar

from traaviis_lab import effects as fx
from traaviis_lab.machine.dsl import Machine, State


class Timer(Machine):
    """A countdown: started, paused, resumed, and elapsed at zero.

    Whoever drives it sends a `tick` a second. A tick leaves and enters `running` again, which
    starts its five seconds of patience anew; when they pass, the driver is gone: `stalled`.
    """

    data: ClassVar = {"seconds": 60, "remaining": 60, "ticks": 0, "rounds": 0, "pauses": 0}
    events: ClassVar = {
        "start": {
            "properties": {
                "seconds": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 86_400,
                    "default": 60,
                    "title": "Seconds",
                }
            }
        },
        "tick": {
            "properties": {
                "elapsed": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 60,
                    "default": 1,
                    "title": "Seconds since the last tick",
                }
            }
        },
        "pause": {},
        "resume": {},
        "reset": {},
        "discard": {"title": "Throw the timer away"},
    }

    idle = State(initial=True, title="Idle")

    running = State(initial=True, title="Running")
    stalled = State(title="Stalled", enter=fx.log("no tick for five seconds", "warning"))
    counting = State(states=[running, stalled], title="Counting")

    paused = State(title="Paused")
    elapsed = State(
        title="Elapsed",
        enter=fx.log("{{ data.seconds }} seconds are over (round {{ data.rounds }})"),
    )
    discarded = State(final=True, title="Discarded")

    _begin: ClassVar = {
        "seconds": "has(event.seconds) ? event.seconds : data.seconds",
        "remaining": "has(event.seconds) ? event.seconds : data.seconds",
    }
    _tick: ClassVar = {
        "remaining": "data.remaining - (has(event.elapsed) ? event.elapsed : 1)",
        "ticks": "data.ticks + 1",
    }

    idle.to(counting, on="start", assign=_begin)
    idle.to(discarded, on="discard")

    running.to(running, on="tick", assign=_tick)
    running.after("5s", stalled)
    stalled.to(running, on="tick", assign=_tick, do=fx.log("ticking again"))
    counting.to(
        elapsed, when="data.remaining <= 0", assign={"remaining": 0, "rounds": "data.rounds + 1"}
    )
    counting.to(paused, on="pause", assign={"pauses": "data.pauses + 1"})

    paused.to(counting, on="resume")
    paused.after("10m", idle, do=fx.log("paused for ten minutes: put back", "warning"))

    elapsed.to(counting, on="start", assign=_begin)
    elapsed.to(discarded, on="discard")

    for _state in (counting, paused, elapsed):
        _state.to(idle, on="reset", assign={"remaining": "data.seconds"})
