"""A door that opens on command, closes by itself no further than it may, and can be locked."""

from __future__ import annotations

from typing import ClassVar

from traaviis_lab import effects as fx
from traaviis_lab.machine.dsl import Machine, State

_USER = {"user_id": {"type": "string", "title": "Who asks"}}


class SmartDoor(Machine):
    """A door that reverses when something is in the way.

    Each closing that meets an obstacle, or that takes longer than 30 seconds, turns back to
    opening. After three in a row the door stays open until somebody has looked at it.
    """

    data: ClassVar = {
        "opened": 0,
        "closed": 0,
        "reversals": 0,
        "tries": 0,
        "locked": False,
        "last_user": "",
    }
    events: ClassVar = {
        "open_command": {"properties": _USER},
        "close_command": {"properties": _USER},
        "lock_command": {"properties": _USER},
        "unlock_command": {"properties": _USER},
        "obstacle": {
            "properties": {
                "distance_cm": {
                    "type": "number",
                    "minimum": 0,
                    "maximum": 500,
                    "title": "Distance in cm",
                }
            }
        },
        "fully_open": {"title": "The upper switch was reached"},
        "fully_closed": {"title": "The lower switch was reached"},
        "reset_command": {"properties": _USER},
    }

    closed = State(
        initial=True,
        title="Closed",
        validate=[
            {"on": "open_command", "when": "!data.locked", "reason": "The door is locked."},
            {"on": "lock_command", "when": "!data.locked", "reason": "It is locked already."},
        ],
    )
    opening = State(title="Opening", enter=fx.log("motor up"), exit=fx.log("motor off", "debug"))
    open = State(title="Open")
    closing = State(title="Closing", enter=fx.log("motor down"), exit=fx.log("motor off", "debug"))
    jammed = State(
        title="Jammed",
        enter=fx.log("turned back {{ data.tries }} times in a row; waiting for reset", "error"),
    )

    closed.to(
        opening,
        on="open_command",
        assign={"last_user": "has(event.user_id) ? event.user_id : ''", "tries": 0},
    )
    closed.to(on="lock_command", assign={"locked": True}, do=fx.log("locked"))
    closed.to(on="unlock_command", assign={"locked": False}, do=fx.log("unlocked"))

    opening.to(open, on="fully_open", assign={"opened": "data.opened + 1"})

    open.to(closing, on="close_command", when="!data.locked", do=fx.log("closing"))
    open.to(jammed, when="data.tries >= 3")

    _turn_back: ClassVar = {"reversals": "data.reversals + 1", "tries": "data.tries + 1"}
    closing.to(
        opening,
        on="obstacle",
        assign=_turn_back,
        do=fx.log("something is in the way: opening again", "warning"),
    )
    closing.to(opening, on="open_command")
    closing.to(closed, on="fully_closed", assign={"closed": "data.closed + 1", "tries": 0})
    closing.after("30s", opening, assign=_turn_back, do=fx.log("closing took too long", "warning"))

    jammed.to(open, on="reset_command", assign={"tries": 0}, do=fx.log("reset"))
