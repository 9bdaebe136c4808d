"""What a run writes beside its turns: notes, news of effects, refusals. None of it moves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import EventRefused, LabError
from traaviis_lab.journal import Durability, Fact
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Event, Snapshot

from .bodies import Texts, admit
from .standing import UnderWay

if TYPE_CHECKING:
    from .engine import Engine

RESERVED = ("done.", "error.", "after.")
Acknowledge = Callable[[BaseException | None], None]


class Asides:
    """Facts that move nothing. Mixed into `Run`, which has the numbers."""

    __slots__ = ("engine", "id", "pending", "refused", "seq", "snapshot", "tenant", "texts")

    engine: Engine
    id: str
    tenant: str
    seq: int
    texts: Texts
    snapshot: Snapshot
    pending: UnderWay
    refused: tuple[str, str, int] | None

    def settle(self) -> None:
        """Write what is not written yet."""
        raise NotImplementedError

    def note(
        self, name: str, data: Mapping[str, Any], acknowledge: Acknowledge | None = None
    ) -> None:
        """Write something down beside the run's own facts; the machine does not see it."""
        body = admit(data, where=f"note {name!r}")[1]
        self._aside("note", name, b'{"data":' + body + b"}", acknowledge)

    def progress(self, path: str, fraction: float | None, message: str = "") -> None:
        """Write down how far an effect is, from 0 to 1; nothing, if it is over meanwhile."""
        pending = self.pending.get(path)
        if pending is not None and self.engine.runs.get(self.id) is self:
            body = encode({"path": path, "fraction": fraction, "message": message})
            kind = pending.effect.kind
            self._aside("effect.progress", kind, body, cause=pending.seq, effect=kind)

    def tell(
        self,
        path: str,
        kind: str,
        name: str,
        body: Mapping[str, Any] | bytes,
        acknowledge: Acknowledge | None = None,
        *,
        durability: Durability | None = None,
        late: int = 0,
        **columns: Any,
    ) -> bool:
        """Write down what an effect under way came to know; the machine does not see it.

        `columns` are hot fields of the fact (`model`, `tokens_in`, `cost_usd`, ...). False where
        the effect is over meanwhile: then nothing is written and nobody is told. What must be
        known all the same, such as what a cut call cost, says the effect's first fact in `late`.
        A body of bytes is JSON already, with the path in it.
        """
        pending = self.pending.get(path)
        cause = late if pending is None else pending.seq
        if not cause or self.engine.runs.get(self.id) is not self:
            return False
        text = body if isinstance(body, bytes) else encode({"path": path, **body}, where=name)
        self._aside(kind, name, text, acknowledge, cause=cause, durability=durability, **columns)
        return True

    def refuse(self, event: Event, error: LabError) -> LabError:
        """Write a refusal down and answer the error to raise."""
        self.refused = (event.name, error.message, self.seq + 1)
        reason = {"reason": error.message, "hint": error.hint, "error": type(error).__name__}
        try:
            body = encode({"data": event.data, **reason})
        except LabError:
            body = encode({"data": None, **reason})
        self._aside("event.refused", event.name, body)
        return error

    def why_not(self, event: Event) -> LabError:
        """Why an event is not even looked at: the run is done, or the event is the engine's."""
        if self.snapshot.done:
            return EventRefused(
                f"Event {event.name!r} comes too late: run {self.id!r} is done.",
                hint="Start another run; this one can still be read, replayed and queried.",
            )
        return EventRefused(
            f"Event {event.name!r} is for the engine to send: {', '.join(RESERVED)} are reserved.",
            hint="Give your event another name.",
        )

    def _aside(
        self,
        kind: str,
        name: str,
        body: bytes,
        acknowledge: Acknowledge | None = None,
        *,
        cause: int | None = None,
        durability: Durability | None = None,
        **columns: Any,
    ) -> None:
        """Append a fact that moves nothing."""
        self.settle()
        state = self.texts.state(self.snapshot.active)[0]
        now, seq = self.engine.clock.now(), self.seq + 1
        fact = Fact(self.id, seq, now, self.tenant, kind, name, cause, body, state, **columns)
        self.engine.journal.append((fact,), durability=durability, acknowledge=acknowledge)
        self.seq = seq
