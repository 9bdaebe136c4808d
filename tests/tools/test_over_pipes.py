"""A real server of the official SDK over pipes: calls, answers, progress, endings."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runtime.asking import asked, chart_asking, error, result, until
from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import DefinitionError, LabError, ToolFailed

SHELF = [sys.executable, str(Path(__file__).parent / "servers" / "shelf.py")]


@pytest.fixture(scope="module")
def lab():
    with Lab() as opened:
        opened.secrets["SHELF_KEY"] = "hush-hush"
        env = {"MINE": "yes", "KEY": {"secret": "SHELF_KEY"}}
        opened.tools.add_mcp(SHELF, name="shelf", allow=["*", "read_and_burn"], env=env)
        yield opened


def call(tool, /, *, timeout=0, **arguments):
    return fx.call_tool(f"shelf.{tool}", arguments, timeout=timeout)


@pytest.mark.parametrize(
    ("effect", "answer"),
    [
        (call("read_file", path="a"), "10 lines of a"),
        (call("add", a=1, b=2), 3),
        (call("read_all"), {"files": 3}),
        (call("read_and_burn", path="x"), "burnt x"),
        (
            call("picture"),
            [
                {"type": "text", "text": "look"},
                {"type": "image", "mime": "image/png", "data": "YWJj"},
            ],
        ),
    ],
)
def test_what_a_tool_answers_is_plain_json(lab, effect, answer):
    assert result(lab, effect) == answer


def test_a_tool_that_fails_says_why(lab):
    told = error(lab, call("fail", why="me"))
    assert told["kind"] == "ToolFailed"
    assert told["message"].startswith("shelf.fail failed. Its server says: Error executing tool")


def test_arguments_are_checked_before_anything_is_sent(lab):
    before = lab.tools["shelf.add"].calls
    told = error(lab, call("add", a="x"))
    assert told["kind"] == "EffectError"
    assert "'b' is a required property" in told["message"]
    assert "'x' is not of type 'integer'" in told["message"]
    assert lab.tools["shelf.add"].calls == before


def test_an_answer_that_is_too_large_is_refused_and_the_connection_stays(lab):
    pid = result(lab, call("where"))["pid"]
    told = error(lab, call("big", size=300_000))
    assert told["message"] == "shelf.big answered with 300,059 bytes; 262,144 are taken."
    assert len(result(lab, call("big", size=260_000))) == 260_000
    assert result(lab, call("where"))["pid"] == pid


def test_it_gets_what_it_was_given_and_what_every_program_needs_and_no_more(lab, monkeypatch):
    monkeypatch.setenv("TRAAVIIS_UNTOLD", "no")
    lab.tools.add_mcp(SHELF, name="other", allow=["where"], env={"MINE": "1"})
    around = result(lab, fx.call_tool("other.where", {}))
    lab.tools.remove("other")
    assert around["MINE"] == "1"
    assert around["PATH"] == os.environ["PATH"]
    assert not [name for name in around if name.startswith(("TRAAVIIS", "PYTEST", "KEY"))]


def test_a_secret_it_was_handed_never_comes_back(lab):
    assert result(lab, call("where"))["KEY"] == "[secret SHELF_KEY]"
    assert lab.sql("select 1 from events where body::varchar like '%hush-hush%'").empty


def test_progress_is_told(lab):
    run = asked(lab, call("wait", seconds=1))
    assert run.state == "answered"
    facts = [f for f in lab.journal.read(run.id) if f.kind == "effect.progress"]
    assert facts
    assert b'"message":"part' in facts[0].body


def test_leaving_the_state_cancels_the_call_on_the_server(lab, tmp_path):
    note = tmp_path / "note"
    run = lab.start(chart_asking(call("wait", seconds=30, note=str(note))))
    until(lambda: any(f.kind == "effect.progress" for f in lab.journal.read(run.id)))
    run.send("leave")
    until(note.exists)
    until(lambda: any(f.kind == "tool.called" for f in lab.journal.read(run.id)))
    assert lab.sql("select body->>'$.outcome' o from tool_calls where run_id = $1", [run.id])[
        "o"
    ].tolist() == ["cancelled"]
    assert result(lab, call("add", a=1, b=1)) == 2


def test_a_call_that_takes_too_long_is_a_timeout_and_cancelled_there(lab, tmp_path):
    note = tmp_path / "note"
    effect = call("wait", seconds=30, note=str(note), timeout="200ms")
    told = error(lab, effect)
    assert (told["kind"], told["message"]) == (
        "EffectTimeout",
        "shelf.wait took longer than 0.2 seconds.",
    )
    until(note.exists)


def test_a_server_that_ends_in_a_call_is_said_and_started_anew(lab):
    pid = result(lab, call("where"))["pid"]
    told = error(lab, call("leave", code=9))
    assert told["message"].startswith("shelf.leave: The server ended. It ended with code 9.")
    assert told["message"].endswith("I have had enough")
    assert told["hint"] == "The next call opens a new connection."
    assert result(lab, call("where"))["pid"] != pid


def test_a_server_that_is_killed_between_calls_is_started_anew(lab):
    pid = int(result(lab, call("where"))["pid"])
    os.kill(pid, signal.SIGKILL)
    until(lambda: lab.tools.servers()["shelf"] == "not connected")
    assert result(lab, call("add", a=2, b=2)) == 4


def test_many_calls_at_once(lab):
    effect = fx.parallel(*[call("add", a=n, b=1) for n in range(50)])
    assert result(lab, effect) == [n + 1 for n in range(50)]


def test_closing_ends_the_program(tmp_path):
    with Lab() as lab:
        lab.tools.add_mcp(SHELF, name="shelf", allow=["where"])
        pid = int(result(lab, call("where"))["pid"])
        os.kill(pid, 0)
    until(lambda: not is_alive(pid), 5)


HOLDS = """
import os, sys, time
from tests.runtime.asking import result
from traaviis_lab import Lab, effects as fx
lab = Lab()
lab.tools.add_mcp(sys.argv[1:], name="shelf", allow=["where"])
print(result(lab, fx.call_tool("shelf.where", {}))["pid"], flush=True)
time.sleep(60)
"""


def test_a_program_does_not_outlive_a_process_that_is_killed():
    root = str(Path(__file__).parents[2])
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, *SHELF], stdout=subprocess.PIPE, text=True, cwd=root
    )
    pid = int(holder.stdout.readline())
    os.kill(pid, 0)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    until(lambda: not is_alive(pid), 5)


FORGETS = HOLDS.replace("time.sleep(60)", "")


@pytest.mark.parametrize("how", [FORGETS, FORGETS + "lab.close()\n"])
def test_a_lab_that_nobody_closed_ends_with_its_process_all_the_same(how):
    root = str(Path(__file__).parents[2])
    code = [sys.executable, "-W", "error", "-c", how, *SHELF]
    done = subprocess.run(code, capture_output=True, text=True, cwd=root, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    until(lambda: not is_alive(int(done.stdout)), 5)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_lab_that_is_closed_takes_no_server():
    lab = Lab()
    lab.tools  # noqa: B018
    lab.close()
    with pytest.raises(LabError, match="closed"):
        lab.tools.add_mcp(SHELF, name="shelf")


def test_a_program_that_is_not_there(lab):
    with pytest.raises(ToolFailed, match="no-such-program: No such file or directory"):
        lab.tools.add_mcp("no-such-program --flag", name="gone")
    assert "gone" not in lab.tools.servers()


def test_a_command_is_split_and_no_shell_looks_at_it(lab, tmp_path):
    script = tmp_path / "my server.py"
    script.write_text("import sys\nsys.exit('|'.join(sys.argv[1:]))\n")
    command = f"{sys.executable} '{script}' --a 'b c' ; $HOME `ls` > x"
    with pytest.raises(ToolFailed, match=r"--a\|b c\|;\|\$HOME\|`ls`\|>\|x"):
        lab.tools.add_mcp(command, name="split")


def test_the_same_words_change_nothing_and_other_words_start_it_anew(lab):
    one = lab.tools.add_mcp(SHELF, name="twice", allow=["where"])
    pid = result(lab, fx.call_tool("twice.where", {}))["pid"]
    lab.tools.add_mcp(SHELF, name="twice", allow=["where"])
    assert result(lab, fx.call_tool("twice.where", {}))["pid"] == pid
    lab.tools.add_mcp(SHELF, name="twice", allow=["where"], tools=["where"])
    assert [row.name for row in one] == ["twice.where"]
    assert result(lab, fx.call_tool("twice.where", {}))["pid"] != pid
    until(lambda: not is_alive(int(pid)), 5)
    lab.tools.remove("twice")
    with pytest.raises(LabError, match="no server of tools 'twice'"):
        lab.tools.remove("twice")


def test_a_server_may_be_added_before_it_is_there(lab, tmp_path):
    script = tmp_path / "later.py"
    lab.tools.add_mcp([sys.executable, str(script)], name="later", allow=["add"], connect=False)
    assert lab.tools.servers()["later"] == "not connected"
    told = error(lab, fx.call_tool("later.add", {"a": 1, "b": 1}))
    assert told["kind"] == "ToolFailed"
    script.write_text(Path(SHELF[1]).read_text())
    assert result(lab, fx.call_tool("later.add", {"a": 1, "b": 1})) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"server": "", "name": "x"}, "no command and no URL"),
        ({"server": "a 'b", "name": "x"}, "no command and no URL"),
        ({"server": "a", "name": "a.b"}, "no name for a server"),
        ({"server": "a", "name": "x", "timeout": 0}, "timeout is 0"),
        ({"server": "a", "name": "x", "max_bytes": 0}, "max_bytes is 0"),
        ({"server": "a", "name": "x", "usd": -1}, "usd is -1"),
        ({"server": "a", "name": "x", "allow": 3}, "allow is 3"),
        ({"server": "a", "name": "x", "env": {"A B": "c"}}, "env: 'A B'"),
        ({"server": "a", "name": "x", "env": {"A": 3}}, "env: 'A'"),
        ({"server": "a", "name": "x", "token": {"secret": "A"}}, "no token"),
        ({"server": "http://", "name": "x"}, "no URL of a server"),
        ({"server": "http://u:pw@h/mcp", "name": "x"}, "'h/mcp' is no URL"),
        ({"server": "http://h/mcp", "name": "x", "token": "secret-text"}, "no reference"),
        ({"server": "http://h/", "name": "x", "headers": {"Authorization": "Bearer q"}}, "no ref"),
        ({"server": "http://h/", "name": "x", "headers": {"Host": "q"}}, "'Host' cannot"),
        ({"server": "http://h/", "name": "x", "env": {"A": "b"}}, "no environment"),
    ],
)
def test_what_cannot_be_added_says_why(lab, given, message):
    before = lab.tools.servers()
    with pytest.raises(DefinitionError, match=message) as caught:
        lab.tools.add_mcp(given.pop("server"), **given)
    assert caught.value.hint
    assert "pw@" not in str(caught.value)
    assert "secret-text" not in str(caught.value)
    assert lab.tools.servers() == before


def test_a_warm_call_is_quick(lab):
    took = []
    for n in range(30):
        began = time.monotonic()
        result(lab, call("add", a=n, b=1))
        took.append(time.monotonic() - began)
    assert sorted(took)[15] < 0.25
