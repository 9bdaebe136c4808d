"""The debugger of a run that another process drives: it grows while one looks, and is not driven."""

from __future__ import annotations

import subprocess
import sys

import pytest

from traaviis_lab import Lab

from .beholder import Beholder

OTHER = """
import sys
from traaviis_lab import Lab
from tests.lab.machines import Counter
with Lab(sys.argv[1]) as lab:
    run = lab.start(Counter, id="c")
    run.send("count", by=1)
    print("ready", flush=True)
    for line in sys.stdin:
        run.send("count", by=int(line))
"""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "shared.duckdb")


@pytest.fixture
def other(path):
    """A process that drives run `c` of the journal: a line to it is an event."""
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()
        assert process.wait(30) == 0


def test_what_another_process_does_is_seen_as_it_comes(comms, path, other, ask):
    with Lab(path) as lab:
        widget = lab.debug("c")
        browser = Beholder(widget.comm)
        seen = browser.track()
        assert (seen.total, seen.now["status"], seen.opened["live"]) == (2, "asleep", False)
        assert ask(widget, "rows", page=0)["ok"]
        for by in (2, 3):
            other.stdin.write(f"{by}\n")
            other.stdin.flush()
        browser.until(lambda all: all.tracks["a"].total == 4, timeout=30)
        assert sorted(seen.rows) == [1, 2, 3, 4]
        assert ask(widget, "page", page=0)["ok"]
        assert browser.track().data(4) == {"n": 6}
        assert "not live in this lab" in ask(widget, "send", event="count", data={})["error"]
        answer = ask(widget, "fork", at=3)
        assert answer["ok"], answer
        assert lab.run(answer["run"]).data == {"n": 3}
        assert [node["status"] for node in browser.look().tree] == ["asleep", "running"]
