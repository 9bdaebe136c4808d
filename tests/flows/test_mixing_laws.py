"""Laws of hooks and components, over random charts and random events."""

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from tests.machine.charts import EVENTS, chart_specs, event_strings, tries
from traaviis_lab import Chart, Event, EventRefused, LabError, start, step
from traaviis_lab.flows import find_problems, spec_schema
from traaviis_lab.machine.mixing.expand import MOVED

VALID = jsonschema.Draft202012Validator(spec_schema())
SECURITY = {
    "use": "security",
    "prefix": "x",
    "with": {"failure": "x.failed", "guard": ["x.failed"], "attempts": 2},
}
TIMER = {"use": "timer", "prefix": "t", "with": {"limit": "1h"}}


def played(chart, events):
    """Where a machine stood after each event: the active states, the data, and what it asked for."""
    try:
        here = start(chart)
    except LabError as error:
        return [str(type(error))]
    trail = [seen(here)]
    for name, data in events:
        try:
            here = step(chart, here.snapshot, Event(name, data))
        except EventRefused:
            trail.append("refused")
        except LabError as error:
            return [*trail, str(type(error))]
        else:
            trail.append(seen(here))
    return trail


def seen(here):
    asked = [
        (effect.to_spec(), owner)
        for effect, owner in zip(here.effects, here.owners, strict=True)
        if not str(effect.to_spec().get("message", "")).startswith("logger: ")
    ]
    return here.snapshot.active, here.snapshot.data, here.snapshot.done, asked


@tries(60)
@given(chart_specs())
def test_without_hooks_and_components_nothing_is_worked_in(spec):
    plain = Chart.from_spec(spec)
    assert Chart.from_spec({**spec, "hooks": [], "components": []}) == plain


@tries(80)
@given(chart_specs(), event_strings(), st.booleans())
def test_a_machine_does_with_a_logger_what_it_does_without(spec, events, by_event):
    told = {"use": "logger", "with": {"exit": "*", "events": ["*", "a"] if by_event else "*"}}
    if by_event and find_problems({**spec, "components": [told]}):
        return  # no arrow is on the event `a`
    logged = Chart.from_spec({**spec, "components": [told]})
    assert played(logged, events) == played(Chart.from_spec(spec), events)
    assert Chart.from_spec(logged.to_spec()) == logged


@tries(60)
@given(chart_specs(patterns=False), event_strings())
def test_regions_beside_a_machine_leave_it_alone(spec, events):
    """But for `*`, which hears the engine's own events of the other regions too."""
    mixed = Chart.from_spec({**spec, "components": [SECURITY, TIMER]})
    alone, beside = (played(chart, events) for chart in (Chart.from_spec(spec), mixed))
    assert [own(place) for place in beside] == [own(place) for place in alone]


def own(place):
    if isinstance(place, str):
        return place
    active, data, done, asked = place
    mine = frozenset(s for s in active if s not in ("main", "x", "t") and s[:2] not in ("x_", "t_"))
    return mine, {k: v for k, v in data.items() if not k.startswith("x_")}, done, asked


@tries(60)
@given(chart_specs(), st.sampled_from(["x", "longer_prefix"]))
def test_a_component_adds_only_what_its_prefix_names(spec, prefix):
    chart = Chart.from_spec({**spec, "components": [{**SECURITY, "prefix": prefix}]})
    plain = Chart.from_spec(spec)
    added = set(chart.states) - set(plain.states)
    assert added - {"main", prefix} == {s for s in added if s.startswith(f"{prefix}_")}
    assert set(plain.states) <= set(chart.states)
    data = chart.data
    assert {k: v for k, v in data.items() if not k.startswith(f"{prefix}_")} == plain.data
    kept = chart.to_spec()["states"]["main"]
    moved = {key: value for key, value in plain.to_spec().items() if key in MOVED}
    assert {key: value for key, value in kept.items() if key in MOVED} == moved


@tries(15)
@given(chart_specs(), st.data())
def test_the_schema_knows_hooks_and_components(spec, data):
    hooks = [{**hook, "do": {"kind": "log", "message": "x"}} for hook in data.draw(HOOKS)]
    VALID.validate({**spec, "hooks": hooks, "components": [SECURITY, TIMER, {"use": "logger"}]})
    for wrong in ({}, {"before": "a"}, {**hooks[0], "on_entr": "*"}, {**hooks[0], "do": "log"}):
        assert not VALID.is_valid({**spec, "hooks": wrong})
    for wrong in ({}, "timer", {**TIMER, "prefix": "1x"}, {**TIMER, "with": []}, {**TIMER, "a": 1}):
        assert not VALID.is_valid({**spec, "components": wrong})


HOOKS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"before": st.sampled_from([*EVENTS, "d.*", "*"])}),
        st.fixed_dictionaries({"after": st.sampled_from([*EVENTS, "d.*", "*"])}),
        st.fixed_dictionaries({"on_enter": st.just("*")}),
        st.fixed_dictionaries({"on_exit": st.just("*")}),
    ),
    min_size=1,
    max_size=3,
)


@tries(80)
@given(chart_specs(), HOOKS, event_strings())
def test_hooks_that_only_log_change_nothing_else(spec, hooks, events):
    line = {"kind": "log", "message": "logger: $event $state"}
    hooked = {**spec, "hooks": [{**hook, "do": line} for hook in hooks]}
    found = find_problems(hooked)
    assert all("no arrow is on the event" in problem.message for problem in found)
    if not found:
        assert played(Chart.from_spec(hooked), events) == played(Chart.from_spec(spec), events)
