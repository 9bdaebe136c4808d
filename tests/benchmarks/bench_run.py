"""What a live, journalled run costs: creation, memory, durable and plain steps."""

import asyncio
import gc
import os
import statistics
import tempfile
import time
import tracemalloc
from pathlib import Path

from traaviis_lab import Event, Lab, Machine, State
from traaviis_lab.journal.disk import DiskJournal
from traaviis_lab.lab.thread import LoopThread
from traaviis_lab.runtime import Engine, WallClock


class Switch(Machine):
    """On and off, counting."""

    data = {"n": 0}
    off = State(initial=True)
    on = State()
    off.to(on, on="flip", assign={"n": "data.n + 1"})
    on.to(off, on="flip")


FLIP = Event("flip")


def row(what, value, unit, target="", beside="", ratio=None):
    return {
        "what": what, "value": value, "unit": unit, "target": target, "beside": beside, "ratio": ratio,
    }  # fmt: skip


class Bare:
    """A bare append of `size` bytes with fdatasync: what the disk asks of anybody."""

    def __init__(self, path, size):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._line = b"x" * size
        self.took = []

    def append(self):
        t = time.perf_counter_ns()
        os.write(self._file, self._line)
        os.fdatasync(self._file)
        self.took.append((time.perf_counter_ns() - t) / 1e6)

    def close(self):
        os.close(self._file)
        return statistics.median(self.took)


LINE = 420  # bytes of one such step in the log, its commit line included


def awaited_step(folder, n=400):
    """Median ms of a durable step awaited on the engine's loop, and of a bare append before each."""

    async def go():
        journal = DiskJournal(str(folder / "a.duckdb"))
        engine = Engine(journal, WallClock())
        run = engine.start(Switch.chart, "r", {}, "t")
        bare, took = Bare(folder / "bare.log", LINE), []
        for _ in range(n):
            bare.append()
            t = time.perf_counter_ns()
            await run.send(FLIP)
            took.append((time.perf_counter_ns() - t) / 1e6)
        await engine.close()
        journal.close()
        return statistics.median(took), bare.close()

    thread = LoopThread("bench-engine")  # where a lab's engine lives too
    try:
        return thread.wait_for(go())
    finally:
        thread.stop()


def sent_step(folder, n=400):
    """The same for a step that is sent from a cell."""
    bare, took = Bare(folder / "bare2.log", LINE), []
    with Lab(folder / "b.duckdb") as lab:
        run = lab.start(Switch)
        for _ in range(n):
            bare.append()
            t = time.perf_counter_ns()
            run.send("flip")
            took.append((time.perf_counter_ns() - t) / 1e6)
    return statistics.median(took), bare.close()


def middle(measure, folder, rounds=3):
    """The median of some rounds, each in a folder of its own."""
    found = []
    for number in range(rounds):
        place = folder / f"{measure.__name__}-{number}"
        place.mkdir()
        found.append(measure(place))
    return sorted(found)[rounds // 2]


def durable_rate(folder, runs=256, each=120):
    async def go():
        journal = DiskJournal(str(folder / "c.duckdb"))
        engine = Engine(journal, WallClock())
        live = [engine.start(Switch.chart, f"r{i}", {}, "t") for i in range(runs)]

        async def drive(run):
            for _ in range(each):
                await run.send(FLIP)

        t = time.perf_counter()
        await asyncio.gather(*(drive(run) for run in live))
        took = time.perf_counter() - t
        await engine.close()
        journal.close()
        return runs * each / took

    return asyncio.run(go())


def async_rate(folder, runs=256, each=400):
    async def go():
        journal = DiskJournal(str(folder / "d.duckdb"), durability="async")
        engine = Engine(journal, WallClock(), "async")
        live = [engine.start(Switch.chart, f"r{i}", {}, "t") for i in range(runs)]
        t = time.perf_counter()
        for _ in range(each):
            for run in live:
                await run.send(FLIP)
        took = time.perf_counter() - t
        t = time.perf_counter()
        journal.flush()
        rest = time.perf_counter() - t
        await engine.close()
        journal.close()
        return runs * each / took, runs * each / (took + rest)

    return asyncio.run(go())


def queryable(folder, n=60):
    """95th percentile of ms from the acknowledgement of an event until DuckDB has answered with it."""
    with Lab(folder / "e.duckdb") as lab:
        run = lab.start(Switch)
        lab.sql("select 1")
        took = []
        for _ in range(n):
            run.send("flip")
            t = time.perf_counter_ns()
            seen = lab.sql("select max(seq) as seq from events")["seq"][0]
            took.append((time.perf_counter_ns() - t) / 1e6)
            assert seen == run.seq
    return statistics.quantiles(took, n=20)[-1]


def creation(folder, n=10_000):
    """µs and bytes of one live run beyond its data, its share of the journal's books included."""

    async def go():
        journal = DiskJournal(str(folder / "f.duckdb"), durability="async")
        engine = Engine(journal, WallClock(), "async")
        names = [f"run-{i:06d}" for i in range(2 * n)]
        for name in names[:1_000]:
            engine.start(Switch.chart, name, {}, "t")
        journal.flush()
        took = []
        for name in names[1_000:n]:
            t = time.perf_counter_ns()
            engine.start(Switch.chart, name, {}, "t")
            took.append((time.perf_counter_ns() - t) / 1e3)
        journal.flush()
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for name in names[n:]:
            engine.start(Switch.chart, name, {}, "t")
        journal.flush()
        journal.sql("select 1")
        gc.collect()
        size = (tracemalloc.get_traced_memory()[0] - before) / n
        tracemalloc.stop()
        await engine.close()
        journal.close()
        return statistics.median(took), size

    return asyncio.run(go())


def state_at(folder, events=1_000_000, asked=60):
    """95th percentile of ms to stand at a random place of a long run, from disk."""
    import random

    path = folder / "long.duckdb"

    async def fill():
        journal = DiskJournal(str(path), durability="async")
        engine = Engine(journal, WallClock(), "async")
        run = engine.start(Switch.chart, "long", {}, "t")
        for i in range(events):
            run.deliver(FLIP, "async")
            if i % 20_000 == 0:
                await asyncio.sleep(0)
        await engine.close()
        journal.close()

    asyncio.run(fill())
    chance = random.Random(1)
    with Lab(path) as lab:
        run = lab.resume("long")
        run.at(5)
        took = []
        for _ in range(asked):
            seq = chance.randint(1, run.seq)
            t = time.perf_counter_ns()
            run.at(seq)
            took.append((time.perf_counter_ns() - t) / 1e6)
    return statistics.quantiles(took, n=20)[-1]


def rows():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        awaited, awaited_bare = awaited_step(folder)
        sent, sent_bare = sent_step(folder)
        durable = middle(durable_rate, folder)
        plain, with_flush = middle(async_rate, folder)
        seen = queryable(folder)
        took, size = creation(folder)
        events = int(os.environ.get("TRAAVIIS_BENCH_EVENTS", "1000000"))
        at = state_at(folder, events)
    return [
        row(
            "a durable step, awaited",
            awaited,
            "ms",
            "≤ 2 × bare",
            f"append + fdatasync: {awaited_bare:.3f} ms",
            awaited / awaited_bare,
        ),
        row(
            "a durable step, sent from a cell",
            sent,
            "ms",
            "",
            f"append + fdatasync: {sent_bare:.3f} ms",
            sent / sent_bare,
        ),
        row("durable steps, 256 runs at once", durable, "1/s", "≥ 30,000"),
        row("async steps, acknowledged", plain, "1/s", "≥ 80,000"),
        row("async steps, all on disk and in DuckDB", with_flush, "1/s"),
        row("acknowledged to answered by SQL, p95", seen, "ms", "≤ 100"),
        row("creating a live run, journalled, median", took, "µs", "≤ 20"),
        row("a live run, its empty data and its place in the journal", size, "B", "≤ 750"),
        row(f"state at a random seq of {events:,}, p95", at, "ms", "≤ 50"),
    ]


def main():
    from .__main__ import show

    show("run", rows())


if __name__ == "__main__":
    main()
