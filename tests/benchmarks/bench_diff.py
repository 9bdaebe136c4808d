"""What comparing long runs costs: two of their own, a fork and its parent, and two with little in
common."""

import random
import statistics
import tempfile
import time
from pathlib import Path

from traaviis_lab import Event, Lab, Machine, State
from traaviis_lab.travel.comparing.align import align


class Walk(Machine):
    """Goes round in a ring, forwards and back, and counts."""

    data = {"n": 0, "last": ""}
    a = State(initial=True)
    b = State()
    c = State()
    d = State()
    for _one, _next in ((a, b), (b, c), (c, d), (d, a)):
        _one.to(_next, on="on", assign={"n": "data.n + 1"})
        _next.to(_one, on="back", assign={"n": "data.n - 1", "last": "event.by"})
        _one.to(None, on="stay", assign={"last": "event.by"})


def row(what, value, unit, target="", beside="", ratio=None):
    return {
        "what": what, "value": value, "unit": unit, "target": target, "beside": beside, "ratio": ratio,
    }  # fmt: skip


def walk(lab, id, steps, seed, share=0):
    """A run of random steps, the first `share` of them the same for every seed."""
    run = lab.start(Walk, id=id)
    same, own = random.Random(0), random.Random(seed)
    live = run._live
    for number in range(steps):
        chance = same if number < share else own
        name = chance.choice(("on", "on", "back", "stay"))
        event = Event(name, {"by": chance.choice("xyz")})
        lab._thread.ask(lambda event=event: live.deliver(event, "async"))
    return run


def middle(work, rounds=5):
    took = []
    for _ in range(rounds):
        t = time.perf_counter()
        work()
        took.append(time.perf_counter() - t)
    return statistics.median(took) * 1e3


def on(path, steps):
    with Lab(path, durability="async") if path else Lab() as lab:
        left = walk(lab, "left", steps, 1, share=steps // 2)
        right = walk(lab, "right", steps, 2, share=steps // 2)
        other = walk(lab, "other", steps, 3)
        fork = left.fork(at=steps // 2, drop=(), id="fork")
        fork.send("stay", by="me")
        lab.journal.flush()
        found = {
            "half in common": middle(lambda: left.diff(right)),
            "little in common": middle(lambda: left.diff(other)),
            "a fork at the middle and its parent": middle(lambda: left.diff(fork)),
            "with itself": middle(lambda: left.diff(left)),
        }
        whole = left.diff(other)
        found["text"] = middle(lambda: str(whole), 3)
        found["html, with the drawing"] = middle(whole._repr_mimebundle_, 3)
        found["path"] = middle(left.path, 3)
        found["changes of one field"] = middle(lambda: left.changes("n"), 3)
        return found


def rows(steps=10_000):
    with tempfile.TemporaryDirectory() as name:
        disk = on(Path(name) / "d.duckdb", steps)
    memory = on(None, steps)
    told = []
    for what, took in disk.items():
        compares = "common" in what or "parent" in what or "itself" in what
        label = f"diff of {steps:,} steps, {what}" if compares else f"{what}, {steps:,} steps"
        target = "≤ 1,000" if compares else ""
        told.append(row(label, took, "ms", target, f"in memory: {memory[what]:.0f} ms"))
    chance = random.Random(1)
    keys = [[chance.randrange(12) for _ in range(100_000)] for _ in range(2)]
    told.append(row("aligning 100,000 steps with 100,000", middle(lambda: align(*keys), 1), "ms"))
    return told


def main():
    from .__main__ import show

    show("diff", rows())


if __name__ == "__main__":
    main()
