"""What a run cost: by call, state and model, beside what was foreseen; unknown is never 0."""

from __future__ import annotations

import csv
import json
import math
from io import StringIO

import pytest

from tests.lab.spending import Triage, called, foreseen, planned
from traaviis_lab import Lab, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import JournalError, LabError, RunNotFound


@pytest.fixture
def lab():
    with Lab(clock=ToldClock()) as opened:
        yield opened


@pytest.fixture
def run(lab):
    """Three calls: one foreseen well, one badly, one with an unknown price."""
    run = lab.start(Triage, "t1", tenant="acme")
    called(run, "classify", "a/small", 300, 10, 0.0001, foreseen(300, 10, 0.0001))
    run.send("classified")
    called(run, "answer", "a/large", 1500, 500, 0.01, foreseen(1500, 250, 0.005), reasoning=80)
    run.send("answered")
    called(run, "check", "b/tuned", 700, 20, None, purpose="judge", cache_read=600)
    return run


def test_the_sums_are_those_of_the_calls(run):
    costs = run.costs()
    assert costs.usd == pytest.approx(0.0101)
    assert (costs.tokens, costs.unpriced, len(costs.calls)) == (3030, 1, 3)
    total = costs.total
    assert (total["tokens_in"], total["tokens_out"]) == (2500, 530)
    assert (total["cache_read"], total["reasoning"], total["seconds"]) == (600, 80, 3.0)


def test_a_row_per_call_says_who_asked_and_what_was_foreseen(run):
    table = run.costs().table()
    assert list(table["state"]) == ["classify", "answer", "check"]
    assert list(table["purpose"]) == ["", "", "judge"]
    assert list(table["estimate_usd"])[:2] == [0.0001, 0.005]
    assert list(table["estimate_tokens"])[:2] == [310, 1750]
    assert math.isnan(table["usd"][2])
    assert math.isnan(table["estimate_usd"][2])
    assert list(table["seq"]) == sorted(table["seq"])


def test_estimate_and_actual_stand_side_by_side_for_each_state(run):
    rows = run.costs().by_state().set_index("state")
    assert list(rows.index) == ["classify", "answer", "check"]
    assert rows.error_usd["classify"] == pytest.approx(0)
    assert rows.error_usd["answer"] == pytest.approx(-0.5)  # half of it was foreseen
    assert rows.error_tokens["answer"] == pytest.approx((1750 - 2000) / 2000)
    assert rows.foreseen["answer"] == "at send"


def test_what_is_unknown_is_missing_and_counted_and_never_compared(run):
    rows = run.costs().by_state().set_index("state")
    assert math.isnan(rows.usd["check"])
    assert rows.unpriced["check"] == 1
    assert math.isnan(rows.error_usd["check"])
    total = run.costs().total
    assert total["error"]["usd"] is None
    assert "unknown" in repr(run.costs())
    assert "$0.0101 + 1 unknown" in repr(run.costs())


def test_an_unknown_price_is_not_a_price_of_zero(lab):
    free, unknown = lab.start(Triage, "free"), lab.start(Triage, "unknown")
    called(free, "classify", "local/tiny", 10, 1, 0.0)
    called(unknown, "classify", "new/thing", 10, 1, None)
    assert (free.costs().usd, free.costs().unpriced) == (0.0, 0)
    assert (unknown.costs().usd, unknown.costs().unpriced) == (None, 1)
    assert "$0.00" in repr(free.costs())
    assert "$0.00" not in repr(unknown.costs())
    assert "unknown" in unknown.costs()._repr_html_()


def test_a_state_with_one_unknown_call_of_two_has_no_error(lab):
    run = lab.start(Triage, "half")
    called(run, "classify", "a/x", 10, 1, 0.5, foreseen(10, 1, 0.5))
    called(run, "classify", "a/y", 10, 1, None, foreseen(10, 1, None))
    row = run.costs().by_state().iloc[0]
    assert (row.usd, row.unpriced) == (0.5, 1)
    assert math.isnan(row.error_usd)
    assert row.error_tokens == 0


def test_an_estimate_made_before_counts_first_and_shows_states_not_reached(lab):
    run = lab.start(Triage, "planned")
    planned(run, classify=(300, 10, 0.001), answer=(1000, 100, 0.02))
    called(run, "classify", "a/x", 300, 10, 0.002, foreseen(300, 10, 0.002))
    rows = run.costs().by_state().set_index("state")
    assert list(rows.index) == ["classify", "answer"]
    assert rows.foreseen["classify"] == "before"
    assert rows.error_usd["classify"] == pytest.approx(-0.5)
    assert (rows.calls["answer"], rows.estimate_usd["answer"]) == (0, 0.02)
    assert run.costs().total["estimate"] == {"usd": 0.021, "tokens": 1410, "seconds": 2.0}
    assert (run.costs().tokens, run.costs().total["seconds"]) == (310, 1.0)


def test_an_estimate_made_on_the_way_stands_on_what_was_used(lab):
    run = lab.start(Triage, "way")
    called(run, "classify", "a/x", 300, 10, 0.25)
    planned(run, answer=(1000, 100, 0.5))
    called(run, "answer", "a/x", 1000, 100, 0.5)
    total = run.costs().total
    assert total["estimate"]["usd"] == 0.75
    assert total["error"]["usd"] == 0
    assert list(run.costs().by_state()["estimate_usd"]) == [0.25, 0.5]


def test_a_plan_with_an_unknown_price_foresees_no_sum(lab):
    run = lab.start(Triage, "dark")
    planned(run, classify=(300, 10, None), answer=(1000, 100, 0.02))
    total = run.costs().total
    assert total["estimate"]["usd"] is None
    assert total["estimate"]["tokens"] == 1410


def test_recorded_answers_cost_nothing_again_and_say_what_they_cost_once(lab):
    run = lab.start(Triage, "played")
    called(run, "classify", "a/x", 10, 1, 0.0, cost={"how": "recorded", "recorded_usd": 0.3})
    costs = run.costs()
    assert (costs.usd, costs.total["recorded_usd"]) == (0.0, 0.3)
    assert "they cost $0.30 once" in str(costs)


def test_by_model_and_by_effect(run):
    models = run.costs().by_model()
    assert list(models["model"]) == ["a/large", "b/tuned", "a/small"]
    places = run.costs().by_effect()
    assert list(places["node"]) == ["Triage/classify#0", "Triage/answer#0", "Triage/check#0"]
    assert list(places["model"]) == ["a/small", "a/large", "b/tuned"]


def test_the_dearest_calls_come_first(run):
    assert list(run.costs().dearest(2)["model"]) == ["a/large", "a/small"]


def test_the_past_has_its_own_sums(run):
    seqs = list(run.costs().table()["seq"])
    assert [len(run.costs(seq).calls) for seq in (0, seqs[0] - 1, *seqs)] == [0, 0, 1, 2, 3]
    assert run.costs(seqs[0]).usd == 0.0001


def test_a_recording_says_the_same(lab, run):
    assert lab.recording("t1").costs().to_json() == run.costs().to_json()
    assert lab.costs("t1").to_json() == lab.costs(run).to_json()


def test_csv_holds_every_call(run, tmp_path):
    path = tmp_path / "costs.csv"
    assert run.costs().to_csv(path) is None
    rows = list(csv.DictReader(StringIO(path.read_text())))
    assert [row["model"] for row in rows] == ["a/small", "a/large", "b/tuned"]
    assert [row["usd"] for row in rows] == ["0.0001", "0.01", ""]
    assert run.costs().to_csv() == path.read_text()


def test_a_run_that_asked_nobody_says_so(lab):
    costs = lab.start(Triage, "quiet").costs()
    assert repr(costs) == "<Costs of run quiet: no model was asked yet>"
    assert str(costs) == "No model was asked yet."
    assert costs._repr_html_() == "<p>No model was asked yet.</p>"
    assert costs.table().empty
    assert costs.by_state().empty
    assert (costs.usd, costs.unpriced) == (0.0, 0)


def test_names_cannot_break_the_page(lab):
    run = lab.start(Triage, "evil")
    called(run, "<b>x</b>", "<script>alert(1)</script>", 10, 1, 0.1)
    called(run, "classify", "a/x", 10, 1, 0.1)
    assert "<script>" not in run.costs()._repr_html_()
    assert "<b>x</b>" not in run.costs()._repr_html_()


def test_mistakes_are_said(lab, run):
    with pytest.raises(RunNotFound):
        lab.costs("nobody")
    with pytest.raises(LabError, match="12 is no run"):
        lab.costs(12)
    with pytest.raises(LabError, match="no where="):
        lab.costs(run, where="done")
    with pytest.raises(JournalError, match="no condition"):
        lab.costs(where="machne = 'x'")


class Asks(Machine):
    asking = State(initial=True, enter=fx.call_llm("s/m", "hi", max_tokens=4), on_success="asked")
    asked = State(final=True)


class Between(Machine):
    passing = State(initial=True, enter=fx.invoke_fsm("Asks"), on_success="passed")
    passed = State(final=True)


class Above(Machine):
    """Asks itself, by a machine that it waits for, and by one that it lets go."""

    first = State(initial=True, enter=fx.call_llm("s/m", "hi", max_tokens=4), on_success="second")
    second = State(enter=fx.invoke_fsm("Between"), on_success="third")
    third = State(enter=fx.spawn_fsm("Asks", id="own"), on_success="over")
    over = State(final=True)


@pytest.fixture
def above(lab):
    return family(lab)


def family(lab):
    """A run with two below it, a dollar each, and another that has nothing to do with them."""
    lab.models.scripted("s", lambda request: "yes")
    lab.prices.set("s/m", input=0, output=1_000_000)
    lab.add(Asks)
    lab.add(Between)
    lab.estimate(Above)
    above = lab.start(Above, "top").wait()
    lab.run("own").wait()
    lab.start(Asks, "other").wait()
    return above


def test_what_the_runs_cost_that_it_started_is_left_out_and_said(above):
    costs = above.costs()
    assert (costs.usd, costs.left_out) == (1, 2)
    assert costs.by_state()["state"].tolist() == ["first"]
    said = "Not in here: 2 calls of runs that this one started."
    assert said in repr(costs)
    assert said in costs._repr_html_()
    assert costs.to_json()["left_out"] == 2


def test_or_is_counted_with_its_estimate(lab, above):
    costs = lab.costs("top", children=True)
    assert (costs.usd, costs.left_out, costs.tokens) == (3, 0, 3 + 3 * costs.calls[0].tokens_in)
    states = costs.by_state()
    assert states["state"].tolist() == ["first", "Asks.asking"]
    assert states["usd"].tolist() == [1, 2]
    assert states["foreseen"].tolist() == ["before", "before"]
    told = lab.sql("select body from events where run_id = 'top' and kind = 'estimate.made'")
    whole = json.loads(told["body"][0])["usd"]["expected"]
    assert costs.total["estimate"]["usd"] == pytest.approx(whole)
    assert {call.run for call in costs.calls} == {"top", "own", *lab.runs()["run"][lab.runs()["machine"] == "Asks"]} - {"other"}  # fmt: skip
    assert "Not in here" not in repr(costs)
    assert "own, " in costs._repr_html_()
    assert set(costs._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_until_a_fact_what_they_did_until_then_counts():
    with Lab() as lab:  # a real clock: what is compared is when it happened
        above = family(lab)
        ended = lab.sql(
            "select max(seq) as seq from events where run_id = 'top' and name = 'invoke_fsm'"
        )["seq"][0]
        assert above.costs(ended, children=True).usd == 2
        assert above.costs(1, children=True).usd == 0
        assert above.costs(children=True).usd == 3


def test_children_is_true_or_false(above):
    with pytest.raises(LabError, match="children='yes'"):
        above.costs(children="yes")


def test_a_run_whose_machine_starts_none_has_nothing_left_out(lab, above):
    assert lab.costs("own").left_out == 0
    assert lab.costs("own", children=True).usd == lab.costs("own").usd == 1


def test_a_budget_of_a_run_counts_what_its_children_ask(lab):
    lab.models.scripted("s", lambda request: "yes")
    lab.add(Asks)
    lab.add(Between)
    lab.budget(run="top", calls=1)
    above = lab.start(Above, "top")
    above.wait(lambda run: run.done)
    assert above.costs(children=True).total["calls"] == 1
    assert lab.budgets()["run top"].spent["calls"] == 1
