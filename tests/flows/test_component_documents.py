"""Components written as documents, guards, and what a component may not do."""

import pickle

import pytest

from traaviis_lab import (
    Chart,
    DefinitionError,
    Event,
    EventRefused,
    Machine,
    State,
    read_chart,
    start,
    step,
)  # fmt: skip
from traaviis_lab.flows import (
    Component,
    Parameter,
    find_problems,
    read_component,
    register_component,
)
from traaviis_lab.machine.mixing.registry import components, forget_component

QUOTA = """
component: traaviis/1
name: quota
meaning: Only so many of some events.
parameters:
  most: {type: integer, default: 2, least: 1, meaning: How many.}
  events: {type: events, meaning: Which.}
data: {"${prefix}_used": 0}
initial: ${prefix}_fresh
states:
  ${prefix}_fresh: {transitions: [{on: $events, to: "${prefix}_begun"}]}
  ${prefix}_begun:
hooks:
  - before: $events
    assign: {"${prefix}_used": "data.${prefix}_used + 1"}
    do: {kind: log, message: "$prefix: {{ data.${prefix}_used }} of $most $event, in $$"}
guards:
  $events: {when: "data.${prefix}_used < $most", reason: "Only $most are allowed."}
"""
SHOP = """
spec: traaviis/1
name: Shop
components: {use: quota, prefix: asks, with: {events: [ask, beg]}}
states:
  here: {transitions: [{on: [ask, beg, look]}]}
"""


@pytest.fixture
def quota():
    yield register_component(read_component(QUOTA))
    forget_component("quota")


def test_a_document_is_a_component(quota):
    chart = read_chart(SHOP)
    here = step(chart, start(chart).snapshot, Event("ask"))
    assert [effect.message for effect in here.effects] == ["asks: 1 of 2 ask, in $"]
    assert "asks_begun" in here.snapshot.active
    here = step(chart, here.snapshot, Event("beg"))
    with pytest.raises(EventRefused, match="Only 2 are allowed"):
        step(chart, here.snapshot, Event("ask"))
    step(chart, here.snapshot, Event("look"))
    assert read_chart(chart.to_spec()) == chart == Chart.from_spec(chart.to_spec())


def test_in_python_it_is_used_like_the_others(quota):
    def body(**values):
        here = State(initial=True)
        here.to(None, on=["ask", "beg", "look"])
        return {"here": here, "components": [quota("asks", **values)]}

    assert type("Shop", (Machine,), body(events=["ask", "beg"])).chart == read_chart(SHOP)
    with pytest.raises(DefinitionError, match="component 'quota' needs the parameter 'events'"):
        type("Shop", (Machine,), body())


def test_only_what_is_registered_can_be_used(quota):
    assert list(components()) == ["audit", "logger", "quota", "security", "timer"]
    assert register_component(read_component(QUOTA)) == quota  # a cell that is run twice
    other = read_component(QUOTA.replace("default: 2", "default: 3"))
    with pytest.raises(DefinitionError, match="There is a component 'quota' already"):
        register_component(other)
    forget_component("quota")
    assert "there is no component 'quota'" in find_problems(SHOP)[0].message
    register_component(quota)


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("name: quota", "name: Quota", "", "'Quota' is no name for a component"),
        ("traaviis/1", "traaviis/2", "component", "Write traaviis/1."),
        ("integer, default: 2", "integr", "parameters.most.type", "Did you mean 'integer'?"),
        ("default: 2", "default: two", "parameters.most", "its default 'two' is no integer"),
        ("default: 2", "default: 0", "parameters.most", "its default 0 is too little"),
        ("least: 1", "least: one", "parameters.most.least", "'one' is no number"),
        ("least: 1", "choices: 1", "parameters.most.choices", "1 is no list"),
        ("events: {type", "state: {type", "parameters.state", "is a word of its own"),
        ("< $most", "< $mots", "guards.$events.when", "Did you mean 'most'?"),
        ("${prefix}_begun:", "$prefix_begun:", "states.$prefix_begun", "Write ${prefix}_begun."),
        ("on: $events,", "on: x$events,", "states.${prefix}_fresh.transitions[0].on", "is a list"),
        ("of $most $event", "of $most", "", ""),
        ("${prefix}_fresh: {t", "$event: {t", "states.$event", "no parameter 'event'"),
        ("data: {", "date: {", "date", "Did you mean 'data'?"),
        ("meaning: Only", "meanin: Only", "meanin", "Did you mean 'meaning'?"),
        ("name: quota", "name: quota\nname: quota", "name", "twice"),
    ],
)
def test_mistakes_in_a_component_are_told_with_their_lines(old, new, place, said):
    text = QUOTA.replace(old, new, 1)
    if not said:
        assert read_component(text)
        return
    with pytest.raises(DefinitionError) as error:
        read_component(text, where="quota.yaml")
    assert said in f"{error.value.message} {error.value.hint}"
    assert str(error.value).startswith("quota.yaml cannot work")
    assert place in str(error.value)
    if place:
        assert "line " in str(error.value)


def added(fragment, **more):
    """The problems of a machine that uses a component which adds this."""
    made = Component("odd", "", lambda values, prefix: fragment, ())
    register_component(made)
    try:
        here = {"transitions": [{"on": "go"}]}
        spec = {"spec": "traaviis/1", "name": "Host", "components": {"use": "odd"}, **more}
        return find_problems({"states": {"here": here}, **spec})
    finally:
        forget_component("odd")


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        ({"data": {"x": 1}}, "'x' is a name without the prefix. Call it odd_x."),
        ({"states": {"x": {}}}, "'x' is a name without the prefix"),
        ({"states": {"odd": {}}}, "the region itself is called 'odd'"),
        ({"states": {"odd_a": {"states": {"b": None}}}}, "'b' is a name without the prefix"),
        ({"states": ["odd_a"]}, "it adds no mapping"),
        ({"states": {"odd_a": 3}}, "it adds no mapping"),
        ({"initial": "odd_a"}, "arrows need states"),
        ({"parallel": True}, "adds 'parallel'"),
        ({"data": 3}, "its data are no mapping"),
        ({"guards": {"go": 3}}, "3 is no guard"),
        ({"guards": {"gone": "true"}}, "no arrow is on the event 'gone'"),
        ({"guards": {"go": "dta.x"}}, "dta"),
        ({"hooks": {"before": "go"}}, "does nothing"),
        ({"hooks": {"on_enter": "*", "do": {"kind": "lg"}}}, "no effect 'lg'"),
        ({"states": {"odd_a": {"transitions": [{"to": "nowhere"}]}}}, "component 'odd', prefix 'odd': there is no state"),
        ({"data": {"odd_x": object()}}, "no JSON value"),
        (3, "it adds no mapping"),
    ],
)  # fmt: skip
def test_what_a_component_may_not_add_is_told_with_its_name(fragment, said):
    found = added(fragment)
    assert any(said in f"{p.message} {p.cure}" for p in found), found
    assert "components" in found[0].place or "states.here" in found[0].place


def test_fields_and_states_that_are_there_already_are_told():
    found = added({"data": {"odd_x": 1}}, data={"odd_x": 2})
    assert "there is a field of the data 'odd_x' already" in found[0].message
    assert found[0].place == "components[0].prefix"


# Guards without a reason are joined to those of the arrows.

HOST = {
    "spec": "traaviis/1",
    "name": "Host",
    "data": {"on": False},
    "components": {"use": "gate"},
    "states": {
        "a": {
            "transitions": [
                {"on": ["go", "leave"], "when": "event.n > 1 || event.n < 0", "to": "b"},
                {"on": "go", "do": {"kind": "log", "message": "stays"}},
            ]
        },
        "b": {"enter": {"kind": "raise", "event": "go"}, "transitions": [{"on": "go", "to": "a"}]},
    },
}


@pytest.fixture
def gate():
    yield register_component(
        Component(
            "gate",
            "Lets events pass while a field is true.",
            lambda values, prefix: {"guards": dict.fromkeys(values["events"], "data.on")},
            (Parameter("events", "events", "Which.", "go"),),
        )
    )
    forget_component("gate")


def test_guards_hold_together_with_those_of_the_arrows(gate):
    chart = Chart.from_spec(HOST)
    guards = {t.id: t.when.text for t in chart.transitions.values() if t.when}
    assert guards == {
        "a#0": "(event.n > 1 || event.n < 0) && (data.on)",
        "a#1": "event.n > 1 || event.n < 0",
        "a#2": "data.on",
        "b#0": "data.on",
    }
    here = start(chart).snapshot
    with pytest.raises(EventRefused):
        step(chart, here, Event("go", {"n": 2}))
    assert step(chart, here, Event("leave", {"n": 2})).snapshot.active == {"b"}


def test_a_guard_cannot_hold_an_arrow_on_more(gate):
    wide = {**HOST, "states": {"a": {"transitions": [{"on": "*"}]}}}
    [problem] = find_problems(wide)
    assert "an arrow from a on '*' takes it all the same" in problem.message
    assert "give the guard a `reason`" in problem.cure


def is_loud(data, event):
    return event.data.get("n", 0) > 5


def test_a_guard_joins_a_python_function(gate):
    class Loud(Machine):
        data = {"on": True}
        a = State(initial=True)
        a.to(None, on="go", when=is_loud)
        components = [gate]

    for chart in (Loud.chart, pickle.loads(pickle.dumps(Loud.chart))):
        assert not chart.portable
        assert chart == Loud.chart
        here = start(chart).snapshot
        assert step(chart, here, Event("go", {"n": 6})).taken == ("a#0",)
        with pytest.raises(EventRefused):
            step(chart, here, Event("go", {"n": 5}))
        with pytest.raises(EventRefused):
            step(chart, start(chart, {"on": False}).snapshot, Event("go", {"n": 6}))
    assert Loud.chart.callables()[0].endswith(":is_loud && (data.on)")
