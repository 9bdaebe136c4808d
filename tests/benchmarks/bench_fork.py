"""What a fork costs: at any place of a long run, from memory and from disk, and of all of it."""

import asyncio
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

from traaviis_lab import Event, Lab

from .bench_run import Switch, row

FLIP = Event("flip")


def filled(path, steps):
    """A lab with one run of so many steps."""
    lab = Lab(path, durability="async")
    run = lab.start(Switch, id="long")

    async def fill():
        for i in range(steps):
            run._live.deliver(FLIP, "async")
            if i % 20_000 == 0:
                await asyncio.sleep(0)

    lab._thread.wait_for(fill())
    lab.journal.flush()
    return lab, run


def at_any_place(run, asked=60):
    """Median and 95th percentile of ms for `fork(at=...)` at random places."""
    chance = random.Random(1)
    run.fork(at=run.seq)  # the facts of a run in memory are hashed when they are first read
    took = []
    for _ in range(asked):
        seq = chance.randint(1, run.seq)
        t = time.perf_counter_ns()
        run.fork(at=seq)
        took.append((time.perf_counter_ns() - t) / 1e6)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


def all_again(run):
    """Steps a second of a fork that recomputes the whole run."""
    t = time.perf_counter_ns()
    fork = run.fork(drop=2)
    return fork.seq / (time.perf_counter_ns() - t) * 1e9


def rows():
    steps = int(os.environ.get("TRAAVIIS_BENCH_STEPS", "100000"))
    found = []
    with tempfile.TemporaryDirectory() as name:
        for where, path in (("memory", None), ("disk", Path(name) / "fork.duckdb")):
            lab, run = filled(path, steps)
            with lab:
                middle, most = at_any_place(run)
                rate = all_again(run)
            found += [
                row(f"fork at a random seq of {steps:,}, {where}, median", middle, "ms"),
                row(f"fork at a random seq of {steps:,}, {where}, p95", most, "ms", "≤ 100"),
                row(f"recomputing all of it in a fork, {where}", rate, "steps/s"),
            ]
    return found


def main():
    from .__main__ import show

    show("fork", rows())


if __name__ == "__main__":
    main()
