"""Who changed what, when, from what, and what that came from."""

import pytest
from hypothesis import given

from tests.machine.charts import chart_specs, event_strings, tries
from tests.travel.random_runs import play
from tests.travel.shop import ADDED, shopping
from traaviis_lab import Lab, Machine, State, ToldClock
from traaviis_lab.errors import LabError
from traaviis_lab.travel.changes import changes
from traaviis_lab.travel.places import ABSENT


@pytest.fixture
def lab():
    with Lab(clock=ToldClock()) as opened:
        yield opened


def refuse(amount):
    raise RuntimeError("card refused")


def test_each_change_names_the_event_and_the_formula_or_the_effect(lab):
    run = shopping(lab, "s", [("tea", 3)], refuse)
    frame = run.changes()
    assert frame.columns.tolist() == ["seq", "at", "path", "old", "new", "by", "how", "cause"]
    rows = frame[["seq", "path", "by", "how"]].values.tolist()
    assert rows == [
        [1, "data.cart", "", "the chart's own data"],
        [1, "data.tries", "", "the chart's own data"],
        [1, "data.receipt", "", "the chart's own data"],
        [2, "data.cart", "added", f"browsing#0: cart = {ADDED}"],
        [4, "data.tries", "update_data", "3/0"],
        [8, "data.problem", "put_data", "7/0"],
    ]
    assert frame["old"].tolist()[3:] == [{"items": [], "total": 0}, 0, None]
    assert frame["new"].tolist()[4:] == [1, "call: RuntimeError: card refused"]
    assert frame["cause"].astype(object).where(frame["cause"].notna(), None).tolist() == [
        None, None, None, None, 3, 7,
    ]  # fmt: skip


def test_a_place_inside_the_data_has_a_history_of_its_own(lab):
    run = shopping(lab, "s", [("tea", 3), ("cup", 7)])
    for path in ("data.cart.total", "cart.total", 'data["cart"].total'):
        assert run.changes(path)["new"].tolist() == [0, 3, 10]
    assert run.changes("cart.items[1]")[["seq", "old", "new"]].values.tolist() == [[3, None, "cup"]]
    receipt = run.changes("receipt.paid")
    assert receipt[["by", "how", "new"]].values.tolist() == [["call", "4/1", 10]]
    assert run.changes("data")["path"].tolist() == run.changes()["path"].tolist()


def test_data_given_at_the_start_is_told_apart_from_the_charts(lab):
    run = lab.start(Big, data={"given": 1})
    found = run.changes()[["path", "how"]].values.tolist()
    assert found == [["data.text", "the chart's own data"], ["data.given", "given at the start"]]


class Big(Machine):
    """Writes more than the journal keeps of a change."""

    data = {"text": ""}
    here = State(initial=True)
    here.to(None, on="grow", assign={"text": "data.text + event.more"})


def test_changes_too_large_for_the_record_are_computed_again(lab):
    run = lab.start(Big)
    for sign in "abc":
        run.send("grow", more=sign * 3_000)
    assert [len(value) for value in run.changes("text")["new"]] == [0, 3_000, 6_000, 9_000]


def test_true_is_not_one_and_an_equal_value_is_no_change(lab):
    class Flag(Machine):
        data = {"on": 1}
        here = State(initial=True)
        here.to(None, on="set", assign={"on": "event.to"})

    run = lab.start(Flag)
    for value in (1, True, True, 1.0):
        run.send("set", to=value)
    assert [repr(value) for value in run.changes("on")["new"]] == ["1", "True", "1.0"]


def test_what_one_keeps_of_a_change_cannot_reach_the_machine(lab):
    run = shopping(lab, "s", [("tea", 3)])
    run.changes("cart")["new"][0]["items"].append("mine")
    assert run.changes("cart")["new"].tolist()[0] == {"items": [], "total": 0}
    assert lab.start(type(run.chart).from_spec(run.chart.to_spec())).data["cart"]["items"] == []


@pytest.mark.parametrize(
    ("path", "says"),
    [("cart.totl", "Did you mean 'data.cart.total'"), ("data.zzz", "Its data: data.cart")],
)
def test_a_path_the_run_never_had_is_told_with_those_it_has(lab, path, says):
    run = shopping(lab, "s", [("tea", 3)])
    with pytest.raises(LabError, match="Run 's' never had") as caught:
        run.changes(path)
    assert says in caught.value.hint


@pytest.mark.parametrize(
    "path", ["", " ", ".x", "a..b", "a.", "a[", "a[x]", "a[-1]", 'a["b', "a[0]b", 'a["\\x"]', 7]
)
def test_what_is_no_path_is_refused(lab, path):
    run = lab.start(Big)
    with pytest.raises(LabError, match="is no place in data"):
        run.changes(path)


@tries(60)
@given(chart_specs(), event_strings())
def test_the_changes_one_after_the_other_make_the_data(spec, events):
    run = play(spec, events)
    if run is None:
        return
    data = {}
    for one in changes(run.trail):
        field = one.path.removeprefix("data.")
        assert data.get(field, ABSENT) == one.old
        data[field] = one.new
        assert run.at(one.seq).data[field] == one.new
    assert data == run.data
