"""A run that sends and waits, step after step, writes by itself; everybody else's way is as ever."""

import threading

import pytest

from tests.journal.facts import make
from traaviis_lab.errors import JournalError
from traaviis_lab.journal.disk import DiskJournal


class Sender:
    """Sends from a thread of its own, waits for each fact, and notes who synced it."""

    def __init__(self, journal):
        self.journal, self.synced, self.errors = journal, [], []
        self._tape = journal._writer._tape
        self._sync, self._tape.sync = self._tape.sync, self.sync
        self.broken = None

    def sync(self):
        self.synced.append(threading.current_thread().name)
        if self.broken is not None:
            raise self.broken
        self._sync()

    def send(self, run, seqs):
        def work():
            for seq in seqs:
                done = threading.Event()
                said = []

                def acknowledge(error, said=said, done=done):
                    said.append(error)
                    done.set()

                try:
                    self.journal.append([make(run, seq)], acknowledge=acknowledge)
                except JournalError as error:
                    self.errors.append(error)
                    return
                assert done.wait(10)
                self.errors += [e for e in said if e is not None]
                threading.Event().wait(0.001)  # what a person's code does between two steps

        thread = threading.Thread(target=work, name="sender")
        thread.start()
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def journal(tmp_path):
    journal = DiskJournal(tmp_path / "x.duckdb")
    yield journal
    journal.close()


def test_a_lone_run_is_written_by_its_own_thread_with_one_sync_a_fact(journal):
    sender = Sender(journal)
    sender.send("a", range(1, 21))
    assert sender.errors == []
    assert len(sender.synced) == 20
    assert sender.synced[-10:] == ["sender"] * 10
    assert [fact.seq for fact in journal.read("a")] == list(range(1, 21))
    sender.send("b", range(1, 3))
    assert sender.synced[-2:] == ["journal-writer"] * 2
    assert journal.verify().problems == ()


def test_what_comes_meanwhile_from_others_is_written_too(journal):
    sender = Sender(journal)
    sender.send("a", range(1, 11))
    inner, sync = [], sender._sync

    def busy():
        if not inner:
            inner.append(1)
            journal.append([make("b", 1)], acknowledge=lambda error: inner.append(error))
            journal.put_chart("c1", b"{}")
        sync()

    sender._sync = busy
    sender.send("a", [11])
    journal.flush()
    assert inner == [1, None]
    assert [fact.seq for fact in journal.read("b")] == [1]
    assert journal.chart("c1") == b"{}"


def test_a_disk_that_fails_a_lone_run_fails_it_as_ever(tmp_path):
    journal = DiskJournal(tmp_path / "x.duckdb")
    sender = Sender(journal)
    sender.send("a", range(1, 11))
    sender.broken = OSError(28, "No space left on device")
    sender.send("a", [11, 12])
    assert len(sender.errors) == 2
    assert "No space left" in sender.errors[0].message
    assert "a up to seq 10" in sender.errors[0].message + sender.errors[0].hint
    with pytest.raises(JournalError):
        journal.append([make("z", 1)])
    sender.broken = None
    journal.close()
    with DiskJournalOpen(tmp_path / "x.duckdb") as again:
        assert [fact.seq for fact in again.read("a")][:10] == list(range(1, 11))
        assert again.verify().problems == ()


class DiskJournalOpen:
    """A journal for the time of a `with`."""

    def __init__(self, path):
        self.journal = DiskJournal(path)

    def __enter__(self):
        return self.journal

    def __exit__(self, *_):
        self.journal.close()
