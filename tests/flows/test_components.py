"""Components: what the four that come with the lab do, alone, together and on any machine."""

import pickle
from datetime import timedelta

import pytest

from traaviis_lab import (
    DefinitionError,
    Event,
    EventRefused,
    Lab,
    Machine,
    State,
    ToldClock,
    read_chart,
    start,
    step,
)  # fmt: skip
from traaviis_lab import effects as fx
from traaviis_lab.flows import find_problems, on_enter
from traaviis_lab.flows.components import Audit, Logger, Security, Timer


class Door(Machine):
    closed = State(initial=True)
    open = State()
    gone = State(final=True)

    closed.to(open, on="unlock", when="event.pin == 1234")
    closed.to(None, on="knock")
    open.to(closed, on="shut")
    open.to(gone, on="burn")


class SafeDoor(Door):
    components = [
        Security("door", attempts=3, failure="wrong_pin", success="unlock", guard=["unlock", "knock"],
                 window="10m", lockout="5m", release="reset_by_guard")
    ]  # fmt: skip
    hooks = [on_enter("door_locked", fx.log("call the guard"))]


@pytest.fixture
def clock():
    return ToldClock()


@pytest.fixture
def lab(clock):
    with Lab(clock=clock) as opened:
        yield opened


def test_after_so_many_failures_events_are_refused_for_a_while(lab, clock):
    run = lab.start(SafeDoor)
    for _ in range(2):
        run.send("wrong_pin")
    assert not run.data["door_locked"]
    run.send("wrong_pin")
    assert run.data == {"door_failures": 3, "door_locked": True}
    with pytest.raises(EventRefused, match="Locked after too many failures; try again later"):
        run.send("unlock", pin=1234)
    clock.advance(299)
    assert run.data["door_locked"]
    clock.advance(1)
    assert run.data == {"door_failures": 0, "door_locked": False}
    run.send("unlock", pin=1234)
    assert "open" in run.state
    said = list(lab.sql("select body->'$.effect.message' as m from events where name = 'log'")["m"])
    assert [str(line).strip('"') for line in said] == [
        "call the guard", "door: locked for 5m after 3 failures",
    ]  # fmt: skip


def test_only_a_success_that_the_machine_takes_clears_the_failures(lab):
    run = lab.start(SafeDoor)
    run.send("wrong_pin")
    with pytest.raises(EventRefused):
        run.send("unlock", pin=1)
    assert run.data["door_failures"] == 1
    run.send("unlock", pin=1234)
    assert run.data["door_failures"] == 0
    assert "door_free" in run.state


def test_failures_are_forgotten_after_the_window_and_a_release_unlocks(lab, clock):
    run = lab.start(SafeDoor)
    run.send("wrong_pin")
    clock.advance(599)
    run.send("wrong_pin")
    clock.advance(599)
    assert run.data["door_failures"] == 2
    clock.advance(1)
    assert run.data["door_failures"] == 0
    for _ in range(3):
        run.send("wrong_pin")
    run.send("reset_by_guard")
    assert run.data == {"door_failures": 0, "door_locked": False}


def test_one_failure_is_enough_where_one_says_so():
    chart = type("One", (Door,), {"components": [Security("door", attempts=1)]}).chart
    here = step(chart, start(chart).snapshot, Event("failure"))
    assert here.snapshot.data["door_locked"]
    with pytest.raises(EventRefused, match="Locked"):
        step(chart, here.snapshot, Event("knock"))


def test_a_machine_ends_with_its_components(lab):
    run = lab.start(SafeDoor)
    run.send("unlock", pin=1234)
    run.send("burn")
    assert run.done
    assert run.replay().snapshot.done


class Job(Machine):
    waiting = State(initial=True)
    late = State()
    done = State(final=True)
    waiting.to(late, on="clock.expired")
    waiting.to(done, on="finished")
    late.to(waiting, on="again")


def test_a_time_limit_raises_its_event_once(lab, clock):
    job = type("Limited", (Job,), {"components": [Timer("clock", limit="1h")]})
    run = lab.start(job)
    clock.advance(3599)
    assert run.state == ("clock_running", "waiting")
    clock.advance(1)
    assert run.state == ("clock_expired", "late")
    run.send("again")
    clock.advance(7200)
    assert run.state == ("clock_expired", "waiting")


def test_a_heartbeat_begins_the_time_anew_and_a_state_stops_it(lab, clock):
    watch = Timer("clock", limit="60s", heartbeat=["beat", "again"], until=["late"], repeat=True)
    run = lab.start(type("Watched", (Job,), {"components": [watch]}))
    for _ in range(5):
        clock.advance(59)
        run.send("beat")
    assert run.state == ("clock_running", "waiting")
    clock.advance(60)
    assert run.state == ("clock_stopped", "late")
    clock.advance(600)
    run.send("again")
    assert run.state == ("clock_running", "waiting")
    clock.advance(timedelta(seconds=60).total_seconds())
    assert run.state == ("clock_stopped", "late")


def test_the_logger_says_what_happens():
    logger = Logger("log", exit="open", events=["unlock", "shut"], level="debug")
    chart = type("Told", (Door,), {"components": [logger]}).chart
    here, said = start(chart), []
    for name in ("unlock", "shut", "knock"):
        here = step(chart, here.snapshot, Event(name, {"pin": 1234}))
        said += [(effect.level, effect.message) for effect in here.effects]
    assert said == [
        ("debug", "log: took unlock"), ("debug", "log: entered open"), ("debug", "log: left open"),
        ("debug", "log: took shut"), ("debug", "log: entered closed"),
    ]  # fmt: skip


def test_an_audit_keeps_who_did_what_and_not_more_than_it_should():
    audit = Audit("who", who="user_id", fields=["way", "in"], keep=3)
    chart = type("Seen", (Door,), {"components": [audit]}).chart
    here = start(chart)
    for n in range(6):
        data = {"user_id": f"u{n}", "secret": "x"} if n % 2 else {"in": n}
        here = step(chart, here.snapshot, Event("knock", data))
    assert here.snapshot.data["who_count"] == 6
    assert here.snapshot.data["who_trail"] == [
        {"n": 4, "event": "knock", "user_id": "u3", "way": None, "in": None},
        {"n": 5, "event": "knock", "user_id": None, "way": None, "in": 4},
        {"n": 6, "event": "knock", "user_id": "u5", "way": None, "in": None},
    ]


def test_an_audit_in_lines():
    chart = type("Seen", (Door,), {"components": [Audit(into="log", who="user_id")]}).chart
    here = step(chart, start(chart).snapshot, Event("knock", {"user_id": "u1"}))
    assert [effect.message for effect in here.effects] == ["audit: knock user_id=u1"]


@pytest.mark.parametrize(
    "field", ["password", "pin", "user_pin", "api_key", "apikey", "Token", "card_number", "auth"]
)
def test_an_audit_notes_no_secrets(field):
    with pytest.raises(DefinitionError, match=f"{field}' sounds like a secret") as error:
        type("Seen", (Door,), {"components": [Audit(fields=field)]})
    assert "Made" not in str(error.value)


def test_fields_that_only_sound_a_little_like_secrets_may_be_noted():
    fields = ["spin", "author", "pinned", "opinion", "passenger"]
    assert type("Seen", (Door,), {"components": [Audit(fields=fields)]}).chart


def test_a_component_twice_others_beside_it_and_regions_of_ones_own():
    class Two(Machine, parallel=True):
        left_on = State(initial=True)
        right_on = State(initial=True)
        left = State(states=[left_on])
        right = State(states=[right_on])
        left_on.to(None, on="lift")
        right_on.to(None, on="push")
        components = [
            Security("a", failure="slip", guard="lift", attempts=1),
            Security("b", failure="trip", guard="push", attempts=1),
            Timer(limit=5),
            Logger,
        ]

    spec = Two.chart.to_spec()
    assert spec["order"] == ["main", "a", "b", "timer"]
    assert spec["states"]["main"]["parallel"] is True
    here = step(Two.chart, start(Two.chart).snapshot, Event("slip"))
    assert here.snapshot.data["a_locked"]
    assert not here.snapshot.data["b_locked"]
    assert {"left_on", "right_on", "a_locked", "b_free"} <= here.snapshot.active
    step(Two.chart, here.snapshot, Event("push"))
    with pytest.raises(EventRefused):
        step(Two.chart, here.snapshot, Event("lift"))


def test_a_derived_class_has_the_components_of_its_base():
    class Safer(SafeDoor):
        components = [Timer("clock", limit="1h")]

    assert {"door", "clock", "main"} <= set(Safer.chart.states)
    assert pickle.loads(pickle.dumps(Safer.chart)) == Safer.chart
    assert read_chart(Safer.chart.to_spec()) == Safer.chart


DOCUMENT = """
spec: traaviis/1
name: Gate
data: {g_x: 1}
components: COMPONENTS
states:
  shut: {transitions: [{on: lift, to: up}]}
  up: {transitions: [{on: drop, to: shut}]}
"""


def test_a_document_uses_what_is_registered():
    text = DOCUMENT.replace("COMPONENTS", "{use: timer, with: {limit: 30s, until: [up]}}")
    written = type(
        "Gate",
        (Machine,),
        {
            "data": {"g_x": 1},
            "shut": (shut := State(initial=True)),
            "up": (up := State()),
            "components": [Timer(limit="30s", until=[up])],
            "_": (shut.to(up, on="lift"), up.to(shut, on="drop")),
        },
    )
    assert read_chart(text) == written.chart


@pytest.mark.parametrize(
    ("components", "place", "said"),
    [
        ("{use: securty}", "components[0].use", "Did you mean 'security'?"),
        ("{with: {}}", "components", "needs 'use'"),
        ("{use: timer}", "components[0].with", "needs the parameter 'limit'. Add `limit: ...`: How long"),
        ("{use: timer, with: {limit: soon}}", "components[0].with.limit", "'soon' is no duration"),
        ("{use: timer, with: {limit: 0}}", "components[0].with.limit", "0 is too little. At least 0.001."),
        ("{use: timer, with: {limit: 1, limits: 2}}", "components[0].with.limits", "Did you mean 'limit'?"),
        ("{use: timer, with: {limit: 1, until: [upp]}}", "components[0]", "Did you mean 'up'?"),
        ("{use: timer, with: {limit: 1, until: '*'}}", "components[0].with", "'until': '*' is too much"),
        ("{use: logger, with: {level: loud}}", "components[0].with.level", "'loud' is none of its choices"),
        ("{use: logger, with: {events: life}}", "components[0]", "no arrow is on the event 'life'. Did you"),
        ("{use: security, prefix: 'a b'}", "components.prefix", "'a b' is no prefix"),
        ("{use: security, prefix: main}", "components[0].prefix", "'main' is the region of the own"),
        ("[{use: logger}, {use: logger}]", "components[1].prefix", "'logger' stands twice"),
        ("{use: security, prefix: up}", "components[0].prefix", "there is a state 'up' already"),
        ("{use: security, with: {release: [a.b], guard: [a.*]}}", "components[0].with", "would be refused"),
        ("[timer]", "components[0]", "a component is a mapping"),
        ("{use: audit, with: {fields: [a b]}}", "components[0].with.fields", "is no names. Write words"),
    ],
)  # fmt: skip
def test_mistakes_name_the_component_the_parameter_and_the_cure(components, place, said):
    found = find_problems(DOCUMENT.replace("COMPONENTS", components))
    assert [(p.place, p.line) for p in found if said in f"{p.message} {p.cure}"] == [(place, 5)], (
        found
    )


def test_mistakes_of_the_machine_are_told_where_they_stand():
    text = DOCUMENT.replace("COMPONENTS", "{use: timer, with: {limit: 30s}}")
    text = text.replace("to: up", "to: pu").replace("shut: {", "main: {}\n  shut: {")
    found = {problem.place: problem.line for problem in find_problems(text)}
    assert found == {"states.main": 7}
    found = {p.place: p.line for p in find_problems(text.replace("main: {}", "other: {}"))}
    assert found == {
        "states.shut.transitions[0].to": 8,
        "states.up.transitions[0].to": 9,
    } or found == {"states.shut.transitions[0].to": 8}


def test_a_guard_on_an_event_that_nobody_takes_is_told():
    with pytest.raises(DefinitionError, match="no arrow is on the event 'unlok' to guard.*unlock"):
        read_chart(
            {
                "spec": "traaviis/1",
                "name": "Door",
                "components": [{"use": "security", "prefix": "p", "with": {"guard": "unlok"}}],
                "states": {"closed": {"transitions": [{"on": "unlock"}]}},
            }
        )
