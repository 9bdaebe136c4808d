"""What happens to sensor readings on their way into a log: bounces, repeats, losses, delays.

A `Reading` is what a device said and when. `faulty` takes the readings of a faithful device and
answers what a collector writes down: in order of arrival, each line with the device's own time,
so that late ones stand out of order. Everything is drawn from the `Random` that is handed in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple


class Reading(NamedTuple):
    """What a device said: `at` in seconds since the epoch."""

    at: float
    event: str
    data: dict[str, Any] = {}


@dataclass(frozen=True)
class Faults:
    """How often things go wrong, per reading (0 to 1), and for how long, in seconds."""

    bounce: float = 0.05
    repeat: float = 0.02
    lose: float = 0.02
    delay: float = 0.03
    longest_delay: float = 20.0
    stray: float = 0.01
    spoil: float = 0.01
    bouncing: tuple[str, ...] = ()
    strays: tuple[str, ...] = ("heartbeat", "firmware_updated", "battery_low")
    spoilt: dict[str, Any] = field(default_factory=dict)


def faulty(readings: Iterable[Reading], faults: Faults, chance: Random) -> list[Reading]:
    """The readings as they arrive, with all that `faults` allows."""
    arrivals: list[tuple[float, int, Reading]] = []
    for number, reading in enumerate(readings):
        for arrival, what in _on_the_way(reading, faults, chance):
            arrivals.append((arrival, number, what))
    arrivals.sort(key=lambda arrival: arrival[:2])
    return [reading for _, _, reading in arrivals]


def _on_the_way(
    reading: Reading, faults: Faults, chance: Random
) -> Iterator[tuple[float, Reading]]:
    """One reading becomes none, one or several, each with the moment it arrives."""
    if chance.random() < faults.stray:
        moment = reading.at - chance.uniform(0.1, 2.0)
        signal = {"rssi": -chance.randint(40, 95)}
        yield moment, Reading(moment, chance.choice(faults.strays), signal)
    if chance.random() < faults.lose:
        return
    if reading.event in faults.spoilt and chance.random() < faults.spoil:
        reading = reading._replace(data={**reading.data, **faults.spoilt[reading.event]})
    late = chance.uniform(1.0, faults.longest_delay) if chance.random() < faults.delay else 0.0
    yield reading.at + late + chance.uniform(0.005, 0.05), reading
    if reading.event in faults.bouncing and chance.random() < faults.bounce:
        # A contact closes, opens and closes again within milliseconds.
        for _ in range(chance.randint(1, 3)):
            reading = reading._replace(at=reading.at + chance.uniform(0.004, 0.04))
            yield reading.at + late + 0.05, reading
    elif chance.random() < faults.repeat:
        # The gateway saw no acknowledgement and sent the very same line again.
        yield reading.at + late + chance.uniform(1.0, 4.0), reading


def iso(at: float) -> str:
    """The time as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(round(at, 3), UTC).isoformat(timespec="milliseconds")


def milliseconds(at: float) -> int:
    """The time as milliseconds since the epoch."""
    return round(at * 1000)


def lines_of(readings: Iterable[Reading], *, clock: Any = iso, cut: int = -1) -> Iterator[str]:
    """The log's lines; line number `cut` (from 0) is torn, as after a power cut."""
    for number, reading in enumerate(readings):
        line = {"at": clock(reading.at), "event": reading.event}
        text = json.dumps({**line, "data": reading.data} if reading.data else line)
        yield text[: len(text) * 2 // 3] if number == cut else text
