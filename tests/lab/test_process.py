"""A lab in a process of its own: left open, interrupted, forked."""

import os
import subprocess
import sys

import pytest

from traaviis_lab import Lab

from .machines import Counter


def child(code, *args, ok=0):
    head = "import sys\nfrom traaviis_lab import Lab\nfrom tests.lab.machines import Counter\n"
    ran = subprocess.run(
        [sys.executable, "-c", head + code, *map(str, args)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == ok, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("ending", ["", "sys.exit(0)", "raise SystemExit(0)"])
@pytest.mark.parametrize("durability", ["disk", "async"])
def test_a_lab_left_open_is_closed_when_the_interpreter_ends(tmp_path, ending, durability):
    path = tmp_path / "door.duckdb"
    child(
        "lab = Lab(sys.argv[1], durability=sys.argv[2])\n"
        "run = lab.start(Counter, id='c')\n"
        "for _ in range(50): run.send('count', by=2)\n" + ending,
        path, durability,
    )  # fmt: skip
    with Lab(path) as lab:
        assert lab.resume("c").data == {"n": 100}
        verdict = lab.verify()
        assert (verdict.problems, verdict.facts) == ((), 51)


def test_an_interrupt_leaves_the_lab_working(tmp_path):
    out = child(
        "import os, signal, threading, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell may ignore it
        "lab = Lab(sys.argv[1])\n"
        "run = lab.start(Counter, id='c')\n"
        "caught = 0\n"
        "def interrupt():\n"
        "    for _ in range(20):\n"
        "        time.sleep(0.01); os.kill(os.getpid(), signal.SIGINT)\n"
        "thread = threading.Thread(target=interrupt); thread.start()\n"
        "while thread.is_alive():\n"
        "    try:\n"
        "        while thread.is_alive(): run.send('count', by=1)\n"
        "    except KeyboardInterrupt:\n"
        "        caught += 1\n"
        "thread.join()\n"
        "run.send('count', by=1)\n"  # what was interrupted while it waited is done before this
        "before = run.data['n']\n"
        "run.send('count', by=1)\n"
        "assert run.data['n'] == before + 1 == run.seq - 1\n"
        "assert lab.verify().problems == ()\n"
        "print(caught)\n",
        tmp_path / "door.duckdb",
    )
    assert int(out) > 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_fork_cannot_write_into_its_parents_lab_and_says_so(tmp_path):
    out = child(
        "import os, warnings\n"
        "lab = Lab(sys.argv[1])\n"
        "run = lab.start(Counter, id='c')\n"
        "warnings.simplefilter('ignore')\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    try:\n"
        "        run.send('count', by=1)\n"
        "    except Exception as error:\n"
        "        print(type(error).__name__, error, flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
        "run.send('count', by=1)\n"
        "assert run.data == {'n': 1}\n",
        tmp_path / "door.duckdb",
    )
    assert "this is a fork of it" in out


def test_two_processes_on_one_journal_both_write_and_both_read_all(tmp_path):
    path = tmp_path / "door.duckdb"
    with Lab(path) as lab:
        mine = lab.start(Counter, id="mine")
        out = child(
            "lab = Lab(sys.argv[1])\n"
            "run = lab.start(Counter, id='theirs')\n"
            "for _ in range(5): run.send('count', by=1)\n"
            "print(len(lab.sql(\"select * from events where run_id = 'mine'\")))\n"
            "try:\n"
            "    lab.resume('mine')\n"
            "except Exception as error:\n"
            "    print(type(error).__name__, error)\n"
            "lab.close()\n",
            path,
        )
        assert out.splitlines()[0] == "1"
        assert out.splitlines()[1].startswith("JournalLocked"), out
        mine.send("count", by=1)
        theirs = lab.resume("theirs")
        assert theirs.data == {"n": 5}
        theirs.send("count", by=1)
        rows = lab.sql("select run_id, count(*) as n from events group by 1 order by 1")
        assert rows.values.tolist() == [["mine", 2], ["theirs", 7]]
        assert lab.verify().problems == ()


def test_nested_loops_are_allowed_on_request():
    out = child(
        "import asyncio\n"
        "Lab.default().allow_nested_loops()\n"
        "async def inner(): return 7\n"
        "async def cell(): return asyncio.run(inner())\n"
        "print(asyncio.run(cell()))\n"
    )
    assert out.strip() == "7"


def test_a_crash_right_after_send_loses_nothing_that_was_acknowledged(tmp_path):
    path = tmp_path / "door.duckdb"
    child(
        "import os\n"
        "lab = Lab(sys.argv[1])\n"
        "run = lab.start(Counter, id='c')\n"
        "run.send('count', by=3)\n"
        "os._exit(9)\n",
        path, ok=9,
    )  # fmt: skip
    with Lab(path) as lab:
        assert lab.resume("c").data == {"n": 3}
        assert Counter.chart.name in lab.runs()["machine"].tolist()


def test_a_lab_in_memory_that_came_first_does_not_close_the_journal_too_early(tmp_path):
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\nfrom traaviis_lab import Lab\nsketch = Lab()\nlab = Lab(sys.argv[1])\n",
            tmp_path / "door.duckdb",
        ],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert ran.stderr == ""
