"""Why a run is held: what waits, what the first of it would do, and where one stands in that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any, Literal, NamedTuple

from traaviis_lab.machine import Event, Move
from traaviis_lab.machine.values import Data

MOST_SHOWN = 12


class Waiting(NamedTuple):
    """One that waits in the mailbox: an event, a timer that came due, or an effect's outcome.

    `seq` is the fact that keeps it. `data` is the event's; of an outcome it is
    `{path, owner, result}` or `{path, owner, error}`, and `name` the effect's kind.
    """

    seq: int
    kind: Literal["event", "timer", "effect"]
    name: str
    data: Data

    @property
    def subject(self) -> str:
        """What it is called in a sentence."""
        if self.kind != "effect":
            return self.name
        return f"the {'failure' if 'error' in self.data else 'result'} of {self.name}"

    def to_json(self) -> dict[str, Any]:
        """What a debugger shows: `{seq, name, kind}`."""
        return {"seq": self.seq, "name": self.name, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class Held:
    """A held run: it stands where it stood, and everything that comes waits.

    `moves` are the microsteps of the turn to come, `places` the active states after each;
    `micro` of them have been gone through with `run.step("microstep")` and `active` is where that
    leads. `changes` (`{path, old, new}`) and `effects` (as documents) are what the whole turn
    would do; `refusal` says why it would not be taken. Nothing of it has happened.
    """

    breakpoint: str | None
    reason: str
    by: str
    seq: int
    active: frozenset[str]
    event: Event | None = None
    moves: tuple[Move, ...] = ()
    places: tuple[frozenset[str], ...] = ()
    changes: tuple[dict[str, Any], ...] = ()
    effects: tuple[dict[str, Any], ...] = ()
    refusal: str = ""
    micro: int = 0
    mailbox: tuple[Waiting, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What a debugger shows; the shape of `held` in its messages."""
        event = self.event
        places = [sorted(active) for active in self.places]
        preview = {
            "moves": [
                {
                    "event": move.event,
                    "exited": list(move.exited),
                    "taken": list(move.taken),
                    "entered": list(move.entered),
                    "active": active,
                }
                for move, active in zip(self.moves, places, strict=True)
            ],
            "changes": list(self.changes),
            "effects": list(self.effects),
            "to": places[-1] if places else sorted(self.active),
            "refusal": self.refusal,
        }
        return {
            "breakpoint": self.breakpoint,
            "reason": self.reason,
            "by": self.by,
            "seq": self.seq,
            "event": None if event is None else {"name": event.name, "data": dict(event.data)},
            "preview": preview,
            "micro": self.micro,
            "active": sorted(self.active),
        }

    def _lines(self) -> Iterator[str]:
        if self.refusal:
            yield f"it would be refused: {self.refusal}"
        for i, (move, active) in enumerate(zip(self.moves, self.places, strict=True)):
            mark = "*" if i < self.micro else " "
            why = move.event or "(by itself)"
            yield f"{mark} {why}: {', '.join(move.taken)} to {', '.join(sorted(active))}"
        for change in self.changes[:MOST_SHOWN]:
            yield f"  {change['path']}: {change['old']!r} -> {change['new']!r}"[:200]
        for effect in self.effects[:MOST_SHOWN]:
            words = ", ".join(f"{k}={v!r}" for k, v in effect.items() if k != "kind")
            yield f"  asks for {effect['kind']}({words})"[:200]
        if self.mailbox:
            names = ", ".join(one.name for one in self.mailbox[:MOST_SHOWN])
            more = ", ..." if len(self.mailbox) > MOST_SHOWN else ""
            yield f"  mailbox ({len(self.mailbox)}): {names}{more}"
        else:
            yield "  the mailbox is empty"

    def __str__(self) -> str:
        return "\n".join([self.reason, *self._lines()])

    def __repr__(self) -> str:
        return f"<Held: {self}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<div style='white-space:pre'>{escape(line)}</div>" for line in self._lines()
        )
        return f"<div><b>{escape(self.reason)}</b><code>{rows}</code></div>"
