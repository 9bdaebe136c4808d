"""An order as a saga: pay, reserve, ship, and undo what was done where it cannot be finished.

Against a real HTTP server of its own (`local_shop.py`) that fails when told to: an order that goes
well, one that nobody can ship, one whose payment is made but never heard of, one that is taken
away while it is under way, and one whose process is killed in the middle of it. In the end the
shop's own ledger says whether money was lost or taken twice.

    python examples/order_saga.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from local_shop import LocalShop

from traaviis_lab import Lab, Machine, Run, State
from traaviis_lab import effects as fx

PASSING = [503, "ConnectError", "ReadError", "RemoteProtocolError", "EffectTimeout"]


def ask(what: str, amount: int | str = 1) -> fx.Effect:
    """Ask the shop for something, again where the failure may pass.

    A POST is not repeated after a crash unless one says that it may be. It may here: the shop does
    once what it is asked twice with one `Idempotency-Key`, and `call_api` sends one.
    """
    wish = {"order": "{{ data.order }}", "amount": amount}
    request = fx.call_api(
        "POST", "{{ data.shop }}/" + what, json=wish, timeout="5s", repeat="at_least_once"
    )
    return fx.retry(request, attempts=3, delay="10ms", on=PASSING)


def step(effect: fx.Effect, undo: fx.Effect) -> fx.Effect:
    """A step that is undone also where it failed or was cut off, since it may have happened."""
    return fx.with_compensation(effect, undo, undo_after="started")


class Order(Machine):
    """Pays for kettles, has them put aside and sent; all of it, or nothing."""

    data = {"shop": "", "order": "", "price": 30, "pieces": 1, "why": ""}

    cart = State(initial=True)
    buying = State(
        enter=fx.saga(
            step(ask("pay", "{{ data.price * data.pieces }}"), ask("refund")),
            step(ask("reserve", "{{ data.pieces }}"), ask("release")),
            ask("ship"),
        ),
        on_success="sent",
        on_error={"to": "given_up", "assign": {"why": "event.kind"}},
    )
    sent = State(final=True)
    given_up = State(final=True)

    cart.to(buying, on="buy")
    buying.to(given_up, on="cancel", assign={"why": "'cancelled'"})


def order(lab: Lab, shop: LocalShop, name: str, pieces: int = 1) -> str:
    """Order kettles, and say how it ended and what the shop's ledger has of it."""
    run = lab.start(Order, id=name, data={"shop": shop.url, "order": name, "pieces": pieces})
    run.send("buy")
    run.wait()
    shop.mend()
    return told(run, shop)


def told(run: Run, shop: LocalShop) -> str:
    """How an order ended, by the machine and by the shop."""
    why = f" ({run.data['why']})" if run.data["why"] else ""
    return f"{run.id}: {run.state}{why}; the shop: {shop.told(run.id)}"


def main(folder: Path) -> None:
    """Make the orders."""
    path = folder / "orders.duckdb"
    with LocalShop() as shop:
        with Lab(path) as lab:
            lab.allow_host(shop.host)
            print(order(lab, shop, "plain"))
            shop.fail("ship")
            print(order(lab, shop, "no_van", pieces=2))
            shop.fail("pay", times=2)
            print(order(lab, shop, "third_time"))
            shop.lose("reserve")
            print(order(lab, shop, "unheard"))
            shop.lose("pay", times=3)
            print(order(lab, shop, "never_heard"))
            print(order(lab, shop, "too_many", pieces=100))
            print(cancelled(lab, shop))
        print(killed(path, shop))
        left = sum(line.amount for line in shop.ledger if line.what == "ship")
        print(f"{left} parcels, {shop.stock} kettles left")


def cancelled(lab: Lab, shop: LocalShop) -> str:
    """Leave the state while the shop is about to answer: what was done is undone all the same."""
    shop.slow("reserve", 60)
    run = lab.start(Order, id="taken_away", data={"shop": shop.url, "order": "taken_away"})
    before = shop.asked["reserve"]
    run.send("buy")
    shop.wait_for("reserve", before + 1)
    run.send("cancel")
    run.wait(lambda run: run.done and not run.under_way)
    return told(run, shop)


def killed(path: Path, shop: LocalShop) -> str:
    """Kill the process that orders while the shop is about to answer, and go on with the order."""
    shop.slow("ship", 60)
    before = shop.asked["ship"]
    child = subprocess.Popen([sys.executable, __file__, "--child", str(path), shop.url])
    shop.wait_for("ship", before + 1)
    child.kill()
    child.wait()
    with Lab(path, hosts=[shop.host]) as lab:
        run = lab.resume("killed")
        run.wait()
        effects = run.effects()
        again = effects[effects.starts > 1].label.str.rpartition("/")[2].to_list()
        return f"{told(run, shop)}; asked again: {again}"


def child(path: str, url: str) -> None:
    """Order, and be killed."""
    lab = Lab(path, hosts=[url.removeprefix("http://")])
    run = lab.start(Order, id="killed", data={"shop": url, "order": "killed"})
    run.send("buy")
    run.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder))
