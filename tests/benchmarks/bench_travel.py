"""What looking back costs: replaying a long run, and standing at any place of one."""

import random
import statistics
import tempfile
import time
from pathlib import Path

import orjson

from traaviis_lab import Event, Lab
from traaviis_lab.machine import start, step
from traaviis_lab.travel import Trail, replay

from .bench_run import FLIP, Switch, row

STEPS = 100_000
PLACES = 10_000


def long_run(lab, id, events):
    """A run of so many events, delivered on the engine's loop."""
    run = lab.start(Switch, id=id)

    async def drive():
        for _ in range(events):
            run._live.deliver(FLIP, "async")

    lab._thread.wait_for(drive())
    lab.journal.flush()
    return run


def stepping(run):
    """Seconds of `step` alone over the run's recorded events, with nothing read or compared."""
    facts = run.lab.journal.read(run.id, hashed=False)
    events = [Event(f.name, orjson.loads(f.body)["data"]) for f in facts if f.kind == "event"]
    here = start(Switch.chart).snapshot
    began = time.perf_counter()
    for event in events:
        here = step(Switch.chart, here, event).snapshot
    took = time.perf_counter() - began
    assert here == run.snapshot
    return took


def replaying(folder):
    """Seconds for 100,000 steps: of stepping alone, whole from memory, whole from disk."""
    with Lab() as lab:
        run = long_run(lab, "long", STEPS)
        pure = statistics.median(stepping(run) for _ in range(3))
        memory = statistics.median(run.replay().seconds for _ in range(3))
    path = folder / "replay.duckdb"
    with Lab(path, durability="async") as lab:
        long_run(lab, "long", STEPS)
    with Lab(path) as lab:
        trail = Trail(lab.journal, "long", Switch.chart)
        disk = statistics.median(replay(trail).seconds for _ in range(3))
    return pure, memory, disk


def places(folder, asked=400):
    """Milliseconds to stand at random places of 10,000 steps: from disk, and when it is open."""
    path = folder / "places.duckdb"
    with Lab(path, durability="async") as lab:
        long_run(lab, "long", PLACES)
    chance = random.Random(1)
    cold, warm = [], []
    with Lab(path) as lab:
        lab.recording("long", Switch).at(5)
        for _ in range(asked // 4):
            trail = Trail(lab.journal, "long", Switch.chart)  # one that has seen nothing yet
            cold.append(timed(trail.at, chance.randint(1, PLACES)))
        there = lab.recording("long", Switch)
        for seq in range(1, PLACES, 100):
            there.at(seq)
        for _ in range(asked):
            warm.append(timed(there.at, chance.randint(1, PLACES)))
    return cold, warm


def timed(at, seq):
    began = time.perf_counter_ns()
    at(seq)
    return (time.perf_counter_ns() - began) / 1e6


def percentile(values, which):
    return statistics.quantiles(values, n=100)[which - 1]


def rows():
    with tempfile.TemporaryDirectory() as name:
        pure, memory, disk = replaying(Path(name))
        cold, warm = places(Path(name))
    what = f"state at a random step of {PLACES:,}"
    return [
        row(f"{STEPS:,} steps again, stepping alone", pure, "s", "≤ 1"),
        row("the same, replayed and compared, from memory", memory, "s", "", "stepping alone", memory / pure),
        row("the same, from disk", disk, "s", "", "stepping alone", disk / pure),
        row(f"{what}, from disk, p50", percentile(cold, 50), "ms"),
        row(f"{what}, from disk, p95", percentile(cold, 95), "ms", "≤ 10"),
        row(f"{what}, run open, p50", percentile(warm, 50), "ms"),
        row(f"{what}, run open, p95", percentile(warm, 95), "ms", "≤ 0.2"),
    ]  # fmt: skip


def main():
    from .__main__ import show

    show("travel", rows())


if __name__ == "__main__":
    main()
