"""Damage to the log or the index: noticed, told with what is lost and what is safe, gone past."""

import json
import os
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journal.facts import BODY, append, make, many, seqs
from traaviis_lab.errors import ChainBroken, IndexUnusable, JournalError
from traaviis_lab.journal.disk import DiskJournal
from traaviis_lab.journal.lines import close_line
from traaviis_lab.journal.port import Keep

SEGMENT = 6_000


def path_of(folder):
    return folder / "x.duckdb"


def files_of(folder):
    return sorted((folder / "x.duckdb.log").glob("stream-*/*.jsonl"))


def segments_of(folder):
    return [file for file in files_of(folder) if file.name[0] == "0"]


def write(folder, *, closed=True):
    """Two runs over several segments, with a chart, a blob and a snapshot, in two openings."""
    journal = DiskJournal(path_of(folder), segment_bytes=SEGMENT)
    journal.put_chart("c1", b'{"name":"Door"}')
    journal.put_blob(b'{"long":"text"}')
    for seq in range(1, 21):
        append(journal, [make("a", seq), make("b", seq)])
    journal.keep(Keep("a", 20, b'{"active":["open"]}'))
    journal.close()
    journal = DiskJournal(path_of(folder), segment_bytes=SEGMENT)
    for seq in range(21, 31):
        append(journal, [make("a", seq)])
    if closed:
        journal.close()
        return None
    return journal


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    write(folder)
    assert len(segments_of(folder)) >= 4
    return folder


@pytest.fixture
def copy(sound, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(sound, folder)
    return folder


def problems(folder):
    """What an opening that salvages finds when the log is read as a whole."""
    journal = DiskJournal(path_of(folder), salvage=True)
    try:
        return journal.verify().problems, journal.notes
    finally:
        journal.close()


def test_nothing_wrong(copy):
    assert problems(copy) == ((), [])


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_flipped_byte_anywhere_is_seen(sound, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("flip") / "copy"
    shutil.copytree(sound, folder)
    path_of(folder).unlink()  # so that opening reads everything
    file = data.draw(st.sampled_from(segments_of(folder)))
    place = data.draw(st.integers(0, file.stat().st_size - 1))
    flip(file, place, data.draw(st.integers(1, 255)))
    try:
        journal = DiskJournal(path_of(folder))
    except JournalError as caught:
        error = caught
    else:
        error = None
    if error is not None:
        assert isinstance(error, ChainBroken)
        assert "stream-0001" in error.message
        assert "runs are whole" in error.message
        assert "salvage" in error.hint
        return
    # only an end mark can go unmissed: the last one is taken for one that was being written, and
    # the others say nothing that the next segment's header does not say again
    told = journal.notes or (file != segments_of(folder)[-1] and place >= end_mark_of(file))
    assert seqs(journal, "a") == list(range(1, 31))
    assert seqs(journal, "b") == list(range(1, 21))
    journal.close()
    assert "closed" in last_line(sound)
    assert told


def end_mark_of(file):
    """Where the facts of a segment end, as the header of the next one has it."""
    after = file.with_name(f"{int(file.stem) + 1:06d}.jsonl")
    return json.loads(after.read_text().splitlines()[0])["previous"]["bytes"]


def last_line(folder):
    return segments_of(folder)[-1].read_text().splitlines()[-1]


def flip(file, place, mask=1):
    raw = bytearray(file.read_bytes())
    raw[place] ^= mask
    file.write_bytes(raw)


def test_a_flipped_byte_says_which_fact_is_lost_and_what_is_safe(copy):
    path_of(copy).unlink()
    file = segments_of(copy)[1]
    flip(file, file.read_bytes().index(b'"run":"b"') + 30)
    with pytest.raises(ChainBroken) as caught:
        DiskJournal(path_of(copy))
    assert "run b: facts" in caught.value.message
    assert "are safe" in caught.value.message
    assert "1 of 2 runs are whole" in caught.value.message
    assert not list(copy.glob("*.new"))
    found, notes = problems(copy)
    assert any("run b" in problem for problem in found)
    assert any("the CRC does not fit" in note for note in notes)
    assert any("run b: facts 10 are lost" in note for note in notes)


def test_a_flip_that_the_index_does_not_need_is_found_by_verify(copy):
    flip(segments_of(copy)[1], 3000)
    journal = DiskJournal(path_of(copy))
    assert seqs(journal, "a") == list(range(1, 31))
    assert journal.verify().problems
    journal.close()


def test_salvage_goes_on_with_what_is_safe(copy):
    path_of(copy).unlink()
    file = segments_of(copy)[1]
    flip(file, file.read_bytes().index(b'"run":"b"') + 30)
    journal = DiskJournal(path_of(copy), salvage=True)
    assert seqs(journal, "a") == list(range(1, 31))
    with pytest.raises(ChainBroken, match="are lost; 1-"):
        seqs(journal, "b")
    append(journal, [make("a", 31), make("b", 21)])
    assert seqs(journal, "a", after=30) == [31]
    journal.close()
    path_of(copy).unlink()
    journal = DiskJournal(path_of(copy))  # what was salvaged once is not refused again
    assert seqs(journal, "a") == list(range(1, 32))
    assert any("run b" in problem for problem in journal.verify().problems)
    journal.close()
    flip(segments_of(copy)[0], 900)
    path_of(copy).unlink()
    with pytest.raises(ChainBroken):
        DiskJournal(path_of(copy))


@pytest.mark.parametrize("which", [0, 1, -1])
@pytest.mark.parametrize("index", ["kept", "gone"])
def test_a_deleted_segment(copy, which, index):
    if index == "gone":
        path_of(copy).unlink()
    gone = segments_of(copy)[which]
    gone.unlink()
    if which == -1 and index == "gone":
        # the last segment of a stream, and nobody left who saw it: the one before it was closed
        # by another opening, so nothing in the log can tell. The index could.
        journal = DiskJournal(path_of(copy))
        assert len(seqs(journal, "a")) < 30
        journal.close()
        return
    for _ in range(2):  # refused every time, not only the first
        with pytest.raises(ChainBroken) as caught:
            DiskJournal(path_of(copy))
    assert "missing" in caught.value.message or "lost" in caught.value.message
    assert "run a: facts" in caught.value.message
    found, _ = problems(copy)
    assert found or which == -1


@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_cut_segment(copy, which):
    file = segments_of(copy)[which]
    os.truncate(file, file.stat().st_size // 2)
    with pytest.raises(ChainBroken) as caught:
        DiskJournal(path_of(copy))
    assert "lost" in caught.value.message
    assert file.name in caught.value.message
    assert "are safe" in caught.value.message


def test_lines_cut_out_at_a_batch_border_are_noticed_by_their_seq(copy):
    path_of(copy).unlink()
    file = segments_of(copy)[0]
    lines = file.read_bytes().splitlines(keepends=True)
    commits = [n for n, line in enumerate(lines) if b'"type":"commit"' in line]
    del lines[commits[2] + 1 : commits[3] + 1]
    file.write_bytes(b"".join(lines))
    with pytest.raises(ChainBroken):
        DiskJournal(path_of(copy))


def test_a_rewritten_fact_with_a_right_crc_breaks_the_chain(copy):
    path_of(copy).unlink()
    file = segments_of(copy)[0]
    lines = file.read_bytes().splitlines(keepends=True)
    place = next(n for n, line in enumerate(lines) if b'"run":"a","seq":2' in line)
    from zlib import crc32

    core = lines[place][:-93].replace(b"u1", b"u2")
    digest = lines[place][-84:-20]
    lines[place] = b'%b,"hash":"%b","crc":"%08x"}\n' % (core, digest, crc32(digest, crc32(core)))
    file.write_bytes(b"".join(lines))
    with pytest.raises(ChainBroken, match="run a: fact 2 does not follow from fact 1"):
        DiskJournal(path_of(copy))


def test_a_rewritten_chart_is_seen_by_the_seal(copy):
    file = segments_of(copy)[0]
    data = file.read_bytes()
    start = data.index(b'{"type":"chart"')
    end = data.index(b"\n", start)
    line = close_line(data[start : end - 18].replace(b"Door", b"Moor"))
    file.write_bytes(data[:start] + line + data[end + 1 :])
    journal = DiskJournal(path_of(copy))
    assert any("sealed" in problem for problem in journal.verify().problems)
    journal.close()


def test_a_newer_format_is_refused_with_a_clear_sentence(copy):
    path_of(copy).unlink()
    file = segments_of(copy)[-1]
    first, _, rest = file.read_bytes().partition(b"\n")
    newer = close_line(first[:-18].replace(b'"format":1', b'"format":2'))
    file.write_bytes(newer + rest)
    with pytest.raises(JournalError, match="log format 2, and this version .* up to 1"):
        DiskJournal(path_of(copy))


def test_a_torn_tail_is_cut_off_and_said(tmp_path):
    journal = write(tmp_path, closed=False)
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copytree(tmp_path / "x.duckdb.log", copy / "x.duckdb.log")
    journal.close()
    file = segments_of(copy)[-1]
    size = file.stat().st_size
    for tail in (b'{"type":"fa', b"\0" * 700, b'{"type":"fact","run":"a","seq":31}\n', b"\n"):
        with file.open("ab") as opened:
            opened.write(tail)
        journal = DiskJournal(path_of(copy))
        assert any("still being written" in note for note in journal.notes), tail
        assert file.stat().st_size == size
        assert seqs(journal, "a") == list(range(1, 31))
        assert journal.verify().problems == ()
        journal.close()
        assert len(segments_of(copy)) == int(file.name[:6])


def test_a_torn_batch_names_the_facts_in_it(tmp_path):
    journal = write(tmp_path, closed=False)
    append(journal, many("a", 31, 33))
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copytree(tmp_path / "x.duckdb.log", copy / "x.duckdb.log")
    journal.close()
    file = segments_of(copy)[-1]
    os.truncate(file, file.stat().st_size - 20)
    journal = DiskJournal(path_of(copy))
    assert any("a seq 31-33" in note for note in journal.notes)
    assert seqs(journal, "a") == list(range(1, 31))
    append(journal, many("a", 31, 40))
    assert seqs(journal, "a") == list(range(1, 41))
    journal.close()
    journal = DiskJournal(path_of(copy))
    assert journal.notes == []
    assert journal.verify().problems == ()
    journal.close()


@pytest.mark.parametrize("harm", ["deleted", "garbage", "cut", "zeros", "empty"])
def test_a_damaged_index_is_made_anew(copy, harm):
    index = path_of(copy)
    size = index.stat().st_size
    if harm == "deleted":
        index.unlink()
    elif harm == "garbage":
        with index.open("r+b") as file:
            file.write(os.urandom(size))
    elif harm == "zeros":
        with index.open("r+b") as file:
            file.seek(4096)
            file.write(bytes(size - 4096))
    else:
        os.truncate(index, size // 2 if harm == "cut" else 0)
    journal = DiskJournal(index)
    assert len(journal.notes) == (harm not in ("deleted", "empty"))
    assert seqs(journal, "a") == list(range(1, 31))
    assert journal.blob(journal.put_blob(b'{"long":"text"}')) == b'{"long":"text"}'
    assert journal.near("a", 30) == Keep("a", 20, b'{"active":["open"]}')
    assert journal.chart("c1") == b'{"name":"Door"}'
    append(journal, [make("b", 21, body=BODY)])
    assert journal.verify().problems == ()
    journal.close()


def test_an_index_that_was_left_behind_catches_up(copy, tmp_path):
    old = tmp_path / "old.duckdb"
    shutil.copy(path_of(copy), old)
    journal = DiskJournal(path_of(copy))
    append(journal, many("a", 31, 900) + many("c", 1, 5))
    journal.close()
    shutil.copy(old, path_of(copy))
    journal = DiskJournal(path_of(copy))
    assert seqs(journal, "a") == list(range(1, 901))
    assert seqs(journal, "c") == [1, 2, 3, 4, 5]
    assert journal.verify().problems == ()
    journal.close()


def test_somebody_elses_database_is_not_touched(tmp_path):
    path = tmp_path / "x.duckdb"
    path.write_text("my notes, which are no database at all\n" * 100)
    with pytest.raises(IndexUnusable):
        DiskJournal(path)
    assert path.read_text().startswith("my notes")
