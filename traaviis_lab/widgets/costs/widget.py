"""The costs of a run or of many as the last value of a cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import traitlets

from traaviis_lab.errors import LabError
from traaviis_lab.lab.costing import LabCosts, RunCosts
from traaviis_lab.widgets.base import LabWidgetBase
from traaviis_lab.widgets.commands import Answer
from traaviis_lab.widgets.pump import the_pump

from .many import ManyFeed
from .one import RunFeed

if TYPE_CHECKING:
    from traaviis_lab.widgets.feed import Sink


class Feed(Protocol):
    """Where a costs widget has its numbers from."""

    face: dict[str, Any]
    now: dict[str, Any]

    def attach(self, sink: Sink) -> None:
        """Send `sink` every change from now on, as long as it lives."""

    def csv(self) -> tuple[str, str]:
        """A file's name and the whole table as CSV. Raises `LabError` if the lab is closed."""

    def close(self) -> None:
        """Hear no more."""


class CostsWidget(LabWidgetBase):
    """What a run cost, or what many did, kept up to date."""

    browser_half = "costs"
    face = traitlets.Dict().tag(sync=True)
    now = traitlets.Dict().tag(sync=True, to_json=lambda _now, widget: widget.feed.now)

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        super().__init__(face=feed.face)
        feed.attach(self)

    @classmethod
    def of(cls, costs: RunCosts | LabCosts) -> CostsWidget:
        """A widget for these costs."""
        return cls(RunFeed(costs) if isinstance(costs, RunCosts) else ManyFeed(costs))

    def obey(self, what: str, command: Mapping[str, Any]) -> Answer:
        """Say everything again, or send the table as a file."""
        if what == "open":
            self.later(lambda: {"type": "costs", "now": self.feed.now})
            return None
        if what == "csv":
            return self.work(self._send_csv)
        raise LabError(f"Command {what!r} is not known here.", hint="Reload the page.")

    def close(self) -> None:
        """Let go of the run; what is on the screen stays as it is."""
        self.feed.close()
        super().close()

    def _send_csv(self) -> None:
        name, text = self.feed.csv()
        message = {"type": "file", "name": name, "mime": "text/csv"}
        the_pump().post(lambda: self.post(message, [text.encode()]))
