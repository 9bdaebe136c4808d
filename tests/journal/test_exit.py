"""However a process ends, what was queued is written, and the log is closed where it can be."""

import os
import signal
import subprocess
import sys

import pytest

from tests.journal.facts import append, make, many, seqs
from traaviis_lab.errors import JournalError
from traaviis_lab.journal.disk import DiskJournal
from traaviis_lab.journal.verify import end_record

BEGIN = """
import os, sys, threading
from tests.journal.facts import append, make, many
from traaviis_lab.journal.disk import DiskJournal
journal = DiskJournal(sys.argv[1], durability="async")
for seq in range(1, 2001):
    journal.append([make("a", seq)])
"""
ENDS = {
    "falls off the end": "",
    "sys.exit": "sys.exit(0)",
    "exception": "raise SystemExit(0)",
    "a thread still appends": """
go = threading.Event()
def work():
    go.wait()
    journal.append([make("a", 2001)])
thread = threading.Thread(target=work)
thread.start()
go.set()
""",
    "garbage": "del journal",
}


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_a_process_closes_the_journal(tmp_path, end):
    path = tmp_path / "x.duckdb"
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + ENDS[end], path], capture_output=True, timeout=60, check=True
    )
    assert done.stderr == b""
    segment = tmp_path / "x.duckdb.log" / "stream-0001" / "000001.jsonl"
    assert end_record(segment)["type"] == "closed"
    journal = DiskJournal(path)
    assert seqs(journal, "a") == list(range(1, 2001 + (end == "a thread still appends")))
    assert journal.verify().problems == ()
    journal.close()


def test_a_kernel_that_is_shut_down_closes_the_journal(tmp_path):
    from jupyter_client.manager import KernelManager

    path = tmp_path / "x.duckdb"
    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = sys.executable
    manager.start_kernel(cwd=os.getcwd())
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        code = f"import sys; sys.argv = ['', {str(path)!r}]\n{BEGIN}"
        reply = client.execute_interactive(code, timeout=60, output_hook=lambda message: None)
        assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    segment = tmp_path / "x.duckdb.log" / "stream-0001" / "000001.jsonl"
    assert end_record(segment)["type"] == "closed"
    journal = DiskJournal(path)
    assert journal.info("a").seq == 2000
    journal.close()


def test_sigterm_leaves_what_was_promised(tmp_path):
    path = tmp_path / "x.duckdb"
    code = (
        BEGIN
        + "append(journal, [make('a', 2001)], durability='disk')\nprint('ready', flush=True)\nthreading.Event().wait()"
    )
    process = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == -signal.SIGTERM
    process.stdout.close()
    journal = DiskJournal(path)
    assert journal.info("a").seq == 2001
    assert journal.verify().problems == ()
    journal.close()


def test_an_index_that_cannot_be_fed_says_so_and_goes_on_when_it_can(tmp_path, monkeypatch, caplog):
    journal = DiskJournal(tmp_path / "x.duckdb")
    append(journal, many("a", 1, 3))
    assert seqs(journal, "a") == [1, 2, 3]

    def fail(lumps):
        raise JournalError("There is no room.")

    with monkeypatch.context() as patch:
        patch.setattr(journal._index, "feed_all", fail)
        append(journal, [make("a", 4)])  # the log does not care
        with pytest.raises(JournalError, match=r"could not be fed: There is no room\. The log has"):
            journal.sql("select 1")
    append(journal, [make("a", 5)])
    assert seqs(journal, "a") == [1, 2, 3, 4, 5]
    journal.close()
    assert "There is no room" in caplog.text


def test_rotation_seals_and_verify_covers_all_segments(tmp_path):
    journal = DiskJournal(tmp_path / "x.duckdb", segment_bytes=3_000)
    for seq in range(1, 41):
        append(journal, [make("a", seq)])
    verdict = journal.verify()
    assert verdict.segments > 4
    assert (verdict.facts, verdict.problems) == (40, ())
    folder = tmp_path / "x.duckdb.log" / "stream-0001"
    assert verdict.bytes == sum(file.stat().st_size for file in folder.glob("0*.jsonl"))
    assert end_record(folder / "000001.jsonl")["type"] == "sealed"
    journal.close()


def test_notebooks_may_close_and_open_in_one_process(tmp_path):
    for turn in range(3):
        with_path = tmp_path / "x.duckdb"
        journal = DiskJournal(with_path)
        append(journal, [make("a", turn + 1)])
        assert seqs(journal, "a") == list(range(1, turn + 2))
        journal.close()
