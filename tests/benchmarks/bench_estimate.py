"""How far estimates are from what comes, on runs they have not seen, and what asking costs.

Real talks are replayed where `TAU_BENCH_JSON` names a file of them; the rest is simulated, with
answers whose lengths are drawn as those of models are.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import time
from pathlib import Path

from examples import support_triage
from traaviis_lab import Event, Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.machine import Chart
from traaviis_lab.models import Request

HERE = Path(__file__).parent
ANSWERS = HERE / "cassettes" / "triage.jsonl"
QUESTIONS = HERE / "cassettes" / "questions.txt"
TIMES = 40
SEEN = 50


class Triage(Machine):
    """Sorts a question, answers it, has the answer judged, and tries again or hands it on."""

    data = {"text": "", "label": {}, "answer": "", "verdict": {}, "tries": 0}
    sorting = State(
        initial=True,
        enter=fx.call_llm(
            "s/m", "Sort this question: {{ data.text }}", into="label",
            schema={"type": "object", "properties": {"label": {"enum": ["order", "bill", "other"]}}},
        ),
    )  # fmt: skip
    answering = State(
        enter=fx.call_llm("s/m", "Answer as {{ data.label.label }}: {{ data.text }}", into="answer")
    )
    judging = State(
        enter=fx.call_llm(
            "s/m", "Is this good? {{ data.answer }}", into="verdict",
            schema={"type": "object", "properties": {"good": {"type": "boolean"}}},
        )
    )  # fmt: skip
    person = State(final=True)
    over = State(final=True)
    sorting.to(person, on="done.invoke.sorting", when="data.label.label == 'other'")
    sorting.to(answering, on="done.invoke.sorting")
    answering.to(judging, on="done.invoke.answering")
    judging.to(over, on="done.invoke.judging", when="data.verdict.good")
    judging.to(person, on="done.invoke.judging", when="data.tries >= 2")
    judging.to(answering, on="done.invoke.judging", assign={"tries": "data.tries + 1"})


class Agent(Machine):
    """An agent in a talk: what it is told comes as events."""

    data = {"talk": []}
    agent = State(initial=True, enter=fx.call_llm("s/m", messages="{{ data.talk }}"))
    waiting = State()
    over = State(final=True)
    agent.to(waiting, on="done.invoke.agent")
    waiting.to(agent, on="user_said", assign={"talk": "event.talk"})
    waiting.to(agent, on="tool_said", assign={"talk": "event.talk"})
    waiting.to(over, on="ended")


def row(what, value, unit, target="", beside="", ratio=None):
    return {
        "what": what,
        "value": value,
        "unit": unit,
        "target": target,
        "beside": beside,
        "ratio": ratio,
    }


def answers(rng):
    """A model whose answers are as long as those of models are."""

    def answer(request):
        if request.schema:
            asked = request.schema["properties"]
            if "label" in asked:
                return {"label": rng.choices(["order", "bill", "other"], [6, 3, 1])[0]}
            return {"good": rng.random() < 0.75}
        words = round(rng.lognormvariate(4.3, 0.35))
        return " ".join(
            rng.choice(("the", "order", "is", "late", "and", "refund")) for _ in range(words)
        )

    return answer


def question(rng):
    return " ".join(
        rng.choice(("where", "is", "my", "parcel", "please")) for _ in range(rng.randint(20, 160))
    )


def a_lab(answer):
    lab = Lab()
    lab.models.scripted("s", answer)
    lab.prices.set("s/m", input=2.5, output=10.0, max_output=4096, context=128_000)
    return lab


def spent(lab, run):
    found = lab.sql(
        "select sum(cost_usd) as usd from model_calls where run_id = $run", {"run": run.id}
    )
    return float(found["usd"][0])


def simulated():
    """A machine seen three times, and batches of fifty: errors in money, as shares."""
    thrice = []
    for seed in range(TIMES):
        rng = random.Random(seed)
        with a_lab(answers(rng)) as lab:
            for _ in range(3):
                lab.start(Triage, data={"text": question(rng)}).wait()
            data = {"text": question(rng)}
            told = lab.estimate(Triage, data).usd.p50
            thrice.append(told / spent(lab, lab.start(Triage, data=data).wait()) - 1)
    batches, calls, single = [], [], []
    for seed in range(4):
        rng = random.Random(1000 + seed)
        with a_lab(answers(rng)) as lab:
            for _ in range(SEEN):
                lab.start(Triage, data={"text": question(rng)}).wait()
            lab.journal.flush()
            seen = lab.sql('select max("at") as at from model_calls')["at"][0]
            told = came = 0.0
            for _ in range(50):
                data = {"text": question(rng)}
                foretold = lab.estimate(Triage, data).usd
                paid = spent(lab, lab.start(Triage, data=data).wait())
                told, came = told + foretold.expected, came + paid
                single.append(foretold.p50 / paid - 1)
            batches.append(told / came - 1)
            frame = lab.calibration(level="call").frame()
            frame = frame[(frame["unit"] == "usd") & (frame["at"] > seen)]
            calls += frame["error"].abs().tolist()
    return [
        row("simulated triage, a call at send time", 100 * statistics.median(calls), "% p50 error in usd"),
        row("simulated triage, run of a machine seen 3 times", 100 * absolute(thrice), "% p50 error in usd", "<= 25"),
        row("simulated triage, run of a machine seen 50 to 100 times", 100 * absolute(single), "% p50 error in usd"),
        row("simulated triage, batch of 50 after 50", 100 * absolute(batches), "% p50 error in usd", "<= 6"),
    ]  # fmt: skip


def local_answers():
    """Forty questions, as the example's machine had them answered by a real small model: each of
    40 draws sees three of them, and foresees a fourth. What it said is recorded; the prices are
    those of a dearer model.
    """
    errors, few = [], random.Random(11)
    lines = [json.loads(line) for line in ANSWERS.read_text(encoding="utf-8").splitlines()[1:]]
    said = {one["request"]["messages"][-1]["content"]: one["answer"]["text"] for one in lines}
    asked = QUESTIONS.read_text(encoding="utf-8").splitlines()
    for _ in range(TIMES):
        with support_triage.opened("s/m") as lab:
            lab.models.scripted("s", lambda request: said[request.messages[-1]["content"]])
            lab.prices.set("s/m", input=2.5, output=10.0, max_output=2048, context=2048)
            *seen, fourth = few.sample(asked, 4)
            for text in seen:
                triaged(lab, text)
            told = lab.estimate(support_triage.Triage, {"question": fourth}).usd.p50
            errors.append(told / spent(lab, triaged(lab, fourth)) - 1)
    return [
        row("support triage by a real local model, run of a machine seen 3 times",
            100 * absolute(errors), "% p50 error in usd", "<= 25"),
        row("support triage by a real local model, 90 % of such runs within",
            100 * statistics.quantiles([abs(one) for one in errors], n=10)[-1], "% error in usd"),
    ]  # fmt: skip


def triaged(lab, text):
    run = lab.start(support_triage.Triage, data={"question": text})
    return run.wait(lambda run: run.state in ("answered", "escalated"))


def absolute(errors):
    return statistics.median(abs(one) for one in errors)


def talks():
    """Real talks: what came in and what the agent answered, turn by turn."""
    found = []
    with open(os.environ["TAU_BENCH_JSON"], encoding="utf-8") as file:
        runs = json.load(file)
    for run in runs:
        turns, so_far, before = [], [], ""
        for message in run["traj"]:
            text = message.get("content") or json.dumps(message.get("tool_calls") or "")
            if message["role"] == "assistant":
                turns.append((list(so_far), before, text))
            before = message["role"]
            role = "user" if before == "tool" else before
            so_far.append({"role": role, "content": text})
        found.append(turns)
    random.Random(7).shuffle(found)
    return found


def play(lab, turns, script, estimated):
    """One talk as a run; answers the run."""
    script.extend(text for _, _, text in turns)
    data = {"talk": turns[0][0]}
    told = lab.estimate(Agent, data) if estimated else None
    run = lab.start(Agent, data=data, estimate=told)
    for talk, before, _ in turns[1:]:
        run.wait("waiting")
        run.send_event(Event(f"{'tool' if before == 'tool' else 'user'}_said", {"talk": talk}))
    run.wait("waiting")
    run.send("ended")
    return run


def real():
    """Fifty real talks are learned from, and fifty others foreseen."""
    script = []
    with a_lab(lambda request: script.pop(0)) as lab:
        everything = talks()
        for turns in everything[:SEEN]:
            play(lab, turns, script, estimated=False)
        upto = lab.sql('select max("at") as at from model_calls')["at"][0]
        for turns in everything[SEEN:]:
            play(lab, turns, script, estimated=True)
        frame = lab.calibration().frame()
        facts = lab.sql("select run_id as run, seq, tokens_in, tokens_out, "
                        "(body->>'$.estimate.tokens_out.p50')::double as said from model_calls")  # fmt: skip
    frame = frame[frame["at"] > upto]
    calls = frame[(frame["level"] == "call") & (frame["unit"] == "usd")].merge(
        facts, on=["run", "seq"]
    )
    small = calls[(calls["tokens_in"] > 500) | (calls["tokens_out"] < 100)]
    out = ((calls["said"] - calls["tokens_out"]) / calls["tokens_out"]).abs()
    runs = frame[(frame["level"] == "run") & (frame["unit"] == "usd")]
    whole = runs["estimate"].sum() / runs["actual"].sum() - 1
    prior = (small["actual"] <= small["p90"]).mean()
    return [
        row("real talks, a call at send time", 100 * small["error"].abs().median(), "% p50 error in usd", "<= 5",
            f"{len(small)} of {len(calls)} calls have prompts > 500 or answers < 100"),
        row("real talks, a call at send time, 90 % of calls within", 100 * small["error"].abs().quantile(0.9), "% error in usd"),
        row("real talks, only the tokens of the answer", 100 * out.median(), "% p50 error"),
        row("real talks, calls within their p90", 100 * prior, "%", ">= 90"),
        row("real talks, one run before it starts", 100 * runs["error"].abs().median(), "% p50 error in usd"),
        row("real talks, batch of 50 before it starts", 100 * abs(whole), "% error in usd", "<= 6"),
    ]  # fmt: skip


def speed():
    """What an estimate takes."""
    states = {
        f"s{n}": {
            "enter": [{"kind": "call_llm", "model": "s/m", "prompt": f"{n} {{{{ data.text }}}}", "into": f"r{n}"}],
            "on_success": [{"to": f"s{n + 1}"}],
        }
        for n in range(19)
    }  # fmt: skip
    data = {"text": "hello", **{f"r{n}": "" for n in range(19)}}
    chart = Chart.from_spec(
        {
            "spec": "traaviis/1",
            "name": "Twenty",
            "data": data,
            "states": {**states, "s19": {"final": True}},
        }
    )
    with a_lab(lambda request: "hello") as lab:
        for _ in range(20):
            lab.start(chart).wait()
        lab.estimate(chart)
        times = []
        for _ in range(10):
            began = time.perf_counter()
            lab.estimate(chart)
            times.append(time.perf_counter() - began)
        asking = lab._engine.foresight.call
        route = lab._engine.models.route("s/m", "default")
        request = Request("m", ({"role": "user", "content": "hello"},))
        given = {
            "node": "Twenty/s1#0", "model": "s/m", "tenant": "default", "request": request,
            "count": route.provider.count(request), "price": lab.prices.find("s/m"),
        }  # fmt: skip
        began = time.perf_counter()
        for _ in range(1000):
            asking(**given)
        once = (time.perf_counter() - began) / 1000
    quick = 1e3 * statistics.median(times)
    return [
        row("estimate of a chart of 20 states, 20 runs known", quick, "ms", "<= 300"),
        row("foreseeing a call at send time", 1e6 * once, "µs", "<= 50"),
    ]


def rows():
    found = [*speed(), *simulated(), *local_answers()]
    return [*found, *real()] if "TAU_BENCH_JSON" in os.environ else found
