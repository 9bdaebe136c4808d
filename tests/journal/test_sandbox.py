"""A tenant's part of the journal, asked in SQL: what is there, what is shown, what is let go of."""

import gc
import json
import time
from decimal import Decimal

import pytest

from tests.journal.facts import append, make, many
from traaviis_lab.errors import JournalError
from traaviis_lab.journal import MemoryJournal, sandbox, sandbox_rows
from traaviis_lab.journal.disk import DiskJournal
from traaviis_lab.journal.port import Keep
from traaviis_lab.journal.sandbox import Sandboxes, sandboxes
from traaviis_lab.journal.sandbox_cells import LONGEST, cell
from traaviis_lab.journal.schema import TABLES
from traaviis_lab.journal.views import VIEWS


@pytest.fixture(params=[MemoryJournal, DiskJournal])
def journal(request, tmp_path):
    made = request.param() if request.param is MemoryJournal else DiskJournal(tmp_path / "x.duckdb")
    yield made
    sandboxes(made).close()
    made.close()


def started(run, tenant, chart="c1", **body):
    said = {"machine": "Door", "version": "1", "chart": chart, "data": {}, **body}
    said["step"] = {"state": ["open"], "taken": []}
    return make(
        run, 1, tenant=tenant, kind="run.started", name="Door", body=json.dumps(said).encode()
    )


def ask(journal, query, tenant="acme", **more):
    return sandboxes(journal).ask(journal, tenant, query, **more)


def rows(journal, query, tenant="acme", **more):
    return ask(journal, query, tenant, **more)["rows"]


def test_a_tenant_finds_its_runs_and_no_others(journal):
    append(journal, [started("a", "acme"), make("a", 2, tenant="acme"), started("b", "other")])
    assert rows(journal, "select run_id, tenant, machine, seq from runs") == [
        ["a", "acme", "Door", 2]
    ]
    assert rows(journal, "select run_id from runs", "other") == [["b"]]
    assert rows(journal, "select count(*) from events", "nobody") == [[0]]


def test_what_is_appended_is_there_at_the_next_question(journal):
    append(journal, [started("a", "acme")])
    for seq in range(2, 12):
        append(journal, [make("a", seq, tenant="acme"), make("b", seq - 1, tenant="other")])
        assert rows(journal, "select max(seq), count(*) from events") == [[seq, seq]]


def test_rows_of_another_stream_that_come_late_are_not_missed(journal):
    append(journal, many("b", 1, 3, tenant="acme"))
    assert rows(journal, "select count(*) from events") == [[3]]
    append(journal, many("a", 1, 2, tenant="acme"))
    append(journal, many("b", 4, 4, tenant="acme"))
    assert rows(journal, "select run_id, count(*) from events group by 1 order by 1") == [
        ["a", 2],
        ["b", 4],
    ]


def test_every_table_and_view_can_be_asked(journal):
    append(journal, [started("a", "acme")])
    for page in (*TABLES, *VIEWS):
        told = ask(journal, f"select * from {page.name}")
        assert told["columns"] == [column.name for column in page.columns]


def test_charts_blobs_and_snapshots_are_those_that_the_tenant_names(journal):
    journal.put_chart("c1", b'{"name":"Door","version":"1"}')
    journal.put_chart("c2", b'{"name":"Secret","version":"1"}')
    mine, theirs = journal.put_blob(b'"mine"'), journal.put_blob(b'"theirs"')
    append(
        journal, [started("a", "acme", picture=mine), started("b", "other", "c2", picture=theirs)]
    )
    journal.keep(Keep("a", 1, b'{"at":1}'))
    journal.keep(Keep("b", 1, b'{"at":2}'))
    journal.flush()
    assert rows(journal, "select hash, name from charts") == [["c1", "Door"]]
    assert rows(journal, "select digest, decode(body) from blobs") == [[mine, '"mine"']]
    assert rows(journal, "select run_id, decode(body) from snapshots") == [["a", '{"at":1}']]
    assert rows(journal, "select name from charts", "other") == [["Secret"]]
    append(journal, [started("a2", "acme", "c2")])
    assert rows(journal, "select count(*) from charts") == [[2]]


def budget(seq, name, **body):
    told = {
        "budget": name,
        "limits": {"usd": 1.0},
        "hard": True,
        "warn_at": 0.8,
        "account": f"{name}#1",
    }
    return make(
        "~budgets", seq, tenant="", kind="budget.set", name=name, state="",
        body=json.dumps({**told, **body}).encode(),
    )  # fmt: skip


def test_of_the_book_of_budgets_only_the_tenants_own_are_seen(journal):
    append(journal, [started("a", "acme"), started("b", "other")])
    append(
        journal,
        [
            budget(1, "all"),
            budget(2, "ours", tenant="acme"),
            budget(3, "theirs", tenant="other"),
            budget(4, "our run", run="a"),
            budget(5, "their run", run="b"),
            budget(6, "moved", tenant="acme"),
        ],
    )
    query = "select budget from budgets order by 1"
    assert rows(journal, query) == [["moved"], ["our run"], ["ours"]]
    append(journal, [budget(7, "moved", tenant="other"), budget(8, "ours", removed=True)])
    assert rows(journal, query) == [["our run"]]
    assert rows(journal, query, "other") == [["moved"], ["their run"], ["theirs"]]
    assert rows(journal, "select count(*) from events where run_id = '~budgets'") == [[1]]


def test_calls_of_agents_are_seen_by_their_tenant(journal):
    body = {"client": {"id": "1", "name": "agent"}, "arguments": {}, "outcome": "ok", "run": None}
    append(
        journal,
        [
            make("~mcp-1", seq, tenant=tenant, kind="mcp.called", name=f"tool{seq}",
                 body=json.dumps(body).encode())
            for seq, tenant in enumerate(("acme", "other", "acme"), 1)
        ],
    )  # fmt: skip
    assert rows(journal, "select tool from mcp_calls order by seq") == [["tool1"], ["tool3"]]


def test_values_come_as_json(journal):
    told = ask(
        journal,
        """select 1 as one, 9007199254740993 as large, 1267650600228229401496703205376::hugeint as huge, 1.25::decimal(9,2) as d,
        'nan'::double as nan, '-inf'::double as low, null as nothing, true as yes, 'é' as text,
        '\\xAA\\xBB'::blob as bytes, timestamp '2026-01-02 03:04:05.6' as t, date '2026-01-02' as day,
        timestamptz '2026-01-02 03:04:05+02' as zoned, [1, null] as list, {'a': {'b': 1}} as struct,
        map {1: 'x'} as map, json('{"k": 1}') as json, interval 90 seconds as span""",
    )
    found = dict(zip(told["columns"], told["rows"][0], strict=True))
    assert found == {
        "one": 1, "large": "9007199254740993", "huge": str(2**100), "d": 1.25, "nan": "NaN",
        "low": "-Inf", "nothing": None, "yes": True, "text": "é", "bytes": "aabb",
        "t": "2026-01-02T03:04:05.600000Z", "day": "2026-01-02", "zoned": "2026-01-02T01:04:05Z",
        "list": [1, None], "struct": {"a": {"b": 1}}, "map": {"1": "x"}, "json": '{"k":1}',
        "span": "0:01:30",
    }  # fmt: skip
    assert json.dumps(told)


@pytest.mark.parametrize(
    "query", ["select now()", "select [now()]", "select now() as a, now() as a"]
)
def test_zoned_times_need_no_library(journal, query):
    assert "20" in str(rows(journal, query)[0][0])


def test_what_cannot_be_shown_says_what_to_do(journal):
    with pytest.raises(JournalError, match="cannot be shown") as failed:
        ask(journal, "select interval 100000000 years")
    assert "varchar" in failed.value.hint


def test_a_cell_is_short():
    assert cell("x" * 10_000) == "x" * LONGEST + "... (10,000 characters)"
    assert cell(b"\x00" * 100) == "00" * 64 + "... (100 bytes)"
    assert cell(list(range(5_000)))[-1] == "... (5,000 items)"
    assert cell(Decimal("0.1")) == 0.1
    assert cell(Decimal("0.12345678901234567890")) == "0.12345678901234567890"
    deep = []
    for _ in range(100):
        deep = [deep]
    assert "too deep" in json.dumps(cell(deep))


def test_so_many_rows_are_answered_and_no_more(journal):
    told = ask(journal, "select * from range(1000000000000)", rows=7)
    assert told == {"columns": ["range"], "rows": [[n] for n in range(7)], "more": True}
    assert ask(journal, "select * from range(7)", rows=7)["more"] is False
    large = ask(journal, "select repeat('x', 3000) from range(1000)", rows=5_000)
    assert large["more"] is True
    assert len(json.dumps(large)) < 160_000


def test_what_duckdb_says_of_a_wrong_question_is_passed_on(journal):
    for query, said, hint in (
        ("select nam from events", "nam", "events.name"),
        ("select * from evnts", "evnts", "events"),
        ("selec 1", "syntax error", ""),
        ("select at from events", "syntax", '"at"'),
        ("", "is empty", "select"),
        ("-- nothing", "is empty", "select"),
    ):
        with pytest.raises(JournalError) as failed:
            ask(journal, query)
        assert said in failed.value.message
        assert hint in failed.value.hint
        assert "Traceback" not in failed.value.message


def test_of_a_large_journal_the_newest_part_is_held_and_that_is_said(journal, monkeypatch):
    monkeypatch.setattr(sandbox_rows, "MOST_FACTS", 100)
    assert rows(journal, "select count(*) from events") == [[0]]
    append(journal, [*many("a", 1, 150, tenant="acme"), *many("b", 1, 150, tenant="other")])
    told = ask(journal, "select min(seq), max(seq), count(*) from events")
    assert told["rows"] == [[101, 150, 50]]
    assert (told["held"], told["of"]) == (50, 150)
    append(journal, many("a", 151, 190, tenant="acme"))
    assert ask(journal, "select count(*) from events")["held"] == 90
    append(journal, many("a", 191, 250, tenant="acme"))
    told = ask(journal, "select min(seq), max(seq) from events")
    assert (told["rows"], told["held"], told["of"]) == ([[201, 250]], 50, 250)


def test_the_same_holds_for_large_facts(journal, monkeypatch):
    monkeypatch.setattr(sandbox_rows, "MOST_BYTES", 100_000)
    body = b'{"data":"' + b"x" * 9_790 + b'"}'
    append(journal, many("a", 1, 30, tenant="acme", body=body))
    told = ask(journal, "select min(seq), max(seq) from events")
    assert told["rows"] == [[27, 30]]


def test_many_facts_come_in_batches(journal, monkeypatch):
    monkeypatch.setattr(sandbox_rows, "AT_ONCE", 7)
    append(journal, many("a", 1, 50, tenant="acme"))
    assert rows(journal, "select count(*), count(distinct seq) from events") == [[50, 50]]


def test_missing_numbers_stay_missing(journal):
    append(journal, [make("a", 1, tenant="acme", cause=None, cost_usd=None),
                     make("a", 2, tenant="acme", tokens_in=5, cost_usd=0.5)])  # fmt: skip
    found = rows(journal, "select tokens_in, cost_usd, cause_seq from events order by seq")
    assert found == [[None, None, None], [5, 0.5, 1]]
    assert rows(journal, "select octet_length(hash) from events") == [[32], [32]]


def test_those_that_nobody_asks_are_let_go_of(journal, monkeypatch):
    monkeypatch.setattr(sandbox, "IDLE", 0.2)
    mine = Sandboxes()
    mine.ask(journal, "acme", "select 1")
    process = mine._known["acme"]._room._process
    until = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    assert process.poll() is not None
    assert mine._known == {}
    assert mine.ask(journal, "acme", "select 1")["rows"] == [[1]]
    mine.close()


def test_no_more_than_a_few_are_open(journal, monkeypatch):
    monkeypatch.setattr(sandbox, "MOST_OPEN", 2)
    mine = Sandboxes()
    for tenant in ("a", "b", "c", "a"):
        assert mine.ask(journal, tenant, "select 1")["rows"] == [[1]]
    assert set(mine._known) == {"c", "a"}
    mine.close()
    assert mine._known == {}


def test_a_sandbox_ends_with_its_journal():
    journal = MemoryJournal()
    ask(journal, "select 1")
    room = sandboxes(journal)._known["acme"]._room
    process = room._process
    del room
    journal.close()
    del journal
    gc.collect()
    assert process.poll() is not None


def test_a_process_that_died_is_replaced(journal):
    append(journal, [started("a", "acme")])
    rows(journal, "select 1")
    room = sandboxes(journal)._known["acme"]._room
    room._process.kill()
    room._process.wait()
    assert rows(journal, "select run_id from runs") == [["a"]]
