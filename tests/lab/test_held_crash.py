"""A lab that is killed at a breakpoint: it is at the same breakpoint when it is opened again."""

import json
import signal
import subprocess
import sys

import pytest

from tests.lab.holding import soon
from tests.lab.test_stepping import Asking, Stairs
from traaviis_lab import Lab, ToldClock

HELD = """
import json, os, signal, sys
from traaviis_lab import Lab, ToldClock
from tests.lab.conftest import Door
lab = Lab(sys.argv[1], clock=ToldClock())
run = lab.start(Door, id="d")
run.breakpoint("opening", hit=2)
run.breakpoint("closing")
for name in ("open_command", "fully_open", "close_command"):
    run.send(name)
run.resume()
lab.clock.advance(10)
run.send("obstacle", n=1)
run.send("fully_open")
lab.clock.advance(30)
told = {"held": run.held.to_json(), "breakpoints": [b.to_json() for b in run.breakpoints]}
told["mailbox"] = [w.to_json() for w in run.held.mailbox]
lab.journal.flush()
print(json.dumps({**told, "seq": run.seq}), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(code, path):
    died = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        check=False,
        timeout=60,
        stdout=subprocess.PIPE,
    )
    assert died.returncode == -signal.SIGKILL
    return json.loads(died.stdout)


@pytest.mark.crash
def test_a_run_killed_at_a_breakpoint_is_at_the_same_one_after_reopening(tmp_path):
    path = tmp_path / "door.duckdb"
    told = killed(HELD, path)
    assert told["held"]["reason"] == "Breakpoint b1: obstacle would enter opening."
    assert [w["name"] for w in told["mailbox"]] == ["obstacle", "fully_open", "after.closing.0"]
    clock = ToldClock()
    clock.advance(40)
    with Lab(path, clock=clock) as lab:
        run = lab.resume("d")
        assert run.held.to_json() == told["held"]
        assert [w.to_json() for w in run.held.mailbox] == told["mailbox"]
        assert [b.to_json() for b in run.breakpoints] == told["breakpoints"]
        assert (run.seq, run.state, run.timers) == (told["seq"], "closing", {})
        clock.advance(100)
        assert len(run.held.mailbox) == 3
        run.resume()
        assert (run.state, run.held) == ("open", None)
        run.send("close_command")
        assert run.held.breakpoint == "b2"
        assert lab.verify().problems == ()


ANSWERED = """
import json, os, signal, sys, time
from traaviis_lab import Lab
from tests.lab.holding import soon
from tests.lab.test_stepping import Asking
lab = Lab(sys.argv[1])
lab.register(lambda: sys.stderr.write("asked ") and 7, "look")
run = lab.start(Asking, id="a")
run.breakpoint(event="done.invoke.busy")
run.send("ask")
soon(lambda: run.held)
lab.journal.flush()
print(json.dumps(run.held.to_json()), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.crash
def test_an_effect_whose_outcome_waits_is_not_performed_again(tmp_path):
    path = tmp_path / "a.duckdb"
    told = killed(ANSWERED, path)
    calls = []
    with Lab(path) as lab:
        lab.register(lambda: calls.append(1), "look")
        run = lab.resume("a", chart=Asking)
        assert run.held.to_json() == told
        assert (run.state, len(run.under_way), calls) == ("busy", 1, [])
        run.resume()
        assert (run.state, run.data["found"], calls) == ("idle", 7, [])
        run.send("ask")
        soon(lambda: run.held)
        assert calls == [1]


FLOWING = """
import json, os, signal, sys
from traaviis_lab import Lab
from traaviis_lab.runtime.holding import hold
from tests.lab.machines import Counter
lab = Lab(sys.argv[1])
run = lab.start(Counter, id="c")
run.pause()
for _ in range(50):
    run.send("count", by=1)
taken = []
real = hold.Hold._pass
def die(self, item):
    if len(taken) == 20:
        lab.journal.flush()
        print(json.dumps(run.data), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    taken.append(item)
    real(self, item)
hold.Hold._pass = die
run.resume()
"""


@pytest.mark.crash
def test_a_mailbox_that_was_flowing_flows_on_after_reopening_and_nothing_is_taken_twice(tmp_path):
    path = tmp_path / "c.duckdb"
    assert killed(FLOWING, path) == {"n": 20}
    with Lab(path) as lab:
        run = lab.resume("c")
        run.wait(lambda run: run.data["n"] == 50)
        run.send("count", by=1)
        assert (run.data["n"], run.held) == (51, None)
        assert lab.verify().problems == ()


def test_a_run_that_is_let_go_while_held_goes_on_held_in_another_lab(tmp_path):
    path = tmp_path / "s.duckdb"
    with Lab(path) as lab:
        run = lab.start(Stairs, id="s")
        run.breakpoint("top")
        run.send("up")
        run.step("microstep")
        told = run.held
    with Lab(path) as lab:
        run = lab.resume("s")
        assert run.held.reason == told.reason
        assert run.held.moves == told.moves
        assert (run.held.micro, run.held.active) == (0, {"ground"}), "the cursor is nobody's fact"
        run.resume()
        assert run.state == "top"
