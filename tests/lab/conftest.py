"""A lab in memory and one on disk: what holds for one holds for both."""

import pytest

from traaviis_lab import Lab, Machine, State, ToldClock
from traaviis_lab import effects as fx


class Door(Machine):
    """A door that reverses when something is in the way."""

    data = {"opened": 0, "locked": False}

    closed = State(initial=True)
    opening = State()
    open = State()
    closing = State()

    closed.to(opening, on="open_command")
    opening.to(open, on="fully_open", assign={"opened": "data.opened + 1"})
    open.to(closing, on="close_command", when="!data.locked", do=fx.log("closing"))
    closing.to(opening, on="obstacle")
    closing.to(closed, on="fully_closed")
    closing.after("30s", opening)


@pytest.fixture
def clock():
    return ToldClock()


@pytest.fixture(params=["memory", "disk"])
def lab(request, tmp_path, clock):
    path = None if request.param == "memory" else tmp_path / "door.duckdb"
    with Lab(path, clock=clock) as opened:
        yield opened
