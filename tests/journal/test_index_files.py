"""An index file that is missing, old, damaged, somebody else's or in use is told apart, and rebuilt."""

import os
import pickle
import shutil
import subprocess
import sys

import pytest

from tests.journal.lumps import cut, fact, lump_of, many
from traaviis_lab.errors import IndexUnusable, JournalLocked
from traaviis_lab.journal import rebuild as module
from traaviis_lab.journal.duck import Duck
from traaviis_lab.journal.index import DuckIndex
from traaviis_lab.journal.lump import Position
from traaviis_lab.journal.rebuild import condition, rebuild, set_aside


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "x.duckdb")


def made(path, count=3_000):
    index = DuckIndex(path)
    for lump in cut(many(count)):
        index.feed(lump)
    return index


def refused(path):
    with pytest.raises(IndexUnusable) as caught:
        DuckIndex(path)
    found = condition(path)
    assert found.reason == caught.value.reason
    return caught.value


def change(path, sql):
    duck = Duck(path)
    with duck.cursor() as cursor:
        cursor.execute(sql)
    duck.close()


def flip(path, place):
    with open(path, "r+b") as file:
        file.seek(place)
        byte = file.read(1)
        file.seek(place)
        file.write(bytes([byte[0] ^ 0xFF]))


def test_a_closed_index_opens_as_it_was(path):
    made(path).close()
    assert condition(path) is None
    assert not os.path.exists(f"{path}.wal")
    index = DuckIndex(path)
    assert index.positions() == {"1": Position(1, 3000)}
    assert index.query("select count(*) as n from events").n[0] == 3000
    index.feed(lump_of([fact("new", 1)], since=3000))
    index.close()


def test_no_file_is_no_trouble(path):
    assert condition(path) is None
    assert rebuild(path, []).positions() == {}


def test_a_file_that_is_no_database(path):
    with open(path, "w") as file:
        file.write("door,open\n" * 1000)
    error = refused(path)
    assert error.reason == "stranger"
    assert "no DuckDB database" in error.message


def test_an_empty_file_is_rebuilt(path):
    open(path, "w").close()
    assert refused(path).reason == "stranger"
    index = rebuild(path, cut(many(10)))
    assert index.positions() == {"1": Position(1, 10)}
    index.close()


def test_a_flipped_byte_is_noticed_where_it_matters(path):
    made(path).close()
    size = os.path.getsize(path)
    reasons = []
    for place in (20, 5000, 9000, *range(12_288, size, 262_144)):
        copy = f"{path}-{place}"
        shutil.copy(path, copy)
        flip(copy, place)
        try:
            index = DuckIndex(copy)
            index.query("select * from events")
        except IndexUnusable as error:
            reasons.append((error.reason, error.hint))
        else:
            index.close()
    assert len(reasons) >= 4
    assert {reason for reason, _ in reasons} == {"damaged"}
    assert all("rebuild" in hint for _, hint in reasons)


def test_a_cut_file(path):
    made(path).close()
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) // 2)
    assert refused(path).reason == "damaged"


def test_another_database_is_never_touched(path):
    change(path, "create table mine as select 42 as answer")
    error = refused(path)
    assert error.reason == "foreign"
    assert "mine" in error.message
    with pytest.raises(IndexUnusable, match="something else"):
        rebuild(path, cut(many(10)))
    change(path, "insert into mine values (43)")


def test_an_index_of_another_schema(path):
    made(path).close()
    change(path, "update meta set value = '0' where key = 'schema'")
    assert refused(path).reason == "older"
    change(path, "update meta set value = '99' where key = 'schema'")
    assert refused(path).reason == "newer"
    change(path, "update meta set value = 'x' where key = 'schema'")
    assert refused(path).reason == "older"
    index = rebuild(path, cut(many(100)))
    assert index.query("select count(*) as n from events").n[0] == 100
    index.close()
    assert sorted(os.listdir(os.path.dirname(path))) == ["x.duckdb"]


def test_a_machine_that_stopped_is_noticed(path, monkeypatch):
    monkeypatch.setattr("traaviis_lab.journal.meta.boot_id", lambda: "monday")
    index = made(path)
    index._duck.close()  # not closed in good order: what kill -9 leaves
    assert condition(path) is None
    monkeypatch.setattr("traaviis_lab.journal.meta.boot_id", lambda: "tuesday")
    error = refused(path)
    assert error.reason == "unclean"
    rebuild(path, cut(many(100))).close()
    monkeypatch.setattr("traaviis_lab.journal.meta.boot_id", lambda: "wednesday")
    DuckIndex(path).close()


def test_a_feeding_that_breaks_the_file_is_the_last_one(path, monkeypatch):
    index = made(path, 10)

    def fail(*_):
        raise IndexUnusable("DuckDB: INTERNAL Error")

    with monkeypatch.context() as patch:
        patch.setattr(Duck, "transaction", fail)
        patch.setattr(index._feeder, "_fill", lambda lumps: [])
        with pytest.raises(IndexUnusable, match="INTERNAL"):
            index.feed(lump_of([fact("new", 1)], since=10))
    with pytest.raises(IndexUnusable, match="INTERNAL"):
        index.feed(lump_of([fact("new", 1)], since=10))
    assert index.query("select count(*) as n from events").n[0] == 10
    index.close()
    error = refused(path)
    assert error.reason == "unclean"
    assert "DuckDB failed" in error.message
    rebuild(path, cut(many(10))).close()


def test_a_system_without_boot_ids_syncs_every_feed(path, monkeypatch):
    monkeypatch.setattr("traaviis_lab.journal.meta.boot_id", lambda: "")
    index = made(path, 10)
    index._duck.close()
    assert condition(path) is None


def test_another_process_has_it(path):
    made(path, 10).close()
    code = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout.readline() == b"1\n"
    for attempt in (DuckIndex, condition, lambda path: rebuild(path, [])):
        with pytest.raises(JournalLocked, match=str(other.pid)):
            attempt(path)
    other.communicate()
    DuckIndex(path).close()


def test_a_damaged_file_is_kept_aside_by_a_rebuild(path):
    for number in (1, 2):
        with open(path, "w") as file:
            file.write(f"ruin {number}")
        rebuild(path, cut(many(10))).close()
        with open(f"{path}.damaged-{number}") as file:
            assert file.read() == f"ruin {number}"
    assert sorted(os.listdir(os.path.dirname(path))) == [
        "x.duckdb", "x.duckdb.damaged-1", "x.duckdb.damaged-2",
    ]  # fmt: skip


def test_set_aside_takes_the_write_ahead_log_along(path):
    for name in (path, f"{path}.wal"):
        with open(name, "w") as file:
            file.write(name)
    aside = set_aside(path)
    assert os.path.exists(f"{aside}.wal")
    assert not os.path.exists(f"{path}.wal")


def test_a_write_ahead_log_of_the_old_file_never_meets_the_new_one(path):
    index = made(path)
    index._duck._base.execute("set checkpoint_threshold = '1GB'")
    index.feed(lump_of([fact("gone", 1)], since=3000))
    code = (
        f"from tests.journal.lumps import *; from traaviis_lab.journal.index import DuckIndex\n"
        f"import os; i = DuckIndex({path!r}); i.feed(lump_of([fact('gone', 2)], since=3001)); os._exit(9)"
    )
    index._duck.close()
    subprocess.run([sys.executable, "-c", code], check=False, cwd=os.getcwd())
    assert os.path.exists(f"{path}.wal")
    index = rebuild(path, cut(many(50)))
    assert index.query("select count(*) as n from events").n[0] == 50
    assert index.info("gone") is None
    index.close()


def test_a_rebuild_that_fails_leaves_the_old_file(path):
    made(path, 10).close()

    def lumps():
        yield from cut(many(5))
        raise RuntimeError("the log cannot be read")

    with pytest.raises(RuntimeError, match="the log"):
        rebuild(path, lumps())
    assert os.listdir(os.path.dirname(path)) == ["x.duckdb"]
    index = DuckIndex(path)
    assert index.positions() == {"1": Position(1, 10)}
    index.close()


def test_progress_is_told(path, monkeypatch):
    monkeypatch.setattr(module, "ROWS", 1000)
    told = []
    lumps = cut(many(2_500))
    sizes = sum(lump.upto.offset - lump.since.offset for lump in lumps)
    index = rebuild(path, lumps, lambda *news: told.append(news), total=sizes)
    assert [news[0] for news in told] == [1000, 2000, 2500]
    assert told[-1] == (2500, sizes, sizes)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert index.query("select count(*) as n from events").n[0] == 2500
    index.close()


def test_the_error_travels_between_processes():
    error = IndexUnusable("m", hint="h", reason="older")
    back = pickle.loads(pickle.dumps(error))
    assert (back.message, back.hint, back.reason) == ("m", "h", "older")


def test_somebodys_own_file_gets_no_log_beside_it(tmp_path):
    from traaviis_lab.journal.disk import DiskJournal

    mine = tmp_path / "machine.yaml"
    mine.write_text("spec: traaviis/1\n")
    with pytest.raises(IndexUnusable, match="no DuckDB database"):
        DiskJournal(str(mine))
    assert [one.name for one in tmp_path.iterdir()] == ["machine.yaml"]
    assert mine.read_text() == "spec: traaviis/1\n"
