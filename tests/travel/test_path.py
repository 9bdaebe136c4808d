"""The way of a run: a row for each stay, also where it comes back to the same state."""

from hypothesis import given

from tests.lab.conftest import Door
from tests.machine.charts import chart_specs, event_strings, tries
from tests.travel.random_runs import LAB, play
from tests.travel.shop import shopping
from traaviis_lab import Lab, Machine, State, ToldClock
from traaviis_lab.runtime.bodies import leaf_text
from traaviis_lab.travel.path import stays


class Twice(Machine):
    """Leaves and enters its only state, and counts without leaving it."""

    data = {"n": 0}
    here = State(initial=True)
    here.to(here, on="again")
    here.to(None, on="count", assign={"n": "data.n + 1"})


def test_a_row_says_what_led_in_and_how_long_it_stayed():
    clock = ToldClock()
    with Lab(clock=clock) as lab:
        run = lab.start(Door, id="d")
        clock.advance(2)
        run.send("open_command")
        clock.advance(1)
        run.send("fully_open")
        run.send("close_command")
        clock.advance(31)
        frame = run.path()
        assert frame.columns.tolist() == ["seq", "at", "state", "via", "taken", "duration"]
        assert frame[["seq", "state", "via", "taken"]].values.tolist() == [
            [1, "closed", "", []],
            [2, "opening", "open_command", ["closed#0"]],
            [3, "open", "fully_open", ["opening#0"]],
            [4, "closing", "close_command", ["open#0"]],
            [6, "opening", "after.closing.0", ["closing#2"]],
        ]
        seconds = [each.total_seconds() for each in frame["duration"][:-1]]
        assert seconds == [2, 1, 0, 30]
        assert frame["duration"].isna().tolist() == [False] * 4 + [True]
        assert str(frame["at"][1] - frame["at"][0]) == "0 days 00:00:02"


def test_coming_back_is_a_stay_and_a_change_of_data_is_none():
    with Lab(clock=ToldClock()) as lab:
        run = lab.start(Twice)
        for name in ("count", "again", "count", "again"):
            run.send(name)
        assert run.path()["seq"].tolist() == [1, 3, 5]
        assert run.path()["via"].tolist() == ["", "again", "again"]


def test_the_last_stay_of_a_run_that_is_over_has_an_end():
    clock = ToldClock()
    with Lab(clock=clock) as lab:
        done = shopping(lab, "a", [("tea", 3)])
        assert done.path()["state"].tolist() == ["browsing", "paying", "paid"]
        assert done.path()["duration"].notna().all()
        run = lab.start(Door)
        clock.advance(5)
        run.stop()
        assert run.path()["duration"].dt.total_seconds().tolist() == [5]


@tries(60)
@given(chart_specs(), event_strings())
def test_stays_are_where_the_run_stood(spec, events):
    run = play(spec, events)
    if run is None:
        return
    found = stays(run.trail)
    assert found[0].seq == 1
    assert found[0].via == ""
    for one, after in zip(found, [*found[1:], None], strict=True):
        upto = after.seq - 1 if after else run.seq
        assert one.seq <= upto
        for seq in {one.seq, upto}:
            assert leaf_text(run.chart, run.at(seq).active) == one.state
        assert one.duration is not None or (after is None and not run.done)
    assert LAB.is_open
