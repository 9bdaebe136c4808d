"""Laws that hold for any chart, tried on charts nobody drew."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.errors import EventRefused, LabError, RunawayChart
from traaviis_lab.machine import macrostep, place
from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.macrostep import (
    enabled,
    events_blocked,
    events_taken,
    leaves,
    start,
    start_by_algorithm,
    step,
    step_by_algorithm,
)
from traaviis_lab.machine.matching import matches
from traaviis_lab.machine.place import check_legal
from traaviis_lab.machine.values import Event

from .charts import EVENTS, chart_specs, event_strings, tries
from .play import walk


@pytest.fixture(scope="module", autouse=True)
def _short_patience():
    """Random charts often run away; find that out sooner."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(macrostep, "MOST_MICROSTEPS", 60)
        yield


def answer(go, *args):
    """What a call comes to: its Step, or its error as the journal would keep it."""
    try:
        return go(*args)
    except LabError as error:
        return error.to_json()


@tries(250)
@given(chart_specs(), event_strings())
def test_the_active_states_are_always_legal(spec, events):
    chart = Chart.from_spec(spec)
    for here in walk(chart, events):
        check_legal(chart.tables, here.snapshot.active)
        for state in here.snapshot.active:
            node = chart.states[state]
            on = [c for c in node.children if c in here.snapshot.active]
            real = [c for c in node.children if chart.states[c].kind != "history"]
            assert node.kind != "history"
            assert not node.parent or node.parent in here.snapshot.active
            assert on == real if node.kind == "parallel" else len(on) == min(1, len(real))


@tries(250)
@given(st.one_of(chart_specs(flat=True), chart_specs()), event_strings())
def test_what_lies_ready_is_what_the_algorithm_says(spec, events):
    chart = Chart.from_spec(spec)
    assert answer(start, chart) == answer(start_by_algorithm, chart)
    for here in walk(chart, events, go=step_by_algorithm):
        for name, data in [*events[:4], *((name, {}) for name in EVENTS)]:
            event = Event(name, data)
            ready = answer(step, chart, here.snapshot, event)
            assert ready == answer(step_by_algorithm, chart, here.snapshot, event)


@tries(60)
@given(st.one_of(chart_specs(flat=True), chart_specs()), event_strings())
def test_forgetting_what_was_worked_out_changes_nothing(spec, events):
    run = list(walk(Chart.from_spec(spec), events))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, "MOST_PLACES", -1_000)
        assert list(walk(Chart.from_spec(spec), events)) == run


@tries(120)
@given(chart_specs(), event_strings())
def test_a_replay_is_the_run_also_with_a_chart_read_afresh(spec, events):
    run = list(walk(Chart.from_spec(spec), events))
    assert list(walk(Chart.from_spec(copy.deepcopy(spec)), events)) == run


@tries(150)
@given(chart_specs(), event_strings())
def test_moves_tell_the_whole_story(spec, events):
    chart = Chart.from_spec(spec)
    active = set()
    for here in walk(chart, events):
        for move in here.moves:
            assert set(move.exited) <= active
            active -= set(move.exited)
            assert not set(move.entered) & active
            active |= set(move.entered)
            order = list(chart.states)
            assert sorted(move.entered, key=order.index) == list(move.entered)
            assert sorted(move.exited, key=order.index, reverse=True) == list(move.exited)
        assert active == here.snapshot.active
        assert here.taken == tuple(t for move in here.moves for t in move.taken)
        assert len(here.owners) == len(here.effects)
        assert all(not owner or owner in chart.states for owner in here.owners)


@tries(100)
@given(chart_specs(), event_strings())
def test_nothing_given_is_changed_and_equal_values_are_equal(spec, events):
    chart = Chart.from_spec(spec)
    before = None
    for here in walk(chart, events):
        if before is not None:
            assert before[0] == before[1]
        before = (here.snapshot, copy.deepcopy(here.snapshot))
        assert hash(here.snapshot.active) == hash(frozenset(sorted(here.snapshot.active)))


@tries(150)
@given(chart_specs(), event_strings(), st.sampled_from(EVENTS), st.sampled_from([{}, {"n": 5}]))
def test_what_is_said_to_be_taken_blocked_and_enabled_is_true(spec, events, name, data):
    chart = Chart.from_spec(spec)
    for here in walk(chart, events):
        snapshot = here.snapshot
        assert set(leaves(chart, snapshot)) <= snapshot.active
        blocked = events_blocked(chart, snapshot)
        assert not set(blocked) & set(events_taken(chart, snapshot))
        try:
            there = step(chart, snapshot, Event(name, data))
        except (EventRefused, RunawayChart):
            continue
        else:
            assert name not in blocked or there.raised
            if there.moves and there.moves[0].event == name:
                assert set(there.moves[0].taken) <= set(enabled(chart, snapshot))


@tries(100)
@given(chart_specs(guards="constant", actions="none", eventless=False), event_strings())
def test_an_event_is_taken_exactly_when_it_is_said_to_be(spec, events):
    chart = Chart.from_spec(spec)
    for here in walk(chart, events):
        taken = set(events_taken(chart, here.snapshot))
        for name in EVENTS:
            said = any(matches(pattern, name) for pattern in taken)
            found = answer(step, chart, here.snapshot, Event(name))
            refused = isinstance(found, dict) and found["kind"] == "EventRefused"
            assert said is not refused
