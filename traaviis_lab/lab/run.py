"""A run as a notebook knows it: synchronous, from any thread, each step acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from traaviis_lab.effects.growing import Tree
from traaviis_lab.errors import LabError
from traaviis_lab.machine import Chart, Event, Snapshot, Step
from traaviis_lab.machine.macrostep import events_blocked
from traaviis_lab.runtime import Run as LiveRun
from traaviis_lab.runtime.reviving import answer as answer_asked
from traaviis_lab.runtime.standing import Pending

from .debugging import Debugging
from .dispatch import Callback
from .faces import mimebundle
from .forks import Forks
from .portable import Portable

if TYPE_CHECKING:
    from .lab import Lab


class Run(Portable, Forks, Debugging):
    """One execution of a machine. As the last value of a cell it is a live widget.

    Made by `lab.start`, `lab.resume` and `lab.run`, never by hand.
    """

    def __init__(self, lab: Lab, live: LiveRun) -> None:
        self._lab, self._live = lab, live
        self.id = live.id  # unique in its journal

    # Where it stands

    @property
    def lab(self) -> Lab:
        """The lab it lives in."""
        return self._lab

    @property
    def chart(self) -> Chart:
        """The chart it runs on."""
        chart: Chart = self._live.chart
        return chart

    @property
    def tenant(self) -> str:
        """Who owns it."""
        return self._live.tenant

    @property
    def snapshot(self) -> Snapshot:
        """Where it stands, as the engine has it; do not change the data inside."""
        return self._live.snapshot

    @property
    def seq(self) -> int:
        """The number of the run's last fact."""
        return self._live.seq

    @property
    def blocked(self) -> dict[str, str]:
        """Events that some active state listens for but would not take now, and why."""
        return {} if self.done else events_blocked(self.chart, self.snapshot)

    @property
    def last(self) -> Step | None:
        """The last step of this process, None right after `resume`."""
        return self._live.last

    @property
    def visited(self) -> frozenset[str]:
        """Every state it has ever been in."""
        return self._live.visited

    @property
    def refused(self) -> dict[str, Any] | None:
        """The last refused event: `{name, reason, seq}`; None if there was none."""
        found = self._live.refused
        return None if found is None else dict(zip(("name", "reason", "seq"), found, strict=True))

    @property
    def timers(self) -> dict[str, int]:
        """The timers that run: event to when it is due, microseconds since the epoch."""
        return dict(self._live.timers)

    @property
    def under_way(self) -> tuple[dict[str, Any], ...]:
        """The effects under way, composed ones and what is under way in them, in the order they
        began: `{path, kind, owner, began, effect, asks}`. `asks`: a person has to say what
        becomes of it (`run.answer`).
        """
        live = self._live
        found: list[tuple[str, Tree | Pending]] = [*live.trees.items(), *live.pending.items()]
        return tuple(
            {
                "path": path,
                "kind": one.effect.kind,
                "owner": one.owner,
                "began": one.began,
                "effect": one.effect.to_spec(),
                "asks": path in live.asked,
            }
            for path, one in sorted(found, key=lambda one: one[1].seq)
        )

    # What it is told

    def send(self, name: str, /, **data: Any) -> Step:
        """Send an event; answers the step when it is durable.

        Keyword arguments are the event's data. Raises `EventRefused`, with a hint, if nothing
        takes it now, and `JournalError` if it cannot be written.
        """
        return self.send_event(Event(name, data))

    def send_event(self, event: Event) -> Step:
        """Send an event that was made elsewhere; else like `send`."""
        if not isinstance(event, Event) or not isinstance(event.name, str) or not event.name:
            raise LabError(
                f"{event!r} is not an event.", hint='run.send("name", field=1) is the usual way.'
            )
        if not isinstance(event.data, Mapping):
            raise LabError(
                f"The data of event {event.name!r} is {event.data!r}, not an object.",
                hint='Event("name", {"field": 1})',
            )
        return self._lab.acknowledged(lambda ack: self._live.deliver(event, None, ack))

    def note(self, name: str, /, **data: Any) -> None:
        """Write something down in the run's history, as a fact of kind `note`.

        The machine does not see it. Raises `JournalError` for data that is not JSON.
        """
        if not isinstance(name, str) or not name:
            raise LabError(
                f"{name!r} is no name for a note.", hint='run.note("looked at", by="me")'
            )
        self._lab.acknowledged(lambda ack: self._live.note(name, data, ack))

    def stop(self) -> None:
        """End the run: its timers and effects are cancelled. A run that is done stays as it is."""
        if not self.done:
            self._lab.acknowledged(self._live.stop)

    def answer(
        self, path: str, answer: Literal["repeat", "fail", "result"], result: Any = None
    ) -> None:
        """Say what becomes of an effect that was under way when its process died, and that asks.

        Args:
            path: the effect; `run.questions()` lists those that ask.
            answer: "repeat" performs it again, "fail" takes it for failed, "result" for done.
            result: what it answered, for "result".

        Raises `LabError` for an effect that does not ask and for another answer, `JournalError`
        for a result that is not JSON.
        """
        if result is not None and answer != "result":
            raise LabError(
                f"A result is given with the answer 'result', not with {answer!r}.",
                hint=f'run.answer({path!r}, "result", {result!r})',
            )
        self._lab.acknowledged(
            lambda ack: answer_asked(self._lab._engine, self._live, path, answer, result, ack)
        )

    # What is to come

    def on(
        self, callback: Callback, *, kind: str | None = None, name: str | None = None
    ) -> Callable[[], None]:
        """Call back with every later fact of this run, in order; answers how to end it."""
        return self._lab.dispatcher.subscribe(callback, run=self.id, kind=kind, name=name)

    def wait(
        self, until: str | Callable[[Run], bool] | None = None, *, timeout: float | None = 60.0
    ) -> Run:
        """Wait until the run is in state `until`, or `until(run)` is true, or (None) it is done.

        Raises `TimeoutError` after `timeout` seconds (None: never), saying where it stands then.
        """
        met = threading.Event()

        def holds() -> bool:
            if until is None:
                return self.done
            return until in self.active if isinstance(until, str) else until(self)

        unsubscribe = self.on(lambda _: met.set() if holds() else None)
        try:
            if not holds() and not met.wait(timeout):
                why = f" It is held: {held.reason}" if (held := self.held) is not None else ""
                raise TimeoutError(
                    f"Run {self.id!r} is still in {self.state!r} after {timeout} s.{why}"
                )
        finally:
            unsubscribe()
        return self

    def __repr__(self) -> str:
        state = self.state if isinstance(self.state, str) else " & ".join(self.state)
        end = ", done" if self.done else ", held" if self.held is not None else ""
        takes = f", takes {', '.join(self.events)}" if self.events else ""
        return f"<Run {self.id} of {self.chart.name}: {state} at seq {self.seq}{end}{takes}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return mimebundle("run", self)
