"""Machines written as classes: what they say, what they inherit, and how their mistakes are told."""

import pickle
from typing import ClassVar

import pytest

from traaviis_lab import Chart, DefinitionError, Event, Machine, State, start, step
from traaviis_lab import effects as fx
from traaviis_lab.flows import read_chart

DOOR = """
spec: traaviis/1
name: SmartDoor
title: A door that reverses when something is in the way.
data: {opened: 0, locked: false}
initial: closed
states:
  closed:
    transitions: [{on: open_command, to: opening}]
  opening:
    transitions: [{on: fully_open, to: open, assign: {opened: "data.opened + 1"}}]
  open:
    transitions:
      - {on: close_command, to: closing, when: "!data.locked", do: [{kind: log, message: closing}]}
  closing:
    after: [{delay: 30s, to: opening}]
    transitions: [{on: obstacle, to: opening}, {on: fully_closed, to: closed}]
"""


class SmartDoor(Machine):
    """A door that reverses when something is in the way."""

    data = {"opened": 0, "locked": False}

    closed = State(initial=True)
    opening = State()
    open = State()
    closing = State(after={"30s": opening})

    closed.to(opening, on="open_command")
    opening.to(open, on="fully_open", assign={"opened": "data.opened + 1"})
    open.to(closing, on="close_command", when="!data.locked", do=fx.log("closing"))
    closing.to(opening, on="obstacle")
    closing.to(closed, on="fully_closed")


def is_unlocked(data, event):
    return not data["locked"]


def test_the_class_is_the_document():
    assert isinstance(SmartDoor.chart, Chart)
    assert SmartDoor.chart == read_chart(DOOR)
    assert SmartDoor.chart.portable
    assert SmartDoor.name == "SmartDoor"


def test_nested_parallel_history_final_and_all_that():
    class Alarm(Machine, initial=["away", "dark"]):
        """An alarm.

        It has zones,
        and a light.
        """

        version = "2.1"
        away = State(title="Away")
        stay = State(notes="Somebody is in.")
        back = State(history="deep", default=away)
        armed = State(states=[stay, away, back])
        bright = State()
        dark = State()
        light = State(states=[bright, dark], initial=dark)
        on = State(parallel=True, states=[light, armed])
        off = State(final=True)
        waiting = State(
            enter=[fx.call("look", args={"at": "{{ data.place }}"}, into="seen")],
            exit=fx.log("done"),
            on_success=on,
            on_error={"to": off, "when": "size(state) > 0"},
            validate=[{"on": "go", "when": "true", "reason": "Never."}],
        )
        on.to(waiting, on=["a.*", "b"])
        on.to([stay, bright], on="both")
        on.to(on="nowhere", do=[fx.raise_event("x"), {"kind": "log", "message": "y"}])
        waiting.after(5, back, when="true", assign={"n": 1}, do=fx.log("z"))
        waiting.to(back, internal=True)

    spec = Alarm.chart.to_spec()
    assert spec == {
        "spec": "traaviis/1",
        "name": "Alarm",
        "version": "2.1",
        "title": "An alarm.",
        "notes": "It has zones,\nand a light.",
        "initial": ["away", "dark"],
        "states": {
            "on": {
                "parallel": True,
                "order": ["light", "armed"],
                "transitions": [
                    {"on": ["a.*", "b"], "to": "waiting"},
                    {"on": "both", "to": ["stay", "bright"]},
                    {
                        "on": "nowhere",
                        "do": [{"kind": "raise", "event": "x"}, {"kind": "log", "message": "y"}],
                    },
                ],
                "states": {
                    "light": {"initial": "dark", "states": {"bright": {}, "dark": {}}},
                    "armed": {
                        "initial": "stay",
                        "states": {
                            "stay": {"meta": {"notes": "Somebody is in."}},
                            "away": {"meta": {"title": "Away"}},
                            "back": {"history": "deep", "default": "away"},
                        },
                    },
                },
            },
            "off": {"final": True},
            "waiting": {
                "enter": [
                    {
                        "kind": "call",
                        "function": "look",
                        "args": {"at": "{{ data.place }}"},
                        "into": "seen",
                    }
                ],
                "exit": [{"kind": "log", "message": "done"}],
                "transitions": [{"to": "back", "internal": True}],
                "after": [
                    {
                        "delay": "5s",
                        "to": "back",
                        "when": "true",
                        "assign": {"n": "1"},
                        "do": [{"kind": "log", "message": "z"}],
                    }
                ],
                "on_success": {"to": "on"},
                "on_error": {"to": "off", "when": "size(state) > 0"},
                "validate": [{"on": "go", "when": "true", "reason": "Never."}],
            },
        },
    }
    assert [t.id for t in Alarm.chart.states["waiting"].transitions] == [
        "waiting#0",
        "waiting#1",
        "waiting#2",
        "waiting#3",
    ]
    assert Alarm.chart.states["waiting"].transitions[1].events == ("after.waiting.0",)
    assert Alarm.chart.states["waiting"].transitions[2].events == ("done.invoke.waiting",)


def test_a_state_may_have_another_id_than_its_attribute():
    class Keywords(Machine):
        class_ = State(id="class", initial=True)
        data_state = State(id="data")
        class_.to(data_state, on="x")
        data_state.to("class", on="x")

    assert list(Keywords.chart.states) == ["class", "data"]


def test_a_derived_machine_adds_states_and_arrows():
    class LockingDoor(SmartDoor):
        data: ClassVar = {"code": "1"}
        bolted = State()
        closed = SmartDoor.closed.extend()
        closed.to(bolted, on="lock")
        bolted.to(closed, on="unlock", when="event.code == data.code")

    before = set(SmartDoor.chart.states)
    assert set(LockingDoor.chart.states) == before | {"bolted"}
    assert LockingDoor.chart.data == {"opened": 0, "locked": False, "code": "1"}
    assert LockingDoor.chart.name == "LockingDoor"
    assert [t.targets for t in LockingDoor.chart.states["closed"].transitions] == [
        ("opening",),
        ("bolted",),
    ]
    assert set(SmartDoor.chart.states) == before
    assert len(SmartDoor.chart.states["closed"].transitions) == 1


def test_a_derived_machine_adds_states_inside_states():
    class Base(Machine):
        one = State()
        box = State(states=[one])

    class Derived(Base):
        two = State(initial=True)
        box = Base.box.extend(states=[two])

    assert Derived.chart.states["box"].children == ("one", "two")
    assert Derived.chart.states["box"].initial == ("two",)
    assert Base.chart.states["box"].children == ("one",)


def test_a_made_machine_takes_no_more_arrows():
    with pytest.raises(DefinitionError, match="SmartDoor is made") as caught:
        SmartDoor.closed.to(SmartDoor.open, on="kick")
    assert "closed = SmartDoor.closed.extend()" in caught.value.hint
    with pytest.raises(DefinitionError, match="SmartDoor is made"):
        SmartDoor.closed.after("1s", SmartDoor.open)


def test_loop_variables_are_no_states():
    class Looped(Machine):
        a = State(initial=True)
        b = State()
        for each in (a, b):
            each.to(a, on="reset")

    class Derived(Looped):
        a = Looped.a.extend()

    assert list(Derived.chart.states) == ["a", "b"]


def test_a_machine_has_no_instances():
    with pytest.raises(DefinitionError, match="SmartDoor is a description") as caught:
        SmartDoor()
    assert "lab.start(SmartDoor)" in caught.value.hint


# Python in a chart


def test_python_in_a_chart_makes_it_unportable_and_says_so():
    class Called(Machine):
        data: ClassVar = {"locked": False, "n": 1}
        a = State(initial=True, validate=[{"when": is_unlocked, "reason": "It is locked."}])
        b = State()
        a.to(
            b,
            on="x",
            when=is_unlocked,
            assign={"n": lambda data, event: data["n"] + event.data["by"]},
        )

    chart = Called.chart
    assert not chart.portable
    assert chart.spec["states"]["a"]["transitions"][0]["when"] == {
        "python": f"{__name__}:is_unlocked"
    }
    assert chart.callables()[0] == f"{__name__}:is_unlocked"
    assert len(chart.callables()) == 2
    with pytest.raises(DefinitionError) as caught:
        chart.to_spec()
    assert f"{__name__}:is_unlocked" in str(caught.value)
    assert "Called.<lambda>" in str(caught.value)
    assert len(chart.hash) == 64
    here = step(chart, start(chart).snapshot, Event("x", {"by": 2}))
    assert here.snapshot.data["n"] == 3


def test_a_chart_with_named_functions_survives_pickle():
    class Called(Machine):
        a = State(initial=True, validate=[{"when": is_unlocked, "reason": "No."}])
        a.to(on="x", when=is_unlocked, assign={"n": len_of_both, "m": "1 + 1"})
        a.after(1, when=is_unlocked)

    again = pickle.loads(pickle.dumps(Called.chart))
    assert again == Called.chart
    assert again.spec == Called.chart.spec
    data = {"locked": False}
    assert start(again, data) == start(Called.chart, data)
    assert step(again, start(again, data).snapshot, Event("x")).snapshot.data["n"] == 1


def len_of_both(data, event):
    return len(data) + len(event.data)


def test_a_document_cannot_call_python():
    def broken(data):
        return data

    with pytest.raises(DefinitionError, match="a Python function is no JSON value"):
        Chart.from_spec(
            {
                "spec": "traaviis/1",
                "name": "x",
                "states": {"a": {"transitions": [{"on": "x", "when": is_unlocked}]}},
            }
        )
    with pytest.raises(DefinitionError, match=r"broken cannot be called with \(data, event\)"):

        class Broken(Machine):
            a = State()
            a.to(on="x", when=broken)


# Mistakes


def told(body, **keywords):
    with pytest.raises(DefinitionError) as caught:
        type("Bad", (Machine,), body, **keywords)
    return str(caught.value)


def test_all_mistakes_of_a_class_come_at_once_by_their_attributes():
    with pytest.raises(DefinitionError) as caught:

        class Bad(Machine):
            data: ClassVar = {"x": float("nan")}
            closed = State(initial=True)
            opening = State(states=[State()])
            closed.to("openin", on="open command", when="1 +", do=fx.log(3))
            closed.after("3 s", opening)
            opening.to(State(), on="x")

    assert str(caught.value).startswith("Machine Bad cannot work; 8 things are wrong:\n")
    for line in (
        "  Bad.data.x: nan is no JSON number. Use null or a text.",
        "  Bad.closed.to('openin', on='open command').to: there is no state 'openin'. "
        "Did you mean 'opening'?",
        "  Bad.closed.to('openin', on='open command').on: 'open command' is no event name.",
        "  Bad.closed.to('openin', on='open command').when: ",
        "  Bad.closed.to('openin', on='open command').do.message: 3 is no text.",
        "  Bad.closed.after('3 s', opening).delay: '3 s' is no duration.",
        "  Bad.opening.states[0]: this State has no name. Assign it in the class body",
        "  Bad.opening.to(, on='x').to: this State has no name.",
    ):
        assert line in str(caught.value)


def test_a_class_without_states():
    assert "Bad.states: a chart needs a state." in told({})


def test_two_states_that_both_say_they_are_the_initial_one():
    said = told({"a": State(initial=True), "b": State(initial=True)})
    assert "a and b are all marked initial=True. Only one" in said


def test_a_state_inside_two_others():
    inner = State()
    said = told({"inner": inner, "a": State(states=[inner]), "b": State(states=[inner])})
    assert "there are two states 'inner'" in said


def test_a_state_inside_itself():
    inner = State()
    inner.children = (inner,)
    said = told({"inner": inner, "other": State(states=[inner])})
    assert "'inner' is inside itself or twice" in said


def test_a_state_of_another_machine():
    class Other(Machine):
        elsewhere = State()

    here = State()
    here.to(Other.elsewhere, on="x")
    assert "the state 'elsewhere' is not in Bad. Did you mean 'here'?" in told({"here": here})


def test_a_state_with_the_name_of_a_class_attribute():
    said = told({"data": State(), "a": State()})
    assert "Bad.data: `data` of a Machine is no state." in said
    assert "State(id='data')" in said


def test_one_id_for_two_states():
    assert "there are two states 'a'. Give b another id" in told({"a": State(), "b": State(id="a")})


def test_a_wrong_class_keyword():
    assert "Bad.initial: there is no state 'c'." in told({"a": State()}, initial="c")
