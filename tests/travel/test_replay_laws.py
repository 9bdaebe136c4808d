"""Laws of replay, on charts nobody drew: a run replays as itself, a changed chart where it may."""

import contextlib
import copy

from hypothesis import given
from hypothesis import strategies as st

from tests.machine.charts import chart_specs, event_strings, tries
from traaviis_lab import Chart, EventRefused, Lab, ToldClock
from traaviis_lab.errors import Diverged, LabError, RunawayChart
from traaviis_lab.runtime import Recall
from traaviis_lab.travel import Trail, replay

CLOCK = ToldClock()
LAB = Lab(clock=CLOCK)
EDITS = ("when", "assign", "to", "drop", "enter", "data", "delay", "nothing")


@st.composite
def busy_specs(draw):
    """A drawn chart that also waits: some states have a timer, a delay and an answer to it."""
    spec = draw(chart_specs())
    for state in boxes(spec):
        if state.get("final") or state.get("history"):
            continue
        if draw(st.booleans()):
            to = draw(st.sampled_from(list(names(spec))))
            state["after"] = [{"delay": draw(st.sampled_from(["1s", "3s"])), "to": to}]
        if draw(st.integers(0, 3)) == 0:
            state["enter"] = [*state.get("enter", []), {"kind": "delay", "for": "2s"}]
            if draw(st.booleans()):
                state["on_success"] = [{"assign": {"n": "data.n + 100"}}]
    return spec


def boxes(spec):
    for state in spec.get("states", {}).values():
        yield state
        yield from boxes(state)


def names(spec):
    for name, state in spec.get("states", {}).items():
        if not state.get("history"):
            yield name
        yield from names(state)


def play(spec, events):
    """A run of the chart on these events, a note and time in between; None for a runaway."""
    try:
        run = LAB.start(Chart.from_spec(spec))
    except RunawayChart:
        return None
    for number, (name, data) in enumerate(events):
        with contextlib.suppress(EventRefused, RunawayChart):
            run.send(name, **data)
        if number % 3 == 1:
            run.note("looked", at=number)
        if number % 2:
            CLOCK.advance(1.5)
    if len(events) % 4 == 3:
        run.stop()
    return run


@tries(120)
@given(busy_specs(), event_strings())
def test_a_run_replays_as_itself(spec, events):
    run = play(spec, events)
    if run is None:
        return
    found = run.replay()
    assert found.snapshot == run.snapshot
    assert (found.facts, found.same_chart) == (run.seq, True)
    for upto in {1, (run.seq + 1) // 2}:
        assert run.replay(upto=upto).snapshot == run.at(upto)
    run.stop()


@tries(60)
@given(busy_specs(), event_strings(), st.data())
def test_every_place_is_where_folding_all_facts_leads(spec, events, data):
    run = play(spec, events)
    if run is None:
        return
    here = Recall(run.chart)
    places = {}
    for fact in LAB.journal.read(run.id):
        here.apply(fact)
        places[fact.seq] = (here.snapshot, dict(here.timers), here.pending, here.visited)
    for seq in data.draw(st.permutations(sorted(places))):
        there = run.trail.at(seq)
        assert (there.snapshot, there.timers, there.pending, there.visited) == places[seq]
    run.stop()


def edited(spec, edit, draw):
    """The spec with one kind of thing changed."""
    spec = copy.deepcopy(spec)
    states = list(boxes(spec))
    if edit == "data":
        spec["data"] = {"n": 1}
    elif edit == "enter":
        plain = [s for s in states if not s.get("history")]
        draw(st.sampled_from(plain))["enter"] = [{"kind": "log", "message": "new"}]
    elif edit == "delay":
        for state in states:
            for arrow in state.get("after", ()):
                arrow["delay"] = "2s"
    elif edit != "nothing":
        edit_arrows(spec, states, edit, draw)
    return spec


def edit_arrows(spec, states, edit, draw):
    """Change one arrow, or mostly all of them."""
    arrows = [a for s in states for a in s.get("transitions", ()) if "on" in a]
    if not arrows:
        return
    few = [draw(st.sampled_from(arrows))] if draw(st.integers(0, 3)) == 0 else arrows
    change = {
        "when": "data.n > 1",
        "assign": {"n": "data.n + 2"},
        "to": draw(st.sampled_from(list(names(spec)))),
    }
    for state in states:
        own = state.get("transitions", [])
        if edit == "drop":
            own[:] = [a for a in own if not any(a is one for one in few)]
        else:
            for arrow in (a for a in own if any(a is one for one in few)):
                arrow[edit] = change[edit]


def parts_at(run, new):
    """The first fact whose step comes out otherwise on `new`, worked out the slow way.

    None where there is none. It looks at nothing but the outcomes of steps.
    """
    old, now = Recall(run.chart), Recall(new)
    for fact in LAB.journal.read(run.id):
        made = old.apply(fact)
        try:
            again = now.apply(fact)
        except LabError:
            return fact.seq
        if made is not None and outcome(made) != outcome(again):
            return fact.seq
    return None


def outcome(step):
    asked = [effect.to_spec() for effect in step.effects]
    return step.snapshot.active, step.snapshot.data, asked


@tries(100)
@given(busy_specs(), event_strings(), st.sampled_from(EDITS), st.data())
def test_a_changed_chart_replays_equal_or_parts_at_the_first_step_that_differs(
    spec, events, edit, data
):
    run = play(spec, events)
    if run is None:
        return
    try:
        new = Chart.from_spec(edited(spec, edit, data.draw))
    except LabError:
        return
    expected = parts_at(run, new)
    found = outcome_of_replay(run, new)
    if isinstance(found, Diverged):
        # It may see earlier what comes of the change: an event that is no longer refused, a timer
        # of another length, an outcome nobody brought.
        assert expected is None or found.seq <= expected
        if expected is None or found.seq < expected:
            paths = {one["path"].partition(".")[0] for one in found.differences}
            assert paths <= {"refused", "timers", "fact", "done"}
        assert found.cause["kind"] == "chart"
        assert found.cause["where"]
    else:
        assert expected is None
        assert found.snapshot.active == run.snapshot.active
        assert found.snapshot.data == run.snapshot.data
    run.stop()


def outcome_of_replay(run, chart):
    try:
        return replay(Trail(LAB.journal, run.id, chart))
    except Diverged as error:
        return error
