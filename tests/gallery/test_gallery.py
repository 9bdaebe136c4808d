"""The gallery's machines do what their docstrings say."""

import pytest

from traaviis_lab import Event, EventRefused, Machine, gallery, start, step
from traaviis_lab.flows import read_chart, write_chart
from traaviis_lab.gallery import SecuritySystem, SmartDoor, Timer
from traaviis_lab.machine import events_blocked, events_taken, leaves


class Player:
    """Plays events and times into a machine; keeps what was refused."""

    def __init__(self, machine, **data):
        self.chart = machine.chart
        self.here = start(self.chart, data)
        self.said = []
        self.refused = []

    def send(self, name, **data):
        try:
            self.here = step(self.chart, self.here.snapshot, Event(name, data))
        except EventRefused as error:
            self.refused.append(error.message)
            return self
        self.said += [effect.message for effect in self.here.effects if effect.kind == "log"]
        return self

    @property
    def state(self):
        return set(leaves(self.chart, self.here.snapshot))

    @property
    def data(self):
        return self.here.snapshot.data


@pytest.mark.parametrize("name", [name for name in gallery.__all__ if name[0].isupper()])
def test_each_is_a_portable_machine_with_texts_for_people(name):
    machine = getattr(gallery, name)
    assert issubclass(machine, Machine)
    chart = machine.chart
    assert chart.name == name
    assert chart.portable
    assert chart.root.meta["title"]
    assert chart.root.meta["notes"]
    assert read_chart(write_chart(chart)) == chart
    for node in chart.states.values():
        assert node.kind == "history" or node.meta["title"], node.id
    listened = {event for t in chart.transitions.values() for event in t.events}
    heard = {e for e in chart.events if e in listened or f"{e.partition('.')[0]}.*" in listened}
    assert heard == set(chart.events), "every described event is taken somewhere"
    outside = {
        e for e in listened if not e.startswith(("after.", "done.", "error.")) and "*" not in e
    }
    assert outside <= set(chart.events), "every event that is taken is described"


def test_the_front_of_the_gallery():
    assert dir(gallery)
    with pytest.raises(AttributeError, match="Elevator"):
        gallery.Elevator  # noqa: B018


def test_the_door_opens_and_closes():
    door = Player(SmartDoor, locked=False)
    door.send("open_command", user_id="u1").send("fully_open")
    assert door.state == {"open"}
    assert door.data["opened"] == 1
    assert door.data["last_user"] == "u1"
    door.send("fully_open").send("close_command").send("fully_closed")
    assert door.state == {"closed"}
    assert door.data["closed"] == 1
    assert door.refused == ["Event 'fully_open' means nothing in open."]


def test_the_door_turns_back_and_at_last_gives_up():
    door = Player(SmartDoor).send("open_command").send("fully_open")
    for cause in ("obstacle", "after.closing.0", "obstacle"):
        assert door.state == {"open"}
        door.send("close_command").send(cause)
        assert door.state == {"opening"}
        door.send("fully_open")
    assert door.state == {"jammed"}
    assert door.data["reversals"] == 3
    assert "turned back 3 times in a row; waiting for reset" in door.said
    assert events_taken(door.chart, door.here.snapshot) == ["reset_command"]
    door.send("reset_command").send("close_command").send("fully_closed")
    assert door.state == {"closed"}


def test_a_locked_door_says_so():
    door = Player(SmartDoor).send("lock_command").send("open_command").send("lock_command")
    assert [text.partition(": ")[2] for text in door.refused] == [
        "The door is locked.",
        "It is locked already.",
    ]
    assert door.send("unlock_command").send("open_command").state == {"opening"}


def test_a_door_told_to_stay_open():
    door = Player(SmartDoor, locked=True)
    here = door.chart, door.here.snapshot._replace(active=frozenset({"open"}))
    assert "close_command" in events_blocked(*here)


def armed(mode="away"):
    return Player(SecuritySystem).send("arm", mode=mode).send("after.arming.0")


def test_the_zones_are_counted_once_and_an_open_one_stops_arming():
    house = Player(SecuritySystem)
    house.send("zone.opened", zone="hall").send("zone.opened", zone="hall")
    assert house.data["open"] == ["hall"]
    house.send("arm", mode="away")
    assert "A zone is open; close it before arming." in house.refused[-1]
    house.send("zone.closed", zone="hall").send("zone.closed", zone="hall").send("arm", mode="away")
    assert house.data["open"] == []
    assert house.state == {"ready", "tracking", "arming"}


def test_coming_home_in_time():
    house = armed().send("zone.opened", zone="front", entry=True).send("motion", zone="hall")
    assert house.state == {"ready", "tracking", "entry_delay", "watching"}
    assert house.send("code_entered", code="2468").state == {"ready", "tracking", "disarmed"}
    assert house.data["alarms"] == 0


@pytest.mark.parametrize(
    ("event", "data", "cause"),
    [
        ("zone.opened", {"zone": "window"}, "window opened"),
        ("motion", {"zone": "hall"}, "motion in hall"),
        ("tamper", {}, "tampering"),
    ],
)
def test_what_sets_off_the_siren(event, data, cause):
    house = armed().send(event, **data)
    assert house.state == {"ready", "tracking", "sounding"}
    assert (house.data["alarms"], house.data["cause"]) == (1, cause)
    assert f"ALARM: {cause}" in house.said
    house.send("after.sounding.0").send("motion", zone="hall").send("zone.closed", zone="window")
    assert "silent" in house.state
    assert house.data["seen"] >= 1
    assert "disarmed" in house.send("code_entered", code="2468").state


def test_motion_is_of_no_matter_when_somebody_is_at_home():
    house = armed("home").send("motion", zone="hall")
    assert house.state == {"ready", "tracking", "secure", "resting"}
    assert len(house.refused) == 1


def test_a_false_alarm_leads_back_to_where_it_was():
    house = armed("home").send("zone.opened", zone="front", entry=True).send("after.entry_delay.0")
    assert house.data["cause"] == "no code after the entry"
    assert house.send("false_alarm").state == {"ready", "tracking", "entry_delay", "resting"}


def test_three_wrong_codes_lock_the_keypad():
    house = armed()
    for _ in range(3):
        house.send("code_entered", code="0000")
    assert house.data["lockouts"] == 1
    house.send("code_entered", code="2468")
    assert "opens again after a minute" in house.refused[-1]
    assert "watching" in house.state
    house.send("after.locked_out.0").send("code_entered", code="2468")
    assert "disarmed" in house.state


def test_a_right_code_forgets_the_wrong_ones():
    house = armed().send("code_entered", code="1").send("code_entered", code="2468")
    assert house.data["wrong_codes"] == 0


def test_payloads_are_checked():
    house = armed().send("arm", mode="asleep").send("motion").send("code_entered", code=2468)
    assert len(house.refused) == 3


def test_the_timer_counts_down():
    timer = Player(Timer).send("start", seconds=3).send("tick").send("pause").send("tick")
    assert timer.state == {"paused"}
    assert timer.data["remaining"] == 2
    timer.send("resume").send("tick", elapsed=2)
    assert timer.state == {"elapsed"}
    assert timer.data["rounds"] == 1
    assert timer.said == ["3 seconds are over (round 1)"]
    assert timer.send("start").data["remaining"] == 3


def test_the_timer_notices_when_nobody_ticks():
    timer = Player(Timer).send("start").send("after.running.0")
    assert timer.state == {"stalled"}
    assert timer.send("tick").state == {"running"}
    assert timer.send("pause").send("after.paused.0").state == {"idle"}


@pytest.mark.parametrize("before", [("start",), ("start", "pause"), ("start", "after.running.0")])
def test_the_timer_is_reset_and_thrown_away(before):
    timer = Player(Timer)
    for name in before:
        timer.send(name)
    assert timer.send("reset").state == {"idle"}
    timer.send("discard")
    assert timer.here.snapshot.done
    assert timer.state == {"discarded"}
