"""Machines are run on logs, on what is piped in, and on what a person types."""

import json

import pytest

from traaviis_lab.cli.prompt import converse, parse_event

LOG = """\
{"at": "2026-03-02T08:00:00Z", "event": "open_command"}
{"at": "2026-03-02T08:00:10Z", "event": "close_command", "data": {"gently": false}}
{"at": "2026-03-02T08:00:05Z", "event": "open_command"}
not a line
{"at": "2026-03-02T08:01:00Z", "event": "open_command"}
"""


def outcome(said):
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_a_log_is_played_in_its_own_time(command, door, tmp_path):
    (tmp_path / "door.jsonl").write_text(LOG)
    found = outcome(command("run", door, "--events", "door.jsonl", "--id", "d1", "--json"))
    # Thirty seconds after the first line the door closed by itself: the last line opens it again.
    assert (found["run"], found["state"], found["data"]) == ("d1", "open", {"opened": 2})
    assert (found["lines"], found["accepted"], found["refused"]) == (5, 2, 2)
    assert (found["malformed"], found["late"]) == (1, 1)
    assert sum(found["reasons"].values()) == 3
    assert any("guard `event.gently`" in reason for reason in found["reasons"])


def test_a_log_can_be_piped_in_and_the_outcome_read_by_people(command, door):
    said = command("run", door, "--id", "d1", stdin=LOG)
    assert said.code == 0
    assert "d1: open, at seq" in said.out
    assert "5 lines: 2 accepted, 2 refused, 1 malformed; 1 came late." in said.out
    assert "1 x malformed: not JSON" in said.out


def test_strict_fails_where_a_line_was_not_taken(command, door):
    assert command("run", door, "--strict", stdin=LOG).code == 1
    good = LOG.splitlines()[0]
    assert command("run", door, "--strict", stdin=good).code == 0


def test_a_machine_from_stdin_needs_its_log_in_a_file(command, door, tmp_path):
    assert command("run", "-", stdin=door.read_text()).code == 2
    (tmp_path / "door.jsonl").write_text(LOG)
    said = command("run", "-", "--events", "door.jsonl", "--json", stdin=door.read_text())
    assert outcome(said)["state"] == "open"


def test_data_to_start_with(command, door):
    said = command("run", door, "--data", '{"opened": 41}', "--json", stdin=LOG)
    assert outcome(said)["data"] == {"opened": 43}
    assert "not JSON" in command("run", door, "--data", "{opened}").err
    assert "not a JSON object" in command("run", door, "--data", "[]").err


def test_a_run_is_kept_and_goes_on(command, door, tmp_path):
    first, rest = LOG.splitlines()[:1], LOG.splitlines()[4:]
    keep = ("--journal", "kept.duckdb", "--id", "d1", "--json")
    assert outcome(command("run", door, *keep, stdin="\n".join(first)))["state"] == "open"
    later = outcome(command("run", door, *keep, "--resume", stdin="\n".join(rest)))
    # It was open; the timer of 08:00:30 fired before the line of 08:01.
    assert (later["data"], later["refused"]) == ({"opened": 2}, 0)
    assert later["seq"] == 4


def test_an_id_that_is_taken_is_said(command, door):
    keep = ("--journal", "kept.duckdb", "--id", "d1")
    assert command("run", door, *keep, stdin=LOG).code == 0
    said = command("run", door, *keep, stdin=LOG)
    assert said.code == 3
    assert "d1" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "arguments", [("--resume",), ("--resume", "--id", "x"), ("--events", "no")]
)
def test_what_makes_no_sense_is_wrong_usage(command, door, arguments):
    assert command("run", door, *arguments).code == 2


def test_an_empty_log_is_a_run_that_has_only_begun(command, door):
    found = outcome(command("run", door, "--json", stdin=""))
    assert (found["lines"], found["state"], found["seq"]) == (0, "closed", 1)


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ("open_command", ("open_command", {})),
        ("a x=1 y=true z=null", ("a", {"x": 1, "y": True, "z": None})),
        ("a who='Ada L' n=[1,2]", ("a", {"who": "Ada L", "n": [1, 2]})),
        ("a url=http://x/?q=1", ("a", {"url": "http://x/?q=1"})),
    ],
)
def test_what_is_typed_becomes_an_event(line, event):
    assert parse_event(line) == event


@pytest.mark.parametrize("line", ["a x", "a =1", "a 'x"])
def test_what_cannot_be_understood_is_said(line):
    with pytest.raises(ValueError, match=r".+"):
        parse_event(line)


def test_a_conversation(monkeypatch, capsys):
    from traaviis_lab import Lab
    from traaviis_lab.gallery import Timer

    typed = iter(["help", "", "jump", "start seconds=x", "start seconds=3", "data", "draw", "a b"])

    def answer(prompt):
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setenv("NO_COLOR", "1")
    with Lab() as lab:
        converse(lab.start(Timer, id="t"))
    said = capsys.readouterr()
    assert "idle   takes: start, discard" in said.out
    assert "running   takes: tick, pause, reset" in said.out
    assert '"remaining": 3' in said.out
    assert "● Running" in said.out
    assert "Event 'jump' means nothing in idle." in said.err
    assert "'seconds' must be an integer" in said.err
    assert "Not understood: 'b' is not field=value." in said.err
