"""Budgets as one sets and reads them in a lab, and whose calls they are about."""

import math

import pytest

from tests.runtime.asking import asked, until
from tests.runtime.paying import Till, pay
from traaviis_lab import Chart, Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import DefinitionError, LabError


@pytest.fixture
def lab():
    with Lab() as opened:
        opened.till = Till(opened)
        yield opened


def machine(name="Shop"):
    """Pays in `paying`, which is within `shop`, and once more in `resting`."""
    states = {
        "shop": {
            "initial": "paying",
            "states": {"paying": {"enter": [pay(0.1).to_spec()]}},
            "on_success": {"to": "resting"},
            "transitions": [{"on": "done.invoke.paying", "to": "resting"}],
        },
        "resting": {
            "enter": [pay(0.1).to_spec()],
            "on_success": {"to": "over"},
        },
        "over": {"final": True},
    }
    return Chart.from_spec({"spec": "traaviis/1", "name": name, "states": states})


def through(lab, chart=None, **names):
    run = lab.start(chart or machine(), **names)
    until(lambda: run.done)
    return run


@pytest.mark.parametrize(
    ("about", "spent"),
    [
        ({}, 0.8),
        ({"tenant": "acme"}, 0.2),
        ({"tenant": "acme", "machine": "Other"}, 0),
        ({"machine": "Shop"}, 0.6),
        ({"machine": "Shop", "state": "paying"}, 0.3),
        ({"machine": "Shop", "state": "shop"}, 0.3),
        ({"machine": "Shop", "state": "resting"}, 0.3),
        ({"run": "r1"}, 0.2),
        ({"run": "r1", "state": "paying"}, 0.1),
        ({"agent": "writer"}, 0),
    ],
)
def test_it_counts_the_calls_it_is_about_and_no_others(lab, about, spent):
    row = lab.budget(usd=5, **about)
    through(lab, id="r1")
    through(lab, id="r2", tenant="acme")
    through(lab, id="r3")
    through(lab, machine("Other"), id="r4")
    assert lab.budgets()[row.name].spent["usd"] == spent


def test_an_agent_has_a_budget_for_what_it_is_asked(lab):
    lab.budget(agent="writer", calls=1)
    lab.handler("invoke_agent", _as_agent)
    assert asked(lab, fx.invoke_agent("reader", "read")).state == "answered"
    assert asked(lab, fx.invoke_agent("writer", "write")).state == "answered"
    assert asked(lab, fx.invoke_agent("reader", "read")).state == "answered"
    assert asked(lab, fx.invoke_agent("writer", "write")).state == "failed"


async def _as_agent(effect, scope):
    from traaviis_lab.runtime.spending import Need, Spent

    spending = scope.engine.spending
    spending.settle(scope, await spending.reserve(scope, Need("m", 1, 0.0, 1)), Spent(1, 0.0, 0))


def test_each_run_of_a_machine_has_its_own_where_that_is_said(lab):
    lab.budget(machine=machine(), per="run", usd=0.15)
    first, second = through(lab, id="r1"), through(lab, id="r2")
    assert [(row.of, row.spent["usd"]) for row in lab.budgets()] == [("r1", 0.1), ("r2", 0.1)]
    assert {first.state, second.state} == {"resting"}  # stopped there
    assert list(lab.budgets().frame()["run"]) == ["r1", "r2"]


def test_machines_and_runs_are_taken_as_they_are(lab):
    class Door(Machine):
        """A door."""

        closed = State(initial=True)

    run = lab.start(Door)
    assert lab.budget(machine=Door, usd=1).name == "machine Door"
    assert lab.budget(machine=Door.chart, state="closed", usd=1).budget.machine == "Door"
    assert lab.budget(run=run, calls=1).budget.run == run.id
    assert lab.budget("mine", run="not begun yet", calls=1).name == "mine"
    assert len(lab.budgets()) == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"usd": -1}, {"usd": math.nan}, {"usd": True}, {"tokens": 1.5}, {"calls": math.inf}, {},
        {"usd": 1, "tenant": ""}, {"usd": 1, "whose": "me"}, {"usd": 1, "machine": 5},
        {"usd": 1, "hard": "yes"}, {"usd": 1, "state": "a"}, {"usd": 1, "warn_at": 2},
    ],
)  # fmt: skip
def test_what_is_no_budget_is_refused_and_none_is_set(lab, wrong):
    with pytest.raises(DefinitionError) as refused:
        lab.budget(**wrong)
    assert refused.value.hint
    assert len(lab.budgets()) == 0


def test_it_is_shown_as_text_table_and_bars(lab):
    assert "lab.budget(usd=5)" in repr(lab.budgets())
    assert "No budgets" in lab.budgets()._repr_html_()
    lab.budget(usd=0.4, calls=10)
    lab.budget("<b>", tenant="<i>", usd=1, hard=False)
    through(lab)
    assert repr(lab.budgets()["lab"]) == (
        "lab: hard\n"
        "  [##########..........] $0.2 of $0.4 spent\n"
        "  [####................] 2 calls of 10 calls spent"
    )
    frame = lab.budgets().frame().set_index(["budget", "unit"])
    assert frame.loc[("lab", "usd"), "left"] == 0.2
    assert frame.loc[("lab", "calls"), "share"] == 0.2
    page = lab.budgets()._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "width:50%" in lab.budgets()["lab"]._repr_html_()


def test_a_budget_is_removed_by_its_name_and_not_twice(lab):
    lab.budget(usd=0.1)
    lab.budgets().remove("lab")
    assert len(lab.budgets()) == 0
    assert not lab._engine.spending.is_watched
    through(lab)
    with pytest.raises(LabError, match="There is no budget 'lab'"):
        lab.budgets().remove("lab")
    with pytest.raises(LabError, match="There is no budget 'lap'"):
        lab.budgets()["lap"]


def test_the_book_of_budgets_is_no_run(lab):
    lab.budget(usd=1)
    assert lab.runs().empty
    assert lab.sql("from runs").empty
    assert lab.sql("from states").empty
    with pytest.raises(LabError, match="the journal's own"):
        lab.start(machine(), id="~budgets")
    assert lab.verify().problems == ()
    assert list(lab.sql("from budgets")["budget"]) == ["lab"]


def test_the_views_tell_what_was_set_aside_and_used(lab):
    lab.budget(usd=1)
    run = lab.run_pipeline(pay(0.2, most=0.3, tokens=5))
    row = lab.sql("from reservations").iloc[0]
    assert (row.run_id, row.model, row.node) == (run.id, "shop/till", "till#0")
    assert (row.reserved_usd, row.usd, row.tokens, row.settled) == (0.3, 0.2, 5, True)


def test_a_run_that_was_brought_here_spends_nothing_here(lab, tmp_path):
    with Lab(tmp_path / "a.duckdb") as there:
        Till(there)
        there.budget(usd=1)
        run = asked(there, pay(0.5))
        file = run.export(tmp_path / "run.json")
        there.import_run(file, id="again")
    with Lab(tmp_path / "a.duckdb") as there:
        assert there.budgets()["lab"].spent["usd"] == 0.5


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"machine": "shop"}, "no machine 'shop' is known here. Did you mean 'Shop'?"),
        ({"machine": "Shopp"}, "no machine 'Shopp' is known here. Did you mean 'Shop'?"),
        ({"tenant": "acmee"}, "no tenant 'acmee' is known here. Did you mean 'acme'?"),
        ({"tenant": "shop-17"}, ""),  # another one than shop-18
        ({"tenant": "acme2"}, ""),
        ({"tenant": "shop-"}, ""),
        ({"machine": "Later"}, ""),
        ({"tenant": "globex"}, ""),
        ({"tenant": "acme", "machine": "Shop"}, ""),
    ],
)
def test_a_name_much_like_a_known_one_is_warned_of(lab, caplog, about, says):
    lab.start(machine(), tenant="acme")
    lab.start(machine(), tenant="shop-18")
    assert lab.budget(**about, usd=1).limits == {"usd": 1}
    told = [one.getMessage() for one in caplog.records if "budget" in one.getMessage()]
    assert [one.partition(": ")[2] for one in told] == ([says] if says else [])


def test_a_state_that_the_run_does_not_have_is_refused(lab):
    lab.start(machine(), "r1")
    with pytest.raises(DefinitionError, match="Shop has no state 'payng'") as refused:
        lab.budget(run="r1", state="payng", usd=1)
    assert "paying" in refused.value.hint


def test_a_state_that_the_journal_does_not_know_is_warned_of(tmp_path, caplog):
    class Door(Machine):
        closed = State(initial=True)

    with Lab(tmp_path / "j.duckdb") as lab:
        lab.start(Door)
    with Lab(tmp_path / "j.duckdb") as lab:
        lab.budget(machine="Door", state="closed", usd=1)
        assert "budget" not in caplog.text
        lab.budget(machine="Door", state="closd", usd=1)
        assert "the newest Door in this journal has no state 'closd'. Did you mean" in caplog.text
