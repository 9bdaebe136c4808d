"""One turn of a run: an event or an outcome, worked out whole before anything is written.

A turn reads the run and changes only itself. It gathers the facts to append, the timers and the
effects to start and to stop; `Run` writes the facts and then makes the rest true. If anything
goes wrong on the way the turn is dropped and nothing has happened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects import Permit, Raise
from traaviis_lab.effects.growing import Outcome, Walk
from traaviis_lab.effects.growing.values import made
from traaviis_lab.errors import EventRefused, LabError, RunawayChart
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Event, Step, start, step
from traaviis_lab.machine.effect import Effect

from .bodies import (
    admit,
    lean_body,
    started_body,
    started_text,
    step_body,
)
from .local import Answer, perform_locally
from .outcomes import Outcomes
from .plain import Decided, decide
from .standing import (
    Ask,
    Pending,
    Trees,
    UnderWay,
    asks_of,
    in_order,
    invocations_after,
    left_by,
    root_of,
    timers_after,
)

if TYPE_CHECKING:
    from .rows import Calling
    from .run import Run

MAX_FACTS = 2_000
WITHIN = b',"within":true'
"""What marks the event of a fact as one that the run raised itself."""


class Turn(Outcomes):
    """What one event or outcome leads to, all the way until the run is at rest."""

    __slots__ = ("begun", "calling", "rounds", "timers")

    def __init__(self, run: Run) -> None:
        self.run, self.now, self.seq = run, run.engine.clock.now(), run.seq
        self.snapshot, self.facts = run.snapshot, []
        self.timers: Mapping[str, int] = run.timers
        self.pending: UnderWay = run.pending
        self.grown: Trees = run.trees
        self.walks: dict[str, Walk] = {}
        self.calls = run.calls
        self.over = run.snapshot.done
        self.begun: set[str] = set()
        self.rounds = 0
        self.calling: Calling | None = None
        self.starts: dict[str, Ask] = {}
        self.stops: list[str] = []
        self.ends: list[str] = []
        self.coming = ""
        self.freed: list[tuple[str, Permit, Outcome]] = []
        self.todo: deque[tuple[str, Ask]] = deque()
        self.fresh: deque[str] = deque()

    # What can come in

    def begin(self, data: Mapping[str, Any], extra: bytes = b"") -> Step:
        """Enter the chart."""
        run = self.run
        mine, text = admit(data)
        here = start(run.chart, mine)
        body = started_body(run.chart, text, step_body(run.texts, run.chart.data, here), extra)
        seq = self._fact("run.started", run.chart.name, None, body, here.snapshot.active)
        self._follow(here, seq)
        self._rest()
        return here

    def take(self, event: Event, cause: int | None = None, decided: Decided | None = None) -> Step:
        """Take an event; `decided` is what it leads to, where that is known already.

        Raises `EventRefused`, and `JournalError` for data that is not JSON.
        """
        here = self._take(event, cause, decided=decided)
        self._rest()
        return here

    def change(self, name: str, patch: Mapping[str, Any]) -> None:
        """Lay fields over the data from outside, and let the machine see that: a fact `step`."""
        mine, text = admit(patch)
        here = step(self.run.chart, self.snapshot, Event("", {}, mine))
        done = step_body(self.run.texts, self.snapshot.data, here)
        body = b'{"patch":' + text + b',"step":' + done + b"}"
        self._follow(here, self._fact("step", name, None, body, here.snapshot.active))
        self._rest()

    def stop(self, status: str) -> None:
        """End the run from outside. What can be undone of its effects still is."""
        self._stop(status)
        self._rest()

    def hand_over(self) -> None:
        """What was to start is begun: with that the turn could end, but is kept open."""
        self.starts.clear()
        self.begun.clear()

    @property
    def is_still(self) -> bool:
        """Whether nothing comes of it but facts and one effect that starts."""
        if len(self.pending) != 1 or len(self.starts) != 1 or self.stops or self.ends or self.freed:
            return False
        run = self.run
        return not (run.asked or self.snapshot.done) and self.timers is run.timers

    # Inside

    def _stop(self, status: str) -> None:
        """End the run where it stands."""
        self.timers, self.calls = {}, {}
        self.snapshot = self.snapshot._replace(done=True)
        self._end(status, keep=())

    def _take(
        self,
        event: Event,
        cause: int | None,
        within: bool = False,
        decided: Decided | None = None,
    ) -> Step:
        text, here = decided or decide(self.run, self.snapshot, event)
        done = step_body(self.run.texts, self.snapshot.data, here)
        mark = WITHIN if within else b""
        body = b'{"data":' + text + mark + b',"step":' + done + b"}"
        seq = self._fact("event", event.name, cause, body, here.snapshot.active)
        self._follow(here, seq)
        return here

    def _follow(self, here: Step, seq: int) -> None:
        """Make the books follow a step, and see to what it asks for."""
        self.snapshot = here.snapshot
        # Most steps of most runs end here: nothing is under way and nothing is asked for.
        if not (here.effects or self.pending or self.calls or self.timers or self.starts) and (
            not (self.run.texts.timed or self.grown)
        ):
            return
        gone = left_by(here.moves)
        self.timers = timers_after(self.run.chart, self.timers, here.moves, self.now)
        asks = asks_of(here) if here.effects else []
        self.calls = invocations_after(self.calls, here.moves, asks)
        if gone:
            self._leave(gone)
        for ask in asks:
            self._want(f"{seq}/{ask.place}", ask)

    def _leave(self, gone: set[str]) -> None:
        """States were left: what they asked for is cancelled, what has not begun never does."""
        for path, ask in list(self.starts.items()):
            if ask.owner in gone and root_of(path)[0] not in self.grown:
                del self.starts[path]
        for path, pending in in_order(self.pending):
            if pending.owner in gone and root_of(path)[0] not in self.grown:
                self._cancel(path)
        if self.grown:
            self._leave_trees(gone)

    def _do_now(self, path: str, ask: Ask) -> None:
        """Perform what stays inside the run, at once."""
        root, inner = root_of(path)
        self._check_rounds(inner, ask)
        effect, asked = ask.effect, self.grown[root].seq if inner else int(path.partition("/")[0])
        pending = Pending(effect, ask.owner, ask.place, asked, self.now)
        head: dict[str, Any] = {"local": True} if inner else {}
        try:
            result, patch = (None, None) if isinstance(effect, Raise) else self._perform(effect)
        except LabError as error:
            self._failed(path, pending, error.to_json(), before=head)
            return
        head["effect"] = effect.to_spec()
        self._finish(path, pending, result, patch, before=head)
        if isinstance(effect, Raise):
            self._raise(Event(effect.event, effect.data))

    def _check_rounds(self, inner: str, ask: Ask) -> None:
        """A composed effect comes to its end by itself; what begins anew each time may not."""
        self.rounds += not inner
        if self.rounds > MAX_FACTS:
            raise RunawayChart(
                f"One event led to more than {MAX_FACTS} facts in {self.run.chart.name!r}; "
                f"the last effect was {ask.effect.kind!r}.",
                hint="Look for a state whose `enter` changes data and that is entered again by it.",
            )

    def _raise(self, event: Event) -> None:
        """Take an event that a composed effect raises; as in SCXML it may mean nothing here."""
        if self.snapshot.done:
            return
        try:
            self._take(event, self.seq, within=True)
        except EventRefused:
            return

    def _perform(self, effect: Effect) -> Answer:
        return perform_locally(effect, self.snapshot, self.run)

    def _rest(self) -> None:
        """Do what stays inside; then the last facts: effects that start, the end of the run."""
        if self.fresh or self.todo:
            self.rounds = 0
            self._settle_down()
        if self.snapshot.done and not self.over:
            self.timers, self.rounds = {}, 0
            self._end("done", self.begun)
            self._settle_down()

    def _settle_down(self) -> None:
        """Do what stays inside and start the rest, until neither is left."""
        todo, fresh, begun = self.todo, self.fresh, self.begun
        while todo or fresh:
            if todo:
                self._do_now(*todo.popleft())
                continue
            path = fresh.popleft()
            if path in self.starts and path not in begun:
                begun.add(path)
                self._start(path, self.starts[path])

    def _start(self, path: str, ask: Ask) -> None:
        """Write down that an effect begins; it is performed when that is on disk."""
        root, inner = root_of(path)
        place, effect, owner = ask
        body = started_text(path, owner, effect)
        if body is None:
            asked = {"path": path, "owner": owner, "effect": effect.to_spec()}
            body = lean_body(asked, self.snapshot.data, path)
        pending = made(Pending, (effect, owner, place, self.seq + 1, self.now, 1))
        cause = self.grown[root].seq if inner else int(path.partition("/")[0])
        seq = self._effect_fact("effect.started", pending, body, cause)
        if effect.composed:
            self._check_rounds(inner, ask)
            self._plant(path, ask, seq)
        else:
            self.pending = self.pending.set(path, pending)

    def _end(self, status: str, keep: Collection[str]) -> None:
        """The run is over: all is cancelled but what its last step asked for (`keep`)."""
        self.over = True
        for path, _ in in_order(self.pending):
            if path not in keep and root_of(path)[0] not in self.grown:
                self._cancel(path)
        left = [root for root in sorted(self.grown) if root not in keep and not self._is_left(root)]
        body = {"status": status, "left": left} if left else {"status": status}
        self._fact("run.done", status, None, encode(body), self.snapshot.active)
        for root in left:
            self._grow(root, Walk.leave)

    def _drop(self, path: str) -> Pending:
        pending = self.pending[path]
        self.pending = self.pending.delete(path)
        return pending
