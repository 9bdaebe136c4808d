"""A shop that several tests of looking back run: data in data, effects that answer and that fail."""

from traaviis_lab import Machine, State
from traaviis_lab import effects as fx

ADDED = '{"items": data.cart.items + [event.item], "total": data.cart.total + event.price}'


class Shop(Machine):
    """Fill a cart, pay, and try again where that fails."""

    data = {"cart": {"items": [], "total": 0}, "tries": 0, "receipt": None}

    browsing = State(initial=True)
    paying = State(
        enter=[
            fx.update_data("tries", "data.tries + 1"),
            fx.call("charge", {"amount": "{{ data.cart.total }}"}, into="receipt"),
        ],
        on_success="paid",
        on_error={"to": "browsing", "do": [fx.put_data("problem", "{{ event.message }}")]},
    )
    paid = State(final=True)

    browsing.to(None, on="added", assign={"cart": ADDED})
    browsing.to(paying, on="checkout", when="data.cart.total > 0")


def shopping(lab, id, items, charge=lambda amount: {"paid": amount}):
    """A run that puts the items (name and price) into the cart and pays."""
    lab.register(charge, "charge")
    run = lab.start(Shop, id=id)
    for item, price in items:
        run.send("added", item=item, price=price)
    if items:
        tries = run.data["tries"]
        run.send("checkout")
        run.wait(lambda run: run.done or ("problem" in run.data and run.data["tries"] > tries))
    return run
