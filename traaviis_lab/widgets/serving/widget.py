"""The server of a lab as the last value of a cell: who calls, what it lets them, and stop."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import traitlets

from traaviis_lab.errors import LabError
from traaviis_lab.widgets.base import LabWidgetBase
from traaviis_lab.widgets.commands import Answer, text_of

from .feed import ServingFeed

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab

    from .handle import Handle

STRUCK = "•" * 12


class ServingWidget(LabWidgetBase):
    """A lab's server. Every display of it shows the same widget: `ServingWidget.of(handle)`.

    What is synced holds no token: that is sent when a person asks for it, and kept nowhere.
    """

    browser_half = "serving"
    now = traitlets.Dict().tag(sync=True, to_json=lambda _now, widget: widget.feed.now)

    def __init__(self, handle: Handle) -> None:
        self.feed = ServingFeed(handle)
        super().__init__()
        self.feed.attach(self)

    @classmethod
    def of(cls, handle: Handle) -> ServingWidget:
        """The widget of this lab's server; one that was shown before follows the new server."""
        with _LOCK:
            known = _SHOWN.get(handle.lab)
            if known is None or known.comm is None:
                known = _SHOWN[handle.lab] = cls(handle)
            else:
                known.feed.follow(handle)
            return known

    def obey(self, what: str, command: Mapping[str, Any]) -> Answer:
        """Answer a question, switch a tool set, tell the token, stop, or serve again."""
        feed = self.feed
        match what:
            case "open":
                self.later(lambda: {"type": "serving", "whole": True, "set": feed.now})
            case "decide":
                feed.decide(command)
            case "switch":
                name, on = text_of(command, "set"), command.get("on") is True
                return self.work(lambda: feed.handle().switch(name, on))
            case "token":
                return {"text": self._token()}
            case "config":
                return self._config(command)
            case "stop":
                return self.work(lambda: feed.handle().stop())
            case "start":
                return self.work(self._start)
            case _:
                raise LabError(f"Command {what!r} is not known here.", hint="Reload the page.")
        return None

    def close(self) -> None:
        """Let go of the server, which goes on; what is on the screen stays as it is."""
        if hasattr(self, "feed"):  # it is closed, too, when it could not be made
            self.feed.close()
        super().close()

    def _token(self) -> str:
        handle = self.feed.handle()
        if not handle.is_running:
            raise LabError("The server is stopped; its token opens nothing.", hint="Serve again.")
        return handle.token

    def _config(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """What to paste; the token is struck out of it, unless it is copied."""
        handle = self.feed.handle()
        bridge = command.get("bridge") is True
        text = handle.client_config(text_of(command, "client"), bridge=bridge)
        if handle.token and command.get("whole") is not True:
            text = text.replace(handle.token, STRUCK)
        return {"text": text}

    def _start(self) -> None:
        """Serve again as before, with the tool sets that were on."""
        handle, lab = self.feed.handle(), self.feed.lab()
        self.feed.follow(lab.serve_mcp(**handle.settings))


_SHOWN: weakref.WeakKeyDictionary[Lab, ServingWidget] = weakref.WeakKeyDictionary()
_LOCK = threading.RLock()
