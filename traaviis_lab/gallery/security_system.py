"""An alarm system: zones watched side by side, delays to leave and to come in, a keypad."""

from __future__ import annotations

from typing import ClassVar

from traaviis_lab import effects as fx
from traaviis_lab.machine.dsl import Machine, State

_ZONE = {"zone": {"type": "string", "title": "Zone"}}


class SecuritySystem(Machine, parallel=True):
    """A house alarm with a keypad, a list of open zones and a siren.

    Three regions run side by side: `keypad` checks codes and locks itself after three wrong ones,
    `zones` keeps the list of what is open, and `alarm_panel` is disarmed, arming, armed or
    sounding. While armed, the perimeter and the interior are watched by regions of their own;
    a deep history brings both back where they were when a false alarm is over.
    """

    data: ClassVar = {
        "code": "2468",
        "wrong_codes": 0,
        "lockouts": 0,
        "open": [],
        "mode": "",
        "alarms": 0,
        "cause": "",
        "seen": 0,
    }
    events: ClassVar = {
        "arm": {
            "properties": {
                "mode": {
                    "type": "string",
                    "enum": ["away", "home"],
                    "default": "away",
                    "title": "Who stays in",
                }
            },
            "required": ["mode"],
        },
        "code_entered": {
            "properties": {"code": {"type": "string", "title": "Code"}},
            "required": ["code"],
        },
        "zone.opened": {
            "properties": {
                **_ZONE,
                "entry": {"type": "boolean", "default": False, "title": "A way in for residents"},
            },
            "required": ["zone"],
        },
        "zone.closed": {"properties": _ZONE, "required": ["zone"]},
        "motion": {"properties": _ZONE, "required": ["zone"]},
        "tamper": {"properties": _ZONE},
        "false_alarm": {"title": "The guard service has looked: nothing there"},
    }

    # The keypad counts wrong codes; the panel takes the right ones itself, in the same step, so
    # that no event from outside but the code can disarm it.
    ready = State(initial=True, title="Ready")
    locked_out = State(
        title="Locked out",
        enter=fx.log("too many wrong codes: the keypad is locked", "warning"),
        validate=[
            {
                "on": "code_entered",
                "when": "false",
                "reason": "Too many wrong codes; the keypad opens again after a minute.",
            }
        ],
    )
    keypad = State(states=[ready, locked_out], title="Keypad")

    _right = "event.code == data.code"
    ready.to(on="code_entered", when=_right, assign={"wrong_codes": 0})
    ready.to(
        locked_out,
        on="code_entered",
        when="data.wrong_codes >= 2",
        assign={"wrong_codes": 0, "lockouts": "data.lockouts + 1"},
    )
    ready.to(
        on="code_entered",
        assign={"wrong_codes": "data.wrong_codes + 1"},
        do=fx.log("wrong code", "warning"),
    )
    locked_out.after("60s", ready)

    # The zones: sensors bounce and repeat themselves, so a zone is in the list once at most.
    tracking = State(title="Tracking")
    zones = State(states=[tracking], title="Zones")

    tracking.to(
        on="zone.opened",
        when="!(event.zone in data.open)",
        assign={"open": "data.open + [event.zone]"},
    )
    tracking.to(
        on="zone.closed",
        when="event.zone in data.open",
        assign={"open": "data.open.filter(zone, zone != event.zone)"},
    )

    # The panel.
    disarmed = State(
        initial=True,
        title="Disarmed",
        validate=[
            {
                "on": "arm",
                "when": "size(data.open) == 0",
                "reason": "A zone is open; close it before arming.",
            }
        ],
    )
    arming = State(title="Time to leave", enter=fx.log("arming: leave within 45 seconds"))

    secure = State(initial=True, title="Secure")
    entry_delay = State(title="Time to enter the code")
    perimeter = State(states=[secure, entry_delay], title="Perimeter")
    watching = State(initial=True, title="Watching")
    resting = State(title="Resting: somebody is at home")
    interior = State(states=[watching, resting], title="Interior")
    where_it_was = State(history="deep")
    armed = State(parallel=True, states=[perimeter, interior, where_it_was], title="Armed")

    sounding = State(
        initial=True, title="Siren on", enter=fx.log("ALARM: {{ data.cause }}", "error")
    )
    silent = State(title="Siren off, alarm on")
    alarm = State(states=[sounding, silent], title="Alarm")
    alarm_panel = State(states=[disarmed, arming, armed, alarm], title="Panel")

    disarmed.to(arming, on="arm", assign={"mode": "event.mode", "cause": "''"})
    arming.to(disarmed, on="code_entered", when=_right, do=fx.log("arming cancelled"))
    arming.after("45s", armed, do=fx.log("armed: {{ data.mode }}"))
    armed.to(disarmed, on="code_entered", when=_right, do=fx.log("disarmed"))

    _alarms = "data.alarms + 1"
    secure.to(
        entry_delay,
        on="zone.opened",
        when="has(event.entry) && event.entry",
        do=fx.log("enter the code within 30 seconds"),
    )
    secure.to(
        alarm, on="zone.opened", assign={"alarms": _alarms, "cause": "event.zone + ' opened'"}
    )
    entry_delay.after(
        "30s", alarm, assign={"alarms": _alarms, "cause": "'no code after the entry'"}
    )
    watching.to(resting, when="data.mode == 'home'")
    watching.to(
        alarm,
        on="motion",
        when="!('entry_delay' in state)",
        assign={"alarms": _alarms, "cause": "'motion in ' + event.zone"},
    )
    alarm_panel.to(
        alarm,
        on="tamper",
        when="!('alarm' in state)",
        assign={"alarms": _alarms, "cause": "'tampering'"},
    )

    alarm.to(disarmed, on="code_entered", when=_right, do=fx.log("alarm ended by code"))
    alarm.to(where_it_was, on="false_alarm", do=fx.log("false alarm: watching again"))
    alarm.to(on=["zone.*", "motion"], assign={"seen": "data.seen + 1"})
    sounding.after("3m", silent, do=fx.log("siren off after three minutes", "warning"))
