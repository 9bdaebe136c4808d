"""Breakpoints and stepping, as a notebook, the debugger and an agent know them: one API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from traaviis_lab.errors import LabError
from traaviis_lab.machine import Step
from traaviis_lab.runtime.holding import stepping
from traaviis_lab.runtime.holding.breakpoints import Breakpoint as Known
from traaviis_lab.runtime.holding.gate import Acknowledge
from traaviis_lab.runtime.holding.held import Held
from traaviis_lab.runtime.holding.hold import Hold

if TYPE_CHECKING:
    from traaviis_lab.runtime import Run as LiveRun

    from .lab import Lab

T = TypeVar("T")


class Breakpoint:
    """A breakpoint of one run, by its id. It stays with the run until it is removed.

    Made by `run.breakpoint(...)`, never by hand.
    """

    def __init__(self, run: Debugging, known: Known) -> None:
        self._run, self._last = run, known
        self.id = known.id  # "b1", "b2", ...: unique in its run

    def _now(self) -> Known | None:
        found = self._run._known().get(self.id)
        self._last = found or self._last
        return found

    @property
    def text(self) -> str:
        """What it waits for, in words."""
        return self._last.text

    @property
    def spec(self) -> dict[str, Any]:
        """The arguments that make it again: `run.breakpoint(**spec)`."""
        return self._last.to_spec()

    @property
    def hits(self) -> int:
        """How many turns met it, those before its `hit`-th included."""
        self._now()
        return self._last.hits

    @property
    def enabled(self) -> bool:
        """Whether it can hold the run; False also when it is gone."""
        found = self._now()
        return found is not None and found.enabled

    @property
    def problem(self) -> str:
        """Why its expression could not be computed the last time; "" if it could."""
        hold = self._run._live.engine.holds.get(self._run.id)
        return "" if hold is None else hold.problems.get(self.id, "")

    def remove(self) -> None:
        """Take it away. A run that it holds stays held until it is resumed or stepped."""
        self._run._told(lambda hold, ack: stepping.clear_breakpoint(hold, self.id, ack))

    def enable(self) -> None:
        """Switch it on. Raises `LabError` if it was removed."""
        self._run._told(lambda hold, ack: stepping.switch_breakpoint(hold, self.id, True, ack))

    def disable(self) -> None:
        """Switch it off, and keep it. Raises `LabError` if it was removed."""
        self._run._told(lambda hold, ack: stepping.switch_breakpoint(hold, self.id, False, ack))

    def to_json(self) -> dict[str, Any]:
        """What a debugger shows: `{id, text, enabled, hits, spec}`, and `problem` if it has one."""
        shown = {**self._last.to_json(), "enabled": self.enabled, "hits": self.hits}
        return {**shown, "problem": self.problem} if self.problem else shown

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Breakpoint):
            return NotImplemented
        return self.id == other.id and self._run is other._run

    def __hash__(self) -> int:
        return hash((self._run.id, self.id))

    def __repr__(self) -> str:
        now = self._now()
        stands = "gone" if now is None else "on" if now.enabled else "off"
        return f"<Breakpoint {self.id}: {self.text} ({stands}, {self._last.hits} hits)>"


class Debugging:
    """The part of a live `Run` that holds it, looks at what is to come and steps through it."""

    id: str
    _lab: Lab
    _live: LiveRun

    @property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """The breakpoints that are set, those that are switched off included."""
        return tuple(Breakpoint(self, known) for known in self._known().values())

    @property
    def held(self) -> Held | None:
        """Why the run is held, what waits and what the first of it would do; None: it is not."""
        hold = self._live.engine.holds.get(self.id)
        return None if hold is None else hold.held

    def breakpoint(
        self,
        state: str | None = None,
        *,
        on: Literal["enter", "exit"] | None = None,
        event: str | None = None,
        effect: str | None = None,
        error: bool = False,
        when: str | None = None,
        hit: int = 1,
        once: bool = False,
    ) -> Breakpoint:
        """Hold the run before a turn that would do all of what is given here.

        Args:
            state: is entered, or left with `on="exit"`.
            on: "enter" (as usual) or "exit".
            event: comes, from outside or within; `order.*` means every event that begins so.
            effect: of this kind is asked for.
            error: an effect fails, a guard or an assignment cannot be computed.
            when: an expression over the data after the turn and the event. Alone it must become
                true: it was not before the turn.
            hit: hold from this match on; those before are counted.
            once: remove it when it has held the run.

        Raises `DefinitionError` for a name or an expression that cannot work.
        """
        asked = {"state": state, "on": on, "event": event, "effect": effect, "when": when}
        spec = {**asked, "error": error or None, "hit": hit, "once": once}
        return Breakpoint(
            self, self._told(lambda hold, ack: stepping.set_breakpoint(hold, spec, ack))
        )

    def pause(self) -> Held:
        """Hold the run where it stands; what comes waits in its mailbox. Held: nothing changes.

        Raises `LabError` if it is done.
        """
        self._told(stepping.pause)
        held = self.held
        if held is None:
            raise LabError(f"Run {self.id!r} went on meanwhile.", hint="run.pause() again.")
        return held

    def resume(self) -> Held | None:
        """Let the mailbox flow; what the run is held before is let through.

        Answers when the mailbox is empty or the run is held again (then why).
        """
        self._told(stepping.resume)
        return self.held

    def step(self, by: Literal["event", "microstep", "effect"] = "event") -> Step:
        """Go on a little with a held run.

        Args:
            by: "event" takes the first of the mailbox, and the run stays held. "microstep" goes
                through that turn microstep by microstep; the last one takes it, and nothing has
                happened before. "effect" goes on until a turn would ask for an effect or bring
                the outcome of one; it answers the last step on that way.

        Raises `LabError` if the run is not held or nothing waits, and by event what the run
        refuses the event with.
        """
        if by not in ("event", "microstep", "effect"):
            raise LabError(
                f"A run does not step by {by!r}.", hint='by="event", "microstep" or "effect".'
            )
        made = self._told(lambda hold, ack: stepping.step(hold, by, ack))
        return (self._live.last or made) if by == "effect" else made

    def run_to(self, state: str | None = None, *, event: str | None = None) -> Held | None:
        """Go on until `state` would be entered, or `event` comes: a breakpoint for once.

        Answers why the run is held; None if the mailbox was empty before it came so far. Then
        the breakpoint stays until it does. Raises `DefinitionError` for a name nobody knows.
        """
        self.breakpoint(state, event=event, once=True)
        return self.resume()

    def _known(self) -> dict[str, Known]:
        hold = self._live.engine.holds.get(self.id)
        return {} if hold is None else hold.state.breakpoints

    def _told(self, work: Callable[[Hold, Acknowledge], T]) -> T:
        """Have something done with the run's hold on the engine's loop, durably."""
        live = self._live
        return self._lab.acknowledged(lambda ack: work(live.engine.hold(live), ack))
