"""kill -9 at random moments: what was promised is there, nothing is there twice, and it goes on."""

import multiprocessing
import os
import random
import select
import signal
import time

import pytest

from tests.journal.crashing import RUNS, append_until_killed
from tests.journal.facts import append, make, seqs
from traaviis_lab.journal.disk import DiskJournal
from traaviis_lab.journal.verify import Review

pytestmark = pytest.mark.crash
ROUNDS = 50
# what was acknowledged in the other modes was only on its way
PROMISED = {"disk": True, "process": True, "async": False, "memory": False}


@pytest.fixture(scope="module")
def spawn():
    """Starts processes in some 10 ms, from one that has imported everything and opened nothing."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tests.journal.crashing", "traaviis_lab.journal.index", "duckdb", "pandas", "pyarrow"]
    )
    return context


def kill_in_a_moment(spawn, path, durability, chance):
    """Run a child, kill it, and answer the last seq that was acknowledged to it, by run."""
    receive, send = spawn.Pipe(duplex=False)
    child = spawn.Process(target=append_until_killed, args=(path, durability, send))
    child.start()
    send.close()
    said = b""
    after_first = chance.random() < 0.8
    end = None
    while True:
        if end is None and (b"a 1" in said or said.count(b"\n") > 1 or not after_first) and said:
            end = time.monotonic() + chance.uniform(0, 0.06)
        left = 10 if end is None else end - time.monotonic()
        if left <= 0:
            os.kill(child.pid, signal.SIGKILL)
            end = time.monotonic() + 60
        if select.select([receive], [], [], max(0, left))[0]:
            data = os.read(receive.fileno(), 65536)
            said += data
            if not data:
                break
    child.join()
    assert child.exitcode == -signal.SIGKILL
    child.close()
    receive.close()
    acknowledged = {}
    for line in said.splitlines():
        run, seq = line.decode().split()
        acknowledged[run] = max(acknowledged.get(run, 0), int(seq))
    return acknowledged


@pytest.mark.parametrize("durability", PROMISED)
def test_kill_at_random_moments(spawn, tmp_path, durability):
    chance = random.Random(f"kill {durability}")
    path = tmp_path / "x.duckdb"
    before = dict.fromkeys(RUNS, 0)
    for turn in range(ROUNDS):
        acknowledged = kill_in_a_moment(spawn, path, durability, chance)
        review = Review(tmp_path / "x.duckdb.log").read()
        assert review.problems() == ()  # CRCs, chains, no gap, nothing twice
        ends = {run: review.audit.ends().get(run, (0,))[0] for run in RUNS}
        for run in RUNS:
            assert ends[run] >= before[run], "what was there before is there"
            if PROMISED[durability]:
                assert ends[run] >= acknowledged.get(run, 0), f"lost in round {turn}"
        if turn % 10 == 9:
            go_on(path, ends)
        before = ends
    go_on(path, before)
    path.unlink()
    go_on(path, before)


def go_on(path, ends):
    """Open after the crash: the index shows what the log has, and each run goes on."""
    journal = DiskJournal(path)
    frame = journal.sql("select run_id, count(*) n, max(seq) last from events group by run_id")
    assert list(frame.n) == list(frame["last"]), "nothing twice"
    for run in RUNS:
        assert seqs(journal, run) == list(range(1, ends[run] + 1))
        append(journal, [make(run, ends[run] + 1)])
        ends[run] += 1
    assert journal.verify().problems == ()
    journal.close()
