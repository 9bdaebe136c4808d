"""The memory twin: what is its own beyond the promises all journals keep (test_port.py)."""

import subprocess
import sys
import threading

import pytest

from tests.journal.facts import make, many, seqs
from traaviis_lab.errors import JournalError
from traaviis_lab.journal.index import DuckIndex
from traaviis_lab.journal.memory import MemoryJournal
from traaviis_lab.journal.port import Keep


@pytest.fixture
def journal():
    made = MemoryJournal()
    yield made
    made.close()


def test_it_is_acknowledged_before_append_returns(journal):
    told = []
    journal.append([make("a", 1)], acknowledge=told.append)
    assert told == [None]


def test_who_needs_no_hashes_has_none_computed(journal):
    journal.append(many("a", 1, 50))
    plain = list(journal.read("a", after=10, upto=40, hashed=False))
    assert {fact.hash for fact in plain} == {b""}
    whole = list(journal.read("a", after=10, upto=40))
    assert [fact._replace(hash=b"") for fact in whole] == plain
    assert {len(fact.hash) for fact in whole} == {32}


def test_a_refused_append_is_not_acknowledged(journal):
    told = []
    with pytest.raises(JournalError):
        journal.append([make("a", 2)], acknowledge=told.append)
    with pytest.raises(JournalError, match="line break"):
        journal.append([make("a", 1, body=b'{"a":\n1}')], acknowledge=told.append)
    with pytest.raises(JournalError, match="surrogate"):
        journal.append([make("a", 1, name="\ud800")], acknowledge=told.append)
    assert told == []
    assert journal.runs() == []


def test_nothing_heavy_is_imported_before_the_first_question():
    code = """
import sys
from traaviis_lab.journal import Fact, MemoryJournal
journal = MemoryJournal()
journal.append([Fact("a", 1, 1, "t", "run.started", "Door", None, b"{}")])
list(journal.read("a")), journal.runs(), journal.verify(), journal.close()
print(sorted({"duckdb", "pandas", "pyarrow", "numpy"} & set(sys.modules)))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "[]\n"
    assert out.stderr == ""


def test_a_callback_may_append(journal):
    got = []

    def follow(facts):
        got.extend(fact.seq for fact in facts)
        if facts[-1].seq < 5:
            journal.append([make("a", facts[-1].seq + 1)])

    journal.subscribe(follow)
    journal.append([make("a", 1)])
    assert got == seqs(journal, "a") == [1, 2, 3, 4, 5]


def test_a_callback_may_wait_for_a_thread_that_appends(journal):
    got = []

    def wait(facts):
        got.extend((fact.run, fact.seq) for fact in facts)
        if facts[0].run == "a":
            other = threading.Thread(target=journal.append, args=([make("b", 1)],))
            other.start()
            other.join(10)
            assert not other.is_alive()

    journal.subscribe(wait)
    journal.append([make("a", 1)])
    assert got == [("a", 1), ("b", 1)]


def test_many_threads_one_order(journal):
    got = []
    journal.subscribe(got.extend)

    def work(run):
        for seq in range(1, 301):
            journal.append([make(run, seq)])

    threads = [threading.Thread(target=work, args=(f"r{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1200
    for n in range(4):
        assert [fact for fact in got if fact.run == f"r{n}"] == list(journal.read(f"r{n}"))


def test_one_subscribes_for_what_comes_and_may_end_it_in_a_callback(journal):
    got, ends = [], []

    def once(facts):
        got.extend(facts)
        ends.pop()()

    journal.append([make("a", 1)])
    ends.append(journal.subscribe(once))
    journal.append([make("a", 2)])
    journal.append([make("a", 3)])
    assert [fact.seq for fact in got] == [2]


def test_sql_follows_what_is_appended(journal):
    journal.append(many("a", 1, 3))
    journal.put_chart("c", b'{"name":"Door"}')
    blob = journal.put_blob(b"x")
    journal.keep(Keep("a", 2, b"{}"))

    def counts():
        sql = "select (from (select count(*) from {})) as {}"
        names = ("events", "charts", "blobs", "snapshots")
        return [journal.sql(sql.format(n, n)).iloc[0, 0] for n in names]

    assert counts() == [3, 1, 1, 1]
    journal.append(many("a", 4, 6) + many("b", 1, 2))
    assert counts() == [8, 1, 1, 1]
    journal.put_chart("d", b"{}")
    journal.put_chart("c", b"{}")
    journal.put_blob(b"y")
    assert journal.put_blob(b"x") == blob
    journal.keep(Keep("b", 1, b"{}"))
    assert counts() == [8, 2, 2, 2]
    assert counts() == [8, 2, 2, 2]
    found = journal.sql("select hash from events where run_id = 'b' order by seq").hash.tolist()
    assert found == [fact.hash for fact in journal.read("b")]


def test_asking_and_appending_at_once(journal):
    wrong, asked, stop = [], [], threading.Event()

    def ask():
        while not stop.is_set():
            last = journal.info("a").seq
            found = journal.sql("select count(*) as n from events").n[0]
            asked.append(found)
            if found < last:
                wrong.append((found, last))

    journal.append([make("a", 1)])
    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    seq = 1
    while len(asked) < 4:
        seq += 1
        journal.append([make("a", seq)])
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert journal.sql("select count(distinct seq) as n from events").n[0] == seq


def test_verify_finds_a_fact_that_was_changed(journal):
    journal.append(many("a", 1, 5) + many("b", 1, 2))
    assert journal.verify().problems == ()
    facts = journal._runs["a"].facts
    facts[2] = facts[2]._replace(body=b"{}")
    verdict = journal.verify()
    assert verdict.facts == 7
    assert len(verdict.problems) == 1
    assert "run a: fact 3 " in verdict.problems[0]
    assert journal.verify("b").problems == ()
    assert journal.verify("nobody").facts == 0


def test_closed_but_still_readable(journal):
    journal.append(many("a", 1, 2))
    journal.close()
    assert seqs(journal, "a") == [1, 2]
    for refused in (lambda: journal.put_blob(b""), lambda: journal.keep(Keep("a", 1, b""))):
        with pytest.raises(JournalError, match="closed"):
            refused()


def test_the_index_knows_the_same(journal):
    for fact in [*many("a", 1, 6), make("b", 1, tenant="u", name="Timer", at=3)]:
        journal.append([fact])
    journal.append([make("b", 2, kind="run.forked", body=b'{"forked_from":"a","forked_at":3}')])
    journal.append([make("b", 3, kind="run.done", body=b"{}")])
    journal.sql("select 1")
    index = journal._asked.index
    assert isinstance(index, DuckIndex)
    assert journal.runs() == index.runs()
    assert [journal.info(run) for run in "abc"] == [index.info(run) for run in "abc"]
    assert journal.info("b").forked_from == "a"
