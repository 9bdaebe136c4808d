"""How an effect's outcome is written down, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects.growing import CANCELLED, completed, failed
from traaviis_lab.effects.growing.short import take_in
from traaviis_lab.errors import LabError
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Event

from .bodies import SMALL, admit, completed_text, lean_body, step_body
from .breach import STATUS, breach_event, takes
from .growth import Growth
from .standing import Invocation, Pending, patched, root_of

if TYPE_CHECKING:
    from traaviis_lab.machine import Step

    from .plain import Decided


class Outcomes(Growth):
    """What a turn makes of results, failures and ends. Mixed into `Turn`."""

    __slots__ = ("calls", "over")

    calls: Mapping[str, Invocation]
    over: bool

    if TYPE_CHECKING:  # what the turn brings

        def _drop(self, path: str) -> Pending: ...

        def _follow(self, here: Step, seq: int) -> None: ...

        def _rest(self) -> None: ...

        def _stop(self, status: str) -> None: ...

        def _take(
            self,
            event: Event,
            cause: int | None,
            within: bool = False,
            decided: Decided | None = None,
        ) -> Step: ...

    def resolve(
        self,
        path: str,
        result: Any,
        patch: Mapping[str, Any] | None,
        more: Mapping[str, Any] | None = None,
        text: bytes = b"",
    ) -> None:
        """Bring an effect's result home; `more` is written down beside it.

        `text` is the result as JSON, where that is known already.
        """
        if text and patch is None and not more and len(text) < SMALL:
            self.answer(path, result, text)
            return
        self._finish(path, self._drop(path), result, patch, more)
        self._rest()

    def answer(self, path: str, result: Any, text: bytes) -> None:
        """Bring home a small result, JSON already, that puts nothing into the data."""
        pending = self.pending[path]
        self.pending = self.pending.delete(path)
        body = completed_text(path, pending.owner, text)
        self._effect_fact("effect.completed", pending, body, pending.seq)
        root, inner = root_of(path)
        walk = self.walks.get(root)
        if walk is None or not take_in(walk, inner, completed(result)):
            self._tell_done(path, pending, result)
            self._rest()

    def fail(self, path: str, error: LabError, more: Mapping[str, Any] | None = None) -> None:
        """Bring an effect's failure home: the run gets an error event, if nothing takes it on."""
        pending = self._drop(path)
        self._failed(path, pending, error.to_json(), more)
        self._rest()

    def cut(self, path: str, more: Mapping[str, Any] | None = None) -> None:
        """An effect that was told to end has ended."""
        pending = self._drop(path)
        body = {"path": path, "owner": pending.owner, "ended": True, **(more or {})}
        self._effect_fact("effect.cancelled", pending, encode(body), pending.seq)
        self._home(*root_of(path), CANCELLED)
        self._rest()

    def _finish(
        self,
        path: str,
        pending: Pending,
        result: Any,
        patch: Mapping[str, Any] | None,
        more: Mapping[str, Any] | None = None,
        *,
        before: Mapping[str, Any] | None = None,
        heard: bool = True,
    ) -> None:
        """Write an effect's result down; what waits for it goes on, if it is `heard`."""
        head = {"path": path, "owner": pending.owner, **(before or {})}
        before_that, self.coming = self.coming, path
        waits = self.calls.get(pending.owner)
        self._outcome(path, pending, {**head, "result": result, **(more or {})}, patch)
        self.coming = before_that
        # Where its state was entered anew, nobody waits for this one any more.
        self._tell_done(
            path, pending, result, heard=heard and self.calls.get(pending.owner) is waits
        )

    def _tell_done(self, path: str, pending: Pending, result: Any, *, heard: bool = True) -> None:
        """What is around an effect goes on, or the state that waits for it, if it is `heard`."""
        root, inner = root_of(path)
        if inner:
            self._home(root, inner, completed(result))
        elif heard:
            self._settle(pending.owner, pending.place, result)

    def _outcome(
        self, path: str, pending: Pending, body: dict[str, Any], patch: Mapping[str, Any] | None
    ) -> None:
        """Write an effect's result down; where it changes data, let the machine see that."""
        data = self.snapshot.data
        if patch is None:
            self._effect_fact("effect.completed", pending, lean_body(body, data, path), pending.seq)
            return
        mine, _ = admit(patch, where=path)
        here = patched(self.run.chart, self.snapshot, mine)
        head = lean_body({**body, "patch": mine}, data, path)[:-1]
        whole = head + b',"step":' + step_body(self.run.texts, data, here) + b"}"
        active = here.snapshot.active
        seq = self._effect_fact("effect.completed", pending, whole, pending.seq, active)
        self._follow(here, seq)

    def _failed(
        self,
        path: str,
        pending: Pending,
        error: Mapping[str, Any],
        more: Mapping[str, Any] | None = None,
        *,
        before: Mapping[str, Any] | None = None,
        heard: bool = True,
    ) -> None:
        """Write an effect's failure down; what is around it goes on, or the machine is told."""
        owner = pending.owner
        head = {"path": path, "owner": owner, **(before or {})}
        body = {**head, "error": error, **(more or {})}
        seq = self._effect_fact("effect.failed", pending, encode(body), pending.seq)
        root, inner = root_of(path)
        if inner:
            self._home(root, inner, failed(error))
            return
        if not heard:
            return
        if owner in self.calls:
            lost = Invocation(self.calls[owner].waiting, failed=True)
            self.calls = {**self.calls, owner: lost}
        breach = breach_event(error, pending.effect.kind)
        if breach is not None and takes(self.run.chart, self.snapshot, breach):
            self._take(breach, seq, within=True)
            return
        name = f"error.invoke.{owner}" if owner else f"error.effect.{pending.effect.kind}"
        here = self._take(Event(name, {**error, "effect": pending.effect.kind}), seq)
        if breach is not None and not here.taken and not self.over:
            self._stop(STATUS)

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
