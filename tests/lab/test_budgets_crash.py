"""Budgets over crashes, reopening and processes: what was set aside is never given out twice."""

import os
import subprocess
import sys
import threading
from fractions import Fraction

import pytest

from tests.runtime.asking import asked, chart_asking, until
from tests.runtime.paying import Till, pay
from traaviis_lab import Chart, Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import JournalLocked

LIVES, LIMIT = 20, Fraction(3)
SPENDER = Chart.from_spec(
    {
        "spec": "traaviis/1",
        "name": "Spender",
        "initial": "spending",
        "states": {
            "spending": {
                "enter": [
                    fx.parallel(*[pay(0.004, most=0.01, steps=2)] * 40, concurrency=8).to_spec()
                ],
                "on_success": {"to": "spending"},
                "on_error": {"to": "spent"},
            },
            "spent": {"final": True},
        },
    }
)
NURSERY = """
import os, random, signal, sys, time
import duckdb, httpx, pandas, pyarrow  # a life that is forked has them
import traaviis_lab.lab.lab, traaviis_lab.journal.disk
from tests.lab.test_budgets_crash import live

def size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0

path, till, lives = sys.argv[1:]
chance = random.Random(7)
for life in range(int(lives)):
    heard, told = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            live(path, till, life, told)
        finally:
            os._exit(1)
    os.close(told)
    assert os.read(heard, 1)
    os.close(heard)
    grown, late = size(till) + chance.randrange(120), time.monotonic() + 3
    while size(till) < grown and time.monotonic() < late:  # each has paid something, or nothing
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.02))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
"""


class Shop(Till):
    """A till that writes down what it is paid where no crash of the lab reaches it."""

    def __init__(self, lab, path):
        super().__init__(lab)
        self.book = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.watch = lambda: None

    def _over(self, run, most, used):
        os.write(self.book, f"{used}\n".encode())
        super()._over(run, most, used)


def live(path, till, life, told):
    """One life: go on with the runs there are, begin one more, spend until one is killed."""
    lab = Lab(path)
    Shop(lab, till)
    if not life:
        lab.budget(usd=float(LIMIT))
    os.write(told, b".")
    for one in lab.journal.runs():
        if not one.done:
            lab.resume(one.run)
    if life < 3:
        lab.start(SPENDER, id=f"r{life}")
    threading.Event().wait()


@pytest.mark.crash
def test_killed_twenty_times_nothing_is_overspent(tmp_path):
    path, till = str(tmp_path / "shop.duckdb"), str(tmp_path / "till")
    args = [path, till, str(LIVES)]
    subprocess.run([sys.executable, "-c", NURSERY, *args], check=True, timeout=120)
    with Lab(path) as lab:
        Shop(lab, till)
        before = lab.budgets()["lab"]
        charged = taken(till)
        assert 0 < charged <= LIMIT
        assert Fraction(str(before.spent["usd"])) + Fraction(str(before.lost["usd"])) >= charged
        assert before.lost["usd"] > 0  # else no life was cut while it was paying
        runs = [lab.resume(one.run) for one in lab.journal.runs() if not one.done]
        runs.append(lab.start(SPENDER, id="last"))
        until(lambda: all(run.done for run in runs), 60)
        row = lab.budgets()["lab"]
        assert taken(till) <= LIMIT
        assert 0 <= row.left["usd"] < 0.01
        assert row.lost["usd"] >= before.lost["usd"]
        assert lab.verify().problems == ()
        for run in runs:
            run.replay()


def taken(till):
    with open(till) as book:
        return sum(map(Fraction, book.read().split()))


def test_budgets_and_what_is_spent_are_there_again(tmp_path):
    path = tmp_path / "a.duckdb"
    with Lab(path) as lab:
        Till(lab)
        lab.budget(usd=1)
        lab.budget("mine", machine="Asking", per="run", calls=2, hard=False, warn_at=0.5)
        lab.budget(tenant="gone", usd=1)
        lab.budgets().remove("tenant gone")
        run = asked(lab, pay(0.3, most=0.4))
        was = repr(lab.budgets())
    with Lab(path) as lab:
        Till(lab)
        assert repr(lab.budgets()) == was
        assert [row.name for row in lab.budgets()] == ["lab", "mine"]
        assert lab.budgets()["mine"].of == run.id
        assert asked(lab, pay(0.8)).state == "failed"
        lab.budget(usd=2)  # the same budget with another limit: what is spent stays spent
        assert lab.budgets()["lab"].spent["usd"] == 0.3
        lab.budgets().remove("lab")
        assert lab.budget(usd=1).spent["usd"] == 0  # begun anew
        assert "~budgets" not in set(lab.runs()["run"])
        assert lab.verify().problems == ()
        assert lab.replay_all().ok
    with Lab(path) as lab:
        assert lab.budgets()["lab"].spent["usd"] == 0


def test_a_call_that_closing_cut_is_lost_and_its_repetition_is_paid_anew(tmp_path):
    path = tmp_path / "a.duckdb"
    with Lab(path) as lab:
        till = Till(lab)
        lab.budget(usd=1)
        lab.start(chart_asking(pay(0.4, fate="hangs")), id="r1")
        until(lambda: till.sent == 1)
    with Lab(path) as lab:
        till = Till(lab)
        row = lab.budgets()["lab"]
        assert row.spent["usd"] + row.lost["usd"] == 0.4
        lab.resume("r1")
        until(lambda: till.sent == 1)
        assert lab.budgets()["lab"].reserved["usd"] == 0.4
        assert lab.budgets()["lab"].left["usd"] == 0.2


OTHER = """
import sys
from tests.runtime.asking import asked
from tests.runtime.paying import Till, pay
from traaviis_lab import Lab
with Lab(sys.argv[1]) as lab:
    Till(lab)
    print("ready", flush=True)
    for line in sys.stdin:
        run = asked(lab, pay(0.1))
        error = (run.data.get("error") or {}).get("kind", "")
        print(run.state, error, lab.budgets()["lab"].spent["usd"], flush=True)
"""


def test_two_processes_on_one_journal_never_share_out_the_same_money(tmp_path):
    path = tmp_path / "a.duckdb"
    with Lab(path) as lab, subprocess.Popen(
        [sys.executable, "-c", OTHER, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip

        def ask():
            other.stdin.write("go\n")
            other.stdin.flush()
            return other.stdout.readline().split()

        try:
            assert other.stdout.readline() == "ready\n"
            Till(lab)
            lab.budget(usd=0.15)
            asked(lab, pay(0.05))
            heard = [lab._engine.clock.now()]
            until(lambda: lab._engine.clock.now() > heard[0] + 500_000)  # they follow in 0.1 s
            # the other was open before there was a budget, and heeds it all the same
            assert ask()[:2] == ["failed", "JournalLocked"]
            lab.close()
            assert ask() == ["answered", "0.15"]  # now it keeps the books, with all that is spent
            assert ask()[:2] == ["failed", "BudgetExceeded"]
            with Lab(path) as again:
                Till(again)
                with pytest.raises(JournalLocked, match="kept by another process"):
                    again.budget(usd=5)
                row = again.budgets()["lab"]
                assert row.spent["usd"] == 0.15
        finally:
            other.kill()
