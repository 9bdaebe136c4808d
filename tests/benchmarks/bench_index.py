"""What the DuckDB index costs: feeding it, rebuilding it, finding any place in a million facts."""

import hashlib
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from traaviis_lab.journal.index import DuckIndex
from traaviis_lab.journal.lump import Lump, Position
from traaviis_lab.journal.port import Keep
from traaviis_lab.journal.rebuild import rebuild

FACTS = 1_000_000
LUMP = 20_000
KEEP_EVERY = 1_000
T0 = 1_750_000_000_000_000
STATES = ("closed", "opening", "open", "closing")
NAMES = ("open_command", "fully_open", "close_command", "fully_closed")


def row(what, value, unit, target="", beside="", ratio=None):
    return {
        "what": what, "value": value, "unit": unit, "target": target, "beside": beside, "ratio": ratio,
    }  # fmt: skip


def lump(start: int, count: int, runs: int) -> Lump:
    """Facts `start` .. `start + count` of `runs` runs that take turns; bodies as a door's are."""
    numbers = range(start, start + count)
    seqs = [n // runs + 1 for n in numbers]
    made = Lump(
        "1",
        Position(1, start * 300),
        Position(1, (start + count) * 300),
        run=[f"door_{n % runs:05}" for n in numbers],
        seq=seqs,
        at=[T0 + n * 997 for n in numbers],
        tenant=["default"] * count,
        kind=["event" if seq > 1 else "run.started" for seq in seqs],
        name=[NAMES[seq % 4] for seq in seqs],
        cause=[None] * count,
        body=[
            b'{"data":{"user_id":"u%d"},"step":{"state":["%s"],"taken":["%s#0"],"set":{"n":%d}}}'
            % (n % 977, STATES[n // runs % 4].encode(), STATES[(n // runs - 1) % 4].encode(), n)
            for n in numbers
        ],
        state=[STATES[n // runs % 4] for n in numbers],
        effect=[""] * count,
        model=[""] * count,
        tokens_in=[None] * count,
        tokens_out=[None] * count,
        cost_usd=[None] * count,
        duration_us=[None] * count,
        hash=[hashlib.sha256(b"%d" % n).digest() for n in numbers],
    )
    made.snapshots = [
        Keep(run, seq, b'{"active":["open"],"data":{"n":1},"history":{},"done":false}')
        for run, seq in zip(made.run, made.seq, strict=True)
        if seq % KEEP_EVERY == 0
    ]
    return made


def lumps(facts: int, runs: int, size: int = LUMP) -> Iterator[Lump]:
    for start in range(0, facts, size):
        yield lump(start, min(size, facts - start), runs)


def spread(call, times: int = 200) -> tuple[float, float]:
    """Median and 95th percentile in ms."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1e3)
    took.sort()
    return statistics.median(took), took[int(times * 0.95)]


def feeding(folder: Path) -> list[dict]:
    """Small lumps as a live lab feeds them, large ones as catching up does."""
    rows = []
    for size, times in ((1, 100), (10, 100), (300, 50), (10_000, 10)):
        made = [lump(n * size, size, 100) for n in range(times)]
        index = DuckIndex(str(folder / f"feed{size}.duckdb"))
        parts = iter(made)
        p50, _ = spread(lambda parts=parts, index=index: index.feed(next(parts)), times)
        index.close()
        target = ">= 300000 facts/s" if size == 10_000 else ""
        rows.append(row(f"feed a lump of {size:,}", p50, "ms", target))
        if size == 10_000:
            rows.append(row("feeding in such lumps", size / p50 * 1e3, "facts/s"))
    return rows


def building(path: Path, runs: int) -> list[dict]:
    """The rate of a rebuild; making up the facts is not counted."""
    made = 0.0

    def watched() -> Iterator[Lump]:
        nonlocal made
        began = time.perf_counter()
        for some in lumps(FACTS, runs):
            made += time.perf_counter() - began
            yield some
            began = time.perf_counter()

    began = time.perf_counter()
    rebuild(str(path), watched()).close()
    took = time.perf_counter() - began - made
    label = "one run" if runs == 1 else f"{runs:,} runs"
    return [
        row(f"rebuild the index, {label}", FACTS / took, "facts/s", ">= 300000"),
        row(f"  its file, {label}", path.stat().st_size / 1e6, "MB"),
    ]


def asking(path: Path, runs: int) -> list[dict]:
    """Any place in a million facts: the snapshot before it and the facts from there on."""
    index = DuckIndex(str(path))
    chance = random.Random(7)
    each = FACTS // runs

    def place():
        return f"door_{chance.randrange(runs):05}", chance.randrange(1, each + 1)

    def reach():
        run, seq = place()
        kept = index.near(run, seq)
        assert len(list(index.read(run, after=kept.seq if kept else 0, upto=seq))) < KEEP_EVERY

    label = "one run" if runs == 1 else f"{runs:,} runs"
    asked = {
        "near": lambda: index.near(*place()),
        "near and read up to a place": reach,
        "info of a run": lambda: index.info(place()[0]),
    }
    rows = []
    for what, call in asked.items():
        p50, p95 = spread(call)
        target = "< 15 ms each" if what.startswith("near") else ""
        rows.append(row(f"{what}, p95, {label}", p95, "ms", target))
        rows.append(row("  its median", p50, "ms"))
    for what, call in {"runs()": index.runs, "heads()": index.heads}.items():
        rows.append(row(f"{what}, {label}", spread(call, 5)[0], "ms"))
    sql = "select name, count(*) as n, avg(length(body)) from events group by name"
    rows.append(row(f"a group by over all, {label}", spread(lambda: index.query(sql), 5)[0], "ms"))
    index.close()
    return rows


def rows() -> list[dict]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = feeding(folder)
        for runs in (1, 10_000):
            path = folder / f"index{runs}.duckdb"
            found += building(path, runs)
            found += asking(path, runs)
    return found


def main() -> None:
    for line in rows():
        print(f"{line['what']:<45} {line['value']:>12,.2f} {line['unit']:<8} {line['target']}")


if __name__ == "__main__":
    main()
