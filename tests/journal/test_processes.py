"""Several processes on one journal: all write, all read all, and a run has one owner."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading

import pytest

from tests.journal.crashing import claim_and_wait, write_and_read_all
from tests.journal.facts import append, make, many, seqs
from traaviis_lab.errors import JournalConflict, JournalError, JournalLocked
from traaviis_lab.journal.disk import DiskJournal


@pytest.fixture(scope="module")
def spawn():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tests.journal.crashing", "traaviis_lab.journal.index", "duckdb", "pandas", "pyarrow"]
    )
    return context


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.duckdb"


def test_three_processes_write_and_each_reads_all(spawn, path):
    journal = DiskJournal(path)
    seen, complete = {}, threading.Event()

    def take(facts):
        for fact in facts:
            assert fact.seq == seen.get(fact.run, 0) + 1, "in order"
            seen[fact.run] = fact.seq
        if seen == {"one": 300, "two": 300, "here": 300}:
            complete.set()

    journal.subscribe(take)
    ready, go = spawn.Semaphore(0), spawn.Event()
    children = [
        spawn.Process(target=write_and_read_all, args=(path, name, 300, ready, go))
        for name in ("one", "two")
    ]
    for child in children:
        child.start()
    for _ in children:
        assert ready.acquire(timeout=60)
    go.set()
    for seq in range(1, 301):
        append(journal, [make("here", seq)])
    assert complete.wait(60)
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert {info.run: info.seq for info in journal.runs()} == {"one": 300, "two": 300, "here": 300}
    assert journal.verify().problems == ()
    journal.close()
    journal = DiskJournal(path)
    assert journal.notes == []
    frame = journal.sql("select count(*) n, count(distinct run_id || seq) d from events")
    assert (frame.n[0], frame.d[0]) == (900, 900)
    journal.close()


def test_a_run_has_one_owner_until_it_is_killed(spawn, path):
    journal = DiskJournal(path)
    receive, send = spawn.Pipe(duplex=False)
    child = spawn.Process(target=claim_and_wait, args=(path, "x", 5, send))
    child.start()
    assert receive.recv() == "claimed"
    with pytest.raises(JournalLocked) as caught:
        journal.claim("x")
    assert f"process {child.pid}" in caught.value.message
    assert "still running" in caught.value.message
    assert "shut that kernel down" in caught.value.hint
    with pytest.raises(JournalLocked):
        journal.append([make("x", 6)])
    append(journal, [make("y", 1)])  # its own runs are not touched by that
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    journal.claim("x")  # free at once
    with pytest.raises(JournalConflict):
        journal.append([make("x", 1)])
    append(journal, [make("x", 6)])
    assert seqs(journal, "x") == [1, 2, 3, 4, 5, 6]
    assert journal.verify().problems == ()
    journal.close()


def test_two_journals_in_one_process_keep_the_same_rules(path):
    first, second = DiskJournal(path), DiskJournal(path)
    append(first, many("x", 1, 3))
    with pytest.raises(JournalLocked, match="owned by this process") as caught:
        second.claim("x")
    assert "Close the other Lab" in caught.value.hint
    first.release("x")
    append(second, many("x", 4, 6))
    second.release("x")
    append(first, many("x", 7, 8))
    first.flush()
    assert seqs(first, "x") == list(range(1, 9))
    verdict = second.verify()
    assert (verdict.facts, verdict.problems) == (8, ())
    first.close()
    second.claim("x")
    append(second, many("x", 9, 9))
    assert seqs(second, "x") == list(range(1, 10))
    second.close()


def test_the_index_of_the_first_is_caught_up_by_the_next(path):
    first, second = DiskJournal(path), DiskJournal(path)
    append(first, many("a", 1, 3))
    first.close()
    append(second, many("b", 1, 3))
    third = DiskJournal(path)
    assert [info.run for info in third.runs()] == ["a", "b"]
    assert (path.parent / "x.duckdb.log" / "stream-0002" / "index.duckdb").exists()
    second.close()
    third.close()


def test_streams_are_taken_over_and_do_not_pile_up(path):
    for turn in range(5):
        journal = DiskJournal(path)
        append(journal, [make("a", turn + 1)])
        journal.close()
    log = path.parent / "x.duckdb.log"
    assert [entry.name for entry in log.glob("stream-*")] == ["stream-0001"]
    assert len(list(log.glob("stream-0001/0*.jsonl"))) == 5


def test_who_only_reads_leaves_no_segment(path):
    DiskJournal(path).close()
    assert list((path.parent / "x.duckdb.log").glob("stream-*/0*.jsonl")) == []


def test_many_claims_and_releases_stay_small(path, monkeypatch):
    monkeypatch.setattr("traaviis_lab.journal.lock._COMPACT", 10)
    first, second = DiskJournal(path), DiskJournal(path)
    first.claim("kept")
    for n in range(95):
        first.claim(f"r{n}")
        with pytest.raises(JournalLocked):
            second.claim(f"r{n}")
        first.release(f"r{n}")
        second.claim(f"r{n}")
    with pytest.raises(JournalLocked):
        second.claim("kept")
    claims = path.parent / "x.duckdb.log" / "stream-0001" / "claims.jsonl"
    assert len(claims.read_bytes().splitlines()) < 30
    first.close()
    second.claim("kept")
    second.close()


FORK = """
import os, sys
from tests.journal.facts import append, make, many
from traaviis_lab.errors import JournalError
from traaviis_lab.journal.disk import DiskJournal
journal = DiskJournal(sys.argv[1])
append(journal, many("a", 1, 3))
if os.fork() == 0:
    try:
        journal.append([make("a", 4)])
    except JournalError as error:
        assert "forked" in error.message, error
    else:
        os._exit(1)
    try:
        journal.sql("select 1")
    except JournalError as error:
        assert "forked" in error.message, error
    else:
        os._exit(2)
    journal.close()
    own = DiskJournal(sys.argv[1])
    append(own, many("child", 1, 3))
    own.close()
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
append(journal, many("a", 4, 6))
journal.close()
"""

OUTLIVED = """
import os, sys, time
from tests.journal.facts import append, make, many
from traaviis_lab.journal.disk import DiskJournal
journal = DiskJournal(sys.argv[1])
append(journal, many("a", 1, 3))
if os.fork() == 0:
    print("forked", flush=True)
    time.sleep(60)
os.kill(os.getpid(), 9)
"""


def python(code, *args, **options):
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, **options)


def test_a_forked_child_cannot_write_and_may_open_its_own(path):
    process = python(FORK, path)
    assert process.wait(60) == 0
    process.stdout.close()
    journal = DiskJournal(path)
    assert seqs(journal, "a") == [1, 2, 3, 4, 5, 6]
    assert seqs(journal, "child") == [1, 2, 3]
    assert journal.verify().problems == ()
    journal.close()


def test_a_claim_is_not_inherited_by_a_child_that_lives_on(path):
    process = python(OUTLIVED, path, start_new_session=True)
    assert process.stdout.readline() == b"forked\n"
    assert process.wait(60) == -signal.SIGKILL
    try:
        journal = DiskJournal(path)
        journal.claim("a")
        append(journal, [make("a", 4)])
        assert (path.parent / "x.duckdb.log" / "stream-0001" / "000002.jsonl").exists()
        journal.close()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()


def test_a_journal_that_never_opens_leaves_nothing_locked(path, monkeypatch):
    def fail(*args, **options):
        raise JournalError("no index today")

    with monkeypatch.context() as patch:
        patch.setattr("traaviis_lab.journal.recover.DuckIndex", fail)
        with pytest.raises(JournalError, match="no index today"):
            DiskJournal(path)
    journal = DiskJournal(path)
    append(journal, [make("a", 1)])
    journal.close()
    assert [p.name for p in (path.parent / "x.duckdb.log").glob("stream-*")] == ["stream-0001"]
