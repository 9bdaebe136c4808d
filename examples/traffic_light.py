"""A crossing: a light for cars and one for people, driven by timers, an hour in a moment.

Shows parallel regions, `after` timers, a guard on the other region and a told clock.

    python examples/traffic_light.py
"""

from __future__ import annotations

from traaviis_lab import Lab, Machine, State, ToldClock


class Crossing(Machine, parallel=True):
    """A crossing. People press a button; cars get at least twenty seconds of green."""

    data = {"pressed": 0, "crossings": 0}

    green_held = State(title="green, not to be stopped yet")
    green = State()
    yellow = State()
    red = State()
    cars = State(states=[green_held, green, yellow, red])

    stop = State()
    waiting = State()
    walk = State()
    people = State(states=[stop, waiting, walk])

    stop.to(waiting, on="button", assign={"pressed": "data.pressed + 1"})
    green_held.after("20s", green)
    green.to(yellow, when='"waiting" in state')
    yellow.after("3s", red)
    waiting.to(walk, when='"red" in state', assign={"crossings": "data.crossings + 1"})
    walk.after("10s", stop)
    red.after("12s", green_held)


def main() -> None:
    """Let a person press the button every few minutes for an hour."""
    clock = ToldClock()
    with Lab(clock=clock) as lab:
        crossing = lab.start(Crossing, id="crossing_1")
        for wait in (60, 5, 300, 1, 900, 2400):
            clock.advance(wait)
            if "button" in crossing.events:
                crossing.send("button")
            clock.advance(4)
            print(f"{wait + 4:>5} s later: {' & '.join(crossing.state)}")
        print(
            f"pressed {crossing.data['pressed']} times, crossed {crossing.data['crossings']} times"
        )


if __name__ == "__main__":
    main()
