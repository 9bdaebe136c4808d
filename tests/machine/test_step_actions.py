"""What happens on the way: guards, assignments, effects, raised events, event names."""

import pytest

from traaviis_lab import effects as fx
from traaviis_lab.errors import EventRefused, RunawayChart
from traaviis_lab.machine.macrostep import start, step, step_by_algorithm
from traaviis_lab.machine.values import Event, Snapshot

from .play import active, chart, log, messages, on, run


def test_guards_are_asked_in_document_order_and_see_data_and_event():
    it = chart(
        {
            "ask": {
                "transitions": [on("told", "big", when="event.n > data.limit"), on("told", "small")]
            },
            "big": {},
            "small": {},
        },
        data={"limit": 8},
    )
    assert active(it, ("told", {"n": 9})) == "big"
    assert active(it, ("told", {"n": 2})) == "small"
    assert active(it, ("told", {"n": 2}), data={"limit": 1}) == "big"


def test_guards_see_which_states_are_active():
    it = chart(
        {
            "p": {
                "parallel": True,
                "states": {
                    "q": {
                        "states": {
                            "q1": {"transitions": [on("go", "q2", when='"r2" in state')]},
                            "q2": {},
                        }
                    },
                    "r": {"states": {"r1": {"transitions": [on("on", "r2")]}, "r2": {}}},
                },
            }
        }
    )
    assert "q2" in run(it, "on", "go").snapshot.active
    with pytest.raises(EventRefused):
        run(it, "go")


def test_assignments_of_one_transition_all_see_the_data_from_before_it():
    it = chart(
        {"a": {"transitions": [on("swap", assign={"x": "data.y", "y": "data.x"})]}},
        data={"x": 1, "y": 2},
    )
    assert run(it, "swap").snapshot.data == {"x": 2, "y": 1}


def test_transitions_of_several_regions_act_one_after_the_other():
    it = chart(
        {
            "p": {
                "parallel": True,
                "states": {
                    "q": {"transitions": [on("go", assign={"n": "data.n + 1"})]},
                    "r": {"transitions": [on("go", assign={"n": "data.n * 10"})]},
                },
            }
        },
        data={"n": 1},
    )
    assert run(it, "go").snapshot.data == {"n": 20}


def test_effects_come_in_the_order_exit_transition_enter():
    it = chart(
        {
            "a": {
                "exit": [log("-a")],
                "states": {
                    "a1": {"exit": [log("-a1")], "transitions": [on("go", "b1", do=[log("go")])]}
                },
            },
            "b": {"enter": [log("+b")], "states": {"b1": {"enter": [log("+b1")]}}},
        }
    )
    there = run(it, "go")
    assert messages(there) == ["-a1", "-a", "go", "+b", "+b1"]
    assert there.owners == ("", "", "", "b", "b1")


def test_templates_are_filled_in_when_the_effect_is_asked_for():
    it = chart(
        {
            "a": {
                "exit": [log("leaving with {{ data.n }}")],
                "transitions": [
                    on(
                        "go",
                        "b",
                        assign={"n": "data.n + event.by"},
                        do=[{"kind": "put_data", "key": "copy", "value": {"is": "{{ data.n }}"}}],
                    )
                ],
            },
            "b": {"enter": [log("{{ data.n }} by {{ event.by }}")]},
        },
        data={"n": 1},
    )
    there = run(it, ("go", {"by": 2}))
    assert there.effects == (
        fx.Log("leaving with 1"),
        fx.PutData("copy", {"is": 3}),
        fx.Log("3 by 2"),
    )


def test_enter_sees_its_own_state_active_and_exit_still_does():
    told = {"kind": "put_data", "key": "at", "value": "{{ state }}"}
    it = chart(
        {
            "a": {"exit": [told], "transitions": [on("go", "b1", do=[told])]},
            "b": {"enter": [told], "states": {"b1": {"enter": [told]}}},
        }
    )
    assert [e.value for e in run(it, "go").effects] == [["a"], [], ["b"], ["b", "b1"]]


def test_data_given_at_the_start_lies_over_the_charts_own():
    it = chart({"a": {}}, data={"x": 1, "y": 2})
    assert start(it, {"y": 3}).snapshot.data == {"x": 1, "y": 3}
    assert it.data == {"x": 1, "y": 2}


def test_an_event_without_a_name_brings_its_patch_and_triggers_nothing():
    it = chart(
        {
            "a": {"transitions": [on("*", "wrong"), on(None, "b", when="data.n == 2")]},
            "b": {},
            "wrong": {},
        },
        data={"n": 0},
    )
    here = start(it).snapshot
    assert step(it, here, Event("", {}, {"n": 1})).snapshot == Snapshot(frozenset({"a"}), {"n": 1})
    assert step(it, here, Event("", {}, {"n": 2})).snapshot.active == {"b"}


# Eventless transitions and raised events


def test_eventless_transitions_are_taken_until_none_is_left():
    it = chart(
        {
            "a": {"transitions": [on("go", "b")]},
            "b": {"transitions": [on(None, "c")]},
            "c": {"transitions": [on(None, "d", when="data.on")]},
            "d": {},
        },
        data={"on": False},
    )
    assert active(it, "go") == "c"
    assert active(it, "go", data={"on": True}) == "d"
    assert [m.event for m in run(it, "go").moves] == ["go", ""]


def test_raised_events_are_taken_in_order_before_anything_from_outside():
    raises = [
        {"kind": "raise", "event": name, "data": {"n": "{{ event.n }}"}} for name in ("x", "y")
    ]
    it = chart(
        {
            "a": {"transitions": [on("go", "b", do=raises)]},
            "b": {"transitions": [on("x", "c"), on("y", "wrong")]},
            "c": {"transitions": [on("y", "d", when="event.n == 7")]},
            "d": {},
            "wrong": {},
        }
    )
    there = run(it, ("go", {"n": 7}))
    assert there.snapshot.active == {"d"}
    assert there.raised == (Event("x", {"n": 7}), Event("y", {"n": 7}))
    assert there.effects == ()


def test_eventless_transitions_come_before_raised_events():
    it = chart(
        {
            "a": {"transitions": [on("go", "b", do=[{"kind": "raise", "event": "x"}])]},
            "b": {"transitions": [on(None, "c"), on("x", "wrong")]},
            "c": {"transitions": [on("x", "d")]},
            "d": {},
            "wrong": {},
        }
    )
    assert active(it, "go") == "d"


def test_a_chart_that_never_settles_is_stopped_and_the_round_is_named():
    it = chart(
        {
            "a": {"transitions": [on("go", "b")]},
            "b": {"transitions": [on(None, "c")]},
            "c": {"transitions": [on(None, "b")]},
        }
    )
    with pytest.raises(
        RunawayChart, match="b#0 -> c#0 went round and round through c, b|c#0 -> b#0"
    ) as no:
        run(it, "go")
    assert "guard" in no.value.hint


def test_a_chart_that_raises_events_for_ever_is_stopped_too():
    it = chart({"a": {"transitions": [on("x", do=[{"kind": "raise", "event": "x"}])]}})
    with pytest.raises(RunawayChart, match="a#0 went round"):
        run(it, "x")


# Event names


@pytest.mark.parametrize(
    ("listens", "name", "taken"),
    [
        ("a", "a", True),
        ("a", "a.b", False),
        ("a.*", "a.b", True),
        ("a.*", "a.b.c", True),
        ("a.*", "a", False),
        ("a.*", "ab.c", False),
        ("a.b.*", "a.b.c", True),
        ("a.b.*", "a.c", False),
        ("*", "anything.at.all", True),
    ],
)
def test_patterns_match_deeper_names_only(listens, name, taken):
    it = chart({"here": {"transitions": [on(listens, "there")]}, "there": {}})
    for go in (step, step_by_algorithm):
        try:
            found = "there" in go(it, start(it).snapshot, Event(name)).snapshot.active
        except EventRefused:
            found = False
        assert found is taken


def test_a_list_of_names_listens_to_each():
    it = chart({"here": {"transitions": [on(["x", "y.*"], "there")]}, "there": {}})
    assert active(it, "x") == active(it, "y.z") == "there"


def test_document_order_decides_between_a_pattern_and_a_name():
    it = chart(
        {"here": {"transitions": [on("*", "first"), on("x", "second")]}, "first": {}, "second": {}}
    )
    assert active(it, "x") == "first"
