"""What differs between two runs, as values, as text and as a table."""

import json
import pickle

import pytest

from tests.lab.conftest import Door
from tests.travel.shop import Shop, shopping
from traaviis_lab import Chart, Lab, Machine, State, ToldClock
from traaviis_lab import effects as fx
from traaviis_lab.errors import LabError, RunNotFound
from traaviis_lab.journal import Fact
from traaviis_lab.travel.places import ABSENT


@pytest.fixture
def clock():
    return ToldClock()


@pytest.fixture
def lab(clock):
    with Lab(clock=clock) as opened:
        yield opened


def refuse(amount):
    raise RuntimeError("card refused")


def door(lab, id, events, **settings):
    run = lab.start(Door, id=id, **settings)
    for name in events.split():
        run.send(name)
    return run


WAY = "open_command fully_open close_command"


def test_the_first_difference_and_the_paths_side_by_side(lab):
    left = door(lab, "left", f"{WAY} fully_closed open_command")
    right = door(lab, "right", f"{WAY} obstacle")
    diff = left.diff(right)
    assert not diff.same
    assert diff.first == (6, 6, "event", "fully_closed", "obstacle")
    assert [row.how for row in diff.path] == ["same"] * 4 + ["apart", "left"]
    assert [(row.left.seq, row.right.seq) for row in diff.path[3:5]] == [(4, 4), (6, 6)]
    assert not diff.has_parents
    assert repr(diff) == "<Diff left | right: part at seq 6 | 6 (event)>"
    frame = diff.to_frame()
    assert frame.columns.tolist() == [
        "how", "left_seq", "left_via", "left_state", "right_seq", "right_via", "right_state",
    ]  # fmt: skip
    assert frame["left_seq"].dropna().tolist() == left.history()["seq"].tolist()
    assert frame["right_state"].dropna().tolist() == right.history()["state"].tolist()


def test_it_reads_well(lab, clock):
    left = door(lab, "left", f"{WAY} fully_closed open_command fully_open")
    right = door(lab, "right", f"{WAY} obstacle fully_open")
    clock.advance(0.25)
    right.send("close_command")
    assert (
        str(left.diff(right))
        == """\
left | right
They part at seq 6 | 6: event fully_closed | obstacle.

  seq  left                         seq  right
       ... 2 more
    3  fully_open → open        =     3  fully_open → open
    4  close_command → closing  =     4  close_command → closing
    6  fully_closed → closed    ≠     6  obstacle → opening
    7  open_command → opening   <
    8  fully_open → open        =     7  fully_open → open
                                >     8  close_command → closing
  ≠ each does something else; < only in the left run; > only in the right run

Effects
  log 8/0  not asked | completed "closing"

Sums
  steps     7 | 7
  effects   1 | 2
  duration  0 ms | 250 ms"""
    )


@pytest.mark.parametrize(
    ("events", "data", "what", "sides"),
    [
        ("open_command", {}, "end", ("open_command", ABSENT)),
        ("", {"opened": 4}, "event.opened", (ABSENT, 4)),
        ("", {"opened": 4, "x": 1}, "event data", ({}, {"event.opened": 4, "event.x": 1})),
    ],
)
def test_the_first_difference_is_said_as_narrow_as_it_can_be(lab, events, data, what, sides):
    left, right = door(lab, "left", events), door(lab, "right", "", data=data)
    first = left.diff(right).first
    assert (first.what, first.left, first.right) == (what, *sides)
    assert right.diff(left).first == first.mirrored()


class Guess(Machine):
    """Python decides: the same event may lead elsewhere, and assign, ask or raise otherwise."""

    data = {"n": 0}
    here = State(initial=True)
    there = State()
    here.to(there, on="go", when=lambda data, event: MOOD == "state")
    here.to(None, on="go", when=lambda data, event: MOOD == "taken")
    here.to(None, on="go", assign={"n": lambda data, event: len(MOOD)}, do=[fx.log("{{ data.n }}")])


MOOD = ""


@pytest.mark.parametrize(
    ("mood", "what", "sides"),
    [
        ("state", "state", ("here", "there")),
        ("taken", "taken", (["here#2"], ["here#1"])),
        ("12345", "data.n", (2, 5)),
    ],
)
def test_the_same_event_with_another_outcome(lab, monkeypatch, mood, what, sides):
    runs = []
    for id, one in (("left", "ab"), ("right", mood)):
        monkeypatch.setitem(globals(), "MOOD", one)
        runs.append(lab.start(Guess, id=id))
        runs[-1].send("go")
        # What is not pure cannot be computed again: only what is recorded counts.
        lab.journal.keep(keep_of(runs[-1]))
    first = runs[0].diff(runs[1]).first
    assert (first.left_seq, first.right_seq) == (2, 2)
    assert (first.what, first.left, first.right) == (what, *sides)


def keep_of(run):
    from traaviis_lab.journal import Keep

    return Keep(run.id, run.seq, run._live.kept())


def test_effects_are_told_with_what_they_answered(lab):
    paid = shopping(lab, "paid", [("tea", 3)])
    failed = shopping(lab, "failed", [("tea", 3)], refuse)
    diff = paid.diff(failed)
    one, other = diff.effects
    assert (one.kind, one.left.status, one.right.status) == ("call", "completed", "failed")
    assert one.left.answer == {"paid": 3}
    assert one.right.answer["message"] == "call: RuntimeError: card refused"
    assert (other.kind, other.left, other.right.path) == ("put_data", None, "7/0")
    assert [one.path for one in diff.data] == ["data.problem", "data.receipt"]
    assert diff.data[0].left is ABSENT
    text = str(diff)
    assert 'completed {"paid":3} | failed EffectError: call: RuntimeError: card refused' in text
    assert "not asked | completed" in text


def test_an_answer_that_nobody_heard_is_still_a_difference(lab):
    class Deaf(Machine):
        here = State(initial=True, enter=fx.call("ask"))

    runs = []
    for answer in (1, 2):
        lab.register(lambda answer=answer: answer, "ask")
        runs.append(lab.start(Deaf, id=f"r{answer}"))
        runs[-1].wait(lambda run: not run.under_way)
    diff = runs[0].diff(runs[1])
    assert (diff.first, diff.same) == (None, False)
    assert [(one.left.answer, one.right.answer) for one in diff.effects] == [(1, 2)]
    assert "All steps are the same (1), but not all that came of them." in str(diff)


def test_effects_of_one_kind_and_spec_belong_together_wherever_they_stand(lab):
    left = shopping(lab, "left", [("tea", 3)])
    lab.register(lambda amount: {"paid": amount}, "charge")
    right = lab.start(Shop, id="right")
    right.send("added", item="tea", price=1)
    right.send("added", item="tea", price=2)
    right.send("checkout")
    right.wait()
    diff = left.diff(right)
    assert diff.effects == ()
    assert [one.how for one in diff.path].count("right") == 1


def test_what_it_took_is_unknown_where_nobody_said_and_never_nothing(lab, clock):
    runs = []
    for id, calls in (("left", [(10, 5, 0.25), (7, None, None)]), ("right", [])):
        run = lab.start(Door, id=id)
        clock.advance(3)
        for number, (tokens_in, tokens_out, cost) in enumerate(calls, 2):
            lab.journal.append(
                [
                    Fact(
                        id, number, clock.now(), "default", "model.called", "m", None, b"{}",
                        "closed", model="m", tokens_in=tokens_in, tokens_out=tokens_out,
                        cost_usd=cost,
                    )
                ]
            )  # fmt: skip
        runs.append(run)
    diff = runs[0].diff(runs[1])
    sums = {one.name: (one.left, one.right) for one in diff.sums}
    assert sums == {
        "steps": (1, 1),
        "effects": (0, 0),
        "duration": (3_000_000, 0),
        "calls": (2, 0),
        "tokens_in": (17, None),
        "tokens_out": (5, None),
        "cost_usd": (0.25, None),
        "unpriced": (1, 0),
    }
    assert "cost        $0.2500 | unknown" in str(diff)
    assert "unpriced    1 | 0" in str(diff)
    assert "tokens" not in str(runs[1].diff(runs[1]))


def test_a_run_may_be_named_or_be_of_another_lab(lab):
    left, right = door(lab, "left", WAY), door(lab, "right", WAY)
    assert left.diff("right") == left.diff(right)
    assert left.diff("right").same
    assert left.diff(lab.recording("right")) == lab.recording("left").diff(right)
    assert lab.recording("left").path().equals(left.path())
    with Lab(clock=ToldClock()) as other:
        twin = door(other, "left", "open_command")
        diff = left.diff(twin)
        assert diff.first.what == "end"
        assert [row.how for row in diff.path] == ["same", "same", "left", "left"]
    with pytest.raises(RunNotFound, match="No run 'nobody'"):
        left.diff("nobody")
    with pytest.raises(LabError, match="cannot be compared with 7"):
        left.diff(7)


def test_another_chart_is_told_and_its_transitions_known_by_what_they_are(lab):
    spec = Door.chart.to_spec()
    spec["states"]["closed"]["transitions"].insert(0, {"on": "kick", "to": "broken"})
    spec["states"]["broken"] = {}
    left = door(lab, "left", WAY)
    right = lab.start(Chart.from_spec(spec), id="right")
    for name in WAY.split():
        right.send(name)
    assert left.diff(right).same
    lab.start(Chart.from_spec(spec), id="kicked").send("kick")
    diff = left.diff("kicked")
    assert diff.undrawn == ("broken",)
    assert any("broken" in one for one in diff.chart_changes)
    assert "Not in the chart of left: broken." in str(diff)
    assert "Their charts differ:" in str(diff)


def test_it_travels_as_json(lab):
    diff = shopping(lab, "a", [("tea", 3)]).diff(shopping(lab, "b", [("cup", 7)], refuse))
    told = json.loads(json.dumps(diff.to_json()))
    assert set(told) == {
        "left", "right", "same", "first", "rows", "data", "effects", "marks", "sums", "undrawn",
        "chart", "text",
    }  # fmt: skip
    assert told["first"]["left"] == told["first"]["right"] == 2
    assert told["first"]["what"] == "event data"
    assert told["rows"][0] == [1, 1, 1]
    assert set(told["effects"][0]) == {"path", "kind", "left", "right"}
    assert told["effects"][0]["left"]["result"] == {"paid": 3}
    assert told["effects"][0]["right"]["error"]["kind"] == "EffectError"
    assert "receipt" in json.dumps(told["data"])


def test_what_one_keeps_of_a_difference_cannot_reach_the_runs(lab):
    left, right = shopping(lab, "a", [("tea", 3)]), shopping(lab, "b", [])
    receipt = next(one for one in left.diff(right).data if one.path == "data.receipt")
    receipt.left["mine"] = True
    assert left.data["receipt"] == {"paid": 3}
    assert left.diff(right).data[-2].left == {"paid": 3}


def test_it_can_be_kept_and_sent_to_another_process(lab):
    diff = shopping(lab, "a", [("tea", 3)]).diff(shopping(lab, "b", [("tea", 3)], refuse))
    again = pickle.loads(pickle.dumps(diff))
    assert again == diff
    assert again.data[0].left is ABSENT


def test_large_changes_and_answers_are_compared_whole(lab):
    runs = [shopping(lab, id, [("tea", 3)], lambda amount, e=e: ["x" * 9_000, e]) for id, e in
            (("a", "end"), ("b", "END"))]  # fmt: skip
    diff = runs[0].diff(runs[1])
    assert [one.path for one in diff.data] == ["data.receipt[1]"]
    assert [one.left.answer[1] for one in diff.effects] == ["end"]
    assert len(str(diff)) < 3_000
