"""An estimate: walked by the engine's own rules, counted where it can be, honest where not."""

import math
import threading

import pytest

from traaviis_lab import Event, Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import LabError
from traaviis_lab.lab.estimate import Estimate
from traaviis_lab.machine import Chart

WORDS = "one two three four five six seven eight"


@pytest.fixture
def lab():
    with Lab() as made:
        made.models.scripted("s", lambda request: {"label": "a"} if request.schema else WORDS)
        made.prices.set("s/m", input=1.0, output=2.0, max_output=1000, context=8000)
        yield made


class Row(Machine):
    """Two calls, one after the other."""

    data = {"text": "", "answer": ""}
    first = State(initial=True, enter=fx.call_llm("s/m", "Say {{ data.text }}", max_tokens=100))
    second = State(enter=fx.call_llm("s/m", "Again {{ data.text }}", max_tokens=50))
    over = State(final=True)
    first.to(second, on="done.invoke.first")
    second.to(over, on="done.invoke.second")


class Fork(Machine):
    """A guard over data, and one over what a model says."""

    data = {"kind": "dear", "label": {}}
    start = State(initial=True)
    cheap = State(final=True)
    judging = State(enter=fx.call_llm("s/m", "Judge", schema={"enum": ["a", "b"]}, into="label"))
    dear = State(enter=fx.call_llm("s/m", "Answer", max_tokens=500))
    over = State(final=True)
    start.to(cheap, when="data.kind == 'cheap'")
    start.to(judging, when="data.kind != 'cheap'")
    judging.to(dear, on="done.invoke.judging", when="data.label == 'a'")
    judging.to(over, on="done.invoke.judging")
    dear.to(over, on="done.invoke.dear")


class Loop(Machine):
    """Goes round by a counter that is known."""

    data = {"tries": 0}
    trying = State(initial=True, enter=fx.call_llm("s/m", "Try", max_tokens=10))
    over = State(final=True)
    trying.to(
        trying, on="done.invoke.trying", when="data.tries < 3", assign={"tries": "data.tries + 1"}
    )
    trying.to(over, on="done.invoke.trying")


def chart_with(effect, data=None, **more):
    return Chart.from_spec(
        {
            "spec": "traaviis/1", "name": "One", "data": data or {},
            "states": {"doing": {"enter": [effect], "on_success": [{"to": "over"}]}, "over": {"final": True}},
            **more,
        }
    )  # fmt: skip


def ask(prompt="Hello", **more):
    return {"kind": "call_llm", "model": "s/m", "prompt": prompt, "max_tokens": 10, **more}


def test_prompts_are_counted_exactly_and_nothing_is_performed(lab):
    made = lab.estimate(Row, {"text": "hello there"})
    run = lab.start(Row, data={"text": "hello there"}).wait()
    came = lab.sql("select sum(tokens_in) as read, sum(tokens_out) as said from model_calls").iloc[
        0
    ]
    assert made.calls.expected == 2
    assert made.tokens_in.p50 == made.tokens_in.p90 == came["read"]
    assert made.tokens_out.most == 150 >= came["said"]
    assert made.usd.most == pytest.approx((came["read"] + 2 * 150) / 1e6)
    assert len(lab.runs()) == 1
    assert run.id in lab.sql("select run_id from estimates")["run_id"].tolist()


def test_known_data_decides_guards(lab):
    assert lab.estimate(Fork, {"kind": "cheap"}).calls.expected == 0
    dear = lab.estimate(Fork)
    assert 1.3 < dear.calls.expected < 1.7
    assert any("even odds" in one for one in dear.guesses)
    # Whatever happens: the judge with its repair and its most, and the dear answer.
    assert dear.calls.most == 3


def test_a_counter_in_the_data_counts_the_rounds(lab):
    made = lab.estimate(Loop)
    assert made.calls.p50 == made.calls.p90 == made.calls.expected == 4
    assert lab.estimate(Loop, {"tries": 3}).calls.expected == 1


def test_a_loop_without_end_is_cut_off_at_the_limit_and_says_so(lab):
    chart = Chart.from_spec(
        {
            "spec": "traaviis/1", "name": "Endless",
            "states": {"on": {"enter": [ask()], "on_success": [{"to": "on"}]}},
        }
    )  # fmt: skip
    made = lab.estimate(chart, limit=5)
    assert made.calls.expected == 6
    assert any("cut off" in one for one in made.guesses)


def test_odds_are_learned_from_runs_before(lab):
    answers = iter(["a"] + ["b"] * 9)
    lab.models.scripted("s", lambda request: f'"{next(answers)}"' if request.schema else WORDS)
    for _ in range(10):
        lab.start(Fork).wait()
    made = lab.estimate(Fork)
    assert made.calls.expected == pytest.approx(1.1, abs=0.1)
    assert not any("even odds" in one for one in made.guesses)
    assert "10 calls of this model here" in made.table().set_index("state").loc["judging", "why"]


def test_answers_are_foreseen_from_those_before(lab):
    for _ in range(5):
        lab.start(Row, data={"text": "x"}).wait()
    said = lab.sql("select avg(tokens_out) as said from model_calls")["said"][0]
    assert lab.estimate(Row, {"text": "x"}).tokens_out.p50 == pytest.approx(2 * said, rel=0.01)


def test_a_price_nobody_knows_is_unknown_and_not_nothing(lab):
    lab.models.alias("who", "nobody/model")
    made = lab.estimate(chart_with({"kind": "call_llm", "model": "who", "prompt": "Hi"}))
    assert made.usd is None
    assert made.calls.expected == 1
    assert "The price of nobody/model is not known." in made.unknowns
    assert math.isnan(made.table()["usd"][0])
    assert "unknown" in repr(made)


@pytest.mark.parametrize(
    ("effect", "calls", "most"),
    [
        ({"kind": "sequence", "effects": [ask(), ask()]}, 2, 2),
        ({"kind": "parallel", "effects": [ask(), ask(), ask()]}, 3, 3),
        ({"kind": "race", "effects": [ask(), ask()]}, 2, 2),
        ({"kind": "fallback", "effects": [ask(), ask()]}, 1, 2),
        ({"kind": "retry", "effect": ask(), "attempts": 4}, 1, 4),
        ({"kind": "for_each", "items": "data.items", "effect": ask("{{ item }}")}, 3, 3),
        ({"kind": "batch", "items": "data.items", "size": 2, "effect": ask("{{ item }}")}, 2, 2),
        ({"kind": "when", "when": "data.yes", "effect": ask(), "otherwise": {"kind": "delay", "for": "1s"}}, 0, 1),
        ({"kind": "cache", "key": "k", "effect": ask()}, 1, 1),
        ({"kind": "timeout", "after": "5s", "effect": ask()}, 1, 1),
        ({"kind": "circuit_breaker", "name": "b", "effect": ask()}, 1, 1),
    ],
)  # fmt: skip
def test_composed_effects_are_walked_by_what_they_do(lab, effect, calls, most):
    made = lab.estimate(chart_with(effect, {"items": [1, 2, 3], "yes": False}))
    assert made.calls.expected == calls
    assert made.calls.most == most
    assert made.tokens_out.most == 10 * most


def test_places_are_called_as_in_the_facts_of_their_calls(lab):
    inner = {"kind": "parallel", "effects": [ask(), {"kind": "retry", "effect": ask("Two")}]}
    chart = chart_with({"kind": "for_each", "items": "[1, 2]", "effect": inner})
    foretold = set(lab.estimate(chart).table()["node"])
    lab.start(chart).wait()
    assert foretold == set(
        lab.sql("select distinct body->>'$.node' as node from model_calls")["node"]
    )


def test_items_that_are_not_known_are_as_many_as_before(lab):
    chart = chart_with({"kind": "for_each", "items": "data.items", "effect": ask("{{ item }}")})
    assert any("How many items" in one for one in lab.estimate(chart, {"items": None}).unknowns)
    other = chart_with(
        {
            "kind": "sequence",
            "effects": [
                {"kind": "call", "function": "find", "into": "items"},
                {"kind": "for_each", "items": "data.items", "effect": ask("{{ item }}")},
            ],
        },
        {"items": []},
    )
    lab.register(lambda: ["a", "b", "c", "d"], "find")
    lab.start(other).wait()
    assert lab.estimate(other).calls.expected == pytest.approx(4, abs=0.01)


def test_a_child_machine_is_walked_too(lab):
    lab.add(Loop)
    chart = chart_with({"kind": "invoke_fsm", "machine": "Loop", "data": {"tries": 2}})
    made = lab.estimate(chart)
    assert made.calls.expected == 2
    assert set(made.table()["machine"]) == {"Loop"}
    for shown in (repr(made), made._repr_html_()):  # a state of its own may have the same name
        assert "Loop.trying" in shown
    unknown = lab.estimate(chart_with({"kind": "invoke_fsm", "machine": "Nobody"}))
    assert any("Nobody" in one for one in unknown.unknowns)


def test_parallel_regions_take_as_long_as_the_longer_one(lab):
    chart = Chart.from_spec(
        {
            "spec": "traaviis/1", "name": "Both", "states": {
                "both": {"parallel": True, "transitions": [{"on": "done.state.both", "to": "over"}], "states": {
                    "left": {"states": {"a": {"after": [{"delay": "3s", "to": "z"}]}, "z": {"final": True}}},
                    "right": {"states": {"b": {"enter": [{"kind": "delay", "for": "7s"}], "on_success": [{"to": "y"}]}, "y": {"final": True}}},
                }},
                "over": {"final": True},
            },
        }
    )  # fmt: skip
    made = lab.estimate(chart)
    assert made.seconds.p50 == 7
    assert dict(made.told.ends) == {"done": 1.0}


def test_of_a_run_from_where_it_stands_and_after_an_event(lab):
    class Asked(Machine):
        """Waits, then asks."""

        data = {"text": ""}
        waiting = State(initial=True)
        asking = State(enter=fx.call_llm("s/m", "{{ data.text }}", max_tokens=5))
        over = State(final=True)
        waiting.to(asking, on="go", assign={"text": "event.text"})
        waiting.to(over, on="stop")
        asking.to(over, on="done.invoke.asking")

    known = lab.estimate(Asked, event=Event("go", {"text": "hello"}))
    assert known.calls.expected == 1
    assert lab.estimate(Asked, event="stop").calls.expected == 0
    run = lab.start(Asked)
    made = lab.estimate(run=run, event="go")
    assert made.told.run == run.id
    assert any("is a guess" in one for one in made.unknowns)
    assert (
        lab.sql("select count(*) as n from estimates where run_id = $run", {"run": run.id})["n"][0]
        == 1
    )


def test_an_estimate_is_a_fact_of_the_run_that_is_started_with_it(lab):
    given = lab.estimate(Row, {"text": "a"})
    run = lab.start(Row, data={"text": "b"}, estimate=given)
    run.wait()
    facts = lab.sql(f"select kind, body from events where run_id = '{run.id}' order by seq")
    kinds = facts["kind"].tolist()
    assert kinds.index("estimate.made") < kinds.index("model.called")
    assert run.replay().same_chart
    silent = lab.start(Row, data={"text": "never estimated"})
    assert "estimate.made" not in silent.history().to_string()
    assert lab.sql("select count(*) as n from estimates")["n"][0] == 1
    with pytest.raises(LabError, match="is of Row, and the run is of Loop"):
        lab.start(Loop, estimate=given)


def test_it_is_the_same_each_time_and_survives_as_json(lab):
    one, other = lab.estimate(Fork), lab.estimate(Fork)
    assert one.to_json() == other.to_json()
    assert Estimate.from_json(one.to_json()).to_json() == one.to_json()
    assert "<table>" in one._repr_html_()
    assert "&lt;" in lab.estimate(chart_with({**ask(), "model": "<b>/x"}))._repr_html_()


def test_careless_questions_are_answered_kindly(lab):
    for asked in ({}, {"machine": Row, "run": lab.start(Row)}):
        with pytest.raises(LabError, match="of a machine or of a run"):
            lab.estimate(**asked)
    with pytest.raises(LabError, match="no number of visits"):
        lab.estimate(Row, limit=0)
    with pytest.raises(LabError, match="is a dict"):
        lab.estimate(Row, [1])


def test_prices_of_the_lab_are_shown(lab):
    assert "1 set here" in repr(lab.prices)
    assert lab.prices.table("gpt-4o-mini").iloc[0]["model"] == "s/m"
    assert "s/m" in lab.prices._repr_html_()
    assert lab.prices.find("openai/gpt-99") is None
    lab.prices.forget("s/m")
    assert "0 set here" in repr(lab.prices)


def test_a_tenant_is_foreseen_at_its_own_price(lab):
    lab.prices.set("s/m", input=100.0, tenant="acme")
    usual, dear = lab.estimate(Row).usd, lab.estimate(Row, tenant="acme").usd
    assert dear.expected > usual.expected
    assert lab.start(Row, tenant="acme").wait().id
    paid = lab.sql(
        "select sum(cost_usd) as usd, sum(tokens_in) as read, sum(tokens_out) as said from model_calls"
    )
    assert paid["usd"][0] == pytest.approx((100 * paid["read"][0] + 2 * paid["said"][0]) / 1e6)


def test_what_a_run_waits_for_already_is_counted(lab):
    held = threading.Event()
    lab.register(lambda: held.wait(20), "work")
    asked = {"kind": "sequence", "effects": [{"kind": "call", "function": "work"}, ask()]}
    run = lab.start(chart_with(asked))
    made = lab.estimate(run=run)
    assert made.calls.expected == made.calls.most == 1
    held.set()
    run.wait()
    assert lab.estimate(run=run).calls.expected == 0


def test_a_judge_and_its_event_are_walked(lab):
    class Judged(Machine):
        """An answer is judged, and sent back where it is too low."""

        data = {"text": "hello"}
        judging = State(
            initial=True,
            enter=fx.validate_quality("{{ data.text }}", model="s/m", event="quality.low"),
        )
        low = State(final=True)
        fine = State(final=True)
        judging.to(low, on="quality.low")
        judging.to(fine, on="done.invoke.judging")

    scores = iter([0.9] * 8 + [0.1] * 2)
    lab.models.scripted("s", lambda request: {"score": next(scores), "reasons": []})
    assert lab.estimate(Judged).calls.expected == 1
    for _ in range(10):
        lab.start(Judged).wait()
    made = lab.estimate(Judged)
    assert made.table()["node"].tolist() == ["Judged/judging#0/0"]
    assert made.told.ends == (("done", 1.0),)
    assert made.calls.expected == pytest.approx(1)
