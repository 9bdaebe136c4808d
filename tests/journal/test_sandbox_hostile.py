"""Questions that try to get out of the sandbox, to write, or to take the machine for themselves."""

import os
import threading
import time

import pytest

from tests.journal.facts import append, make
from traaviis_lab.errors import JournalError
from traaviis_lab.journal import MemoryJournal, sandbox, sandbox_worker
from traaviis_lab.journal.sandbox import sandboxes

SECRET = "the-treasure-of-another-tenant"


@pytest.fixture(scope="module")
def journal():
    made = MemoryJournal()
    append(made, [make("mine", 1, tenant="acme"), make("mine", 2, tenant="acme")])
    append(
        made, [make("theirs", 1, tenant="other", name=SECRET, body=b'{"s":"%s"}' % SECRET.encode())]
    )
    yield made
    sandboxes(made).close()
    made.close()


@pytest.fixture(scope="module")
def bait(tmp_path_factory):
    """A file that must be neither read nor written."""
    path = tmp_path_factory.mktemp("outside") / "bait.csv"
    path.write_text("word\ntreasure\n")
    return path


def ask(journal, query, **more):
    return sandboxes(journal).ask(journal, "acme", query, **more)


def still_well(journal):
    assert ask(journal, "select run_id, count(*) from events group by 1")["rows"] == [["mine", 2]]


READS = [
    "select * from read_csv('{bait}')",
    "select * from read_text('{bait}')",
    "select * from read_blob('{bait}')",
    "select * from read_json_auto('{bait}')",
    "select * from read_json_objects('{bait}')",
    "select * from read_parquet('{bait}')",
    "select * from parquet_metadata('{bait}')",
    "select * from sniff_csv('{bait}')",
    "select * from glob('{folder}/*')",
    "from '{bait}'",
    'from "{bait}"',
    "from '{folder}/*.csv'",
    "from 'file://{bait}'",
    "from 'https://example.org/x.parquet'",
    "select * from events, '{bait}'",
    "select (select max(word) from '{bait}')",
    "select * from events where body in (select word from read_csv('{bait}'))",
    "with x as (from read_text('{bait}')) select * from x",
    "with events as (from '{bait}') from events",
    "select * from (values (1)) union all select size from read_text('{bait}')",
    "select list_transform([1], lambda x: (select content from read_text('{bait}')))",
    "describe from '{bait}'",
    "summarize '{bait}'",
    "explain from read_text('{bait}')",
    "explain analyze select * from '{bait}'",
    "from query('from ''{bait}''')",
    "from query_table('{bait}')",
    "from query_table(['events', '{bait}'])",
    "from json_execute_serialized_sql(json_serialize_sql('from ''{bait}'''))",
    "select json_execute_serialized_sql(json_serialize_sql('from ''{bait}'''))",
    "/* select 1 */ from /**/ read_text(/*;*/'{bait}')",
    "select 1 -- \n from '{bait}'",
    "from read_duckdb('{bait}')",
    "from pandas_scan(1)",
    "from arrow_scan(1, 2, 3)",
    "from python_map_function(1)",
    "from seq_scan('events')",
]


@pytest.mark.parametrize("query", READS)
def test_no_file_is_read(journal, bait, query):
    with pytest.raises(JournalError) as failed:
        ask(journal, query.format(bait=bait, folder=bait.parent))
    assert "treasure" not in str(failed.value)


WRITES = [
    "insert into events (run_id) values ('x')",
    "update events set tenant = 'other'",
    "delete from events",
    "drop table events",
    "drop view runs",
    "alter table events rename to x",
    "truncate events",
    "create table x (a int)",
    "create temp table x as select 1",
    "create or replace view runs as select 1",
    "create macro runs() as table select 1",
    "create secret (type s3)",
    "create function f() as 1",
    "create type x as enum ('a')",
    "create sequence s",
    "create schema s",
    "with x as (delete from events returning *) select * from x",
    "with x as (insert into events (run_id) values ('x') returning *) select * from x",
    "explain analyze delete from events",
    "copy events to '{bait}'",
    "copy (select 1) to '{bait}' (format csv)",
    "copy events from '{bait}'",
    "copy from database memory to x",
    "export database '{folder}'",
    "import database '{folder}'",
    "attach '{bait}' as x",
    "attach ':memory:' as x",
    "detach memory",
    "use temp",
    "install httpfs",
    "load httpfs",
    "load '{bait}'",
    "set threads = 8",
    "set memory_limit = '100GB'",
    "set enable_external_access = true",
    "set variable x = 1",
    "reset memory_limit",
    "pragma enable_external_access",
    "pragma threads = 8",
    "pragma json_execute_serialized_sql('{{}}')",
    "call enable_logging()",
    "call pragma_version()",
    "from enable_logging()",
    "from checkpoint()",
    "select write_log('x')",
    "select setval('x', 1)",
    "checkpoint",
    "force checkpoint",
    "vacuum",
    "begin",
    "commit",
    "rollback",
    "prepare x as delete from events",
    "execute x",
    "deallocate x",
    "comment on table events is 'x'",
    "merge into events using events e on true when matched then delete",
    "select 1; delete from events",
    "select 1; select 2",
    "rollback; delete from events",
    "begin; delete from events; commit",
    ";;; delete from events",
    "select 1 /* ; */; delete from events --",
    "pivot events on kind",
]


@pytest.mark.parametrize("query", WRITES)
def test_nothing_is_written_or_set(journal, bait, query):
    before = sorted(os.listdir(bait.parent))
    with pytest.raises(JournalError):
        ask(journal, query.format(bait=bait, folder=bait.parent))
    still_well(journal)
    assert sorted(os.listdir(bait.parent)) == before
    assert bait.read_text() == "word\ntreasure\n"


@pytest.mark.parametrize(
    "query",
    [
        "select current_setting('secret_directory')",
        "select 'secret_directory'.current_setting()",
        "select getenv('HOME')",
        "select * from duckdb_settings()",
        "select * from duckdb_secrets()",
        "select * from duckdb_extensions()",
        "select * from duckdb_databases()",
        "select * from which_secret('s3://x', 's3')",
        "select * from duckdb_logs()",
        "select * from duckdb_temporary_files()",
        "select * from pg_catalog.pg_settings",
        "select * from system.main.duckdb_settings",
        "from journal",
        "from query",
        "from rows",
        "from self",
        "from __main__",
    ],
)
def test_nothing_is_learned_of_the_machine_or_of_python(journal, query):
    with pytest.raises(JournalError) as failed:
        ask(journal, query)
    assert os.path.expanduser("~") not in str(failed.value)


@pytest.mark.parametrize(
    "query",
    [
        "select * from events",
        "select * from events where tenant = 'other'",
        "select * from events where tenant <> 'acme' or true",
        "select * from runs where run_id = 'theirs'",
        "select * from runs union all select * from runs",
        "from main.events",
        "from memory.main.events",
        "from memory.events",
        "with runs as (from events) from runs",
        "select * from information_schema.tables",
        "select * from information_schema.columns",
        "select * from duckdb_columns()",
        "select sql from duckdb_views()",
        "from (describe events)",
        "select e from events e",
        "select columns(*) from events",
        "select * from snapshots, charts, blobs, positions, meta",
        "show tables",
        "show all tables",
        "show databases",
    ],
)
def test_what_may_be_asked_tells_nothing_of_another_tenant(journal, query):
    assert SECRET not in str(ask(journal, query, rows=5_000))
    assert "theirs" not in str(ask(journal, query, rows=5_000)["rows"])


ENDLESS = [
    "with recursive x as (select 1 as a union all select a + 1 from x) select count(*) from x",
    "with recursive x as (select 1 as a union select a + 1 from x) select count(*) from x",
    "select count(*) from range(100000000) a, range(100000000) b where a.range * b.range % 7 = 1",
    "select sum(hash(range)) from range(1000000000000)",
    "select * from range(1000000000000) order by hash(range)",
    "select " + "a." * 5_000 + "b",
    "select max(jaro_similarity(repeat('a', 60000) || range, repeat('b', 60000))) from range(1000)",
]


@pytest.mark.parametrize("query", ENDLESS, ids=lambda query: query[:60])
def test_no_question_runs_for_ever(journal, query):
    began = time.monotonic()
    with pytest.raises(JournalError, match="stop|memory"):
        ask(journal, query, seconds=0.5)
    assert time.monotonic() - began < 20
    still_well(journal)


LARGE = [
    "select repeat('x', 2000000000)",
    "select length(repeat('x', 1000000000))",
    "select range(1000000000)",
    "select list(range) from range(1000000000)",
    "select string_agg(range::varchar, '') from range(1000000000)",
    "select sum(x) from (select unnest(range(1000000000)) as x)",
    "select list_aggregate(range(1000000000), 'sum')",
    "select lpad('x', 2000000000, 'y')",
    "select count(*) from (select distinct range, repeat('x', 1000) from range(100000000))",
    "select histogram(range) from range(100000000)",
    "select array_agg(e) from events e, range(100000000)",
    "select levenshtein(repeat('a', 100000), repeat('b', 100000))",
    "select bitstring('1', 2000000000)",
    "select printf('%2000000000d', 1)",
]


@pytest.mark.skipif(os.name != "posix", reason="only POSIX bounds the memory of a process")
@pytest.mark.parametrize("query", LARGE)
def test_no_question_takes_the_memory(journal, query):
    with pytest.raises(JournalError):
        ask(journal, query, seconds=3)
    room = sandboxes(journal)._known["acme"]._room
    if room is not None and os.path.exists(f"/proc/{room._process.pid}/status"):
        with open(f"/proc/{room._process.pid}/status") as file:
            most = next(line for line in file if line.startswith("VmHWM"))
        assert int(most.split()[1]) * 1024 < 1.2 * sandbox_worker.MOST_MEMORY
    still_well(journal)


@pytest.mark.parametrize(
    "query",
    [
        "select " + "(" * 10_000 + "1" + ")" * 9_999,
        "select " + "[" * 5_000 + "]" * 5_000,
        "select " + "not " * 4_900 + "true",
        "select " + "- " * 9_900 + "1",
        "select 1" + " + 1" * 4_900,
        "select 1" + " union all select 1" * 1_000,
        "select " + "case when true then " * 700 + "1" + " end" * 700,
        "select " + "abs(" * 390 + "1" + ")" * 390,
        "with " + ", ".join(f"x{n} as (select 1)" for n in range(800)) + " select 1 from nowhere",
        "select '" + "x" * 30_000 + "'",
        "select 1 \x00; delete from events",
        "select '\ud800'",
        "\ufeffdelete from events",
        "select 1\u2029;delete from events",
        "select * from evénts",
    ],
    ids=lambda query: query[:30].encode("ascii", "replace").decode(),
)
def test_no_text_breaks_it(journal, query):
    said = ""
    try:
        ask(journal, query, seconds=2)
    except JournalError as error:
        said = error.message
    assert len(said) < 2_000
    still_well(journal)


def test_a_regular_expression_cannot_explode(journal):
    assert ask(journal, "select regexp_matches(repeat('a', 50000), '(a*)*b')")["rows"] == [[False]]


def test_many_ask_at_once_and_each_gets_its_own_answer(journal):
    found = {}

    def one(number):
        try:
            found[number] = ask(journal, f"select {number}, count(*) from events")["rows"]
        except JournalError as error:
            found[number] = error.message

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number for number, rows in found.items() if rows == [[number, 2]]}
    for number, rows in found.items():
        assert rows == [[number, 2]] or "are waiting already" in rows


def test_one_tenant_does_not_hold_up_another(journal):

    def endless():
        with pytest.raises(JournalError, match="stopped"):
            ask(journal, ENDLESS[0], seconds=4)

    slow = threading.Thread(target=endless)
    ask(journal, "select 1")
    sandboxes(journal).ask(journal, "other", "select 1")
    slow.start()
    time.sleep(0.1)
    began = time.monotonic()
    assert sandboxes(journal).ask(journal, "other", "select name from events")["rows"] == [[SECRET]]
    assert time.monotonic() - began < 3
    slow.join()


def test_the_process_has_nothing_of_ours_about_it(journal, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-agents")
    sandboxes(journal).close()
    ask(journal, "select 1")
    pid = sandboxes(journal)._known["acme"]._room._process.pid
    if os.path.exists(f"/proc/{pid}/environ"):
        with open(f"/proc/{pid}/environ", "rb") as file:
            assert b"sk-not-for-agents" not in file.read()
        with open(f"/proc/{pid}/limits") as file:
            limits = file.read()
        assert f"Max data size             {sandbox_worker.MOST_MEMORY}" in limits
        assert "Max file size             0 " in limits
    assert sandbox.MOST_SECONDS <= 30


def test_the_database_itself_is_locked():
    """Were the look at the syntax tree ever wrong, DuckDB still would not do it."""
    room = sandbox_worker.Room()
    for query in (
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set memory_limit = '100GB'",
        f"select * from read_text('{__file__}')",
        f"from '{__file__}'",
        "attach '/tmp/x.duckdb' as x",
        "copy (select 1) to '/tmp/traaviis-out.csv'",
        "load httpfs",
        "install httpfs",
        "from duckdb_secrets()",
    ):
        with pytest.raises(Exception, match="(?i)permission|disabled|locked|not exist|cannot"):
            room._asking.execute(query)
    room._asking.execute("begin transaction read only")
    with pytest.raises(Exception, match="read-only"):
        room._asking.execute("insert into events (run_id) values ('x')")
    secret = "a variable of Python's"
    assert secret
    with pytest.raises(Exception, match="secret"):
        room._asking.execute("from secret")
