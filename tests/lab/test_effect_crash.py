"""Sagas that are killed at random moments: the shop's own ledger says what happened to the money."""

import os
import subprocess
import sys
import threading
from collections import Counter

import pytest

from tests.lab.holding import soon
from tests.servers.http import LocalServer
from traaviis_lab import Chart, Lab
from traaviis_lab import effects as fx

LIVES = 50
ORDERS = 36


def post(action):
    """Ask the shop for something, as often as it takes; the same key each time."""
    body = {"n": "{{ data.n }}", "amount": "{{ data.amount }}"}
    url = f"{{{{ data.url }}}}/{action}"
    return fx.retry(fx.call_api("POST", url, json=body, repeat="at_least_once"), 9, delay=0)


def pair(does, undoes, after="completed"):
    return fx.with_compensation(post(does), post(undoes), undo_after=after)


ORDER = Chart.from_spec(
    {
        "spec": "traaviis/1",
        "name": "Order",
        "version": "1",
        "data": {"n": 0, "amount": 0, "url": "", "last": "ship"},
        "states": {
            "placing": {
                "enter": [
                    fx.sequence(
                        pair("pay", "refund") & pair("pay", "refund"),
                        fx.saga((post("stock"), post("restock"))),
                        fx.call_api("POST", "{{ data.url }}/{{ data.last }}", json={}),
                    ).to_spec()
                ],
                "on_success": [{"to": "placed"}],
                "on_error": [{"to": "failed"}],
            },
            "placed": {"final": True},
            "failed": {"final": True},
        },
    }
)
BOOKING = Chart.from_spec(
    {
        "spec": "traaviis/1",
        "name": "Booking",
        "version": "1",
        "data": {"n": 0, "amount": 0, "url": ""},
        "states": {
            "booking": {
                "enter": [
                    fx.sequence(*[pair("pay", "refund", "started")] * 3, fx.delay("1h")).to_spec()
                ],
                "transitions": [{"on": "cancel", "to": "given_up"}],
            },
            "given_up": {},
        },
    }
)

NURSERY = """
import os, random, signal, sys, time
import duckdb, httpx, pandas, pyarrow  # a life that is forked has them
import traaviis_lab.lab.lab, traaviis_lab.journal.disk
from traaviis_lab import Lab
from tests.lab.test_effect_crash import live

path, url, host, lives, seed = sys.argv[1:]
chance = random.Random(int(seed))
for life in range(int(lives)):
    heard, told = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            live(path, url, host, life, told)
        finally:
            os._exit(1)
    os.close(told)
    assert os.read(heard, 1)
    os.close(heard)
    time.sleep(chance.uniform(0, 0.12))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
"""


def opened(path, host):
    lab = Lab(path)
    lab.allow_host(host)
    return lab


def live(path, url, host, life, told):
    """One life: go on with every order that is not over, begin some more, until one is killed."""
    lab = opened(path, host)
    known = resumed(lab)
    os.write(told, b".")
    for n in range(life * 3, min(life * 3 + 3, ORDERS)):
        data = {"n": n, "amount": 10 + n, "url": url}
        if n % 3 == 2:
            lab.start(BOOKING, id=f"r{n}", data=data)
        else:
            lab.start(ORDER, id=f"r{n}", data={**data, "last": "ship" if n % 3 else "status/500"})
    for run in known:
        if run.chart.name == "Booking" and run.state == "booking" and life % 2:
            run.send("cancel")
    threading.Event().wait()


def resumed(lab):
    """All runs of the journal that are not over."""
    return [lab.resume(one.run) for one in lab.journal.runs() if not one.done]


@pytest.mark.crash
def test_killed_fifty_times_no_money_is_lost_or_doubled(tmp_path):
    path = tmp_path / "shop.duckdb"
    with LocalServer() as server:
        for action in ("pay", "refund", "stock", "restock"):
            server.slow(action, 0.01)
            server.lose(action, 12)
        args = [str(path), server.url, server.host, str(LIVES), "7"]
        subprocess.run([sys.executable, "-c", NURSERY, *args], check=True, timeout=120)
        for action in ("pay", "refund", "stock", "restock"):
            server.slow(action, 0)
        with opened(path, server.host) as lab:
            runs = resumed(lab)
            for run in runs:
                if run.chart.name == "Booking" and run.state == "booking":
                    run.send("cancel")
            soon(lambda: all(not run.under_way for run in runs))
            assert lab.verify().problems == ()
            states = {one.run: lab.recording(one.run).state for one in lab.journal.runs()}
            for name in states:
                lab.recording(name).replay()
        check(server, states)
        assert server.asked("pay") > server.count("pay")  # some were asked twice, and done once


def check(server, states):
    """What the shop's ledger must say of each order, by its end.

    Lines are told by their keys: of a request that was killed the shop may not know the body.
    """
    lines = Counter((line["action"], line["key"].partition(":")[0]) for line in server.ledger)
    assert len(states) > ORDERS // 4  # some lives were too short to begin
    assert set(states.values()) == {"placed", "failed", "given_up"}
    for name, state in states.items():
        paid, back = lines["pay", name], lines["refund", name]
        stock, restock = lines["stock", name], lines["restock", name]
        if state == "placed":
            assert (paid, back, stock, restock) == (2, 0, 1, 0), name
        elif state == "failed":
            assert (paid, back, stock, restock) == (2, 2, 1, 1), name
        else:  # what may have happened is undone, too: the shop ignores what it never was paid
            assert paid <= back <= 3, (name, paid, back)
