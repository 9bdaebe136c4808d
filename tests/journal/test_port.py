"""What every journal promises, in memory and on disk alike."""

import threading
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journal.facts import append, make, many, seqs
from traaviis_lab.errors import JournalConflict, JournalError
from traaviis_lab.journal.disk import DiskJournal
from traaviis_lab.journal.memory import MemoryJournal
from traaviis_lab.journal.port import Keep


@pytest.fixture(params=["memory", "disk", "process", "async"])
def journal(request, tmp_path):
    if request.param == "memory":
        made = MemoryJournal()
    else:
        made = DiskJournal(tmp_path / "x.duckdb", durability=request.param)
    yield made
    made.close()


def test_facts_come_back_as_they_were_with_a_chain_of_hashes(journal):
    facts = [
        make("a", 1, body=b'{"chart":"c1"}', name="Door"),
        make(
            "a",
            2,
            cause=None,
            tenant="t\u00fc",
            name='g\u00f6"ne\\',
            body=b'{"x":1.0,"y":"\xc3\xa4"}',
        ),
        make("a", 3, effect="call_llm", model="m", tokens_in=1, tokens_out=2, cost_usd=0.25),
        make("a", 4, duration_us=17, state=""),
    ]
    append(journal, facts)
    back = list(journal.read("a"))
    assert [fact._replace(hash=b"") for fact in back] == facts
    assert all(len(fact.hash) == 32 for fact in back)
    assert len({fact.hash for fact in back}) == 4


def test_all_or_none(journal):
    append(journal, [make("a", 1)])
    with pytest.raises(JournalConflict, match="stands at 2"):
        journal.append([make("b", 1), make("a", 2), make("a", 4)])
    assert seqs(journal, "a") == [1]
    assert seqs(journal, "b") == []
    append(journal, [make("b", 1), make("a", 2), make("b", 2)])
    assert seqs(journal, "a") == seqs(journal, "b") == [1, 2]


@pytest.mark.parametrize("seq", [0, 1, 3, 99])
def test_a_seq_that_is_taken_or_skipped_is_a_conflict_at_once(journal, seq):
    append(journal, [make("a", 1)])
    with pytest.raises(JournalConflict):
        journal.append([make("a", seq)])
    assert seqs(journal, "a") == [1]


def test_a_first_fact_is_number_one(journal):
    with pytest.raises(JournalConflict, match="comes too early"):
        journal.append([make("a", 2)])
    assert journal.runs() == []
    assert journal.info("a") is None


def test_acknowledged_once_and_readable_then(journal):
    for seq in range(1, 30):
        append(journal, [make("a", seq)])
        assert seqs(journal, "a", after=seq - 1) == [seq]


def test_durability_can_be_given_with_each_append(journal):
    for seq, durability in enumerate(["async", "disk", "memory", "process", "async", "disk"], 1):
        append(journal, [make("a", seq)], durability=durability)
    assert seqs(journal, "a") == [1, 2, 3, 4, 5, 6]


def test_read_a_window(journal):
    append(journal, many("a", 1, 10))
    assert seqs(journal, "a", after=3, upto=6) == [4, 5, 6]
    assert seqs(journal, "a", after=9) == [10]
    assert seqs(journal, "a", upto=2) == [1, 2]
    assert seqs(journal, "a", after=10) == []
    assert seqs(journal, "nobody") == []
    light = journal.read("a", after=3, upto=6, hashed=False)
    assert [fact.body for fact in light] == [
        fact.body for fact in journal.read("a", after=3, upto=6)
    ]


def test_snapshots_charts_and_blobs(journal):
    append(journal, many("a", 1, 5))
    assert journal.near("a", 5) is None
    journal.keep(Keep("a", 2, b'{"active":["open"]}'))
    journal.keep(Keep("a", 4, b'{"active":["shut"]}'))
    assert journal.near("a", 1) is None
    assert journal.near("a", 3) == Keep("a", 2, b'{"active":["open"]}')
    assert journal.near("a", 9) == Keep("a", 4, b'{"active":["shut"]}')
    journal.put_chart("c1", b'{"name":"Door"}')
    journal.put_chart("c1", b'{"name":"Door"}')
    assert journal.chart("c1") == b'{"name":"Door"}'
    assert journal.chart("c2") is None
    for body in (b'{"messages":[1,2]}', b"\x00\xff not JSON\n", b"[1,\n2]", b""):
        digest = journal.put_blob(body)
        assert digest == journal.put_blob(body) == sha256(body).hexdigest()
        assert journal.blob(digest) == body
    assert journal.blob("0" * 64) is None


def test_runs_and_info(journal):
    append(journal, [make("b", 1, at=20, name="Door", body=b'{"chart":"c1"}', tenant="t")])
    append(
        journal, [make("a", 1, at=30, name="Timer", body=b'{"chart":"c2"}'), make("a", 2, at=31)]
    )
    append(journal, [make("b", 2, at=40, kind="run.done", state="shut", tenant="t")])
    first, second = journal.runs()
    assert (first.run, first.tenant, first.machine, first.chart) == ("b", "t", "Door", "c1")
    assert (first.state, first.seq, first.started, first.at, first.done) == (
        "shut",
        2,
        20,
        40,
        True,
    )
    assert (second.run, second.seq, second.done) == ("a", 2, False)
    assert journal.info("a") == second


def test_sql_sees_what_was_acknowledged(journal):
    append(journal, many("a", 1, 400))
    frame = journal.sql(
        "select count(*) as n, max(seq) as last from events where run_id = ?", ["a"]
    )
    assert (frame.n[0], frame["last"][0]) == (400, 400)
    append(journal, [make("a", 401)])
    assert journal.sql("select max(seq) as last from events")["last"][0] == 401
    with pytest.raises(JournalError):
        journal.sql("select nothing from nowhere")


def test_subscribers_get_every_fact_in_order_and_a_bad_one_hurts_nobody(journal, caplog):
    got, done = [], threading.Event()

    def take(facts):
        got.extend(facts)
        if len(got) == 300:
            done.set()

    def fail(facts):
        raise ValueError("no")

    end_bad, end = journal.subscribe(fail), journal.subscribe(take)
    for seq in range(1, 101):
        journal.append([make("a", seq), make("b", seq)])
        journal.append([make("c", seq)])
    journal.flush()
    assert done.wait(10)
    end_bad()
    for run in "abc":
        assert [fact.seq for fact in got if fact.run == run] == list(range(1, 101))
    assert {len(fact.hash) for fact in got} == {32}
    end()
    append(journal, [make("a", 101)])
    journal.flush()
    assert len(got) == 300


def test_claim_and_release(journal):
    journal.claim("a")
    journal.claim("a")
    append(journal, many("a", 1, 3))
    journal.release("a")
    journal.release("a")
    journal.release("never seen")
    journal.claim("a")
    append(journal, many("a", 4, 5))
    assert seqs(journal, "a") == [1, 2, 3, 4, 5]
    assert journal.verify().problems == ()


def test_verify_covers_everything_or_one_run(journal):
    append(journal, many("a", 1, 5) + many("b", 1, 3))
    whole = journal.verify()
    assert (whole.facts, whole.runs, whole.problems) == (8, 2, ())
    one = journal.verify("b")
    assert (one.facts, one.runs, one.problems) == (3, 1, ())


def test_closed_is_closed(journal):
    append(journal, [make("a", 1)])
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.append([make("a", 2)])
    with pytest.raises(JournalError, match="closed"):
        journal.sql("select 1")


def test_appending_from_many_threads(journal):
    def work(run):
        for seq in range(1, 201):
            journal.append([make(run, seq)])

    threads = [threading.Thread(target=work, args=(f"r{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.flush()
    assert [info.seq for info in journal.runs()] == [200] * 4
    assert journal.verify().problems == ()


@settings(
    deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-1, 1)), max_size=30))
def test_any_order_of_right_and_wrong_appends_keeps_runs_without_gaps(tmp_path_factory, plan):
    memory = MemoryJournal()
    disk = DiskJournal(tmp_path_factory.mktemp("law") / "x.duckdb", durability="async")
    ends = dict.fromkeys("abc", 0)
    for run, off in plan:
        for journal in (memory, disk):
            if off:
                with pytest.raises(JournalConflict):
                    journal.append([make(run, ends[run] + 1 + off)])
            else:
                journal.append([make(run, ends[run] + 1)])
        ends[run] += not off
    for run, last in ends.items():
        left, right = list(memory.read(run)), list(disk.read(run))
        assert [fact.seq for fact in left] == list(range(1, last + 1))
        assert left == right
    assert disk.verify().problems == ()
    disk.close()
    memory.close()
