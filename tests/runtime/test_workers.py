"""Plain functions have a thread each; those that hang keep the others from nothing."""

import threading

from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.runtime.workers import MOST


def test_functions_that_hang_do_not_keep_others_from_running():
    gate = threading.Event()
    with Lab() as lab:
        lab.register(lambda: gate.wait(30), "hangs")
        lab.register(lambda: "here", "answers")
        hangs = fx.parallel(*[fx.timeout(fx.call("hangs"), "50ms")] * (MOST + 8), settle=True)
        try:
            assert len(lab.run_pipeline(hangs).data["result"]) == MOST + 8
            assert lab.run_pipeline(fx.call("answers"), timeout=5).data["result"] == "here"
        finally:
            gate.set()


def test_of_those_that_somebody_waits_for_only_so_many_run_at_once():
    lock, here, most = threading.Lock(), [0], [0]

    gate = threading.Event()

    def counts():
        with lock:
            here[0] += 1
            most[0] = max(most[0], here[0])
        gate.wait(0.02)
        with lock:
            here[0] -= 1

    with Lab() as lab:
        lab.register(counts)
        lab.run_pipeline(fx.parallel(*[fx.call("counts")] * (3 * MOST)))
    assert most[0] == MOST
