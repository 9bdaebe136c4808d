"""What an acknowledgement is worth: syncs counted, power cut, disk full, disk failing."""

import errno
import itertools
import os
import random
import shutil
import threading
from pathlib import Path

import pytest

from tests.journal.facts import append, make, many, seqs
from traaviis_lab.errors import JournalError
from traaviis_lab.journal.disk import DiskJournal
from traaviis_lab.journal.segments import Disk


class Watched(Disk):
    """A disk that knows what is synced, and calls `at` around every write and sync."""

    def __init__(self, at=lambda what: None):
        self.at = at
        self.paths, self.sizes, self.synced, self.named = {}, {}, {}, set()
        self.syncs = 0

    def create(self, path):
        file = super().create(path)
        self.paths[file] = path
        self.sizes[path] = self.synced[path] = 0
        return file

    def write(self, file, data):
        super().write(file, data)
        self.sizes[self.paths[file]] += len(data)
        self.at("written")

    def sync(self, file):
        self.at("syncing")
        super().sync(file)
        self.syncs += 1
        self.synced[self.paths[file]] = self.sizes[self.paths[file]]
        self.at("synced")

    def sync_folder(self, path):
        super().sync_folder(path)
        self.named |= {name for name in self.paths.values() if os.path.dirname(name) == path}


def power_cut(disk, log, to, chance):
    """Copy the log as a power cut would leave it: what is not synced is there, half there, noise
    or gone, page by page and in no order."""
    shutil.copytree(log, to)
    for path, synced in disk.synced.items():
        copy = to / Path(path).relative_to(log)
        if path not in disk.named:
            if chance.random() < 0.5:
                copy.unlink()
            continue
        data = bytearray(copy.read_bytes())
        for start in range(synced, len(data), 512):
            if chance.random() < 0.3:
                part = slice(start, min(start + 512, len(data)))
                data[part] = bytes(len(data[part]))
        if chance.random() < 0.6:
            del data[chance.randint(synced, len(data)) :]
        copy.write_bytes(data)


@pytest.mark.parametrize("durability", ["disk", "process", "async"])
@pytest.mark.parametrize("seed", range(2))
def test_power_cut(tmp_path, durability, seed):
    chance = random.Random(f"{durability} {seed}")
    acknowledged, cuts = {}, []

    def at(what):
        if len(cuts) < 12 and chance.random() < 0.15:
            to = tmp_path / f"cut{len(cuts)}" / "x.duckdb.log"
            to.parent.mkdir()
            power_cut(disk, tmp_path / "x.duckdb.log", to, chance)
            cuts.append((to, what, dict(acknowledged)))

    disk = Watched(at)
    journal = DiskJournal(
        tmp_path / "x.duckdb", durability=durability, files=disk, segment_bytes=5_000
    )
    last = threading.Event()
    for seq in range(1, 121):
        run = chance.choice("ab")
        at_run = acknowledged.setdefault(f"asked {run}", 0) + 1
        acknowledged[f"asked {run}"] = at_run

        def told(error, run=run, seq=at_run):
            assert error is None
            acknowledged[run] = seq

        journal.append([make(run, at_run)], acknowledge=told)
        if chance.random() < 0.3:
            journal.flush()
    journal.append([make("z", 1)], durability="disk", acknowledge=lambda error: last.set())
    assert last.wait(30)
    journal.close()
    assert cuts
    for log, _, promised in cuts:
        back = DiskJournal(log.with_suffix(""))  # x.duckdb.log -> x.duckdb
        for run in "ab":
            found = seqs(back, run)
            assert found == list(range(1, len(found) + 1))
            if durability == "disk":
                assert len(found) >= promised.get(run, 0)
            append(back, [make(run, len(found) + 1)])
        assert back.verify().problems == ()
        back.close()


def test_one_awaited_fact_is_exactly_one_sync(tmp_path):
    disk = Watched()
    journal = DiskJournal(tmp_path / "x.duckdb", files=disk)
    append(journal, [make("a", 1)])
    before = disk.syncs
    for seq in range(2, 52):
        append(journal, [make("a", seq)])
    assert disk.syncs - before == 50
    journal.close()


def test_what_is_queued_together_shares_a_sync(tmp_path):
    gate = threading.Event()
    disk = Watched()
    journal = DiskJournal(tmp_path / "x.duckdb", files=disk)
    append(journal, [make("a", 1)])
    disk.at = lambda what: gate.wait(30) if what == "syncing" else None
    done = threading.Semaphore(0)
    journal.append([make("a", 2)], acknowledge=lambda error: done.release())
    before = disk.syncs
    for n in range(200):
        journal.append([make(f"r{n}", 1)], acknowledge=lambda error: done.release())
    gate.set()
    for _ in range(201):
        assert done.acquire(timeout=30)
    assert disk.syncs - before <= 3
    journal.close()


@pytest.mark.parametrize(
    ("durability", "synced"), [("disk", True), ("process", False), ("async", False)]
)
def test_when_each_mode_acknowledges(tmp_path, durability, synced):
    """With a sync that hangs: `disk` waits for it, `process` for the write only, `async` never."""
    hang = threading.Event()
    disk = Watched()
    journal = DiskJournal(tmp_path / "x.duckdb", durability=durability, files=disk)
    append(journal, [make("a", 1)], durability="disk")
    disk.at = lambda what: hang.wait(30) if what == "syncing" else None
    done = threading.Event()
    sizes = []

    def told(error):
        sizes.append(sum(disk.sizes.values()))
        done.set()

    before = sum(disk.sizes.values())
    journal.append([make("a", 2)], acknowledge=told)
    assert done.wait(0.3) is not synced
    hang.set()
    assert done.wait(30)
    assert (sizes[0] > before) is (durability != "async")
    journal.close()


def full_after(disk, writes, number=errno.ENOSPC):
    """Let so many writes pass, then leave half of one and fail."""
    left = [writes]
    real = disk.write

    def write(file, data):
        left[0] -= 1
        if left[0] < 0:
            Disk.write(disk, file, data[: len(data) // 2])
            raise OSError(number, os.strerror(number))
        real(file, data)

    disk.write = write


def test_a_full_disk_fails_the_batch_and_says_what_is_safe(tmp_path):
    disk = Watched()
    journal = DiskJournal(tmp_path / "x.duckdb", files=disk)
    append(journal, many("a", 1, 5) + many("b", 1, 2))
    size = sum(disk.sizes.values())
    full_after(disk, 1)
    append(journal, many("a", 6, 7))
    with pytest.raises(JournalError, match="No space left on device") as caught:
        append(journal, [make("b", 3), make("a", 8)])
    assert "2 facts are not in it" in caught.value.message
    assert "a up to seq 7" in caught.value.message
    assert "b up to seq 2" in caught.value.message
    assert "Free some space" in caught.value.hint
    with pytest.raises(JournalError, match="No space left"):
        journal.append([make("a", 8)])
    assert seqs(journal, "a") == [1, 2, 3, 4, 5, 6, 7]  # reading goes on
    assert journal.verify().problems == ()
    assert os.path.getsize(next(iter(disk.paths.values()))) < size + 2000
    journal.close()
    journal = DiskJournal(tmp_path / "x.duckdb")
    assert journal.notes == []  # the half batch was cut off at once
    assert seqs(journal, "a") == [1, 2, 3, 4, 5, 6, 7]
    assert seqs(journal, "b") == [1, 2]
    append(journal, [make("b", 3), make("a", 8)])
    assert journal.verify().problems == ()
    journal.close()


def test_facts_that_were_acknowledged_early_are_not_lost_silently(tmp_path):
    disk = Watched()
    journal = DiskJournal(tmp_path / "x.duckdb", durability="async", files=disk)
    journal.append(many("a", 1, 3))
    journal.flush()
    full_after(disk, 0)
    journal.append(many("a", 4, 6))
    with pytest.raises(JournalError, match="a up to seq 3"):
        journal.flush()
    with pytest.raises(JournalError):
        journal.append([make("a", 7)])
    assert seqs(journal, "a") == [1, 2, 3]
    with pytest.raises(JournalError, match="3 facts are not in it"):
        journal.close()
    journal.close()


@pytest.mark.parametrize("together", [False, True])
def test_a_failed_sync_is_never_trusted_again(tmp_path, together):
    disk = Watched()
    journal = DiskJournal(tmp_path / "x.duckdb", files=disk)
    append(journal, many("a", 1, 3))

    def fail(what):
        if what == "syncing":
            disk.at = lambda what: None
            raise OSError(errno.EIO, "Input/output error")

    if together:  # an early acknowledged fact in the same batch must not be cut off
        hold = threading.Event()
        disk.at = lambda what: hold.wait(30) if what == "written" else None
        journal.append([make("c", 1)], durability="process")
        journal.append([make("b", 1)], durability="process")
        disk.at = fail
        hold.set()
    disk.at = fail
    with pytest.raises(JournalError, match="Input/output error"):
        append(journal, [make("a", 4)])
    with pytest.raises(JournalError, match="Input/output error"):
        journal.append([make("a", 4)])
    assert seqs(journal, "a") == [1, 2, 3]
    if together:
        with pytest.raises(JournalError):
            journal.close()
    else:
        journal.close()
    journal = DiskJournal(tmp_path / "x.duckdb")
    assert seqs(journal, "a")[:3] == [1, 2, 3]
    if together:
        assert seqs(journal, "b") == [1]
    append(journal, [make("a", len(seqs(journal, "a")) + 1)])
    assert journal.verify().problems == ()
    journal.close()


def fill_up(journal):
    """Append until there is no room; answers how many facts were acknowledged."""
    for seq in itertools.count(1):
        try:
            append(journal, [make("a", seq, body=b'"%b"' % (b"x" * 20_000))])
        except JournalError as error:
            return seq - 1 if "No space left" in error.message else pytest.fail(error.message)
    return None


def test_a_disk_that_is_really_full(tmp_path):
    """On a small file system of its own, where the index has no room either."""
    place = tmp_path / "small"
    place.mkdir()
    if os.system(f"mount -t tmpfs -o size=6m tmpfs {place} 2>/dev/null"):
        pytest.skip("mounting a file system needs root")
    try:
        journal = DiskJournal(place / "x.duckdb")
        good = fill_up(journal)
        journal.close()
        back = tmp_path / "back"
        back.mkdir()
        shutil.copytree(place / "x.duckdb.log", back / "x.duckdb.log")
    finally:
        assert os.system(f"umount -l {place}") == 0
    journal = DiskJournal(back / "x.duckdb")
    assert seqs(journal, "a") == list(range(1, good + 1))
    append(journal, [make("a", good + 1)])
    journal.close()


def test_back_pressure_waits_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("traaviis_lab.journal.writer.MANY", 100)
    monkeypatch.setattr("traaviis_lab.journal.batch.MANY", 100)
    journal = DiskJournal(tmp_path / "x.duckdb", durability="async")
    for seq in range(1, 3001):
        journal.append([make("a", seq)])
        assert len(journal._writer._batch.facts) <= 102
    journal.flush()
    assert seqs(journal, "a") == list(range(1, 3001))
    journal.close()


def test_an_acknowledgement_that_fails_hurts_nobody(tmp_path, caplog):
    journal = DiskJournal(tmp_path / "x.duckdb")

    def fail(error):
        raise ValueError("in an acknowledgement")

    journal.append([make("a", 1)], acknowledge=fail)
    append(journal, [make("a", 2)])
    journal.close()
    assert "An acknowledgement of the journal failed" in caplog.text


def test_what_no_line_can_hold_is_refused_before_it_is_queued(tmp_path):
    journal = DiskJournal(tmp_path / "x.duckdb")
    for bad in (make("a", 1, body=b"{\n}"), make("a", 1, name="\ud800"), make("\ud800", 1)):
        with pytest.raises(JournalError):
            journal.append([bad])
        with pytest.raises(JournalError):
            journal.append([bad._replace(seq=1), make("b", 1)])
    with pytest.raises(JournalError, match="Durability 'paper' is not known"):
        journal.append([make("a", 1)], durability="paper")
    append(journal, [make("a", 1)])
    journal.close()


def test_what_a_killed_process_left_is_synced_before_anything_builds_upon_it(tmp_path, monkeypatch):
    """Else a power cut could take the beginning of a run whose end was acknowledged."""
    first = DiskJournal(tmp_path / "x.duckdb", durability="process")
    second = DiskJournal(tmp_path / "x.duckdb", durability="process")
    append(first, many("a", 1, 3))
    append(second, many("b", 1, 3))
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copytree(tmp_path / "x.duckdb.log", copy / "x.duckdb.log")
    first.close()
    second.close()
    synced = []
    for room in ("recover", "streams"):
        monkeypatch.setattr(f"traaviis_lab.journal.{room}.sync_file", synced.append)
    journal = DiskJournal(copy / "x.duckdb")
    log = copy / "x.duckdb.log"
    assert synced == [log / "stream-0001" / "000001.jsonl"]
    append(journal, [make("b", 4)])
    assert synced == [log / f"stream-000{n}" / "000001.jsonl" for n in (1, 2)]
    header = (log / "stream-0001" / "000002.jsonl").read_text().splitlines()[0]
    size = (log / "stream-0002" / "000001.jsonl").stat().st_size
    assert f'"seen":{{"stream-0002":[1,{size}]}}' in header
    journal.close()
    journal = DiskJournal(copy / "x.duckdb")
    assert journal.verify().problems == ()
    journal.close()
    file = log / "stream-0002" / "000001.jsonl"
    os.truncate(file, file.stat().st_size - 300)
    (copy / "x.duckdb").unlink()
    with pytest.raises(JournalError, match="another stream saw this one whole"):
        DiskJournal(copy / "x.duckdb")


def test_a_file_that_a_crash_left_empty_is_begun_again(tmp_path):
    journal = DiskJournal(tmp_path / "x.duckdb")
    append(journal, many("a", 1, 3))
    journal.close()
    folder = tmp_path / "x.duckdb.log" / "stream-0001"
    for left in (b"", b'{"type":"header","for', bytes(100)):
        (folder / "000002.jsonl").write_bytes(left)
        journal = DiskJournal(tmp_path / "x.duckdb")
        assert not (folder / "000002.jsonl").exists()
        assert seqs(journal, "a") == [1, 2, 3]
        assert journal.verify().problems == ()
        journal.close()


def test_facts_that_nobody_waited_for_are_not_lost_silently(tmp_path):
    disk = Watched()
    journal = DiskJournal(tmp_path / "x.duckdb", files=disk)
    append(journal, [make("a", 1)])
    full_after(disk, 0)
    journal.append([make("a", 2)])
    with pytest.raises(JournalError, match="a up to seq 1"):
        journal.flush()
    with pytest.raises(JournalError, match="1 facts are not in it"):
        journal.close()
