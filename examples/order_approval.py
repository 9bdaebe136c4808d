"""An order that needs approval: a reminder after a day, an escalation after three, a payment.

Shows timers of days in a moment, a registered function behind a `call`, its failure and its
result, `validate` with a reason, and what the journal says in the end.

    python examples/order_approval.py
"""

from __future__ import annotations

from typing import Any

from traaviis_lab import EventRefused, Lab, Machine, State, ToldClock
from traaviis_lab import effects as fx


class Order(Machine):
    """An order from the wish to the parcel."""

    data = {"amount": 0, "reminders": 0, "by": "", "receipt": None}
    events = {
        "submitted": {
            "properties": {"amount": {"type": "number", "minimum": 1, "title": "Amount"}},
            "required": ["amount"],
        },
        "approved": {"properties": {"by": {"type": "string"}}, "required": ["by"]},
        "rejected": {"properties": {"by": {"type": "string"}}, "required": ["by"]},
    }

    draft = State(initial=True)
    waiting = State(
        validate=[
            {
                "on": "approved",
                "when": 'data.amount < 1000 || event.by == "director"',
                "reason": "orders of 1000 and more are for the director to approve",
            }
        ],
    )
    escalated = State(enter=fx.log("order of {{ data.amount }} waits for too long", "warning"))
    paying = State(
        enter=fx.call("charge", {"amount": "{{ data.amount }}"}, into="receipt"),
        on_success="sent",
        on_error="payment_failed",
    )
    payment_failed = State()
    sent = State(final=True)
    closed = State(final=True)

    draft.to(waiting, on="submitted", assign={"amount": "event.amount"})
    waiting.after("24h", do=fx.update_data("reminders", "data.reminders + 1"))
    waiting.after("72h", escalated)
    for state in (waiting, escalated):
        state.to(paying, on="approved", assign={"by": "event.by"})
        state.to(closed, on="rejected", assign={"by": "event.by"})
    payment_failed.to(paying, on="retried")


def charge(amount: float) -> dict[str, Any]:
    """Stand in for a payment service that knows no odd amounts."""
    if amount % 2:
        raise ValueError(f"the bank refuses {amount}")
    return {"id": f"receipt-{amount}", "paid": amount}


def main() -> None:
    """Take three orders through."""
    clock = ToldClock()
    with Lab(clock=clock) as lab:
        lab.register(charge)
        quick, slow, odd = (lab.start(Order, id=f"order_{n}") for n in ("quick", "slow", "odd"))
        quick.send("submitted", amount=250)
        slow.send("submitted", amount=5000)
        odd.send("submitted", amount=7)
        quick.send("approved", by="ann")
        odd.send("approved", by="ann")
        try:
            slow.send("approved", by="ann")
        except EventRefused as refusal:
            print(refusal)
        clock.advance(4 * 24 * 3600)
        print(f"after four days: {slow.state}, {slow.data['reminders']} reminder")
        slow.send("approved", by="director")
        for run in (quick, slow, odd):
            run.wait(lambda it: it.done or it.state == "payment_failed")
            print(f"{run.id}: {run.state} {run.data['receipt']}")
        print(lab.sql("select kind, count(*) as facts from events group by all order by all"))


if __name__ == "__main__":
    main()
