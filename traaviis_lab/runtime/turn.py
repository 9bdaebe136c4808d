"""One turn of a run: an event or an outcome, worked out whole before anything is written.

A turn reads the run and changes only itself. It gathers the facts to append, the timers and the
effects to start and to stop; `Run` writes the facts and then makes the rest true. If anything
goes wrong on the way the turn is dropped and nothing has happened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError, RunawayChart
from traaviis_lab.journal import Fact
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Event, Snapshot, Step, start, step
from traaviis_lab.machine.effect import Effect

from .bodies import admit, lean_body, started_body, step_body
from .local import Answer, perform_locally
from .standing import (
    Ask,
    Invocation,
    Pending,
    asks_of,
    invocations_after,
    left_by,
    timers_after,
)

if TYPE_CHECKING:
    from .run import Run

MAX_FACTS = 2_000


class Turn:
    """What one event or outcome leads to, all the way until the run is at rest."""

    __slots__ = (
        "calls", "facts", "now", "pending", "run", "seq", "snapshot", "starts", "stops", "timers",
        "todo",
    )  # fmt: skip

    def __init__(self, run: Run) -> None:
        self.run = run
        self.now = run.engine.clock.now()
        self.seq = run.seq
        self.snapshot: Snapshot = run.snapshot
        self.timers: Mapping[str, int] = run.timers
        self.pending: Mapping[str, Pending] = run.pending
        self.calls: Mapping[str, Invocation] = run.calls
        self.facts: list[Fact] = []
        self.starts: dict[str, Ask] = {}
        self.stops: list[str] = []
        self.todo: deque[tuple[Ask, int]] = deque()

    # What can come in

    def begin(self, data: Mapping[str, Any], extra: bytes = b"") -> Step:
        """Enter the chart."""
        run = self.run
        mine, text = admit(data)
        here = start(run.chart, mine)
        body = started_body(run.chart, text, step_body(run.texts, run.chart.data, here), extra)
        seq = self._fact("run.started", run.chart.name, None, body, here.snapshot.active)
        self._follow(here, seq)
        return self._rest(here)

    def take(self, event: Event, cause: int | None = None) -> Step:
        """Take an event. Raises `EventRefused`, and `JournalError` for data that is not JSON."""
        return self._rest(self._take(event, cause))

    def resolve(
        self,
        path: str,
        result: Any,
        patch: Mapping[str, Any] | None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Bring an effect's result home; `more` is written down beside it."""
        pending = self.pending[path]
        self._drop(path)
        body = {"path": path, "owner": pending.owner, "result": result, **(more or {})}
        self._outcome(path, pending, body, patch)
        self._settle(pending.owner, pending.place, result)
        self._rest(None)

    def fail(self, path: str, error: LabError, more: Mapping[str, Any] | None = None) -> None:
        """Bring an effect's failure home: the run gets an error event."""
        pending = self.pending[path]
        self._drop(path)
        self._failed(path, pending, error, more)
        self._rest(None)

    def change(self, name: str, patch: Mapping[str, Any]) -> None:
        """Lay fields over the data from outside, and let the machine see that: a fact `step`."""
        mine, text = admit(patch)
        here = step(self.run.chart, self.snapshot, Event("", {}, mine))
        done = step_body(self.run.texts, self.snapshot.data, here)
        body = b'{"patch":' + text + b',"step":' + done + b"}"
        self._follow(here, self._fact("step", name, None, body, here.snapshot.active))
        self._rest(None)

    def say(self, kind: str, name: str, body: Mapping[str, Any], cause: int | None = None) -> None:
        """Write a fact beside the turn's own; it moves nothing."""
        self._fact(kind, name, cause, encode(body, where=name), self.snapshot.active)

    def stop(self, status: str) -> None:
        """End the run from outside."""
        for path in list(self.pending):
            self._cancel(path)
        self.timers, self.calls = {}, {}
        self.snapshot = self.snapshot._replace(done=True)
        self._fact("run.done", status, None, encode({"status": status}), self.snapshot.active)

    # Inside

    def _take(self, event: Event, cause: int | None) -> Step:
        data, text = admit(event.data)
        here = step(self.run.chart, self.snapshot, Event(event.name, data))
        done = step_body(self.run.texts, self.snapshot.data, here)
        body = b'{"data":' + text + b',"step":' + done + b"}"
        seq = self._fact("event", event.name, cause, body, here.snapshot.active)
        self._follow(here, seq)
        return here

    def _follow(self, here: Step, seq: int) -> None:
        """Make the books follow a step, and see to what it asks for."""
        self.snapshot = here.snapshot
        # Most steps of most runs end here: nothing is under way and nothing is asked for.
        if not (here.effects or self.pending or self.calls or self.timers or self.starts) and (
            not self.run.texts.timed
        ):
            return
        gone = left_by(here.moves)
        self.timers = timers_after(self.run.chart, self.timers, here.moves, self.now)
        for path, pending in list(self.pending.items()) if gone and self.pending else ():
            if pending.owner in gone:
                self._cancel(path)
        for path, ask in list(self.starts.items()):
            if ask.owner in gone:
                del self.starts[path]
        asks = asks_of(here) if here.effects else []
        self.calls = invocations_after(self.calls, here.moves, asks)
        for ask in asks:
            if ask.effect.outward:
                self.starts[f"{seq}/{ask.place}"] = ask
            else:
                self.todo.append((ask, seq))

    def _do_now(self, ask: Ask, seq: int) -> None:
        """Perform what stays inside the run, at once."""
        path, owner = f"{seq}/{ask.place}", ask.owner
        if len(self.facts) > MAX_FACTS:
            raise RunawayChart(
                f"One event led to more than {MAX_FACTS} facts in {self.run.chart.name!r}; "
                f"the last effect was {ask.effect.kind!r}.",
                hint="Look for a state whose `enter` changes data and that is entered again by it.",
            )
        pending = Pending(ask.effect, owner, ask.place, seq, self.now)
        try:
            result, patch = self._perform(ask.effect)
        except LabError as error:
            self._failed(path, pending, error)
            return
        spec = ask.effect.to_spec()
        body = {"path": path, "owner": owner, "effect": spec, "result": result}
        self._outcome(path, pending, body, patch)
        self._settle(owner, ask.place, result)

    def _perform(self, effect: Effect) -> Answer:
        return perform_locally(effect, self.snapshot, self.run)

    def _outcome(
        self, path: str, pending: Pending, body: dict[str, Any], patch: Mapping[str, Any] | None
    ) -> None:
        """Write an effect's result down; where it changes data, let the machine see that."""
        data = self.snapshot.data
        if patch is None:
            self._effect_fact("effect.completed", pending, lean_body(body, data, path), pending.seq)
            return
        mine, _ = admit(patch, where=path)
        here = step(self.run.chart, self.snapshot, Event("", {}, mine))
        head = lean_body({**body, "patch": mine}, data, path)[:-1]
        whole = head + b',"step":' + step_body(self.run.texts, data, here) + b"}"
        active = here.snapshot.active
        seq = self._effect_fact("effect.completed", pending, whole, pending.seq, active)
        self._follow(here, seq)

    def _failed(
        self, path: str, pending: Pending, error: LabError, more: Mapping[str, Any] | None = None
    ) -> None:
        owner = pending.owner
        body = {"path": path, "owner": owner, "error": error.to_json(), **(more or {})}
        seq = self._effect_fact("effect.failed", pending, encode(body), pending.seq)
        if owner in self.calls:
            lost = Invocation(self.calls[owner].waiting, failed=True)
            self.calls = {**self.calls, owner: lost}
        name = f"error.invoke.{owner}" if owner else f"error.effect.{pending.effect.kind}"
        self._take(Event(name, {**error.to_json(), "effect": pending.effect.kind}), seq)

    def _settle(self, owner: str, index: int, result: Any) -> None:
        """When all `enter` effects of a state have succeeded, tell the machine, if it listens."""
        call = self.calls.get(owner) if owner else None
        if call is None or call.failed:
            return
        after = Invocation(call.waiting - 1, results={**call.results, index: result})
        self.calls = {**self.calls, owner: after}
        name = f"done.invoke.{owner}"
        if after.waiting == 0 and self.run.texts.hears(name):
            self._take(Event(name, {"result": after.answer()}), self.seq)

    def _rest(self, here: Step | None) -> Step:
        """Do what stays inside; then the last facts: effects that start, the end of the run."""
        while self.todo:
            self._do_now(*self.todo.popleft())
        for path, ask in self.starts.items():
            asked = {"path": path, "owner": ask.owner, "effect": ask.effect.to_spec()}
            body = lean_body(asked, self.snapshot.data, path)
            pending = Pending(ask.effect, ask.owner, ask.place, self.seq + 1, self.now)
            self._effect_fact("effect.started", pending, body, int(path.partition("/")[0]))
            self.pending = {**self.pending, path: pending}
        if self.snapshot.done and not self.run.snapshot.done:
            for path in list(self.pending):
                if path not in self.starts:
                    self._cancel(path)
            self.timers = {}
            self._fact("run.done", "done", None, b'{"status":"done"}', self.snapshot.active)
        return here or Step(self.snapshot)

    def _drop(self, path: str) -> None:
        self.pending = {k: v for k, v in self.pending.items() if k != path}

    def _cancel(self, path: str) -> None:
        pending = self.pending[path]
        self._drop(path)
        self.stops.append(path)
        body = encode({"path": path, "owner": pending.owner})
        self._effect_fact("effect.cancelled", pending, body, pending.seq)

    def _fact(
        self, kind: str, name: str, cause: int | None, body: bytes, active: frozenset[str]
    ) -> int:
        run = self.run
        self.seq = seq = self.seq + 1
        state = run.texts.state(active)[0]
        self.facts.append(Fact(run.id, seq, self.now, run.tenant, kind, name, cause, body, state))
        return seq

    def _effect_fact(
        self,
        kind: str,
        pending: Pending,
        body: bytes,
        cause: int,
        active: frozenset[str] | None = None,
    ) -> int:
        run, word = self.run, pending.effect.kind
        self.seq = seq = self.seq + 1
        state = run.texts.state(active or self.snapshot.active)[0]
        took = None if kind == "effect.started" else self.now - pending.began
        self.facts.append(
            Fact(
                run.id, seq, self.now, run.tenant, kind, word, cause, body, state, word,
                duration_us=took,
            )
        )  # fmt: skip
        return seq
