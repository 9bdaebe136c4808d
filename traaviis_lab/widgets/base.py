"""What both widgets are: an anywidget over the one ES module, told what to do by its key."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from traaviis_lab.views import style_css

from .commands import Answer, listen_for, receive
from .pump import the_pump

WORKERS = 2
"""Long commands done at a time; the others wait for their turn."""


@lru_cache(maxsize=4)
def asset(name: str) -> str:
    """A built file of the browser's half, as text."""
    return files("traaviis_lab").joinpath("static", name).read_text(encoding="utf-8")


class LabWidgetBase(anywidget.AnyWidget):
    """An anywidget whose commands come in on the command comm and leave as `obey`."""

    browser_half = "widget"  # the name of its script and its style sheet

    key = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self._esm = asset(f"{self.browser_half}.js")
        self._css = asset(f"{self.browser_half}.css") + style_css()
        super().__init__(key=uuid.uuid4().hex, **traits)
        self.on_msg(lambda _widget, content, _buffers: receive(content))
        listen_for(self)

    def obey(self, what: str, command: Mapping[str, Any]) -> Answer:
        """Do what a person asked for."""
        raise NotImplementedError

    def work(self, do: Callable[[], dict[str, Any] | None]) -> Future[dict[str, Any] | None]:
        """Have something long done on a worker thread."""
        return _workers().submit(do)

    def later(self, make: Callable[[], dict[str, Any]]) -> None:
        """Send what `make` answers then: after patches that are on their way, at once else."""
        the_pump().post(lambda: self.post(make()))

    def post(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a message to the browser; a closed widget has nobody to send to."""
        if self.comm is not None:
            self.send(message, buffers)


@lru_cache(maxsize=1)
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="traaviis-widgets")
