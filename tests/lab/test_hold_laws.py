"""Laws of held runs, on charts nobody drew: looking at a run does not change what it does."""

import contextlib

import orjson
from hypothesis import given
from hypothesis import strategies as st

from tests.machine.charts import EVENTS, chart_specs, event_strings, tries
from traaviis_lab import Chart, EventRefused, Lab, ToldClock
from traaviis_lab.errors import LabError, RunawayChart
from traaviis_lab.runtime import Recall
from traaviis_lab.runtime import run as runs

MOVED = ("run.started", "event", "effect.completed", "effect.failed")
LAB = Lab(clock=ToldClock())


@st.composite
def breakpoint_specs(draw, chart):
    real = [name for name, node in chart.states.items() if node.kind != "history"]
    return draw(
        st.lists(
            st.one_of(
                st.builds(
                    lambda state, on: {"state": state, "on": on},
                    st.sampled_from(real),
                    st.sampled_from(["enter", "exit"]),
                ),
                st.sampled_from(
                    [
                        {"event": "*"},
                        {"event": "done.*"},
                        {"error": True},
                        {"when": "data.n > 1"},
                        {"when": "event.n > 1"},
                        {"effect": "log"},
                        {"effect": "put_data", "hit": 2},
                        {"event": "*", "once": True},
                        {"event": "*", "when": "size(state) > 1", "hit": 3},
                    ]
                ),
            ),
            max_size=4,
        )
    )


def send(run, name, data):
    with contextlib.suppress(EventRefused, RunawayChart):
        run.send(name, **data)


def way(run):
    """What a run did, apart from when and how it was looked at."""
    facts = [fact for fact in LAB.journal.read(run.id) if fact.kind in MOVED]
    return [
        (fact.kind, fact.name, fact.state, orjson.loads(fact.body).get("step")) for fact in facts
    ]


def check_recalled(run):
    """The facts alone give the run again, at every place and from a kept snapshot too."""
    again = Recall(run.chart)
    for fact in LAB.journal.read(run.id):
        again.apply(fact)
    live = run._live
    assert again.snapshot == live.snapshot
    assert again.visited == live.visited
    assert dict(again.timers) == dict(live.timers)
    hold = live.engine.holds.get(run.id)
    if hold is not None:
        assert again.hold.to_json() == hold.state.to_json()
        kept = runs.Keep(run.id, run.seq, live.kept(hold))
        assert Recall(run.chart, kept).hold.to_json() == hold.state.to_json()
        assert again.copy().hold.to_json() == hold.state.to_json()


def start(chart):
    try:
        return LAB.start(chart)
    except RunawayChart:
        return None


@tries(60)
@given(chart_specs(), event_strings(), st.data())
def test_a_run_that_is_always_resumed_ends_like_one_without_breakpoints(spec, events, data):
    chart = Chart.from_spec(spec)
    plain, held = start(chart), start(chart)
    if plain is None or plain.done:
        return
    for asked in data.draw(breakpoint_specs(chart)):
        with contextlib.suppress(LabError):
            held.breakpoint(**asked)
    for name, payload in events:
        send(plain, name, payload)
        send(held, name, payload)
        check_recalled(held)
        while held.held is not None:
            held.resume()
    assert held.snapshot == plain.snapshot
    assert held.visited == plain.visited
    assert way(held) == way(plain)
    check_recalled(held)


@tries(40)
@given(chart_specs(), event_strings(), st.data())
def test_a_paused_run_that_is_stepped_through_its_mailbox_ends_like_one_that_was_not(
    spec, events, data
):
    chart = Chart.from_spec(spec)
    plain, held = start(chart), start(chart)
    if plain is None or held.done:
        return
    held.pause()
    for name, payload in events:
        send(plain, name, payload)
        send(held, name, payload)
    while held.held is not None and held.held.mailbox:
        seq = held.seq
        by = data.draw(st.sampled_from(["event", "microstep"]))
        foreseen = held.held
        with contextlib.suppress(EventRefused, RunawayChart):
            held.step(by)
        if held.seq == seq:
            assert held.held.micro == foreseen.micro + 1
            assert held.held.active == foreseen.places[foreseen.micro]
        elif foreseen.places:
            assert held.active == foreseen.places[-1], "it does what was foreseen"
    assert held.snapshot == plain.snapshot
    assert way(held) == way(plain)
    check_recalled(held)


# Two regions with timers, one of which restarts itself.
LAMP = Chart.from_spec(
    {
        "spec": "traaviis/1",
        "name": "Lamp",
        "version": "1",
        "data": {"n": 0},
        "parallel": True,
        "states": {
            "light": {
                "states": {
                    "off": {"transitions": [{"on": "touch", "to": "on"}]},
                    "on": {
                        "transitions": [{"on": "touch", "to": "on"}],
                        "after": [{"delay": "3s", "to": "off"}],
                    },
                }
            },
            "beat": {
                "states": {
                    "tick": {
                        "transitions": [{"on": "reset", "to": "tick", "assign": {"n": "0"}}],
                        "after": [{"delay": "2s", "to": "tick", "assign": {"n": "data.n + 1"}}],
                    }
                }
            },
        },
    }
)
SEEN = [{"state": "on"}, {"state": "off"}, {"event": "after.*"}, {"when": "data.n > 2"}]


@tries(60)
@given(
    st.lists(st.sampled_from(["touch", "reset", "tick", "tick", "tick"]), max_size=25),
    st.lists(st.sampled_from(SEEN), max_size=3),
)
def test_timers_come_to_a_run_that_is_always_resumed_as_to_one_without_breakpoints(names, asked):
    plain, held = start(LAMP), start(LAMP)
    for spec in asked:
        held.breakpoint(**spec)
    for name in names:
        if name == "tick":
            LAB.clock.advance(1)
        else:
            send(plain, name, {})
            send(held, name, {})
        check_recalled(held)
        while held.held is not None:
            held.resume()
        check_recalled(held)
        assert (held.snapshot, held.timers) == (plain.snapshot, plain.timers)
    assert way(held) == way(plain)
    plain.stop()
    held.stop()


@tries(30)
@given(chart_specs(), st.lists(st.sampled_from(EVENTS), min_size=1, max_size=6))
def test_nothing_of_a_held_turn_has_happened(spec, names):
    run = start(Chart.from_spec(spec))
    if run is None or run.done:
        return
    run.breakpoint(event="*")
    for name in names:
        before, timers, visited = run.snapshot, run.timers, run.visited
        send(run, name, {})
        assert (run.snapshot, run.timers, run.visited) == (before, timers, visited)
        run.resume()
