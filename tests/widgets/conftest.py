"""A lab with a door, and comms that remember what was sent on them."""

from __future__ import annotations

import threading
import uuid

import comm
import pytest
from comm.base_comm import BaseComm

from traaviis_lab import Lab, Machine, State
from traaviis_lab.widgets import faces
from traaviis_lab.widgets.commands import receive


class Door(Machine):
    """A door."""

    data = {"opened": 0, "locked": False}
    closed = State(initial=True)
    opening = State()
    open = State()
    closed.to(opening, on="open_command")
    opening.to(open, on="fully_open", assign={"opened": "data.opened + 1"})
    open.to(closed, on="close_command", when="!data.locked")


class FakeComm(BaseComm):
    """Keeps what the kernel would send to the browser, and lets one wait for it."""

    def __init__(self, *args, **kwargs):
        self.sent: list[dict] = []
        self.came = threading.Condition()
        super().__init__(*args, **kwargs)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        with self.came:
            self.sent.append({"type": msg_type, "data": data or {}, "buffers": buffers or []})
            self.came.notify_all()

    def messages(self, kind=None):
        found = [m["data"]["content"] for m in self.sent if m["data"].get("method") == "custom"]
        return [one for one in found if kind is None or one["type"] == kind]

    def until(self, kind, holds=bool, timeout=10):
        """The messages of this kind, as soon as `holds(messages)`."""
        with self.came:
            assert self.came.wait_for(lambda: holds(self.messages(kind)), timeout), self.sent
            return self.messages(kind)


@pytest.fixture
def comms(monkeypatch):
    """Every comm that is opened, in order."""
    opened: list[FakeComm] = []

    def create(*args, **kwargs):
        opened.append(FakeComm(*args, **kwargs))
        return opened[-1]

    monkeypatch.setattr(comm, "create_comm", create)
    monkeypatch.setattr(faces, "has_kernel", lambda: True)
    return opened


@pytest.fixture
def lab():
    with Lab() as lab:
        yield lab


@pytest.fixture
def run(lab):
    return lab.start(Door, id="door_001")


@pytest.fixture
def ask():
    """Send a command as the browser does, and wait for its reply."""

    def ask(widget, what, **more):
        number = f"test:{uuid.uuid4().hex}"
        receive({"id": number, "widget": widget.key, "do": what, **more})
        replies = widget.comm.until("reply", lambda all: any(one["id"] == number for one in all))
        return next(one for one in replies if one["id"] == number)

    return ask
