"""The run that stands in the pictures: an agent decides a refund, and a person is asked."""

from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx


class Refund(Machine):
    """Decides refunds; above 100 a person is asked, unless the risk is low."""

    data = {"order": "", "amount": 0, "risk": None, "decision": ""}

    waiting = State(initial=True)
    looking_up = State(enter=[fx.call("look_up", {"order": "{{ data.order }}"}, into="found")])
    scoring = State(
        enter=[fx.call("score", {"customer": "{{ data.found.customer }}"}, into="risk")]
    )
    asking = State()
    paid = State(final=True)
    declined = State(final=True)

    waiting.to(looking_up, on="refund_wanted", assign={"order": "event.order"})
    looking_up.to(scoring, on="done.invoke.looking_up", assign={"amount": "data.found.amount"})
    looking_up.to(declined, on="error.invoke.looking_up", assign={"decision": "'no such order'"})
    scoring.to(
        paid,
        on="done.invoke.scoring",
        when="data.amount <= 100 || data.risk < 0.2",
        assign={"decision": "'paid at once'"},
    )
    scoring.to(asking, on="done.invoke.scoring")
    asking.to(paid, on="approved", assign={"decision": "'paid, said ' + event.by"})
    asking.to(declined, on="rejected", assign={"decision": "'declined'"})
    asking.after("2h", declined)


lab = Lab()
lab.register(lambda order: {"customer": "cem", "amount": 320}, "look_up")
lab.register(lambda customer: 0.6, "score")
run = lab.start(Refund, id="refund_c3")
run.send("refund_wanted", order="C-3")
run.wait("asking")
