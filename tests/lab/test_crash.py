"""A lab that is killed: what was acknowledged is there, and the run goes on where it stood."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from traaviis_lab import Lab, ToldClock

CHILD = """
import sys
from traaviis_lab import Lab
from tests.lab.machines import Counter
lab = Lab(sys.argv[1], durability=sys.argv[2])
runs = [lab.resume(f"r{i}") if int(sys.argv[3]) else lab.start(Counter, id=f"r{i}") for i in range(int(sys.argv[4]))]
while True:
    for run in runs:
        run.send("count", by=1)
        sys.stdout.write(f"{run.id} {run.seq} {run.data['n']}\\n")
        sys.stdout.flush()
"""


def killed_after(path, durability, again, runs, seconds):
    """What a child acknowledged before it was killed: run -> (seq, n)."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), durability, str(int(again)), str(runs)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=os.getcwd(),
    )
    told = {}
    first = child.stdout.readline()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        name, seq, n = (child.stdout.readline()).split()
        told[name] = (int(seq), int(n))
    child.send_signal(signal.SIGKILL)
    rest = child.communicate(timeout=30)[0].splitlines()
    for line in [first, *rest]:
        if len(parts := line.split()) == 3 and line.endswith(parts[2]):
            name, seq, n = parts
            if int(seq) > told.get(name, (0, 0))[0]:
                told[name] = (int(seq), int(n))
    return told


@pytest.mark.crash
@pytest.mark.parametrize(("durability", "runs"), [("disk", 3), ("disk", 1), ("process", 3)])
def test_what_was_acknowledged_is_there_after_kill_9_and_the_run_goes_on(
    tmp_path, durability, runs
):
    path = tmp_path / "door.duckdb"
    chance = random.Random(7)
    for round_ in range(3):
        told = killed_after(path, durability, round_ > 0, runs, chance.uniform(0.05, 0.4))
        with Lab(path) as lab:
            assert lab.verify().problems == ()
            for name, (seq, n) in told.items():
                run = lab.resume(name)
                assert run.seq >= seq, (name, run.seq, seq)
                assert run.data["n"] >= n
                assert run.data["n"] == run.seq - 1, "nothing twice, nothing lost in between"
                rows = lab.sql("select seq, body from events where run_id = ? order by seq", [name])
                assert rows["seq"].tolist() == list(range(1, run.seq + 1))
                assert all(json.loads(body) for body in rows["body"])


TIMED = """
import os, signal, sys
from traaviis_lab import Lab, ToldClock
from tests.lab.conftest import Door
lab = Lab(sys.argv[1], clock=ToldClock())
run = lab.start(Door, id="d")
for name in ("open_command", "fully_open", "close_command"):
    run.send(name)
lab.clock.advance(10)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.crash
def test_a_timer_goes_on_after_kill_9_with_what_was_left_of_it(tmp_path):
    path = tmp_path / "door.duckdb"
    died = subprocess.run([sys.executable, "-c", TIMED, str(path)], check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    clock = ToldClock()
    clock.advance(10)
    with Lab(path, clock=clock) as lab:
        run = lab.resume("d")
        assert (run.state, list(run.timers)) == ("closing", ["after.closing.0"])
        clock.advance(19)
        assert run.state == "closing"
        clock.advance(1)
        assert run.state == "opening"
        assert lab.verify().problems == ()
