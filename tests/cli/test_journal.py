"""A journal is listed, shown, asked, checked, taken elsewhere and mended from the shell."""

import csv
import hashlib
import io
import json

import pytest

from traaviis_lab import Lab, ToldClock
from traaviis_lab.gallery import Timer


@pytest.fixture
def journal(tmp_path):
    """A journal with two runs: one with a refused event, one that is done."""
    with Lab(tmp_path / "j.duckdb", clock=ToldClock()) as lab:
        first = lab.start(Timer, id="t1")
        first.send("start", seconds=3)
        first.send("tick")
        with pytest.raises(Exception, match="means nothing"):
            first.send("kicked")
        lab.start(Timer, id="t2", tenant="kitchen").send("discard")
    return tmp_path / "j.duckdb"


def test_ls(command, journal):
    said = command("journal", "ls", journal)
    assert said.code == 0
    assert [line.split()[:3] for line in said.out.splitlines() if line.startswith(" t")] == [
        ["t1", "Timer", "running"],
        ["t2", "Timer", "discarded"],
    ]
    runs = json.loads(command("journal", "ls", journal, "--json").out)
    assert [(r["run"], r["tenant"], r["done"]) for r in runs] == [
        ("t1", "default", False),
        ("t2", "kitchen", True),
    ]


def test_show(command, journal):
    out = command("journal", "show", journal, "t1").out
    assert "Event 'kicked' means nothing in running." in out
    assert '{"seconds": 3, "remaining": 3}' in out
    part = command("journal", "show", journal, "t1", "--from", 2, "--to", 3).out
    assert "run.started" not in part
    assert "tick" in part
    refused = command("journal", "show", journal, "t1", "--kind", "event.refused", "--json").out
    assert [json.loads(line)["name"] for line in refused.splitlines()] == ["kicked"]


def test_a_run_or_journal_that_is_not_there(command, journal):
    said = command("journal", "show", journal, "t9")
    assert said.code == 3
    assert "There is no run 't9'" in said.err
    assert "journal ls" in said.err
    said = command("journal", "ls", "x.duckdb")
    assert said.code == 2
    assert "There is j.duckdb." in said.err
    assert not journal.with_name("x.duckdb").exists()


def test_sql(command, journal):
    query = "select name, count(*) as n from events where kind = 'event' group by all order by all"
    assert json.loads(command("journal", "sql", journal, query, "--json").out) == [
        {"name": "discard", "n": 1},
        {"name": "start", "n": 1},
        {"name": "tick", "n": 1},
    ]
    assert command("journal", "sql", journal, "-", "--csv", stdin="select 1 as a").out == "a\n1\n"
    assert "discard" in command("journal", "sql", journal, query).out
    said = command("journal", "sql", journal, "selec 1")
    assert said.code == 3
    assert "selec" in said.err
    assert "Traceback" not in said.err
    assert command("journal", "sql", journal, query, "--csv", "--json").code == 2


def test_export_keeps_every_byte_that_was_hashed(command, journal, tmp_path):
    assert command("journal", "export", journal, "--out", "out.jsonl").code == 0
    facts = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    with Lab(journal) as lab:
        for fact in facts:
            kept = next(lab.journal.read(fact["run"], after=fact["seq"] - 1))
            assert fact["hash"] == kept.hash.hex()
            assert json.loads(kept.body) == fact["body"]
            assert len(bytes.fromhex(fact["hash"])) == hashlib.sha256().digest_size
    assert [f["seq"] for f in facts if f["run"] == "t1"] == [1, 2, 3, 4]


def test_export_as_csv_and_of_one_run(command, journal):
    said = command("journal", "export", journal, "--format", "csv", "--run", "t2")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert {row["run"] for row in rows} == {"t2"}
    assert json.loads(rows[0]["body"])["machine"] == "Timer"
    assert command("journal", "export", journal, "--run", "t9").code == 3


def test_verify(command, journal):
    said = command("journal", "verify", journal)
    assert said.code == 0
    assert "It is whole." in said.out
    assert (
        "t1"
        not in json.loads(command("journal", "verify", journal, "t2", "--json").out)["problems"]
    )


def test_verify_says_what_is_broken(command, journal):
    segment = next(journal.with_name("j.duckdb.log").glob("*/0*.jsonl"))
    segment.write_bytes(segment.read_bytes().replace(b"kicked", b"kissed", 1))
    said = command("journal", "verify", journal)
    assert said.code == 1
    assert "It is not whole." in said.out
    assert "000001.jsonl" in said.err
    verdict = json.loads(command("journal", "verify", journal, "--json").out)
    assert verdict["problems"]


def test_rebuild_makes_tables_that_are_gone_or_broken(command, journal):
    before = command("journal", "export", journal).out
    for breakage in (lambda: None, journal.unlink, lambda: journal.write_bytes(b"junk" * 1000)):
        breakage()
        said = command("journal", "rebuild", journal)
        assert said.code == 0, said.err
        assert " facts in new tables." in said.out
        assert command("journal", "export", journal).out == before
    assert command("journal", "rebuild", "x.duckdb").code == 2
