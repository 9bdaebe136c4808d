"""Where a run stands, as a live run and a recording say it alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traaviis_lab.machine import Chart, Snapshot
from traaviis_lab.machine.macrostep import events_taken, leaves
from traaviis_lab.travel.places import own

if TYPE_CHECKING:
    from .lab import Lab


class Standing:
    """What `Run` and `Recording` have in common: whose they are, and where they stand."""

    id: str

    @property
    def lab(self) -> Lab:
        """The lab it belongs to."""
        raise NotImplementedError

    @property
    def chart(self) -> Chart:
        """The chart it runs on."""
        raise NotImplementedError

    @property
    def seq(self) -> int:
        """The number of its last fact."""
        raise NotImplementedError

    @property
    def snapshot(self) -> Snapshot:
        """Where it stands; do not change the data inside."""
        raise NotImplementedError

    @property
    def state(self) -> str | tuple[str, ...]:
        """The active leaf state; a sorted tuple of them when regions are parallel."""
        found = leaves(self.chart, self.snapshot)
        return found[0] if len(found) == 1 else tuple(sorted(found))

    @property
    def active(self) -> frozenset[str]:
        """Every active state, ancestors included."""
        return self.snapshot.active

    @property
    def data(self) -> dict[str, Any]:
        """A copy of the run's data."""
        data: dict[str, Any] = own(self.snapshot.data)
        return data

    @property
    def done(self) -> bool:
        """Whether it came to its end or was stopped."""
        return self.snapshot.done

    @property
    def events(self) -> tuple[str, ...]:
        """The events it takes now; of a recording, those it would take if it were live."""
        here = self.snapshot
        return () if here.done else tuple(events_taken(self.chart, here))
