"""The file of a cassette: added to by one, read by many, and its hand-made changes found."""

import json
import os
import subprocess
import sys

import pytest

from traaviis_lab.errors import DefinitionError, ModelFailed
from traaviis_lab.models import Cassette, Scripted

from .asking import answer, asking
from .test_cassette import lines, recorded


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "talk.jsonl"
    recorded(found, "one", "two", request=asking("Hi"))
    return found


def changed(path, number, change):
    """The file with one line's object changed, 1 being the header."""
    found = path.read_text().splitlines()
    line = json.loads(found[number - 1])
    change(line)
    found[number - 1] = json.dumps(line)
    path.write_text("\n".join(found) + "\n")


def test_it_is_json_lines_with_a_header_and_a_hash_on_each(path):
    header, *rest = path.read_text().splitlines()
    assert header == '{"cassette":"traaviis/1"}'
    assert [set(json.loads(line)) for line in rest] == [
        {"request", "n", "answer", "recorded_at", "seconds", "sha256"}
    ] * 2
    said = json.loads(rest[0])
    assert said["request"] == {"messages": [{"role": "user", "content": "Hi"}], "model": "p/m"}
    assert (said["n"], said["answer"]["text"]) == (1, "one")


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line["answer"].update(text="three"),
        lambda line: line["answer"].update(cost_usd=0.0),
        lambda line: line["request"]["messages"][0].update(content="Ho"),
        lambda line: line.update(n=7),
        lambda line: line.update(edited=True),
        lambda line: line.update(sha256="0" * 64),
        lambda line: line.pop("sha256"),
    ],
)
def test_what_is_changed_by_hand_is_found_with_its_line(path, change):
    changed(path, 3, change)
    for mode in ("auto", "replay", "record"):
        with pytest.raises(DefinitionError, match="line 3 was changed by hand") as caught:
            Cassette(path, mode)
        assert "Cassette.bless(" in caught.value.hint


def test_a_change_that_is_meant_is_blessed_and_says_so(path):
    before = path.read_bytes().splitlines()[2]
    changed(path, 2, lambda line: line["answer"].update(text="better"))
    assert Cassette.bless(path) == 1
    assert Cassette.bless(path) == 0
    replay = Cassette(path, "replay").wrap(None, "p/m")
    mended, kept = answer(replay), answer(replay)
    assert (mended.text, mended.provenance["edited"]) == ("better", True)
    assert "edited" not in kept.provenance
    assert path.read_bytes().splitlines()[2] == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_spaces_and_line_ends_are_no_change(path):
    text = path.read_text().splitlines()
    loose = [json.dumps(json.loads(line), indent=None) for line in text]
    path.write_bytes("\r\n".join(["", *loose, "", ""]).encode())
    assert len(Cassette(path)) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda line: line["answer"].update(finish="done"), "answer.finish is 'done'"),
        (lambda line: line["answer"].update(text=None), "answer.text is None"),
        (lambda line: line["answer"].pop("text"), "answer has no text"),
        (lambda line: line["answer"].update(cost_usd=-1), "answer.cost_usd is -1"),
        (lambda line: line["answer"].update(cost_usd=True), "answer.cost_usd is True"),
        (lambda line: line["answer"]["usage"].update(tokens_in=-1), "tokens_in: -1"),
        (lambda line: line["answer"].update(usage=3), "answer.usage is 3"),
        (lambda line: line["answer"].update(chunks=[1]), "answer.chunks"),
        (lambda line: line["answer"].update(tool_calls=["x"]), "tool_calls"),
        (lambda line: line["answer"].update(error="bad"), "answer.error is no object"),
        (lambda line: line["answer"].update(error={"message": "x"}), "answer.error has no"),
        (lambda line: line.update(n=0), "n is 0"),
        (lambda line: line.update(n=True), "n is True"),
        (lambda line: line.update(more=1), "it has more"),
        (lambda line: line.pop("request"), "it has no request"),
        (lambda line: line.update(request=[]), "request is no object"),
        (lambda line: line["request"].update(model=3), "request.model"),
        (lambda line: line["request"].update(max_tokens="9"), "request.max_tokens"),
        (lambda line: line.update(n=1, recorded_at=3), "recorded_at"),
    ],
)
def test_what_is_no_answer_is_refused_and_cannot_be_blessed(path, change, said):
    changed(path, 2, change)
    for read in (Cassette, Cassette.bless):
        with pytest.raises(DefinitionError, match="line 2 is no recorded answer") as caught:
            read(path)
        assert said in str(caught.value)


@pytest.mark.parametrize("line", ["[1]", "3", "null", '"x"'])
def test_a_line_that_is_no_object_is_refused(path, line):
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(DefinitionError, match="line 4 is no recorded answer: it is no object"):
        Cassette(path)


def test_a_line_in_the_middle_that_is_no_json_is_refused(path):
    first, second, third = path.read_text().splitlines()
    path.write_text(f"{first}\n{second[:50]}\n{third}\n")
    with pytest.raises(DefinitionError, match="line 2 is no JSON"):
        Cassette(path)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ('{"cassette": "traaviis/2"}', "format 'traaviis/2'; here 'traaviis/1' is read"),
        ('{"cassette": "vcr/1"}', "is no cassette"),
        ('{"cassette": 1}', "is no cassette"),
        ("[]", "is no cassette"),
        ('{"interactions": []}', "is no cassette"),
    ],
)
def test_another_format_is_refused(path, header, said):
    path.write_text(header + "\n" + path.read_text())
    with pytest.raises(DefinitionError, match=said):
        Cassette(path)


def test_somebody_elses_file_is_never_written_to(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("my notes\n")
    for mode in ("auto", "replay", "record"):
        with pytest.raises(DefinitionError, match="is no cassette"):
            Cassette(path, mode)
    path.write_text("my notes without an end")
    for mode in ("auto", "replay", "record"):
        with pytest.raises(DefinitionError):
            Cassette(path, mode)
    with pytest.raises(DefinitionError, match="cannot be read"):
        Cassette(tmp_path)
    assert path.read_text() == "my notes without an end"


def test_a_line_that_was_cut_while_written_is_left_out_and_written_over(path):
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines()[1][:80])
    assert len(Cassette(path, "replay")) == 2
    tape = Cassette(path)
    provider = tape.wrap(Scripted(["three"]), "p/m")
    assert [answer(provider).text for _ in range(3)] == ["one", "two", "three"]
    tape.close()
    assert [line["n"] for line in lines(path)] == [1, 2, 3]


def test_a_missing_last_line_end_is_made_good(path):
    path.write_bytes(path.read_bytes().rstrip())
    recorded(path, "three", request=asking("Ho"))
    assert len(lines(path)) == 3
    assert len(Cassette(path, "replay")) == 3


def test_two_cannot_record_at_once_but_others_may_read(path):
    mine = Cassette(path, "record")
    answer(mine.wrap(Scripted(["newer"]), "p/m"), asking("He"))
    reading = Cassette(path, "replay").wrap(None, "p/m")
    other = Cassette(path)
    inner = Scripted(["x", "y", "z"])
    provider = other.wrap(inner, "p/m")
    assert [answer(provider).text, answer(provider).text] == ["one", "two"]
    with pytest.raises(ModelFailed, match="being recorded on by another") as caught:
        answer(provider)
    assert caught.value.sent is False
    assert not inner.requests, "nothing was paid for"
    assert answer(reading).text == "one"
    answer(mine.wrap(Scripted(["new"]), "p/m"), asking("Ho"))
    mine.close()
    assert answer(provider, asking("Ho")).text == "new", "what came meanwhile is known"
    assert answer(provider).text == "x"
    other.close()
    assert len(Cassette(path, "replay")) == 5


def test_another_process_is_refused_too(path):
    mine = Cassette(path)
    answer(mine.wrap(Scripted(["x"]), "p/m"), asking("a"))
    code = (
        "import asyncio, sys; from traaviis_lab.models import Cassette, Request, Scripted\n"
        "tape = Cassette(sys.argv[1]).wrap(Scripted(['x']), 'p/m')\n"
        "try: asyncio.run(tape.complete(Request('m', ({'content': 'b'},))))\n"
        "except Exception as error: print(type(error).__name__)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "ModelFailed"
    mine.close()


def test_a_closed_one_can_be_used_again(path):
    tape = Cassette(path)
    answer(tape.wrap(Scripted(["x"]), "p/m"), asking("a"))
    tape.close()
    tape.close()
    answer(tape.wrap(Scripted(["y"]), "p/m"), asking("b"))
    tape.close()
    assert len(lines(path)) == 4


def test_what_ends_after_the_cassette_was_ejected_is_recorded_and_lets_go(path):
    import asyncio

    async def story():
        tape, gate = Cassette(path), asyncio.Event()

        async def late(request):
            await gate.wait()
            return "late"

        task = asyncio.create_task(tape.wrap(Scripted(late), "p/m").complete(asking("a")))
        await asyncio.sleep(0.01)
        tape.close()
        gate.set()
        await task

    asyncio.run(story())
    recorded(path, "free again", request=asking("b"))
    assert lines(path)[-2]["answer"]["text"] == "late"


def test_an_answer_is_not_lost_where_it_cannot_be_written(path, monkeypatch, caplog):
    tape = Cassette(path)
    before = path.read_bytes()

    def half(file, line):
        raise OSError(28, "No space left on device")

    inner = Scripted(["paid for"])
    tape._file.own()
    monkeypatch.setattr(os, "write", half)
    told = answer(tape.wrap(inner, "p/m"), asking("a"))
    monkeypatch.undo()
    tape.close()
    assert told.text == "paid for"
    assert "No space left" in told.provenance["not_recorded"]
    assert "was not recorded" in caplog.text
    assert path.read_bytes() == before


def test_a_file_that_another_put_in_its_place_is_not_written_over(path):
    tape = Cassette(path)
    provider = tape.wrap(Scripted(["x", "y"]), "p/m")
    answer(provider, asking("a"))
    copy = path.with_suffix(".new")
    copy.write_bytes(path.read_bytes() + b"\n")
    copy.replace(path)
    told = answer(provider, asking("b"))
    assert "changed by another" in told.provenance["not_recorded"]
    tape.close()
    assert path.read_bytes().count(b"sha256") == 3, "what was put there is as it was"


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_paid(tmp_path):
    inner = Scripted(["x"])
    tape = Cassette(tmp_path / "file" / "talk.jsonl")
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelFailed, match="cannot be written"):
        answer(tape.wrap(inner, "p/m"))
    assert not inner.requests
    with pytest.raises(DefinitionError, match="There is no cassette"):
        Cassette.bless(tmp_path / "none.jsonl")
