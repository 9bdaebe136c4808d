"""The index answers what it was fed, in tables and views, and lets nobody change it."""

import threading

import pandas as pd
import pytest

from tests.journal.lumps import STARTED, a_story, fact, kept, lump_of, many
from traaviis_lab.errors import JournalError
from traaviis_lab.journal import feeder, schema
from traaviis_lab.journal.index import DuckIndex
from traaviis_lab.journal.lump import Position
from traaviis_lab.journal.port import RunInfo
from traaviis_lab.journal.views import VIEWS


@pytest.fixture
def index():
    made = DuckIndex()
    yield made
    made.close()


@pytest.fixture
def story(index):
    index.feed(lump_of(a_story()))
    return index


def test_facts_come_back_byte_for_byte(story):
    assert list(story.read("r")) == a_story()
    assert list(story.read("r", after=2, upto=4)) == a_story()[2:4]
    assert list(story.read("r", after=11, upto=99)) == a_story()[11:]
    assert list(story.read("r", upto=10**15)) == a_story()
    assert list(story.read("nobody")) == list(story.read("r", after=12)) == []


def test_a_long_run_is_read_in_windows(index, monkeypatch):
    monkeypatch.setattr("traaviis_lab.journal.index.WINDOW", 10)
    facts = many(95, runs=1)
    index.feed(lump_of(facts))
    assert list(index.read("run0")) == facts
    assert list(index.read("run0", after=7, upto=61)) == facts[7:61]


def test_a_run_whose_middle_is_not_fed_yet_is_read_as_far_as_it_is_known(index, monkeypatch):
    monkeypatch.setattr("traaviis_lab.journal.index.WINDOW", 10)
    facts = many(60, runs=1)
    index.feed(lump_of(facts[:5], "1"))
    index.feed(lump_of(facts[40:], "2"))
    assert list(index.read("run0")) == facts[:5] + facts[40:]
    assert list(index.read("run0", upto=10**12)) == facts[:5] + facts[40:]


def test_runs_info_and_heads(story):
    story.feed(lump_of([fact("s", 1, at=5, body=b"{}", name="Timer")], since=12))
    story.feed(
        lump_of([fact("f", 1, "run.forked", b'{"forked_from":"r","forked_at":4}')], since=13)
    )
    done = RunInfo("r", "t", "Door", "c1", "open", 12, a_story()[0].at, a_story()[-1].at, True)
    assert [info.run for info in story.runs()] == ["s", "f", "r"]
    assert story.runs()[2] == story.info("r") == done
    assert story.info("s").machine == "Timer"
    assert story.info("f")[-2:] == ("r", 4)
    assert story.info("nobody") is None
    assert [story.info(info.run) for info in story.runs()] == story.runs()
    assert story.heads()["r"] == (12, a_story()[-1].hash)
    assert set(story.heads()) == {"r", "s", "f"}


def test_snapshots_charts_and_blobs(index):
    lump = lump_of([fact("a", 1)])
    lump.snapshots = [kept("a", 4), kept("a", 2), kept("b", 3)]
    lump.charts = [("c1", b'{"name":"Door","version":"2"}'), ("c2", b"[1]"), ("c1", b"twice")]
    lump.blobs = [("d1", b"\x00\xff"), ("d1", b"\x00\xff"), ("d2", b"")]
    index.feed(lump)
    again = lump_of([fact("a", 2)], since=1)
    again.charts, again.blobs = lump.charts[:1], lump.blobs[:1]
    index.feed(again)
    assert index.near("a", 1) is None
    assert index.near("a", 3) == kept("a", 2)
    assert index.near("a", 2**62) == kept("a", 4)
    assert index.blob("d1") == b"\x00\xff"
    assert index.blob("d2") == b""
    assert index.blob("d3") is index.chart("c3") is None
    assert index.chart("c2") == b"[1]"
    frame = index.query("select hash, name, version from charts order by hash")
    assert frame.values.tolist() == [["c1", "Door", "2"], ["c2", "", ""]]
    assert index.query("select count(*) as n from blobs").n[0] == 2


def test_a_lump_that_is_in_changes_nothing_and_half_a_lump_is_refused(index):
    facts = many(10)
    index.feed(lump_of(facts))
    index.feed(lump_of(facts))
    index.feed(lump_of(facts[:3]))
    assert index.positions() == {"1": Position(1, 10)}
    with pytest.raises(JournalError, match="twice"):
        index.feed(lump_of(facts[5:], since=5, upto=12))
    assert index.query("select count(*) as n from events").n[0] == 10


def test_a_lump_without_facts_moves_the_position(index):
    index.feed(lump_of([], since=0, upto=9))
    assert index.positions() == {"1": Position(1, 9)}


def test_a_lump_that_fails_leaves_nothing_behind(index, monkeypatch):
    lump = lump_of(many(3))
    lump.charts = [("c", b"{}")]
    with monkeypatch.context() as patch:
        patch.setitem(feeder._INTO, "charts", "insert into charts values (1)")
        with pytest.raises(JournalError):
            index.feed(lump)
    assert index.positions() == {}
    assert index.query("select count(*) as n from events").n[0] == 0
    index.feed(lump)
    assert index.query("select count(*) as n from events").n[0] == 3
    assert index.chart("c") == b"{}"


def test_what_does_not_fit_a_column_holds_nothing_up(index):
    odd = fact("a", 1, tokens_in=2**64 - 1, cost_usd="dear", name="ok")
    index.feed(lump_of([odd, fact("a", 2, body=b'{"x":"\xff"}', tokens_in=5)]))
    frame = index.query("select name, tokens_in, cost_usd, body from events order by seq")
    assert frame.name.tolist() == ["ok", "go"]
    assert frame.tokens_in.isna().tolist() == [True, False]
    assert pd.isna(frame.cost_usd[0])
    assert frame.body[1] == '{"x":"\ufffd"}'


def test_steps_are_the_history(story):
    frame = story.query("select * from steps order by seq")
    assert frame.seq.tolist() == [1, 2, 6]
    assert frame.event.tolist() == ["", "go", "completed"]
    assert frame.active[1] == ["open", "wide"]
    assert frame.taken.tolist() == [[], ["closed#0", "open#1"], []]
    assert frame.data[1] == '{"user":"ü"}'
    assert frame.changed[1] == '{"n":1}'
    assert frame.patch[2] == '{"r":1}'
    assert frame.effects[1] == '[{"kind":"call"}]'
    assert pd.isna(frame.patch[1])
    assert pd.isna(frame.raised[2])


def test_effects_are_one_row_each(story):
    frame = story.query("select * from effects order by seq").set_index("path")
    assert frame.index.tolist() == ["2/1", "2/0", "6/0"]
    assert frame.status.tolist() == ["completed", "completed", "failed"]
    assert frame.starts.tolist() == [0, 1, 1]
    assert frame.end_seq.tolist() == [3, 6, 8]
    assert frame.duration_us.tolist() == [0, 7, 5]
    assert frame.effect.tolist() == ["log", "call", "call"]
    assert frame.owner.tolist() == ["", "wide", ""]
    assert frame.spec["2/0"] == '{"kind":"call","function":"f"}'
    assert frame.result["2/0"] == "[1]"
    assert '"EffectError"' in frame.error["6/0"]


def test_an_effect_under_way_has_no_end(index):
    index.feed(lump_of(a_story()[:4]))
    row = index.query("select * from effects where path = '2/0'").iloc[0]
    assert (row.status, row.starts) == ("started", 1)
    assert pd.isna(row.end_seq)


def test_calls_and_costs(story):
    calls = story.query("select model, tokens_in, cost_usd from model_calls order by seq")
    assert calls.tokens_in.tolist() == [10, 1]
    assert story.query("select tool, duration_us from tool_calls").values.tolist() == [
        ["search", 3]
    ]
    costs = story.query("select * from costs order by model").to_dict("records")
    assert [(c["model"], c["calls"], c["unpriced"]) for c in costs] == [("", 1, 1), ("m", 2, 1)]
    assert costs[1]["cost_usd"] == 0.5
    assert costs[1]["tokens_in"] == 11


def test_stays_and_refusals(story):
    stays = story.query("select state, seq, left_seq, duration_us from states order by seq")
    assert stays.state.tolist() == ["closed", "wide", "open"]
    assert stays.left_seq.tolist()[:2] == [2, 6]
    assert stays.duration_us.tolist()[:2] == [1000, 4000]
    assert pd.isna(stays.left_seq[2])
    no = story.query("select event, reason, hint, data from refused").values.tolist()
    assert no == [["lock", "locked", "unlock", '{"a":1}']]


def test_every_column_has_the_type_the_schema_says(story):
    for table in (*schema.TABLES, *VIEWS):
        found = story.query(f"describe {table.name}")
        told = [(column.name, column.type) for column in table.columns]
        assert list(zip(found.column_name, found.column_type, strict=True)) == told
        assert list(story.query(f"from {table.name}").columns) == [c.name for c in table.columns]


def test_answers_have_types_one_can_work_with(story):
    frame = story.query(
        """select seq, tokens_in, cost_usd, name, time, seq > 3 as late, hash, [seq] as list,
           {'a': seq} as s, sum(seq) over () as total, 1.5::decimal(9, 2) as d, null as nothing,
           interval 90 second as wait, case when seq > 3 then true end as maybe, seq, uuid() as id,
           body::json as j, 'a'::enum('a', 'b') as e, date '2026-01-02' as day
           from events order by seq"""
    )
    assert len(frame.columns) == 19
    kinds = {str(kind) for kind in frame.iloc[:, [0, 9]].dtypes}
    assert kinds == {"int64"}
    assert str(frame.tokens_in.dtype) == "Int64"
    assert str(frame.maybe.dtype) == "boolean"
    assert str(frame.late.dtype) == "bool"
    assert frame.cost_usd.dtype == frame.d.dtype == "float64"
    assert str(frame.time.dtype) == "datetime64[us]"
    assert frame.hash[0] == a_story()[0].hash
    assert frame["list"][0] == [1]
    assert frame.s[0] == {"a": 1}
    assert frame.wait[0] == pd.Timedelta(seconds=90)
    assert frame.j[0] == STARTED.decode()
    assert frame.e[0] == "a"
    assert story.query("select sum(at_) as s from (select 10::hugeint ** 30 as at_)").s[0] == 1e30


def test_params(story):
    assert story.query("select seq from events where seq = ?", [3]).seq.tolist() == [3]
    named = story.query("select $a + 1 as b", {"a": 1})
    assert named.b.tolist() == [2]
    with pytest.raises(JournalError, match="param"):
        story.query("select ?, ?", [1])


@pytest.mark.parametrize(
    ("query", "text", "hint"),
    [
        ("select * from evnts", "evnts", "Did you mean events"),
        ("select * from zzz", "zzz", "There are: events"),
        ("select run from events", '"run"', "events.run_id"),
        ("select qqq from costs", "qqq", "costs has: run_id"),
        ("select e.nam from events e", "nam", "events.name"),
        ("select max(at) from events", "syntax error", '"at"'),
        ("select * from events order by at", "syntax error", "column time"),
        ("select offset from positions", "", '"offset"'),
        ("selec 1", "syntax error", ""),
        ("  -- nothing", "empty", "select * from runs"),
        ("select 1 / 'x'", "x", ""),
        ("from read_csv('/no/such/file.csv')", "No files found", ""),
    ],
)
def test_a_question_that_is_not_understood_is_answered_with_help(story, query, text, hint):
    with pytest.raises(JournalError) as caught:
        story.query(query)
    assert text in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "query",
    [
        "insert into blobs values ('a', 'b')",
        "delete from events",
        "truncate events",
        "update events set seq = 0",
        "drop table events",
        "drop view runs",
        "create table mine (i int)",
        "create or replace view runs as select 1",
        "alter table events add column x int",
        "with gone as (delete from events returning *) select * from gone",
        "explain analyze delete from events",
        "copy (with gone as (delete from events returning *) select * from gone) to '{0}/x.csv'",
        "copy events from '{0}/x.csv'",
        "commit; delete from events",
        "rollback",
        "begin",
        "attach '{0}/x.duckdb' as other",
        "detach memory",
        "set threads = 4",
        "pragma memory_limit = '1KB'",
        "reset threads",
        "checkpoint",
        "vacuum",
        "load httpfs",
        "install httpfs",
        "prepare p as delete from events",
        "call pragma_version()",
        "import database '{0}'",
    ],
)
def test_nothing_can_be_changed(story, query, tmp_path):
    with pytest.raises(JournalError):
        story.query(query.format(tmp_path))
    assert list(story.read("r")) == a_story()
    assert len(story.runs()) == 1
    story.feed(lump_of([fact("new", 1)], since=12))
    assert len(story.runs()) == 2


def test_what_a_notebook_wants_works(story, tmp_path):
    story.query(f"copy steps to '{tmp_path}/steps.parquet'")
    back = story.query(f"select count(*) as n from '{tmp_path}/steps.parquet'")
    assert back.n[0] == 3
    story.query(f"export database '{tmp_path}/all' (format parquet)")
    assert (tmp_path / "all" / "schema.sql").exists()
    assert len(story.query("summarize events")) == len(schema.EVENTS.columns)
    assert len(story.query("pivot events on kind using count(*)")) > 0
    assert len(story.query("explain select 1")) > 0
    assert len(story.query("create temp table t as select 3 as x; select x from t")) == 1
    assert "events" in story.query("show tables").name.tolist()
    assert (
        story.query(
            "select body->>'$.data.a' as a from refused r join events using (run_id, seq)"
        ).a[0]
        == "1"
    )


def test_variables_of_python_are_no_tables(story):
    query = lump = [1]
    assert query is lump
    with pytest.raises(JournalError, match="lump"):
        story.query("select * from lump")


def test_questions_while_it_is_fed(index):
    wrong, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            place = index.positions().get("1", Position(1, 0)).offset
            frame = index.query("select count(*) as n, count(distinct hash) as h from events")
            rows = len(list(index.read("run0")))
            if frame.n[0] < place or frame.n[0] != frame.h[0] or rows < place // 7:
                wrong.append((place, frame, rows))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(40):
        index.feed(lump_of(many(50, start=n * 50), since=n * 50))
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(list(index.read("run0"))) == 286


def test_closed_is_closed(index):
    index.close()
    index.close()
    with pytest.raises(JournalError, match="closed"):
        index.query("select 1")
    with pytest.raises(JournalError, match="closed"):
        list(index.read("r"))


def test_leaves_know_their_root_and_questions_are_open_until_answered(index):
    effect = {"effect": "call", "name": "call"}
    facts = [
        fact("r", 1),
        fact("r", 2, "effect.started", b'{"path":"1/0","owner":"s"}', effect="retry"),
        fact("r", 3, "effect.started", b'{"path":"1/0/12","owner":"s"}', **effect),
        fact(
            "r", 4, "effect.progress", b'{"path":"1/0/12","fraction":0.5,"message":"a"}', **effect
        ),
        fact("r", 5, "effect.progress", b'{"path":"1/0/12","fraction":null}', **effect),
        fact("r", 6, "human.asked", b'{"path":"1/0/12","owner":"s"}', name=""),
        fact("r", 7, "human.asked", b'{"question":"of something else"}', name=""),
    ]
    index.feed(lump_of(facts))
    leaf = "select * from effects where depth = 1"
    row = index.query(leaf).iloc[0]
    assert (row.path, row.root, row.parent, row.effect) == ("1/0/12", "1/0", "1/0", "call")
    assert (row.status, row.message, row.starts) == ("asked", "a", 1)
    assert pd.isna(row.progress)
    root = index.query("select * from effects where depth = 0").iloc[0]
    assert (root.root, root.status) == ("1/0", "started")
    assert pd.isna(root.parent)
    answered = fact("r", 8, "human.answered", b'{"path":"1/0/12","answer":"repeat"}', name="")
    index.feed(lump_of([answered], since=len(facts)))
    assert index.query(leaf).status[0] == "started"
    ended = fact("r", 9, "effect.completed", b'{"path":"1/0/12","result":1}', **effect)
    index.feed(lump_of([ended], since=len(facts) + 1))
    assert index.query(leaf).status[0] == "completed"
