"""What a chart can and cannot do, found without running it."""

from contextlib import suppress

import pytest
from hypothesis import given

from traaviis_lab.errors import RunawayChart
from traaviis_lab.machine import macrostep
from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.components import closed_sets
from traaviis_lab.machine.explore import explore
from traaviis_lab.machine.macrostep import start, step
from traaviis_lab.machine.paths import examine
from traaviis_lab.machine.values import Event

from .charts import chart_specs, event_strings, tries
from .play import chart, on, run, walk


def test_a_sound_chart_has_nothing_suspicious():
    it = chart({"a": {"transitions": [on("go", "b")]}, "b": {"transitions": [on("back", "a")]}})
    found = examine(it)
    assert found.sound
    assert found.ways == {"a": (), "b": ("go",)}
    assert found.cover == (("go", "back"),)
    assert "nothing suspicious" in repr(found)


def test_states_no_run_enters_and_transitions_no_run_takes():
    it = chart(
        {
            "a": {
                "transitions": [on("go", "b"), on("go", "island"), on("x", "island", when="false")]
            },
            "b": {"transitions": [on("back", "a")]},
            "island": {"transitions": [on("leave", "a")]},
        }
    )
    found = examine(it)
    assert found.unreachable == ("island",)
    assert found.untaken == ("a#1", "a#2", "island#0")
    assert "unreachable: island" in repr(found)


def test_guards_count_as_possible_both_ways():
    it = chart(
        {
            "a": {"transitions": [on("go", "b", when="data.n > 1"), on("go", "c")]},
            "b": {"transitions": [on(None, "d", when="data.n > 2")]},
            "c": {},
            "d": {},
        },
        data={"n": 0},
    )
    assert examine(it).unreachable == ()
    assert examine(it).dead_ends == ("c", "d")


def test_a_dead_end_is_a_leaf_where_nothing_can_happen():
    it = chart(
        {
            "a": {"transitions": [on("go", "sold"), on("stay", "b1"), on("end", "z")]},
            "sold": {},
            "b": {"states": {"b1": {}}, "transitions": [on("out", "a")]},
            "z": {"final": True},
        }
    )
    assert examine(it).dead_ends == ("sold",)


def test_a_trap_is_entered_and_never_left_though_the_run_could_have_ended():
    it = chart(
        {
            "a": {"transitions": [on("good", "z"), on("bad", "t1")]},
            "t1": {"transitions": [on("x", "t2")]},
            "t2": {"transitions": [on("y", "t1")]},
            "z": {"final": True},
        }
    )
    found = examine(it)
    assert found.traps == (("t1", "t2"),)
    assert found.dead_ends == ()


def test_where_a_run_is_meant_to_stay_is_no_trap():
    it = chart(
        {
            "boot": {"transitions": [on("ready", "idle")]},
            "idle": {"transitions": [on("go", "busy")]},
            "busy": {"transitions": [on("done", "idle")]},
        }
    )
    assert examine(it).traps == ()


def test_events_nobody_takes_are_declared_or_raised_in_vain():
    it = chart(
        {"a": {"transitions": [on("x.*", "a", do=[{"kind": "raise", "event": "lost"}])]}},
        events={"x.y": {"type": "object"}, "forgotten": {"type": "object"}},
    )
    assert examine(it).unheard == ("forgotten", "lost")


def test_the_shortest_way_goes_over_configurations():
    it = chart(
        {
            "p": {
                "parallel": True,
                "states": {
                    "q": {"states": {"q1": {"transitions": [on("arm", "q2")]}, "q2": {}}},
                    "r": {
                        "states": {
                            "r1": {"transitions": [on("fire", "r2")]},
                            "r2": {
                                "states": {"r3": {"transitions": [on("again", "r4")]}, "r4": {}}
                            },
                        }
                    },
                },
            }
        }
    )
    ways = examine(it).ways
    assert ways["q2"] == ("arm",)
    assert ways["r4"] == ("fire", "again")


def test_states_passed_through_have_a_way_too():
    it = chart(
        {
            "a": {"transitions": [on("go", "b")]},
            "b": {"transitions": [on(None, "c")]},
            "c": {"transitions": [on("done.state.c", "a"), on("back", "a")]},
        }
    )
    assert examine(it).ways["b"] == ("go",)


def test_a_search_that_is_cut_short_says_so():
    states = {f"s{i}": {"transitions": [on("go", f"s{i + 1}")]} for i in range(20)}
    found = examine(chart({**states, "s20": {}}), most=5)
    assert found.limits == ("stopped at 5 configurations",)
    assert "limit: stopped at 5 configurations" in repr(found)


def test_what_never_settles_is_left_out_and_said():
    it = chart(
        {
            "a": {"transitions": [on("go", "b"), on("ok", "a")]},
            "b": {"transitions": [on(None, "b")]},
        }
    )
    found = examine(it)
    assert found.limits == ("left out what never settles after 'go'",)
    assert found.ways == {"a": ()}


def test_closed_sets_of_a_graph():
    graph = {1: [2], 2: [3, 5], 3: [4], 4: [3], 5: [], 6: [1]}
    assert sorted(sorted(c) for c in closed_sets(graph)) == [[3, 4], [5]]
    assert sorted(closed_sets({1: [2], 2: [3], 3: [1]})[0]) == [1, 2, 3]
    deep = {i: [i + 1] for i in range(5_000)} | {5_000: []}
    assert closed_sets(deep) == [[5_000]]


# Laws


@pytest.fixture(scope="module", autouse=True)
def _short_patience():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(macrostep, "MOST_MICROSTEPS", 40)
        yield


@tries(60)
@given(chart_specs(guards="constant", actions="raise", patterns=False))
def test_where_guards_are_constant_ways_and_cover_lead_where_they_say(spec):
    it = Chart.from_spec(spec)
    found = examine(it, most=400)
    for state, way in list(found.ways.items())[:6]:
        try:
            here = run(it, *way)
        except RunawayChart:
            raise AssertionError(f"{way} runs away") from None
        assert state in {s for move in here.moves for s in move.entered}
    taken = {t for move in start(it).moves for t in move.taken} if found.ways else set()
    for sequence in found.cover:
        here = start(it)
        for name in sequence:
            here = step(it, here.snapshot, Event(name))
            taken.update(here.taken)
    assert taken == set(it.transitions) - set(found.untaken)


@tries(40)
@given(chart_specs(actions="none"), event_strings())
def test_no_run_gets_where_the_search_did_not(spec, events):
    it = Chart.from_spec(spec)
    found = explore(it, most=60)
    if found.limits:
        return
    rests = {node.active for node in found.edges}
    with suppress(RunawayChart):
        for here in walk(it, events):
            assert here.snapshot.active in rests
