"""Child processes that append until they are killed, and say what was acknowledged to them."""

import itertools
import os
import threading
import time
from functools import partial

from tests.journal.facts import append, make, many, seqs
from traaviis_lab.journal.disk import DiskJournal

RUNS = ("a", "b", "c")
IN_FLIGHT = 40


def report(pipe, free, run, seq, error):
    if error is None:
        os.write(pipe, f"{run} {seq}\n".encode())
    free.release()


def append_until_killed(path, durability, connection):
    """Three runs in turns; a line `run seq` for every acknowledged fact."""
    pipe = connection.fileno()
    os.write(pipe, b"begin 0\n")
    journal = DiskJournal(path, durability=durability, segment_bytes=40_000)
    ends = {info.run: info.seq for info in journal.runs()}
    free = threading.Semaphore(IN_FLIGHT)
    for number in itertools.count():
        run = RUNS[number % len(RUNS)]
        seq = ends[run] = ends.get(run, 0) + 1
        free.acquire()
        journal.append([make(run, seq)], acknowledge=partial(report, pipe, free, run, seq))
        if number % 7 == 0:
            journal.put_blob(b'{"round":%d}' % number)
        if number % 50 == 0:
            time.sleep(0.002)  # keeps the log small where nothing else holds it back


def append_and_end(path, durability, how):
    """Append without waiting and end without closing, in one of the ways a process ends."""
    journal = DiskJournal(path, durability=durability)
    last = journal.info("a").seq if journal.info("a") else 0
    for seq in range(last + 1, last + 501):
        journal.append([make("a", seq)])
    if how == "exception":
        raise SystemExit(3)
    if how == "thread":
        threading.Thread(target=journal.append, args=([make("a", last + 501)],)).start()


def write_and_read_all(path, name, count, ready, go):
    """Write one run and return when all three runs of the test can be read."""
    journal = DiskJournal(path)
    seen, complete = {}, threading.Event()

    def take(facts):
        seen.update({fact.run: fact.seq for fact in facts})
        if len(seen) == 3 and set(seen.values()) == {count}:
            complete.set()

    journal.subscribe(take)
    ready.release()
    go.wait()
    for seq in range(1, count + 1):
        append(journal, [make(name, seq)])
    assert complete.wait(60)
    for run in seen:
        assert seqs(journal, run) == list(range(1, count + 1))
    journal.close()


def claim_and_wait(path, run, count, connection):
    """Claim a run, write to it, and stay alive."""
    journal = DiskJournal(path)
    journal.claim(run)
    append(journal, many(run, 1, count))
    connection.send("claimed")
    threading.Event().wait()
