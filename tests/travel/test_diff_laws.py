"""Laws of differences, on runs nobody drew: nothing differs from itself, and sides can be turned."""

import json

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.machine.charts import chart_specs, event_strings, tries
from tests.travel.random_runs import play
from traaviis_lab.travel.comparing.strides import walked
from traaviis_lab.travel.differences import alike
from traaviis_lab.travel.lineage import lineage, shared

STARTS = st.sampled_from([None, {"n": 0}, {"n": 3}, {"more": [1, {"x": None}]}])


def pair(spec, events, others, start):
    left, right = play(spec, events), play(spec, others, start)
    assume(left is not None and right is not None)
    return left, right


@tries(15)
@given(chart_specs(), event_strings())
def test_a_run_does_not_differ_from_itself(spec, events):
    run = play(spec, events)
    if run is None:
        return
    diff = run.diff(run)
    assert diff.same
    assert (diff.first, diff.data, diff.effects, diff.undrawn) == (None, (), (), ())
    assert {row.how for row in diff.path} == {"same"}
    assert not diff.marks.left | diff.marks.right
    assert diff.mirrored() == diff


@tries(15)
@given(chart_specs(), event_strings(), event_strings(), STARTS)
def test_the_other_side_sees_it_mirrored(spec, events, others, start):
    left, right = pair(spec, events, others, start)
    diff = left.diff(right)
    assert right.diff(left) == diff.mirrored()
    assert diff.mirrored().mirrored() == diff
    told = json.loads(json.dumps(diff.to_json()))
    back = diff.mirrored().to_json()
    assert [[b, a, same] for a, b, same in told["rows"]] == back["rows"]


@tries(15)
@given(chart_specs(), event_strings(), event_strings(), STARTS)
def test_every_step_of_both_has_its_row_in_order(spec, events, others, start):
    runs = pair(spec, events, others, start)
    diff = runs[0].diff(runs[1])
    for side, run in enumerate(runs):
        told = [one.seq for row in diff.path if (one := row.side(side)) is not None]
        history = run.history()
        assert told == history["seq"].tolist()
        steps = [one.made["taken"] for row in diff.path if (one := row.side(side)) is not None]
        assert steps == history["taken"].tolist()
    for how, left, right in diff.path:
        assert (left is None) == (how == "right")
        assert (right is None) == (how == "left")
        if how in ("same", "changed"):
            assert (left.via, left.state) == (right.via, right.state)
        if how == "same":
            assert alike(left.came, right.came)


@tries(15)
@given(chart_specs(), event_strings(), event_strings(), STARTS)
def test_nothing_is_told_where_nothing_differs_and_something_where_it_does(
    spec, events, others, start
):
    left, right = pair(spec, events, others, start)
    diff = left.diff(right)
    assert (not diff.data) == alike(left.data, right.data)
    if left.active != right.active or not alike(left.data, right.data):
        assert diff.first is not None
    if diff.first is not None:
        assert any(row.how != "same" for row in diff.path)
        for run, seq in ((left, diff.first.left_seq), (right, diff.first.right_seq)):
            assert seq is None or seq in run.history()["seq"].tolist()
    assert str(diff).startswith(f"{left.id} | {right.id}\n")
    marks = diff.marks
    assert not marks.left & marks.right
    assert not marks.both & (marks.left | marks.right)
    assert left.active <= marks.left | marks.both
    assert right.active <= marks.right | marks.both


@tries(15)
@given(chart_specs(), event_strings(), event_strings(4), st.integers(0, 30), st.data())
def test_a_fork_and_its_parent_have_in_common_what_was_before(spec, events, others, at, data):
    parent = play(spec, events)
    if parent is None:
        return
    at = 1 + at % parent.seq
    fork = parent.fork(at=at)
    for row in parent.diff(fork).path:
        assert row.how == "same" or row.left.seq > at
    again = fork
    if data.draw(st.booleans()):
        again = fork.fork(at=1 + data.draw(st.integers(0, 30)) % fork.seq)
    ways = lineage(parent.trail), lineage(again.trail)
    common = shared(*ways)
    for way in ways:
        assert walked(way, common, walked(common)) == walked(way)
    diff, back = parent.diff(again), again.diff(parent)
    assert diff.mirrored() == back
    assert again.diff(again).same
    past = [row for row in diff.path if row.right is not None and row.right.run == parent.id]
    assert [row.how for row in past] == ["same"] * len(past)
    copied = parent.fork(at=at, until="end")
    assert parent.diff(copied).same, str(parent.diff(copied))
