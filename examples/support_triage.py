"""Customers' questions to a shop: sort, look up, answer, check; and a person where that fails.

One machine, whoever answers. On a cassette (what a small model of 135 million parameters really
said, so that neither key nor network nor weights are needed), on that model in this process, or
on any other that there is a key for. It is estimated before it starts, its costs are compared
with that afterwards, and in the end the runs are worked out again with all models gone.

    python examples/support_triage.py
    python examples/support_triage.py --on local              # traaviis-lab models add smollm2
    TRAAVIIS_SECRET_KEY=... python examples/support_triage.py --on openai/gpt-4o-mini
    python examples/support_triage.py --record                # ask the local model, and keep it
"""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path

from traaviis_lab import Lab, Machine, Run, State
from traaviis_lab import effects as fx

HERE = Path(__file__).parent
DOCS = HERE / "support_docs"
CASSETTE = HERE / "cassettes" / "support_triage.jsonl"
LOCAL = "local/smollm2"
OPENAI = "https://api.openai.com/v1"

TOPICS = ["delivery", "returns", "care", "complaint"]
SORTED = [
    ("My kettle smells of vinegar.", "care"),
    ("I do not like it. Can I send it back?", "returns"),
    ("When will my parcel come?", "delivery"),
    ("Nobody answers me! This is outrageous!", "complaint"),
    ("How much is shipping?", "delivery"),
    ("How do I clean the lid?", "care"),
    ("I am angry. You are the worst shop ever!", "complaint"),
    ("Do I get my money back if I return the kettle?", "returns"),
]
ANSWERED = [
    (
        "The kettle holds 1.7 litres. Never fill it above the line.",
        "How much water goes in?",
        "The kettle holds 1.7 litres.",
    ),
    (
        "Pay by card or by invoice. Invoices are due after 14 days.",
        "Can I pay by card?",
        "Yes, you can pay by card or by invoice.",
    ),
]
QUESTIONS = [
    "How much is express delivery?",
    "May I put it into the dishwasher?",
    "How long does delivery take?",
    "Do you ship to Norway?",
    "This is the third broken kettle. I am furious!",
]


def shown(asked: str, said: str) -> list[dict[str, str]]:
    """One example of how a question is sorted, as a talk."""
    return [
        {"role": "user", "content": asked},
        {"role": "assistant", "content": said},
    ]


sort = fx.call_llm(
    "triage",
    system="Sort messages of customers into delivery, returns, care or complaint.",
    messages=[
        *[message for asked, topic in SORTED for message in shown(asked, f'"{topic}"')],
        {"role": "user", "content": "{{ data.question }}"},
    ],
    schema={"enum": TOPICS},
    max_tokens=12,
    temperature=0,
    into="topic",
)
look_up = fx.vector_search(
    "support", "{{ data.question }}", top=1, filter={"source": "{{ data.topic }}.md"}, into="found"
)
answer = fx.call_llm(
    "triage",
    system="Answer the customer's question from the text, in one sentence.",
    messages=[
        *[message for text, *one in ANSWERED for message in shown(f"{text}\n\n{one[0]}", one[1])],
        {"role": "user", "content": "{{ data.found[0].text }}\n\n{{ data.question }}"},
    ],
    max_tokens=60,
    temperature=0,
    into="answer",
)
check = fx.validate_quality(
    {"answer": "{{ data.answer }}", "text": "{{ data.found[0].text }}"},
    function="grounded",
    threshold=0.5,
    into="quality",
)


class Triage(Machine):
    """Answers a question from the shop's papers, or hands it to a person."""

    data = {"question": "", "topic": "", "found": [], "answer": "", "quality": {}, "why": ""}
    events = {
        "human_answered": {
            "title": "A person has answered",
            "properties": {"answer": {"type": "string", "title": "Answer"}},
            "required": ["answer"],
        }
    }

    sorting = State(
        initial=True,
        enter=sort,
        on_success=[
            {"to": "escalated", "when": "data.topic == 'complaint'", "assign": {"why": "'angry'"}},
            {"to": "looking_up"},
        ],
    )
    looking_up = State(enter=look_up, on_success="answering")
    answering = State(enter=answer, on_success="checking")
    checking = State(
        enter=check,
        on_success=[
            {"to": "answered", "when": "data.quality.passed"},
            {"to": "escalated", "assign": {"why": "'not from our papers'"}},
        ],
    )
    working = State(states=[sorting, looking_up, answering, checking], initial=True)
    escalated = State(title="A person's turn")
    answered = State(final=True)

    working.to(escalated, on="budget.exceeded", assign={"why": "'too dear: ' + event.budget"})
    working.to(escalated, on="error.invoke.*", assign={"why": "event.message"})
    escalated.to(answered, on="human_answered", assign={"answer": "event.answer"})


def grounded(value: dict[str, str]) -> float:
    """The share of an answer's words that stand in the text; 0 if it has a number of its own."""
    said, given = words(value["answer"]), words(value["text"])
    if any(word.isdigit() for word in said - given):
        return 0.0
    return len(said & given) / max(len(said), 1)


def words(text: str) -> set[str]:
    """The numbers of a text, and its words of four letters and more."""
    return set(re.findall(r"\d+|[a-z]{4,}", text.lower()))


def opened(on: str, journal: Path | None = None) -> Lab:
    """A lab that knows the shop's papers, and the model that is to answer."""
    lab = Lab(journal)
    lab.register(grounded)
    # The embedder that is always there, so that the same is found everywhere.
    lab.knowledge(DOCS, name="support", embedder="char-tfidf")
    provider = on.partition("/")[0]
    if provider in ("local", "record"):
        lab.models.local()
    elif provider == "openai":
        lab.models.openai(base_url=os.environ.get("OPENAI_BASE_URL", OPENAI), key="KEY")
    elif provider == "litellm":
        lab.models.litellm(key="KEY")
    if on in ("cassette", "record"):
        lab.models.cassette(CASSETTE, mode="replay" if on == "cassette" else "record")
    lab.models.alias("triage", on if "/" in on else LOCAL)
    lab.budget(machine=Triage, per="run", tokens=5_000)
    return lab


def triage(lab: Lab, question: str) -> Run:
    """Estimate, ask, and say how it went and what it took."""
    data = {"question": question}
    estimate = lab.estimate(Triage, data)
    run = lab.start(Triage, data=data, estimate=estimate)
    run.wait(lambda run: run.state in ("answered", "escalated"))
    path = list(dict.fromkeys(run.history()["state"]))
    why = f" ({run.data['why']})" if run.data["why"] else ""
    print(f"\n{question}\n  {' > '.join(path)}{why}")
    if run.data["answer"]:
        score = run.data["quality"].get("score", 0)
        print(f"  {run.data['topic']}: {run.data['answer']} [{score:.2f} from our papers]")
    costs = run.costs()
    print(f"  {took(costs.tokens, costs.usd)}; foreseen {foreseen(costs.total['estimate'])}")
    return run


def took(tokens: float, usd: float | None) -> str:
    """Tokens and money; money that is not known is not none."""
    return f"{tokens:,.0f} tokens, {'unknown price' if usd is None else f'${usd:.6f}'}"


def foreseen(total: dict[str, float | None]) -> str:
    """What an estimate said before the run, the average."""
    return took(total["tokens"] or 0, total["usd"])


def main(on: str) -> None:
    """Answer the questions, one by one, and look back."""
    with opened(on) as lab:
        print(f"On {on}")
        runs = [triage(lab, question) for question in QUESTIONS]
        for run in runs:
            if run.state == "escalated":
                run.send("human_answered", answer="A person will write to you today.")
        print(f"\nAll are {', '.join({run.state for run in runs})}.")
        total = lab.costs().total
        tokens = total["tokens_in"] + total["tokens_out"]
        print(f"{total['calls']} calls took {took(tokens, total['usd'])}")
        replayed(lab, runs)


def replayed(lab: Lab, runs: list[Run]) -> None:
    """Take all models away, and work every run out again from what is written down."""
    lab.models.eject()
    for name in lab.models.table()["name"]:
        lab.models.remove(name)
    calls = "select count(*) as n from model_calls"
    before = lab.sql(calls)["n"][0]
    steps = sum(run.replay().steps for run in runs)
    asked = lab.sql(calls)["n"][0] - before
    print(f"With no model left: {steps} steps came out as recorded, {asked} models were asked.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--on", default="cassette", help="cassette, local, or provider/model")
    parser.add_argument("--record", action="store_true", help="ask the local model, and keep it")
    given = parser.parse_args()
    main("record" if given.record else given.on)
