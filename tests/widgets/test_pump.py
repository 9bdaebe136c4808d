"""The pump sends at its own pace, whatever the pace of those who mark."""

from __future__ import annotations

import gc
import logging
import threading

import pytest

from traaviis_lab.widgets.pump import UIPump


class Thing:
    pause = 0.0

    def __init__(self, work=lambda: None):
        self.times = []
        self.value = self.sent = None
        self._work = work
        self.flushed = threading.Semaphore(0)

    def flush(self):
        self._work()
        self.sent = self.value
        self.times.append(CLOCK.now)
        self.flushed.release()


class FakeClock:
    """Time that goes on whenever somebody looks."""

    def __init__(self, tick):
        self.now, self.tick = 0.0, tick

    def __call__(self):
        self.now += self.tick
        return self.now


CLOCK = FakeClock(0.001)


def test_the_last_value_wins_and_marks_are_lumped():
    pump, thing = UIPump(), Thing()
    began, gate = threading.Event(), threading.Event()
    pump.post(lambda: (began.set(), gate.wait()))
    assert began.wait(10)
    for number in range(10_000):
        thing.value = number
        pump.mark(thing)
    gate.set()
    assert pump.settle()
    assert thing.sent == 9_999
    assert len(thing.times) == 1


def test_no_more_than_thirty_a_second():
    pump, thing = UIPump(clock=CLOCK), Thing()
    for _ in range(5):
        pump.mark(thing)
        assert thing.flushed.acquire(timeout=10)
    gaps = [b - a for a, b in zip(thing.times, thing.times[1:], strict=False)]
    assert min(gaps) >= 1 / 30 - 0.002


def test_posts_do_not_wait_for_the_pace():
    pump, thing = UIPump(hz=0.01), Thing()
    pump.mark(thing)
    assert thing.flushed.acquire(timeout=10)
    pump.mark(thing)  # not due for 100 s
    done = threading.Event()
    pump.post(done.set)
    assert done.wait(10)


def test_many_threads_may_mark():
    pump = UIPump()
    things = [Thing() for _ in range(20)]

    def work():
        for number in range(200):
            for thing in things:
                thing.value = number
                pump.mark(thing)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pump.settle()
    assert [thing.sent for thing in things] == [199] * 20


@pytest.mark.parametrize("error", [ValueError("x")])
def test_one_that_fails_does_not_stop_the_others(error, caplog):
    def fail():
        raise error

    pump, bad, good = UIPump(), Thing(fail), Thing()
    with caplog.at_level(logging.ERROR, logger="traaviis_lab.widgets"):
        pump.mark(bad)
        pump.mark(good)
        assert pump.settle()
    assert good.times
    assert "could not be brought up to date" in caplog.text


def test_what_nobody_holds_is_not_kept():
    pump = UIPump(hz=0.01)
    first = Thing()
    pump.mark(first)
    assert first.flushed.acquire(timeout=10)
    thing = Thing()
    flushed = thing.times
    pump.mark(thing)
    del thing
    gc.collect()
    assert flushed == []
