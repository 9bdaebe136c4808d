"""Laws of runs, on charts nobody drew."""

import contextlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.machine.charts import chart_specs
from traaviis_lab import Chart, EventRefused, Lab, ToldClock
from traaviis_lab.errors import RunawayChart
from traaviis_lab.runtime import Recall

LAB = Lab(clock=ToldClock())
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
EVENTS = st.lists(st.sampled_from(["a", "b", "c", "a.b", "nobody"]), max_size=12)


def play(spec, names):
    chart = Chart.from_spec(spec)
    run = LAB.start(chart)
    for name in names:
        with contextlib.suppress(EventRefused, RunawayChart):
            run.send(name)
    return run


@QUICK
@given(chart_specs(), EVENTS)
def test_replaying_a_runs_facts_gives_the_run(spec, names):
    try:
        run = play(spec, names)
    except RunawayChart:
        return
    again = Recall(Chart.from_spec(spec))
    for fact in LAB.journal.read(run.id):
        again.apply(fact)
    assert again.snapshot == run.snapshot
    assert again.seq == run.seq
    assert dict(again.timers) == run.timers
    assert again.visited == run.visited


@QUICK
@given(chart_specs(), EVENTS)
def test_a_refused_event_changes_nothing_but_is_written_down(spec, names):
    try:
        run = play(spec, [])
    except RunawayChart:
        return
    for name in names:
        before, seq = run.snapshot, run.seq
        try:
            run.send(name)
        except (EventRefused, RunawayChart):
            assert run.snapshot == before
            assert run.seq == seq + 1
            assert run.refused["name"] == name
