"""How much agents' runs may write: what is too much is held and refused, and said so."""

import json

import pytest

from tests.mcp.at_desk import AtDesk
from tests.mcp.talking import NEW, Talk, eventually
from traaviis_lab import Lab
from traaviis_lab.gallery import SmartDoor
from traaviis_lab.mcp.meter import Meter
from traaviis_lab.mcp.serving import Limits

BUSY = {
    "spec": "traaviis/1",
    "name": "Busy",
    "initial": "tick",
    "states": {
        "tick": {"after": {"delay": "1ms", "to": "tock"}},
        "tock": {"after": {"delay": "1ms", "to": "tick"}},
    },
}
COUNTER = {
    "spec": "traaviis/1",
    "name": "Counter",
    "data": {"n": 0, "text": ""},
    "initial": "here",
    "states": {
        "here": {
            "transitions": [
                {"on": "more", "to": "here", "assign": {"n": "data.n + 1"}},
                {"on": "write", "to": "here", "assign": {"text": "event.text"}},
            ]
        }
    },
}


class Told:
    """A clock that goes on when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Told()


@pytest.fixture
def desk(clock):
    lab = Lab()
    lab.add(SmartDoor)
    found = AtDesk(lab)
    limits = Limits(facts=10, facts_at_once=50, facts_in_all=1_000)
    found.desk.meter = Meter(lab, limits, clock)
    found.desk.meter.look()
    yield found
    found.close()


def more(desk, run, times, tenant="default"):
    for _ in range(times):
        desk.lab.run(run).send("more")


def test_what_is_little_is_let_through(desk, clock):
    desk.ask("create_fsm", spec=COUNTER, fsm_id="c")
    for _ in range(10):
        more(desk, "default:c", 10)
        clock.now += 1
        assert desk.desk.meter.look() == []
    desk.ask("send_event", fsm_id="c", event="more")


def test_the_run_that_writes_the_most_is_held_and_calls_are_refused(desk, clock):
    for name in ("busy", "quiet"):
        desk.ask("create_fsm", spec=COUNTER, fsm_id=name)
    desk.ask("create_fsm", "acme", spec=COUNTER, fsm_id="theirs")
    desk.lab.start(SmartDoor, id="persons")
    more(desk, "default:quiet", 2)
    more(desk, "default:busy", 100)
    assert desk.desk.meter.look() == ["default:busy"]
    told = desk.ask("get_fsm_state", fsm_id="busy")
    assert told["held"] == "Runs of agents of this tenant write more than 10 facts a second."
    history = desk.ask("get_history", fsm_id="busy", after_seq=100)["facts"]
    assert any("write more than 10" in json.dumps(fact) for fact in history)
    for tool, arguments in (
        ("create_fsm", {"spec": COUNTER}),
        ("send_event", {"fsm_id": "quiet", "event": "more"}),
        ("resume", {"fsm_id": "busy"}),
        ("fork_run", {"fsm_id": "quiet"}),
        ("execute_effect_pipeline", {"effects": {"kind": "log", "message": "hi"}}),
    ):
        error = desk.refused(tool, **arguments)
        assert "write more than 10 facts a second" in error["message"]
        assert error["hint"].startswith("Call again in 5.")
    assert not desk.reply("get_fsm_state", fsm_id="quiet").is_error
    desk.ask("send_event", "acme", fsm_id="theirs", event="more")
    clock.now += 6
    desk.desk.meter.look()
    desk.ask("send_event", fsm_id="quiet", event="more")
    assert desk.ask("resume", fsm_id="busy")["held"] is None


def test_large_facts_count_as_several(desk, clock):
    desk.ask("create_fsm", spec=COUNTER, fsm_id="c")
    desk.lab.run("default:c").send("write", text="x" * 300_000)
    assert desk.desk.meter.look() == ["default:c"]


def test_events_for_a_persons_run_are_counted_and_that_run_is_not_held(desk):
    desk.lab.start(SmartDoor, id="persons")
    batch = [{"event": name} for name in ("lock_command", "unlock_command")] * 50
    told = desk.ask("batch_send_events", fsm_id="persons", events=batch)
    assert told["sent"] == 100
    assert "facts a second" in desk.refused("create_fsm", machine="SmartDoor")["message"]
    assert desk.desk.meter.look() == []
    assert desk.lab.run("persons").held is None


def test_in_all_there_is_an_end(desk, clock):
    desk.ask("create_fsm", spec=COUNTER, fsm_id="c")
    for _ in range(25):
        more(desk, "default:c", 40)
        clock.now += 100
        held = desk.desk.meter.look()
    assert held == ["default:c"]
    error = desk.refused("create_fsm", spec=COUNTER)
    assert error["message"] == (
        "Runs of agents of this tenant have 1,000 facts, and may write no more."
    )
    again = Meter(desk.lab, Limits(facts_in_all=1_000))
    again.look()  # it counts what is in the journal already
    with pytest.raises(Exception, match="1,000 facts"):
        again.check("default")
    again.check("acme")
    assert desk.destroy("c").data["done"] is True


def test_a_flood_of_timers_is_held_by_the_server():
    limits = Limits(facts=50, facts_at_once=200)
    with Lab() as lab:
        served = lab.serve_mcp(limits=limits)
        talk = Talk(served, era=NEW)
        for n in range(4):
            assert talk.call("create_fsm", spec=BUSY, fsm_id=f"b{n}")["fsm_id"]
        assert eventually(lambda: any(run.held for run in lab.live().values()), within=20)
        assert eventually(
            lambda: "facts a second" in str(talk.call("create_fsm", spec=BUSY).get("error"))
        )
        written = lab.sql("select body from events where name = 'trouble'")
        assert len(written)
        assert written["body"].str.contains("facts a second").all()
