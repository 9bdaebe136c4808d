"""Path, changes and differences of forks: what they share with their parents counts as theirs."""

import pytest

from tests.lab.conftest import Door
from tests.travel.shop import shopping
from traaviis_lab import Lab, ToldClock


@pytest.fixture
def clock():
    return ToldClock()


@pytest.fixture
def lab(clock):
    with Lab(clock=clock) as opened:
        yield opened


def opened_and_closed(lab, clock, id="parent"):
    run = lab.start(Door, id=id)
    for name in ("open_command", "fully_open", "close_command"):
        clock.advance(10)
        run.send(name)
    return run


def test_the_past_of_a_fork_is_its_parents(lab, clock):
    parent = opened_and_closed(lab, clock)
    clock.advance(1_000)
    fork = parent.fork(at=3, id="fork")
    clock.advance(5)
    fork.send("close_command")
    assert fork.path()[["seq", "state", "via"]].values.tolist() == [
        [1, "open", "fork"],
        [2, "closing", "close_command"],
    ]
    whole = fork.path(ancestors=True)
    assert whole[["run", "seq", "state"]].values.tolist() == [
        ["parent", 1, "closed"],
        ["parent", 2, "opening"],
        ["parent", 3, "open"],
        ["fork", 2, "closing"],
    ]
    assert whole["duration"][:3].dt.total_seconds().tolist() == [10, 10, 5]
    assert "run" not in parent.path()


def test_the_changes_of_a_fork_are_told_with_or_without_those_before(lab, clock):
    parent = opened_and_closed(lab, clock)
    fork = parent.fork(at=3, id="fork", data={"locked": True})
    alone = fork.changes()
    assert alone[["seq", "path", "by"]].values.tolist() == [
        [1, "data.opened", "fork"],
        [1, "data.locked", "fork"],
        [2, "data.locked", "fork"],
    ]
    whole = fork.changes(ancestors=True)
    assert whole[["run", "seq", "path", "new", "how"]].values.tolist() == [
        ["parent", 1, "data.opened", 0, "the chart's own data"],
        ["parent", 1, "data.locked", False, "the chart's own data"],
        ["parent", 3, "data.opened", 1, "opening#0: opened = data.opened + 1"],
        ["fork", 2, "data.locked", True, "fork of parent at 3"],
    ]
    assert fork.changes("locked", ancestors=True)["old"].tolist() == [None, False]


def test_what_both_did_before_the_fork_is_the_same(lab, clock):
    parent = opened_and_closed(lab, clock)
    fork = parent.fork(at=3, id="fork")
    diff = parent.diff(fork)
    assert [row.how for row in diff.path] == ["same"] * 3 + ["left"]
    assert (diff.first.left_seq, diff.first.right_seq, diff.first.what) == (4, None, "end")
    assert diff.to_json()["rows"] == [[1, 0, 1], [2, 0, 1], [3, 0, 1], [4, 0, 0]]
    assert diff.has_parents
    assert "    3  fully_open → open        =   (3)  fully_open → open\n" in str(diff)
    assert "(seq) a fact of its parent" in str(diff)
    assert "<td>(3)</td>" in diff._repr_mimebundle_()["text/html"]
    frame = diff.to_frame()
    assert frame["right_run"].tolist()[:3] == ["parent"] * 3
    fork.send("close_command")
    assert parent.diff(fork).same
    assert str(parent.diff(fork)).startswith("parent | fork\nThey are the same: 4 steps.")


def test_a_fork_that_was_given_other_data_begins_with_a_difference(lab, clock):
    parent = opened_and_closed(lab, clock)
    fork = parent.fork(at=3, id="fork", data={"locked": True})
    diff = parent.diff(fork)
    assert [row.how for row in diff.path] == ["same"] * 3 + ["apart"]
    assert (diff.first.what, diff.first.left, diff.first.right) == (
        "event",
        "close_command",
        "fork",
    )
    assert [(one.path, one.left, one.right) for one in diff.data] == [("data.locked", False, True)]
    twin = parent.fork(at=3, id="twin", data={"locked": 0})
    diff = fork.diff(twin)
    assert [row.how for row in diff.path] == ["same"] * 3 + ["changed"]
    assert (diff.first.what, diff.first.left, diff.first.right) == ("event.locked", True, 0)
    assert diff.to_json()["rows"] == [[2, 2, 0]]


def test_forks_of_forks_share_what_they_share(lab, clock):
    parent = opened_and_closed(lab, clock)
    one = parent.fork(at=3, id="one")
    one.send("close_command")
    one.send("obstacle")
    two = one.fork(at=2, id="two")
    two.send("fully_closed")
    three = two.fork(id="three")
    three.send("open_command")
    states = three.path(ancestors=True)[["run", "state"]].values.tolist()
    assert states == [
        ["parent", "closed"],
        ["parent", "opening"],
        ["parent", "open"],
        ["one", "closing"],
        ["two", "closed"],
        ["three", "opening"],
    ]
    diff = parent.diff(three)
    assert [row.how for row in diff.path] == ["same"] * 4 + ["right", "right"]
    diff = one.diff(three)
    assert (diff.first.what, diff.first.left, diff.first.right) == (
        "event", "obstacle", "fully_closed",
    )  # fmt: skip
    assert three.diff(one) == diff.mirrored()


def test_an_answer_that_came_in_the_fork_belongs_to_what_its_parent_asked(lab):
    parent = shopping(lab, "parent", [("tea", 3)])
    asked = next(f.seq for f in lab.journal.read("parent") if f.kind == "effect.started")
    same = parent.fork(at=asked, id="same", until="end")
    assert same.done
    assert parent.diff(same).effects == ()
    other = parent.fork(id="other", results={"3/1": {"paid": 99}})
    diff = parent.diff(other)
    assert [(one.kind, one.left.answer, one.right.answer) for one in diff.effects] == [
        ("call", {"paid": 3}, {"paid": 99})
    ]
    assert [(one.path, one.left, one.right) for one in diff.data] == [("data.receipt.paid", 3, 99)]
    assert diff.first.what in ("event.receipt.paid", "data.receipt.paid")


def test_time_in_a_fork_goes_on_from_its_parent(lab, clock):
    parent = opened_and_closed(lab, clock)
    clock.advance(20)
    fork = parent.fork(at=3, id="fork", until="end")
    sums = {one.name: (one.left, one.right) for one in parent.diff(fork).sums}
    assert sums["duration"] == (30_000_000, 30_000_000)


def test_a_fork_whose_parent_is_elsewhere_stands_for_itself(lab, clock):
    parent = opened_and_closed(lab, clock)
    fork = parent.fork(at=3, id="fork")
    fork.send("close_command")
    with Lab(clock=clock) as other:
        other.add(Door)
        other.journal.append(list(lab.journal.read("fork")))
        alone = other.recording("fork")
        assert alone.path(ancestors=True)["run"].tolist() == ["fork", "fork"]
        assert alone.changes("opened", ancestors=True)["new"].tolist() == [1]
        diff = alone.diff(fork)
        assert [row.how for row in diff.path] == ["apart", "right", "right", "same"]
        assert diff.data == ()
        assert fork.diff(alone) == diff.mirrored()
