"""Machines and runs that the tests of why and explain share."""

import contextlib

from traaviis_lab import EventRefused, Machine, State
from traaviis_lab import effects as fx


class Loan(Machine):
    """Asks for a score and decides."""

    data = {"income": 0, "score": None, "decision": "", "limit": 600, "who": {"name": ""}}
    collecting = State(initial=True)
    scoring = State(enter=fx.call("score", {"income": "{{ data.income }}"}, into="score"))
    deciding = State()
    approved = State(final=True)
    rejected = State(final=True)
    collecting.to(None, on="told", assign={"income": "event.income"})
    collecting.to(None, on="named", assign={"who": "{'name': event.name}"})
    collecting.to(scoring, on="ready", when="data.income > 0")
    scoring.to(deciding, on="done.invoke.scoring")
    deciding.to(approved, when="data.score >= data.limit", assign={"decision": "'yes'"})
    deciding.to(rejected, assign={"decision": "'no'"})


class Agent(Machine):
    """Plans, calls a tool, checks what it answered; after a failure it plans again."""

    data = {"tries": 0, "answer": None, "q": ""}
    planning = State(initial=True)
    calling = State(enter=fx.call("tool", {"q": "{{ data.q }}"}, into="answer"))
    checking = State()
    finished = State(final=True)
    failed = State()
    planning.to(calling, on="planned", assign={"q": "event.q"})
    planning.to(failed, on="give_up", when="data.tries >= 5")
    calling.to(checking, on="done.invoke.calling")
    calling.to(planning, on="error.invoke.calling", assign={"tries": "data.tries + 1"})
    checking.to(finished, on="accepted", when="data.answer != null")
    checking.to(planning, on="rejected")


def score(income):
    return income // 2


def tool(q):
    if q == "bad":
        raise ValueError("no such tool")
    return q.upper()


def loan(lab, run_id="loan", income=1200, **data):
    """A loan that was decided."""
    lab.register(score, "score")
    run = lab.start(Loan, id=run_id, data=data)
    run.send("told", income=income)
    run.send("ready")
    return run.wait(timeout=10)


def agent(lab, run_id, *steps):
    """An agent's run: `"bad"` and `"good"` are plans, all else are events."""
    lab.register(tool, "tool")
    run = lab.start(Agent, id=run_id)
    for step in steps:
        with contextlib.suppress(EventRefused):
            if step in ("bad", "good"):
                run.send("planned", q=step)
                run.wait(lambda r: r.state != "calling", timeout=10)
            else:
                run.send(step)
    return run
