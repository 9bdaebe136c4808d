"""What a file of a run must not be: cut, changed, swollen, forged. Then nothing of it gets in."""

import gzip
import hashlib
import json
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from traaviis_lab import Lab, LabError, ToldClock
from traaviis_lab.errors import ChainBroken, JournalConflict, JournalError
from traaviis_lab.journal.lines import write_record
from traaviis_lab.travel.carrying import carried as reading

from .portable import facts_of, lines_of, packed, played


@pytest.fixture
def lab():
    with Lab(clock=ToldClock()) as opened:
        yield opened


@pytest.fixture
def other():
    with Lab(clock=ToldClock()) as opened:
        yield opened


@pytest.fixture
def path(lab, tmp_path):
    return played(lab).export(tmp_path / "x.run.jsonl.gz")


def refused(other, path, error=JournalError, match=None, **more):
    with pytest.raises(error, match=match) as said:
        other.import_run(path, **more)
    assert said.value.hint
    assert other.journal.runs() == []
    return said.value


def test_what_is_no_run_is_said_to_be_none(other, tmp_path):
    for name, text in {
        "a": b"",
        "b": b"hello\n",
        "c": b"[]\n",
        "d": b'{"a":1}\n',
        "e": b"null\n",
    }.items():
        (tmp_path / name).write_bytes(text)
        refused(other, tmp_path / name, match="is not the file of a run")
    refused(other, tmp_path, match="cannot be read")
    refused(other, tmp_path / "nowhere.gz", match="cannot be read")
    (tmp_path / "half").write_bytes(b"\x1f\x8b")
    refused(other, tmp_path / "half", match="cut or damaged")


def test_a_newer_format_is_refused_with_a_clear_sentence(other, path):
    head, *rest = lines_of(path)
    packed(path, [head.replace(b"traaviis-run/1", b"traaviis-run/2"), *rest])
    error = refused(other, path, match="is of format 'traaviis-run/2'")
    assert "pip install -U" in error.hint


def test_a_cut_file_is_refused_wherever_it_is_cut(other, path):
    whole = path.read_bytes()
    for length in (1, 30, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        path.write_bytes(whole[:length])
        refused(other, path)
    lines = gzip.decompress(whole).splitlines(keepends=True)
    refused(other, packed(path, lines[:-1]), match="is cut: it ends after fact")
    refused(other, packed(path, lines[:1]), match="ends after fact 0")
    refused(other, packed(path, [*lines[:-1], lines[-1][:-1]]), match="in the middle of a line")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=some.floats(0, 0.999999), by=some.integers(1, 255))
def test_law_a_changed_byte_never_gets_in(path, place, by):
    lines = b"".join(lines_of(path) if path.suffix == ".gz" else [])
    spot = int(place * len(lines))
    changed = bytearray(lines)
    changed[spot] ^= by
    bad = path.with_name("bad.jsonl")
    bad.write_bytes(bytes(changed))
    with pytest.raises(LabError):
        reading.read_run(bad)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=some.floats(0, 0.999999), by=some.integers(1, 255))
def test_law_a_byte_changed_in_the_gzip_is_noticed_or_changes_nothing(path, place, by):
    whole = bytearray(path.read_bytes())
    whole[int(place * len(whole))] ^= by
    bad = path.with_name("bad.gz")
    bad.write_bytes(bytes(whole))
    try:
        found = reading.read_run(bad)
    except LabError:
        return
    assert found == reading.read_run(path)


def test_facts_that_are_missing_doubled_turned_or_of_another_run(lab, other, path, tmp_path):
    lines = lines_of(path)
    refused(other, packed(path, [*lines[:4], *lines[5:]]), match="fact 4 is missing")
    refused(other, packed(path, [*lines[:4], lines[3], *lines[4:]]), match="is missing")
    refused(other, packed(path, [*lines[:3], lines[4], lines[3], *lines[5:]]), match="is missing")
    strange = lines_of(played(lab, "d2").export(tmp_path / "y.gz"))
    refused(other, packed(path, [*lines[:4], strange[4], *lines[5:]]), match="of run 'd2'")
    refused(other, packed(path, [*lines, lines[-1]]), match="follows the end")
    refused(other, packed(path, [lines[1], *lines]), match="is not the file")


def forged(lines, change):
    """The lines with a fact changed by somebody who can compute check sums and hashes."""
    last, out = bytes(32), []
    for line in lines[1:-1]:
        core = line[: line.rindex(b',"hash"')]
        core = change(core)
        last = hashlib.sha256(last + core).digest()
        digits = last.hex().encode()
        crc = zlib.crc32(digits, zlib.crc32(core))
        out.append(b'%b,"hash":"%b","crc":"%08x"}\n' % (core, digits, crc))
    head = json.loads(lines[0])
    head = {k: v for k, v in head.items() if k not in ("type", "crc")} | {"head": last.hex()}
    end = write_record("end", {"facts": len(out), "head": last.hex()})
    return [write_record("run", head), *out, end]


def test_a_forger_changes_the_whole_chain_and_it_is_another_run(other, lab, path):
    """A chain shows a changed byte, not a history that was written anew: that needs the head."""
    lines = forged(lines_of(path), lambda core: core.replace(b"fully_open", b"fully_shut"))
    with pytest.raises(JournalConflict):
        lab.import_run(packed(path, lines))
    with pytest.raises(LabError):
        other.import_run(path).replay()


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (b'"at":17', b'"at":99999999999999999917', "no whole number of 64 bits"),
        (b'"at":17', b'"at":1.17', "no whole number"),
        (b'"at":17', b'"at":9917', "in no year of the calendar"),
        (b'"at":17', b'"later":17', "has the field 'later'"),
        (b'"tenant":"default"', b'"tenant":7', "no 'tenant'"),
        (b'"tenant":"default"', b'"tenant" :"default"', "not written as a journal writes it"),
        (b'"cause":2', b'"cause":2000', "which is not before it"),
        (b'"body":{"data":{"user_id"', b'"body":{"dota":{"user_id"', "has no 'data'"),
        (b'"taken":', b'"token":', "has no 'step'|the step of fact"),
        (b'"body":{"data":{"user_id"', b'"body":[{"data":{"user_id"', "unexpected|JSON|object"),
        (b'"kind":"run.started"', b'"kind":"event"', "a run begins once"),
        (b'"chart":"', b'"chort":"', "has no 'chart'"),
    ],
)  # fmt: skip
def test_a_well_made_chain_around_nonsense(other, path, old, new, match):
    lines = lines_of(path)
    assert any(old in line for line in lines[1:]), old
    refused(other, packed(path, forged(lines, lambda core: core.replace(old, new, 1))), match=match)


def test_the_chart_in_the_head_must_be_the_one_of_the_run(other, path):
    lines = lines_of(path)
    head = json.loads(lines[0])
    head = {k: v for k, v in head.items() if k not in ("type", "crc")}
    head["spec"]["name"] = "Trapdoor"
    refused(other, packed(path, [write_record("run", head), *lines[1:]]), match="not the chart")
    head |= {"machine": "\x1b[31mTrapdoor", "spec": None}
    refused(other, packed(path, [write_record("run", head), *lines[1:]]), match="the machine in")


def test_a_bomb_is_not_unpacked(other, path, tmp_path):
    bomb = tmp_path / "bomb.gz"
    lines = lines_of(path)
    with gzip.open(bomb, "wb") as file:
        file.write(lines[0])
        for _ in range(64):
            file.write(b" " * 2**20)
    assert bomb.stat().st_size < 200_000
    error = refused(other, bomb, match="unpacks to more than", most=2**20)
    assert "most=" in error.hint
    refused(other, packed(tmp_path / "long.gz", lines), match="unpacks to more", most=2_000)


def test_nothing_is_written_where_the_file_cannot_be(lab, tmp_path):
    run = played(lab, rounds=1)
    with pytest.raises(LabError, match="is a folder"):
        run.export(tmp_path)
    with pytest.raises(LabError, match="cannot be written"):
        run.export(tmp_path / "nowhere" / "x.gz")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_journal_is_not_exported_as_if_it_were_whole(tmp_path):
    with Lab(tmp_path / "j.duckdb") as lab:
        played(lab, rounds=1)
    with Lab(tmp_path / "j.duckdb") as lab:
        fact = facts_of(lab, "d1")[2]
        real = lab.journal.read

        def bent(run, *, after=0, upto=None, **more):
            for one in real(run, after=after, upto=upto, **more):
                yield one._replace(name="other") if one.seq == fact.seq else one

        lab.journal.read = bent
        with pytest.raises(ChainBroken, match=f"Fact {fact.seq} of run 'd1'"):
            lab.recording("d1").export(tmp_path / "x.gz")
        assert not (tmp_path / "x.gz").exists()
        del lab.journal.read
