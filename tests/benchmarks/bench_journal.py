"""What the journal on disk costs beside a bare append with fdatasync, in the same run."""

import asyncio
import gc
import os
import statistics
import tempfile
import threading
import time
import tracemalloc
from pathlib import Path

from traaviis_lab.journal.disk import DiskJournal
from traaviis_lab.journal.port import Fact

BODY = b'{"data":{"user_id":"u1"},"step":{"state":["closed"],"taken":["open:0"],"check":123456}}'
AWAITED = 1_500
ASYNC = 300_000
RUNS = 256


def row(what, value, unit, target="", beside="", ratio=None):
    return {
        "what": what, "value": value, "unit": unit, "target": target, "beside": beside, "ratio": ratio,
    }  # fmt: skip


def fact(run, seq):
    at = 1_790_000_000_000_000 + seq
    return Fact(run, seq, at, "default", "event", "open_command", seq - 1 or None, BODY, "closed")


def timed(work, times):
    """The median of so many calls, in microseconds."""
    taken = []
    for number in range(times):
        begin = time.perf_counter()
        work(number)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1e6


def bare(folder, size):
    """Append as many bytes as a journalled fact takes, and fdatasync."""
    file = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def work(_):
        os.write(file, b"x" * size)
        os.fdatasync(file)

    try:
        return timed(work, AWAITED)
    finally:
        os.close(file)


def awaited(folder, durability="disk"):
    """One fact after the other, each waited for on the thread that appends."""
    journal = DiskJournal(folder / "x.duckdb", durability=durability)
    done = threading.Lock()
    done.acquire()

    def work(number):
        journal.append([fact("a", number + 1)], acknowledge=lambda error: done.release())
        done.acquire()

    median = timed(work, AWAITED)
    journal.flush()
    size = sum(f.stat().st_size for f in folder.glob("x.duckdb.log/stream-*/0*.jsonl")) // AWAITED
    journal.close()
    return median, size


def concurrent(folder):
    """Durable facts a second when 256 runs each wait for their own, on one event loop."""
    journal = DiskJournal(folder / "x.duckdb")
    each = 150

    async def run(name, loop):
        for seq in range(1, each + 1):
            future = loop.create_future()
            journal.append(
                [fact(name, seq)],
                acknowledge=lambda error, future=future: loop.call_soon_threadsafe(
                    future.set_result, None
                ),
            )
            await future

    async def main():
        loop = asyncio.get_running_loop()
        begin = time.perf_counter()
        await asyncio.gather(*(run(f"run_{n}", loop) for n in range(RUNS)))
        return RUNS * each / (time.perf_counter() - begin)

    rate = asyncio.run(main())
    journal.close()
    return rate


def streaming(folder):
    """Facts a second from one thread in mode async: taken, and on disk; and the wait for SQL."""
    journal = DiskJournal(folder / "x.duckdb", durability="async")
    facts = [[fact(f"run_{n % RUNS}", n // RUNS + 1)] for n in range(ASYNC)]
    append = journal.append
    gc.collect()
    begin = time.perf_counter()
    for one in facts:
        append(one)
    taken = time.perf_counter()
    journal._writer.flush()
    written = time.perf_counter()
    journal.flush()
    asked = time.perf_counter()
    journal.close()
    return ASYNC / (taken - begin), ASYNC / (written - begin), ASYNC / (asked - begin)


def queryable(folder):
    """From the acknowledgement of one fact until a question without waiting sees it, p95 in ms."""
    journal = DiskJournal(folder / "x.duckdb")
    waits = []
    done = threading.Event()
    for seq in range(1, 61):
        done.clear()
        journal.append([fact("a", seq)], acknowledge=lambda error: done.set())
        done.wait()
        begin = time.perf_counter()
        while journal._courier._fed < journal._courier._queued or not journal._courier._queued:
            time.sleep(0.0005)
        waits.append(time.perf_counter() - begin)
    journal.close()
    return sorted(waits)[int(len(waits) * 0.95)] * 1e3


def per_run(folder, count=10_000):
    """Bytes that one live run keeps in the journal, and microseconds to begin one."""
    journal = DiskJournal(folder / "x.duckdb", durability="async")
    journal.append([fact("warm", 1)])
    journal.flush()
    names = [f"run_{n:05}" for n in range(count)]
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for name in names:
        journal.append([fact(name, 1)])
    journal.flush()
    gc.collect()
    size = (tracemalloc.get_traced_memory()[0] - before) / count
    tracemalloc.stop()
    facts = [[fact(f"new_{n:05}", 1)] for n in range(count)]
    begin = time.thread_time()
    for one in facts:
        journal.append(one)
    begun = (time.thread_time() - begin) / count * 1e6
    journal.close()
    return size, begun


def verified(folder):
    """Facts a second that verify reads and checks."""
    journal = DiskJournal(folder / "x.duckdb", durability="async")
    journal.append([fact("a", seq) for seq in range(1, 100_001)])
    journal.flush()
    begin = time.perf_counter()
    verdict = journal.verify()
    took = time.perf_counter() - begin
    assert not verdict.problems
    journal.close()
    return verdict.facts / took


def rows() -> list[dict]:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as name:
        places = iter(range(100))

        def folder():
            made = Path(name) / str(next(places))
            made.mkdir()
            return made

        best = None
        for _ in range(3):  # bare and journalled close together: the disk has moods
            plain = bare(folder(), 400)
            durable, size = awaited(folder())
            best = min(best or (9e9,), (durable / plain, durable, plain, size))
        ratio, durable, plain, size = best
        written, _ = awaited(folder(), "process")
        taken, on_disk, asked = max(streaming(folder()) for _ in range(3))
        held, begun = per_run(folder())
        beside = f"bare {size} B append + fdatasync {plain:.0f} us"
        return [
            row("one awaited durable fact", durable, "us", "at most 2x", beside, ratio),
            row("one awaited fact, mode process", written, "us"),
            row("durable facts over 256 runs", concurrent(folder()), "/s", "30,000"),
            row("facts taken, mode async, one thread", taken, "/s", "250,000"),
            row("facts on disk, mode async", on_disk, "/s"),
            row("facts that can be asked for, mode async", asked, "/s"),
            row("acknowledged to queryable, p95", queryable(folder()), "ms", "100"),
            row("a live run's share of the journal", held, "bytes", "250"),
            row("first fact of a new run, claim included", begun, "us"),
            row("verify", verified(folder()), "facts/s"),
        ]


def main() -> None:
    for line in rows():
        ratio = "" if line["ratio"] is None else f"{line['ratio']:.2f}x"
        print(
            f"{line['what']:42} {line['value']:>12,.1f} {line['unit']:8} {line['target']:12} {line['beside']} {ratio}"
        )


if __name__ == "__main__":
    main()
