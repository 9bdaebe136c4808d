"""What effects cost: in a row, fanned out, journalled in batches, on disk, waiting by thousands."""

import asyncio
import gc
import itertools
import statistics
import tempfile
import time
import tracemalloc
from functools import partial
from pathlib import Path

import py_trees
from burr.core import ApplicationBuilder, action

from tests.benchmarks.bench_run import row
from traaviis_lab import Chart, Event, Lab
from traaviis_lab import effects as fx

GO = Event("go")


async def nop():
    """A step that does nothing."""
    return 1


def quietest(measures, times=16):
    """The least each of some measurements gives, taken in turn: what else a machine does only ever
    adds to them, and does so for seconds on end."""
    found = [[measure() for measure in measures] for _ in range(times)]
    return [min(column) for column in zip(*found, strict=True)]


def machine(name, effect):
    """A machine that performs the effect at every `go` and comes back to where it was."""
    working = {"enter": [effect.to_spec()], "on_success": [{"to": "idle"}]}
    idle = {"transitions": [{"on": "go", "to": "working"}]}
    states = {"idle": idle, "working": working}
    return Chart.from_spec({"spec": "traaviis/1", "name": name, "states": states})


def rounds(lab, effect, count):
    """Microseconds of each round on the engine's loop, the event and all its facts included."""
    lab.register(nop)
    live = lab.start(machine("Bench", effect))._live

    async def go():
        took = []
        for _ in range(count):
            t = time.perf_counter_ns()
            live.deliver(GO)
            while "idle" not in live.snapshot.active:
                await asyncio.sleep(0)
            took.append((time.perf_counter_ns() - t) / 1e3)
        return took

    return statistics.median(lab._thread.wait_for(go()))


def trees(count=100):
    """py-trees: a sequence of ten behaviours that succeed, ticked once."""

    class Succeeds(py_trees.behaviour.Behaviour):
        def update(self):
            return py_trees.common.Status.SUCCESS

    root = py_trees.composites.Sequence("ten", memory=True)
    root.add_children([Succeeds(f"n{i}") for i in range(10)])
    took = []
    for _ in range(count):
        t = time.perf_counter_ns()
        root.tick_once()
        took.append((time.perf_counter_ns() - t) / 1e3)
    return statistics.median(took)


def burr(count=40):
    """Burr: ten async actions in a row."""

    def one(number):
        @action(reads=[], writes=["n"])
        async def act(state):
            return state.update(n=number)

        return act

    names = [f"a{i}" for i in range(10)]
    built = (
        ApplicationBuilder()
        .with_actions(**{name: one(i) for i, name in enumerate(names)})
        .with_transitions(*itertools.pairwise(names))
        .with_entrypoint("a0")
    )

    async def go():
        took = []
        for _ in range(count):
            app = await built.abuild()
            t = time.perf_counter_ns()
            await app.arun(halt_after=["a9"])
            took.append((time.perf_counter_ns() - t) / 1e3)
        return took

    return statistics.median(asyncio.run(go()))


def task_group(count=40):
    """Python's own: a hundred tasks in a group."""

    async def go():
        took = []
        for _ in range(count):
            t = time.perf_counter_ns()
            async with asyncio.TaskGroup() as group:
                for _ in range(100):
                    group.create_task(nop())
            took.append((time.perf_counter_ns() - t) / 1e3)
        return took

    return statistics.median(asyncio.run(go()))


def in_batches(count=5_000):
    """Effects a second on disk, started and told in batches, until the machine knows the results."""
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder) / "b.duckdb") as lab:
        lab.register(nop)
        each = fx.for_each("data.items", fx.call("nop"), concurrency=500)
        live = lab.start(machine("Many", each), data={"items": [0] * count})._live

        async def go():
            t = time.perf_counter()
            await live.send(GO)
            while "idle" not in live.snapshot.active:
                await asyncio.sleep(0.001)
            return count / (time.perf_counter() - t)

        return statistics.median(lab._thread.wait_for(go()) for _ in range(3))


def durable(count=200):
    """Milliseconds of one effect on disk, and of what its two commits took."""
    with tempfile.TemporaryDirectory() as folder, Lab(Path(folder) / "d.duckdb") as lab:
        lab.register(nop)
        live = lab.start(machine("One", fx.call("nop")))._live

        async def go():
            took, commits = [], []
            for _ in range(count):
                t = time.perf_counter_ns()
                await live.send(GO)
                commits.append((time.perf_counter_ns() - t) / 1e6)
                while "idle" not in live.snapshot.active:
                    await asyncio.sleep(0.0001)  # the writer's thread wants its turn, too
                took.append((time.perf_counter_ns() - t) / 1e6)
            return statistics.median(took), statistics.median(commits)

        return lab._thread.wait_for(go())


def waiting(count=10_000):
    """Megabytes of so many delays under way at once."""
    with Lab() as lab:
        chart = machine("Wait", fx.parallel(*[fx.delay("1h")] * count))
        gc.collect()
        tracemalloc.start()
        run = lab.start(chart)
        run.send("go")
        gc.collect()
        size = tracemalloc.get_traced_memory()[0] / 1e6
        tracemalloc.stop()
        assert len(run.under_way) >= count
        run.stop()
        return size


def rows():
    """The measurements."""
    gc.collect()
    gc.freeze()  # what the peers brought along is not looked through again and again
    one = fx.call("nop")
    ten, hundred = fx.sequence(*[fx.call("nop")] * 10), fx.parallel(*[fx.call("nop")] * 100)
    with Lab() as lab:
        ours = [partial(rounds, lab, ten, 100), partial(rounds, lab, one, 100)]
        ours.append(partial(rounds, lab, hundred, 25))
        in_row, alone, fanned, tree, other, bare = quietest([*ours, trees, burr, task_group])
    rate = in_batches()
    gc.unfreeze()
    whole, commit = durable()
    return [
        row("10 async steps in a row, journalled in memory", in_row, "µs", "≤ 150"),
        row("the same beside py-trees (no journal, not async)", in_row, "µs", "", f"py-trees: {tree:.0f} µs", in_row / tree),
        row("the same beside Burr (no journal)", in_row, "µs", "", f"Burr: {other:.0f} µs", in_row / other),
        row("one effect with its event and outcome", alone, "µs"),
        row("a fan-out of 100, journalled in memory", fanned / 1e3, "ms", "≤ 1.5", f"bare TaskGroup: {bare / 1e3:.2f} ms", fanned / bare),
        row("effects a second on disk, in batches of 500", rate, "effects/s", "≥ 10000"),
        row("an effect on disk, end to end", whole, "ms", "", f"its first commit: {commit:.2f} ms", whole / commit),
        row("the same without its two commits", whole - 2 * commit, "ms", "< 1"),
        row("10,000 delays under way", waiting(), "MB", "< 100"),
    ]  # fmt: skip
