"""What goes wrong on the way: errors that become events, events that are refused, odd snapshots."""

import pytest

from traaviis_lab.errors import Diverged, EventRefused
from traaviis_lab.machine.draft import _as_lab_error
from traaviis_lab.machine.macrostep import start, step
from traaviis_lab.machine.values import Event, Snapshot

from .play import active, chart, log, messages, on, run

FAULTY = {
    "a": {
        "transitions": [
            on("guard", "b", when="event.missing > 1"),
            on(
                "assign", "b", assign={"n": "data.n + 1", "m": "event.missing"}, do=[log("skipped")]
            ),
            on("template", "b", do=[log("first"), log("{{ event.missing }}"), log("skipped")]),
        ]
    },
    "b": {
        "enter": [log("in b")],
        "transitions": [on("error.execution", "c", assign={"why": "event.message"})],
    },
    "c": {},
}


def test_a_guard_that_fails_is_false_and_raises_error_execution():
    it = chart(
        {
            "a": {
                "transitions": [
                    on("go", "b", when="event.missing > 1"),
                    on("error.execution", "c", assign={"where": "event.where"}),
                ]
            },
            "b": {},
            "c": {},
        }
    )
    there = run(it, "go")
    assert there.snapshot.active == {"c"}
    assert there.snapshot.data["where"] == "a#0"
    assert [event.name for event in there.raised] == ["error.execution"]
    assert there.raised[0].data["kind"] == "ExpressionError"


def test_an_event_whose_only_guard_fails_is_refused_with_the_reason():
    it = chart(FAULTY, data={"n": 0})
    with pytest.raises(EventRefused, match="could not be computed") as no:
        run(it, "guard")
    assert "event.missing > 1" in no.value.message


def test_when_one_assignment_fails_none_is_applied_and_the_actions_are_skipped():
    there = run(chart(FAULTY, data={"n": 0}), "assign")
    assert there.snapshot.active == {"c"}
    assert there.snapshot.data["n"] == 0
    assert "m" not in there.snapshot.data
    assert "missing" in there.snapshot.data["why"]
    assert messages(there) == ["in b"]


def test_a_template_that_fails_skips_the_rest_of_its_block_only():
    there = run(chart(FAULTY, data={"n": 0}), "template")
    assert messages(there) == ["first", "in b"]
    assert there.snapshot.active == {"c"}


def test_a_failing_eventless_guard_is_told_once_and_does_not_run_away():
    it = chart(
        {
            "a": {"transitions": [on("go", "b")]},
            "b": {
                "transitions": [
                    on(None, "c", when="data.missing > 1"),
                    on("error.execution", assign={"errors": "data.errors + 1"}),
                ]
            },
            "c": {},
        },
        data={"errors": 0},
    )
    assert run(it, "go").snapshot.data == {"errors": 1}


def test_a_handler_of_errors_that_fails_does_not_call_itself_for_ever():
    it = chart(
        {
            "a": {
                "transitions": [
                    on("go", "a", assign={"n": "event.missing"}),
                    on("error.execution", assign={"n": "event.missing"}),
                ]
            }
        }
    )
    there = run(it, "go")
    assert [event.name for event in there.raised] == ["error.execution", "error.execution"]


def test_what_python_raises_is_told_in_the_houses_words():
    error = _as_lab_error(KeyError("n"))
    assert error.message == "KeyError: 'n'"
    assert error.to_json()["kind"] == "ExpressionError"


# Refusals


def test_an_event_nobody_takes_is_refused_with_what_is_taken():
    it = chart({"closed": {"transitions": [on("open", "opened")]}, "opened": {}})
    with pytest.raises(EventRefused, match="Event 'kick' means nothing in closed") as no:
        run(it, "kick")
    assert no.value.message == "Event 'kick' means nothing in closed."
    assert no.value.hint == "Events taken here: open."


def test_a_false_guard_is_named_in_the_refusal():
    it = chart(
        {"closed": {"transitions": [on("open", "closed", when="!data.locked")]}},
        data={"locked": True},
    )
    with pytest.raises(EventRefused) as no:
        run(it, "open")
    assert no.value.message == (
        "Event 'open' is not taken in closed: guard `!data.locked` of closed#0 is false."
    )
    assert no.value.hint == "Events taken here: none."


def test_an_ended_run_refuses_everything():
    it = chart({"a": {"transitions": [on("end", "z")]}, "z": {"final": True}})
    with pytest.raises(EventRefused, match="the run has ended in z"):
        run(it, "end", "end")


@pytest.mark.parametrize("name", ["done.invoke.a", "error.invoke.a", "after.a.0"])
def test_the_engines_own_events_are_never_refused(name):
    it = chart({"a": {}})
    here = start(it).snapshot
    there = step(it, here, Event(name))
    assert (there.snapshot, there.moves) == (here, ())


def test_a_patch_replaces_data_before_transitions_are_looked_for_and_is_never_refused():
    it = chart(
        {"a": {"transitions": [on("got", "b", when="data.answer == 42")]}, "b": {}},
        data={"answer": 0, "other": 1},
    )
    here = start(it).snapshot
    there = step(it, here, Event("got", {}, {"answer": 42}))
    assert there.snapshot == Snapshot(frozenset({"b"}), {"answer": 42, "other": 1}, {}, False)
    quiet = step(it, here, Event("nobody", {}, {"answer": 1}))
    assert (quiet.moves, quiet.snapshot.data["answer"]) == ((), 1)


def test_a_patch_wakes_eventless_transitions():
    it = chart(
        {"a": {"transitions": [on(None, "b", when="data.ready")]}, "b": {}}, data={"ready": False}
    )
    there = step(it, start(it).snapshot, Event("nobody", {}, {"ready": True}))
    assert there.snapshot.active == {"b"}


def test_validate_refuses_with_its_reason():
    it = chart(
        {
            "a": {
                "validate": [
                    {"on": "pay", "when": "event.sum > 0", "reason": "A sum must be positive."}
                ],
                "transitions": [on("pay", "b"), on("leave", "b")],
            },
            "b": {},
        }
    )
    assert active(it, ("pay", {"sum": 1})) == active(it, "leave") == "b"
    for data in ({"sum": 0}, {}):
        with pytest.raises(EventRefused, match="A sum must be positive"):
            run(it, ("pay", data))


def test_validate_without_names_is_asked_for_every_event_also_around_the_leaf():
    it = chart(
        {
            "a": {
                "validate": [{"when": "!data.frozen", "reason": "Frozen."}],
                "states": {"a1": {"transitions": [on("x", "a2")]}, "a2": {}},
            }
        },
        data={"frozen": False},
    )
    assert active(it, "x") == "a a2"
    with pytest.raises(EventRefused, match="Frozen"):
        run(it, "x", data={"frozen": True})


def test_a_payload_that_is_not_as_declared_is_refused():
    it = chart(
        {"a": {"transitions": [on("pay", "b")]}, "b": {}},
        events={
            "pay": {
                "type": "object",
                "properties": {"sum": {"type": "number", "minimum": 0}},
                "required": ["sum"],
            }
        },
    )
    assert active(it, ("pay", {"sum": 3})) == "b"
    with pytest.raises(EventRefused, match="'pay' came with the wrong data: it lacks 'sum'"):
        run(it, "pay")
    with pytest.raises(EventRefused, match="'sum' must be at least 0, not -1"):
        run(it, ("pay", {"sum": -1}))


@pytest.mark.parametrize(
    ("states", "says"),
    [
        (set(), "the chart"),
        ({"zz"}, "'zz' is not one of its states"),
        ({"a1"}, "'a' around it is not"),
        ({"a", "a1", "b"}, "needs one active child and has 2"),
        ({"a"}, "'a' needs one active child and has 0"),
        ({"p", "q"}, "region 'r' of 'p' is not active"),
        ({"a", "h"}, "history marker"),
        ({""}, "is not one of its states"),
    ],
)
def test_a_snapshot_that_does_not_fit_the_chart_is_told_apart(states, says):
    it = chart(
        {
            "a": {"states": {"a1": {}, "h": {"history": "deep"}}},
            "b": {},
            "p": {"parallel": True, "states": {"q": {}, "r": {}}},
        }
    )
    with pytest.raises(Diverged, match=says):
        step(it, Snapshot(frozenset(states)), Event("x"))


def test_a_history_that_does_not_fit_the_chart_is_told_apart():
    it = chart(
        {
            "a": {"states": {"a1": {}, "h": {"history": "deep"}}},
            "b": {"transitions": [on("back", "h")]},
        },
    )
    with pytest.raises(Diverged, match="history of 'h'"):
        step(it, Snapshot(frozenset({"b"}), {}, {"h": ("gone",)}), Event("back"))
