"""What a run's facts say of its breakpoints, whether it is held, and what waits in its mailbox.

A live run and one that is recalled from its facts fold the same facts and come to the same place.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import orjson

from traaviis_lab.journal import Fact
from traaviis_lab.machine import Chart, Move
from traaviis_lab.runtime.standing import left_by

from .breakpoints import ASKED, Breakpoint
from .held import Waiting

_ENDED = frozenset({"effect.completed", "effect.failed", "effect.cancelled"})
KINDS = frozenset({"debug", "event.held", "effect.held"})
_FOLDED = frozenset({*KINDS, *_ENDED, "event", "event.refused", "run.done"})


class Pause(NamedTuple):
    """Since which fact the run is held, by what, and before which one of the mailbox (0: none)."""

    seq: int
    breakpoint: str | None
    reason: str
    by: str
    item: int


class Through(NamedTuple):
    """Who of the mailbox is let through by breakpoints that are not newer than fact `since`."""

    item: int
    since: int


class HoldState:
    """Breakpoints, pause and mailbox of one run. `apply` goes on by one fact.

    `until` is "effect" while the run goes on to the next turn that has to do with an effect.
    """

    __slots__ = (
        "breakpoints",
        "count",
        "mailbox",
        "outcomes",
        "pause",
        "through",
        "timers",
        "until",
    )

    def __init__(self) -> None:
        self.breakpoints: dict[str, Breakpoint] = {}  # replaced, never changed: others read it
        self.count = 0
        self.pause: Pause | None = None
        # Taken from the front: a plain dict would look for its first one ever longer.
        self.mailbox: OrderedDict[int, Waiting] = OrderedDict()
        self.outcomes: dict[str, int] = {}  # by path, and timers by name: their seq in it
        self.timers: dict[str, int] = {}
        self.through: Through | None = None
        self.until = ""

    @property
    def keeps(self) -> bool:
        """Whether what comes in has to wait."""
        return self.pause is not None or bool(self.mailbox)

    @property
    def first(self) -> Waiting | None:
        """Who is next in the mailbox."""
        return next(iter(self.mailbox.values()), None)

    def apply(self, fact: Fact) -> None:
        """Go on by one fact; facts that have nothing to do with holding change nothing."""
        kind = fact.kind
        if kind not in _FOLDED:
            return
        if kind in ("event", "event.refused"):
            if fact.cause is not None and fact.cause in self.mailbox:
                self._took(fact.cause, fact.seq)
        elif kind == "run.done":
            self._end()
        elif kind in _ENDED:
            if self.outcomes:
                seq = self.outcomes.get(orjson.loads(fact.body)["path"])
                if seq is not None:
                    self._took(seq, fact.seq) if kind != "effect.cancelled" else self._drop(seq)
        elif kind == "debug":
            self._debug(fact, orjson.loads(fact.body))
        else:
            self._wait(fact, orjson.loads(fact.body))

    def left(self, chart: Chart, moves: Iterable[Move]) -> None:
        """Timers that wait are forgotten with the state they belong to."""
        if not self.timers:
            return
        gone = {t.event for state in left_by([*moves]) for t in chart.states[state].timers}
        for seq in [seq for name, seq in self.timers.items() if name in gone]:
            self._drop(seq)

    def _wait(self, fact: Fact, body: Mapping[str, Any]) -> None:
        if fact.kind == "effect.held":
            self._put(Waiting(fact.seq, "effect", fact.name, body))
        else:
            # Nobody but the engine may send names that begin so.
            timer = fact.name.startswith("after.")
            kind: Literal["timer", "event"] = "timer" if timer else "event"
            self._put(Waiting(fact.seq, kind, fact.name, body["data"]))

    def _put(self, one: Waiting) -> None:
        self.mailbox[one.seq] = one
        if one.kind == "effect":
            self.outcomes[one.data["path"]] = one.seq
        elif one.kind == "timer":
            self.timers[one.name] = one.seq

    def _drop(self, seq: int) -> Waiting:
        gone = self.mailbox.pop(seq)
        if gone.kind == "effect":
            self.outcomes.pop(gone.data["path"], None)
        elif gone.kind == "timer":
            self.timers.pop(gone.name, None)
        return gone

    def _took(self, item: int, seq: int) -> None:
        taken = self._drop(item)
        if self.pause is not None:
            self.pause = Pause(seq, None, f"Stepped over {taken.subject}.", "step", 0)
        if self.through is not None and self.through.item == item:
            self.through = None

    def _end(self) -> None:
        self.mailbox, self.outcomes, self.timers = OrderedDict(), {}, {}
        self.pause = self.through = None
        self.until = ""

    def _debug(self, fact: Fact, body: Mapping[str, Any]) -> None:
        match fact.name:
            case "breakpoint":
                self._set(fact, body)
            case "cleared":
                self._without(body["breakpoint"])
            case "paused":
                self._pause(fact, body)
            case "resumed":
                self.pause = None
                self.until = body.get("until", "")
                through = body.get("through")
                self.through = Through(*through) if through else None
            case "passed":
                self._count(body["breakpoints"])
            case "dropped" if fact.cause is not None and fact.cause in self.mailbox:
                self._took(fact.cause, fact.seq)
            case _:
                pass

    def _set(self, fact: Fact, body: Mapping[str, Any]) -> None:
        known = self.breakpoints.get(body["id"])
        hits = known.hits if known is not None else 0
        fresh = {name: body[name] for name in ("id", "enabled", *ASKED) if name in body}
        made = Breakpoint(**fresh, seq=fact.seq, hits=hits)
        self.breakpoints = {**self.breakpoints, made.id: made}
        self.count = max(self.count, int(made.id[1:]))

    def _without(self, id: str) -> None:
        self.breakpoints = {k: v for k, v in self.breakpoints.items() if k != id}

    def _pause(self, fact: Fact, body: Mapping[str, Any]) -> None:
        by, item = body["by"], body.get("item", 0)
        self.pause = Pause(fact.seq, body["breakpoint"], body["reason"], by, item)
        self.through, self.until = None, ""
        self._count(body.get("met", ()))
        one = self.breakpoints.get(body["breakpoint"] or "")
        if one is not None and one.once:
            self._without(one.id)

    def _count(self, ids: Iterable[str]) -> None:
        for one in [self.breakpoints[id] for id in ids if id in self.breakpoints]:
            self.breakpoints = {**self.breakpoints, one.id: replace(one, hits=one.hits + 1)}

    def copy(self) -> HoldState:
        """Another one that stands here and goes on by itself."""
        other = HoldState()
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        other.mailbox = self.mailbox.copy()
        other.outcomes, other.timers = dict(self.outcomes), dict(self.timers)
        return other

    def to_json(self) -> dict[str, Any]:
        """The whole of it, for a kept snapshot."""
        return {
            "breakpoints": [
                {"id": b.id, "enabled": b.enabled, "seq": b.seq, "hits": b.hits, **b.to_spec()}
                for b in self.breakpoints.values()
            ],
            "count": self.count,
            "pause": self.pause and list(self.pause),
            "mailbox": [[w.seq, w.kind, w.name, w.data] for w in self.mailbox.values()],
            "through": self.through and list(self.through),
            "until": self.until,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> HoldState:
        """What `to_json` kept."""
        made = cls()
        made.breakpoints = {b["id"]: Breakpoint(**b) for b in body["breakpoints"]}
        made.count, made.until = body["count"], body["until"]
        made.pause = Pause(*body["pause"]) if body["pause"] else None
        made.through = Through(*body["through"]) if body["through"] else None
        for one in (Waiting(*kept) for kept in body["mailbox"]):
            made._put(one)
        return made
