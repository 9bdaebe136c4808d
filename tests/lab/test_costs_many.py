"""What many runs cost: per run, tenant, machine and model, the spread of it, and its drift."""

from __future__ import annotations

import math

import pytest

from tests.lab.spending import Triage, called, foreseen, planned
from traaviis_lab import Lab, Machine, State, ToldClock
from traaviis_lab.travel.costing.spread import histogram, quantile


class Other(Machine):
    """Another machine."""

    ask = State(initial=True)


@pytest.fixture
def lab():
    with Lab(clock=ToldClock()) as opened:
        yield opened


@pytest.fixture
def runs(lab):
    """Ten runs of 1 to 10 cents, of two tenants, each foreseen to cost 5 cents."""
    for number in range(10):
        run = lab.start(Triage, f"t{number}", tenant="acme" if number < 7 else "globex")
        lab.clock.advance(60)
        called(run, "answer", "a/x", 100, number, (number + 1) / 100, foreseen(100, 5, 0.05))
    lab.start(Triage, "quiet")


def test_a_row_per_run_that_asked_a_model(lab, runs):
    table = lab.costs().table()
    assert list(table["run"]) == [f"t{number}" for number in range(10)]
    assert list(table["usd"]) == pytest.approx([(n + 1) / 100 for n in range(10)])
    assert table["error_usd"][0] == pytest.approx(4)
    assert set(table["machine"]) == {"Triage"}


def test_tenants_are_charged_what_is_theirs(lab, runs):
    rows = lab.costs().by_tenant().set_index("tenant")
    assert rows.usd["acme"] == pytest.approx(0.28)
    assert rows.usd["globex"] == pytest.approx(0.27)
    assert dict(rows.runs) == {"acme": 7, "globex": 3}


def test_the_whole_is_asked_as_that_of_one_run(lab, runs):
    called(lab.start(Other, "o1"), "ask", "no/price", 50, 5, None)
    costs = lab.costs()
    assert costs.usd == pytest.approx(0.55)
    assert costs.unpriced == 1
    assert costs.tokens == 10 * 100 + sum(range(10)) + 55
    assert Lab().costs().usd == 0


def test_groups_add_up_to_the_same_whole(lab, runs):
    other = lab.start(Other, "o1")
    called(other, "ask", "b/y", 50, 5, 0.5)
    called(other, "ask", "a/x", 50, 5, 0.25)
    costs = lab.costs()
    for rows in (costs.by_tenant(), costs.by_machine(), costs.by_model(), costs.by_state()):
        assert rows.usd.sum() == pytest.approx(costs.total["usd"])
        assert rows.calls.sum() == costs.total["calls"] == 12
    assert list(costs.by_state()["state"]) == ["Other.ask", "Triage.answer"]
    assert dict(costs.by_model().set_index("model").runs) == {"a/x": 11, "b/y": 1}


def test_sql_and_the_single_runs_agree(lab, runs):
    run = lab.run("t3")
    called(run, "check", "b/z", 70, 7, None, cache_read=60, reasoning=3)
    called(run, "check", "b/z", 70, 7, None, foreseen(1, 1, 1.0), error={"message": "no"})
    row = next(row for row in lab.costs().rows("run") if row["run"] == "t3")
    alone = run.costs().total
    assert {name: row[name] for name in alone} == alone


def test_where_and_runs_choose(lab, runs):
    assert list(lab.costs(where="tenant = 'globex'").table()["run"]) == ["t7", "t8", "t9"]
    assert list(lab.costs(runs=["t2", lab.run("t1")]).table()["run"]) == ["t1", "t2"]
    assert lab.costs(where="done").table().empty


def test_the_spread_of_runs(lab, runs):
    row = lab.costs().distribution().iloc[0]
    assert (row.runs, row.unknown, row["max"]) == (10, 0, 0.1)
    assert row.p50 == pytest.approx(0.055)
    assert row["mean"] == pytest.approx(0.055)
    assert lab.costs().distribution("tokens").iloc[0]["max"] == 109


def test_a_run_with_something_unknown_is_left_out_of_the_spread_and_counted(lab, runs):
    called(lab.run("t9"), "check", "new/x", 1, 1, None)
    row = lab.costs().distribution().iloc[0]
    assert (row.runs, row.unknown, row["max"]) == (10, 1, 0.09)


def test_drift_goes_by_batches_in_the_order_of_start(lab, runs):
    drift = lab.costs().drift(batch=5)
    assert list(drift["batch"]) == [1, 2]
    assert list(drift["p50"]) == pytest.approx([0.03, 0.08])
    assert list(drift["error"]) == pytest.approx([(0.25 - 0.15) / 0.15, (0.25 - 0.4) / 0.4])


def test_estimates_before_the_run_count_first(lab):
    for number in range(2):
        run = lab.start(Triage, f"p{number}")
        planned(run, classify=(10, 10, 0.5))
        called(run, "classify", "a/x", 10, 10, 0.25, foreseen(10, 10, 0.25))
    costs = lab.costs()
    assert list(costs.table()["error_usd"]) == [1.0, 1.0]
    assert costs.total["estimate"]["usd"] == 1.0


def test_nothing_asked_yet(lab):
    costs = lab.costs()
    assert repr(costs) == "<Costs: no model was asked yet>"
    assert costs._repr_html_() == "<p>No model was asked yet.</p>"
    assert costs.table().empty
    assert costs.by_tenant().empty
    assert costs.distribution().empty
    assert costs.drift().empty


def test_text_and_html_name_the_groups(lab, runs, tmp_path):
    costs = lab.costs()
    assert "<Costs of 10 runs: $0.55>" in repr(costs)
    html = costs._repr_html_()
    assert "By tenant" in html
    assert "globex" in html
    costs.to_csv(tmp_path / "many.csv")
    assert (tmp_path / "many.csv").read_text().count("\n") == 11


def test_quantiles_and_bins():
    assert quantile([1.0], 0.9) == 1.0
    assert quantile([1.0, 2.0, 3.0], 0.5) == 2.0
    assert quantile([1.0, 2.0], 0.25) == 1.25
    assert histogram([], 4) == {"edges": [], "counts": []}
    assert histogram([2.0, 2.0], 4) == {"edges": [2.0, 2.0], "counts": [2]}
    found = histogram([0.0, 1.0, 2.0, 4.0], 4)
    assert (found["counts"], found["edges"]) == ([1, 1, 1, 1], [0.0, 1.0, 2.0, 3.0, 4.0])
    assert not math.isnan(sum(found["edges"]))
