"""The step being worked out: where the run stands by now, and what it has asked for so far.

A draft lives only inside one call of `start` or `step`. Errors in what the author wrote do not
leave it: they become `error.execution` events, as in SCXML.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import ExpressionError, LabError, RunawayChart

from .action import Block
from .chart import Transition
from .effect import Effect
from .patience import PATIENCE
from .place import Place
from .plan import History
from .values import Data, Event, Move, Snapshot, Step

if TYPE_CHECKING:
    from .tables import Tables

ERROR = "error.execution"


class Draft:
    """A snapshot that may still change, and the effects, moves and events of this macrostep.

    `queue` is SCXML's internal queue. `failed` says what went wrong, by transition id or
    `"<state>.on_enter"`, `"<state>.enter"`, `"<state>.exit"`.
    """

    __slots__ = (
        "active",
        "data",
        "effects",
        "event",
        "failed",
        "history",
        "is_over",
        "moves",
        "owners",
        "place",
        "queue",
        "raised",
        "tables",
        "taken",
    )  # fmt: skip

    def __init__(self, tables: Tables, place: Place, data: Data, history: History) -> None:
        self.tables = tables
        self.place = place
        self.active = place.active
        self.data = data
        self.history = history
        self.event = Event("")
        self.queue: deque[Event] = deque()
        self.raised: list[Event] = []
        self.effects: list[Effect] = []
        self.owners: list[str] = []
        self.moves: list[Move] = []
        self.taken: list[str] = []
        self.failed: dict[str, str] = {}
        watch = PATIENCE.watch
        self.is_over = None if watch is None or not tables.portable else watch()

    def check_time(self) -> None:
        """Raise `RunawayChart` where whoever watches this thread says that it takes too long."""
        if self.is_over is not None and self.is_over():
            raise RunawayChart(
                f"Chart {self.tables.name!r} did not settle in time: it was left after "
                f"{len(self.moves)} microsteps.",
                hint="Let its guards and assignments compute less, or do it in an effect.",
            )

    def holds(self, transition: Transition) -> bool:
        """Whether the guard lets it pass. A guard that cannot be computed counts as false and
        raises `error.execution`, once in a macrostep so that it cannot feed on itself."""
        when = transition.when
        if when is None:
            return True
        self.check_time()
        try:
            return bool(when.compute(self.data, self.event, self.active))
        except Exception as error:
            if transition.id not in self.failed:
                self.fail(transition.id, error)
            return False

    def act(self, transition: Transition) -> None:
        """Carry out a transition's assignments (all or none of them), then ask for its effects."""
        values: dict[str, Any] = {}
        for name, formula in transition.assign:
            self.check_time()
            try:
                values[name] = formula.compute(self.data, self.event, self.active)
            except Exception as error:
                self.fail(transition.id, error)
                return
        if values:
            self.data = {**self.data, **values}
        block = self.tables.do.get(transition.id)
        if block:
            self.ask(block, transition.id, "")

    def ask(self, block: Block, where: str, owner: str) -> None:
        """Ask for a block's effects in order; an error skips what is left of the block."""
        for effect, fill, raises in block:
            wish: Any = effect
            if fill is not None:
                self.check_time()
                try:
                    wish = fill(self.data, self.event, self.active)
                except Exception as error:
                    self.fail(where, error)
                    return
            if raises:
                self.queue.append(Event(str(wish.event), wish.data))
            else:
                self.effects.append(wish)
                self.owners.append(owner)

    def fail(self, where: str, error: Exception) -> None:
        """Turn an error into an `error.execution` event. What fails again while such an event
        is being handled is not raised again: a broken handler must not call itself."""
        again = where in self.failed and self.event.name == ERROR
        self.failed[where] = str(error)
        if not again:
            shown = error if isinstance(error, LabError) else _as_lab_error(error)
            self.queue.append(Event(ERROR, {**shown.to_json(), "where": where}))

    def finish(self) -> Step:
        """The answer."""
        snapshot = Snapshot(self.place.active, self.data, self.history, self.place.ended)
        return Step(
            snapshot,
            tuple(self.effects),
            tuple(self.moves),
            tuple(self.taken),
            tuple(self.raised),
            tuple(self.owners),
        )


def _as_lab_error(error: Exception) -> ExpressionError:
    """What an author's own Python raised, in the house's words."""
    return ExpressionError(
        f"{type(error).__name__}: {error}",
        hint="A Python callable of the machine raised this.",
    )
