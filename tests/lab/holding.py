"""What the tests of held runs share."""

import time

from traaviis_lab import Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.runtime import Recall


class Order(Machine):
    """An order with effects, microsteps and things that fail."""

    data = {"total": 0, "paid": None, "tries": 0}

    cart = State(initial=True)
    checking = State()
    paying = State(enter=[fx.call("pay", args={"sum": "{{ data.total }}"}, into="paid")])
    paid = State()
    failed = State()

    cart.to(None, on="cart.add", assign={"total": "data.total + event.price"})
    cart.to(None, on="cart.clear", assign={"total": "0"})
    cart.to(checking, on="buy", assign={"tries": "data.tries + 1"})
    checking.to(paying, when="data.total > 0")
    checking.to(cart, when="data.total <= 0")
    paying.to(paid, on="done.invoke.paying")
    paying.to(failed, on="error.invoke.paying")
    paid.to(cart, on="again")
    failed.to(cart, on="again", do=fx.log("again"))
    failed.to(paying, on="retry")


def soon(holds):
    """Wait for what another thread is about to do."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.002)


def recalled(run):
    again = Recall(run.chart)
    for fact in run.lab.journal.read(run.id):
        again.apply(fact)
    return again


def kinds(run, *wanted):
    return [(f.kind, f.name) for f in run.lab.journal.read(run.id) if f.kind in wanted]
