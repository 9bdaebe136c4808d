"""The notebook cells the browser tests share."""

DOOR = '''
import time
from traaviis_lab import Lab, Machine, State, effects as fx
class SmartDoor(Machine):
    """A door that reverses when something is in the way."""
    closed = State(initial=True)
    opening = State()
    open = State()
    closing = State()
    closed.to(opening, on="open_command")
    opening.to(open, on="fully_open", assign={"opened": "data.opened + 1"})
    open.to(closing, on="close_command", when="!data.locked")
    closing.to(opening, on="obstacle")
    closing.to(closed, on="fully_closed")
lab = Lab()
run = lab.start(SmartDoor, id="door_001", data={"opened": 0, "locked": False})
'''

SPEED = """
from traaviis_lab import Lab, read_chart
lab = Lab()
run = lab.start(read_chart({
    "spec": "traaviis/1", "name": "Fan", "data": {"speed": 0, "who": ""}, "initial": "off",
    "events": {"set_speed": {"type": "object", "required": ["speed", "who"], "properties": {
        "speed": {"type": "integer", "minimum": 1, "maximum": 9, "title": "Speed"},
        "who": {"type": "string", "title": "Who"},
        "mode": {"type": "string", "enum": ["quiet", "strong"], "default": "quiet"},
        "swing": {"type": "boolean"}}}},
    "states": {
        "off": {"transitions": [{"on": "set_speed", "to": "on",
                                 "assign": {"speed": "event.speed", "who": "event.who"}}]},
        "on": {"after": [{"delay": "300ms", "to": "warm"}]},
        "warm": {"transitions": [{"on": "stop", "to": "over"}]},
        "over": {"final": True}}}), id="fan")
"""

HOUSE = """
from traaviis_lab import Lab
from traaviis_lab.gallery import SecuritySystem
lab = Lab()
house = lab.start(SecuritySystem, id="house")
"""

BIG = """
from traaviis_lab import Lab, read_chart
count = 300
states = {f"s{i}": {"transitions": [
    {"on": "next", "to": f"s{(i + 1) % count}"}, {"on": "back", "to": f"s{(i - 1) % count}"},
    {"on": "jump", "to": f"s{(i * 7 + 3) % count}"}]} for i in range(count)}
lab = Lab()
big = lab.start(read_chart(
    {"spec": "traaviis/1", "name": "Big", "initial": "s0", "states": states}), id="big")
"""
