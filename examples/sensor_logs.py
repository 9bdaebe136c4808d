"""Simulate the sensors of a door, an alarm system and a timer, and write their logs.

These are the logs of the gallery (`traaviis_lab/gallery/logs`) that `traaviis-lab demo` plays.
Everything comes from one seed: the same program gives the same bytes.

    python examples/sensor_logs.py FOLDER
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from sensor_faults import Faults, Reading, faulty, iso, lines_of, milliseconds

SEED = 20260302
MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
PEOPLE = ("ada", "grace", "kurt", "emmy", "alan", "courier")


def door(chance: Random, days: int = 5) -> Iterator[Reading]:
    """An office door: unlocked in the morning, some eighty passages a day, locked at night."""
    for day in range(days):
        now = MONDAY + day * DAY + 7 * HOUR
        yield Reading(now, "unlock_command", {"user_id": "janitor"})
        while now < MONDAY + day * DAY + 18 * HOUR:
            now += chance.expovariate(1 / (8 * MINUTE)) + 50
            for reading in passage(now, chance):
                now = reading.at
                yield reading
        yield Reading(now + 3 * MINUTE, "lock_command", {"user_id": "janitor"})
        night = now + chance.uniform(1, 4) * HOUR
        yield Reading(night, "open_command", {"user_id": "courier"})


def passage(now: float, chance: Random) -> Iterator[Reading]:
    """Somebody goes through: open, wait, close; now and then something is in the way."""
    who = {"user_id": chance.choice(PEOPLE)}
    yield Reading(now, "open_command", who)
    now += chance.uniform(3, 5)
    yield Reading(now, "fully_open")
    stubborn = chance.random() < 0.01
    tries = 0
    while True:
        now += chance.uniform(6, 25)
        yield Reading(now, "close_command", who)
        if not stubborn and chance.random() > 0.08:
            break
        tries += 1
        now += chance.uniform(1, 3)
        yield Reading(now, "obstacle", {"distance_cm": round(chance.uniform(2, 80), 1)})
        now += chance.uniform(2, 4)
        yield Reading(now, "fully_open")
        if tries == 3:
            now += chance.uniform(60, 300)
            yield Reading(now, "reset_command", {"user_id": "janitor"})
            stubborn = False
    if chance.random() < 0.01:
        # The motor labours: half a minute is not enough, and the machine turns it back.
        now += 34
        yield Reading(now, "fully_open")
        now += 10
        yield Reading(now, "close_command", who)
    yield Reading(now + chance.uniform(3, 5), "fully_closed")


def house(chance: Random, days: int = 70) -> Iterator[Reading]:
    """A family's alarm system: armed when they leave and at night, with what life adds to it."""
    for day in range(days):
        noon = MONDAY + day * DAY + 12 * HOUR
        morning = noon - chance.uniform(5, 5.5) * HOUR
        yield from code(morning, chance)
        yield from zone(morning + 9 * MINUTE, chance, chance.choice(("kitchen", "bath")))
        yield from leaving(noon - chance.uniform(3.4, 4) * HOUR, chance)
        if chance.random() < 0.08:
            yield from cat(noon + chance.uniform(0, 2) * HOUR, chance)
        if chance.random() < 0.05:
            yield from guest(noon + 4.5 * HOUR, chance)
        yield from coming_home(noon + chance.uniform(5, 6) * HOUR, chance)
        yield from zone(noon + 7.2 * HOUR, chance, "terrace")
        if chance.random() < 0.3:
            yield Reading(noon + chance.uniform(8, 9) * HOUR, "motion", {"zone": "hall"})
        night = noon + chance.uniform(10.5, 11) * HOUR
        yield Reading(night, "arm", {"mode": "home"})
        if day % 23 == 11:
            yield from burglar(night + 2.5 * HOUR, chance)
    yield Reading(night + HOUR, "heartbeat", {"rssi": -61})


def zone(now: float, chance: Random, name: str, *, entry: bool = False) -> Iterator[Reading]:
    """A door or window opens and closes again."""
    data = {"zone": name, "entry": True} if entry else {"zone": name}
    yield Reading(now, "zone.opened", data)
    yield Reading(now + chance.uniform(3, 20), "zone.closed", {"zone": name})


def code(now: float, chance: Random, *, sure: float = 0.93) -> Iterator[Reading]:
    """Somebody enters the code, perhaps wrong at first; three times wrong locks the keypad."""
    for _ in range(5):
        if chance.random() < sure:
            break
        yield Reading(now, "code_entered", {"code": chance.choice(("2486", "2648", "0000"))})
        now += chance.uniform(3, 6)
    yield Reading(now, "code_entered", {"code": "2468"})


def leaving(now: float, chance: Random) -> Iterator[Reading]:
    """Arm and go; sometimes a window was forgotten, and the panel says no."""
    if chance.random() < 0.1:
        yield Reading(now - 30 * MINUTE, "zone.opened", {"zone": "study"})
        yield Reading(now - MINUTE, "arm", {"mode": "away"})
        yield Reading(now - 0.6 * MINUTE, "zone.closed", {"zone": "study"})
    yield Reading(now, "arm", {"mode": "away"})
    yield from zone(now + chance.uniform(8, 20), chance, "front_door", entry=True)


def coming_home(now: float, chance: Random) -> Iterator[Reading]:
    """Through the front door and to the keypad, in good time or not."""
    yield Reading(now, "zone.opened", {"zone": "front_door", "entry": True})
    yield Reading(now + 4, "zone.closed", {"zone": "front_door"})
    hurry = 15 if chance.random() < 0.95 else 42
    yield from code(now + chance.uniform(6, hurry), chance, sure=0.85)


def guest(now: float, chance: Random) -> Iterator[Reading]:
    """A guest who does not know the code well: the keypad locks, and opens again after a minute."""
    yield Reading(now, "zone.opened", {"zone": "front_door", "entry": True})
    for wait in (4, 8, 12, 16, 20):
        now += wait
        yield Reading(now, "code_entered", {"code": chance.choice(("1357", "8642", "2486"))})
    yield Reading(now + 20, "zone.closed", {"zone": "front_door"})
    yield from code(now + 75, chance)


def cat(now: float, chance: Random) -> Iterator[Reading]:
    """The cat is in the hall; the guard service has a look and says so."""
    yield Reading(now, "motion", {"zone": "hall"})
    yield Reading(now + chance.uniform(4, 12) * MINUTE, "false_alarm")


def burglar(now: float, chance: Random) -> Iterator[Reading]:
    """A window in the night: siren, silence after three minutes, and the family's code at last."""
    yield Reading(now, "tamper", {"zone": "terrace"})
    yield Reading(now + 5, "zone.opened", {"zone": "terrace"})
    for step in range(chance.randint(3, 8)):
        yield Reading(now + 20 + 7 * step, "motion", {"zone": chance.choice(("hall", "study"))})
    yield Reading(now + 4 * MINUTE, "zone.closed", {"zone": "terrace"})
    yield from code(now + 6 * MINUTE, chance, sure=0.4)


def kitchen(chance: Random, rounds: int = 24) -> Iterator[Reading]:
    """A kitchen timer that is ticked by a clock with a bad connection, and thrown away at last."""
    now = MONDAY + 2 * DAY + 9 * HOUR
    for _ in range(rounds):
        seconds = chance.choice((20, 30, 45, 60, 90, 120))
        yield Reading(now - 2, "reset")
        yield Reading(now, "start", {"seconds": seconds})
        pause = chance.randrange(seconds) if chance.random() < 0.3 else -1
        gap = chance.randrange(seconds) if chance.random() < 0.25 else -99
        for second in range(seconds):
            now += 1
            if second == pause:
                yield Reading(now + 0.3, "pause")
                now += chance.uniform(15, 90)
                yield Reading(now, "resume")
                now += 1
            if not gap <= second < gap + 8:
                lag = chance.uniform(0, 0.02)
                missed = 9 if second == gap + 8 else 1
                yield Reading(now + lag, "tick", {"elapsed": missed} if missed > 1 else {})
        now += chance.uniform(60, 400)
    yield Reading(now, "reset")
    yield Reading(now + 5, "discard")


def all_logs(seed: int = SEED) -> dict[str, str]:
    """Each log's name and text."""
    chance = Random(seed)
    doors = Faults(
        bouncing=("fully_open", "fully_closed"),
        spoilt={"obstacle": {"distance_cm": 6553.5}, "open_command": {"user_id": 4711}},
        spoil=0.02,
    )
    houses = Faults(
        bouncing=("zone.opened", "zone.closed"),
        bounce=0.1,
        strays=("heartbeat", "battery_low", "mains_lost"),
        spoilt={"arm": {"mode": "everywhere"}, "code_entered": {"code": 2468}},
        spoil=0.02,
    )
    ticks = Faults(
        bouncing=("pause", "resume"),
        bounce=0.2,
        lose=0.003,
        repeat=0.004,
        delay=0.01,
        longest_delay=4.0,
        strays=("heartbeat",),
        stray=0.004,
        spoilt={"tick": {"elapsed": -1}, "start": {"seconds": "soon"}},
        spoil=0.006,
    )
    logs = {
        "smart_door": lines_of(faulty(door(chance), doors, chance), clock=iso, cut=611),
        "security_system": lines_of(
            faulty(house(chance), houses, chance), clock=milliseconds, cut=903
        ),
        "timer": lines_of(faulty(kitchen(chance), ticks, chance), clock=iso, cut=402),
    }
    return {name: "".join(f"{line}\n" for line in lines) for name, lines in logs.items()}


def main(folder: Path) -> None:
    """Write the three logs."""
    for name, text in all_logs().items():
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
        print(f"{name}: {text.count(chr(10))} lines")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
