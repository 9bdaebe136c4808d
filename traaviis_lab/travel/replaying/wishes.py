"""Keep account of what a chart asks for while its run is replayed, beside what the record brings.

A step's own outcome is compared elsewhere. Here stands what must follow from it: every effect that
was asked for is started, no outcome comes of one that was not, and a run ends when its chart does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from traaviis_lab.effects.growing import Outcome
from traaviis_lab.journal import Fact
from traaviis_lab.machine import Step
from traaviis_lab.runtime import Recall
from traaviis_lab.runtime.bodies import Texts
from traaviis_lab.runtime.breach import breach_event, takes
from traaviis_lab.runtime.large import said_in_full
from traaviis_lab.runtime.standing import Ask, asks_of, left_by, root_of

_LATE = 50_000
"""Microseconds that a timer may be off by before its time counts as another."""
_DERIVED = ("done.", "error.")
_BEGINNINGS = frozenset({"event", "event.refused", "note", "run.done"})
"""Kinds of facts that come after the turn before them is whole."""


class Trouble(NamedTuple):
    """The record and the chart do not fit: what each says, at which place, in one sentence."""

    text: str
    path: str
    expected: Any
    actual: Any
    where: str
    kind: str = "result"


class Wishes:
    """The account. `check` a fact before it is taken in, `follow` it afterwards.

    Args:
        texts: of the chart that is replayed on.
        retimed: the timers (event names) that the recorded chart has otherwise or not at all.
    """

    def __init__(self, texts: Texts, retimed: frozenset[str]) -> None:
        self._texts, self._retimed = texts, retimed
        self._wished: dict[str, Ask] = {}
        self._local: dict[str, Ask] = {}
        self._under_way: set[str] = set()
        self._owed = ""
        self._ends = False
        self._idle = True

    def check(self, fact: Fact, here: Recall) -> Trouble | None:
        """What is wrong with this fact coming now; `here` is where the run stands before it."""
        kind = fact.kind
        if self._retimed and here.timers and (late := self._timing(fact, here)):
            return late
        if kind.startswith("effect.") and kind not in ("effect.progress", "effect.held"):
            return self._leaf(fact, here) or self._effect(fact)
        if kind == "run.done" and fact.name == "done":
            if self._ends or here.snapshot.done:
                return self._missing()
            return self._missing() or Trouble(
                "The record says that the run ends here; the chart does not.",
                "done", True, False, "", "record",
            )  # fmt: skip
        if self._idle or kind not in _BEGINNINGS or (kind == "event" and fact.name == self._owed):
            return None
        derived = fact.cause is not None and fact.name.startswith(_DERIVED)
        return None if kind == "event" and derived and not self._owed else self.unsettled()

    def unsettled(self) -> Trouble | None:
        """What the turn before left undone; None when it is whole."""
        missing = self._missing()
        if missing is None and self._ends:
            return Trouble(
                "The chart ends here; the record goes on.", "done", False, True, "", "record",
            )  # fmt: skip
        return missing

    def _missing(self) -> Trouble | None:
        for path, ask in (*self._local.items(), *self._wished.items()):
            return Trouble(
                f"The chart asks for effect {path} ({ask.effect.kind}), of which the record has "
                "nothing: its result is missing.",
                "fact", None, ask.effect.to_spec(), path,
            )  # fmt: skip
        if self._owed:
            return Trouble(
                f"The chart waits for {self._owed!r}, which the record does not bring.",
                "fact", None, self._owed, self._owed,
            )  # fmt: skip
        return None

    def follow(self, fact: Fact, made: Step | None, here: Recall, ended: bool) -> None:
        """Take a fact in. `made`: its step; `ended`: whether the run was over before it."""
        kind = fact.kind
        if kind == "event" and fact.name == self._owed:
            self._owed = ""
        elif kind == "run.forked":
            self._under_way = {*here.pending, *here.trees}
        elif kind == "run.done":
            self._ends = False
        elif kind.startswith("effect."):
            self._outcome(fact, made, here)
        if made is not None:
            self._ask(fact, made)
            self._ends = self._ends or (here.snapshot.done and not ended)
        self._idle = not (self._wished or self._local or self._owed or self._ends)

    def _ask(self, fact: Fact, made: Step) -> None:
        if self._wished:
            gone = left_by(made.moves)
            self._wished = {p: ask for p, ask in self._wished.items() if ask.owner not in gone}
        for ask in asks_of(made) if made.effects else ():
            path = f"{fact.seq}/{ask.place}"
            if ask.effect.outward:
                self._wished[path] = ask
            else:
                self._local[path] = ask

    def _leaf(self, fact: Fact, here: Recall) -> Trouble | None:
        """What is wrong with a fact of a composed effect, or of something within one."""
        body = _body(fact)
        path = body["path"]
        root, inner = root_of(path)
        if not inner:
            owed = here.owed.get(root)
            return _other_end(fact, said_in_full(body, here.snapshot.data), owed)
        tree = here.trees.get(root)
        node = tree.nodes.get(inner) if tree is not None else None
        if node is None or path in here.pending or node.effect.composed:
            return None
        spec = said_in_full(body, here.snapshot.data).get("effect")
        self._under_way.add(path)
        if spec is None or spec == node.effect.to_spec():
            return None
        return Trouble(
            f"The chart asks for effect {path} ({fact.name}) otherwise than the record says.",
            "effect", spec, node.effect.to_spec(), path,
        )  # fmt: skip

    def _effect(self, fact: Fact) -> Trouble | None:
        path, known = _body(fact)["path"], {*self._local, *self._under_way}
        if fact.kind == "effect.started":
            known |= self._wished.keys()
        if path in known:
            return None
        what = fact.kind.removeprefix("effect.")
        return Trouble(
            f"The record has effect {path} ({fact.name}) {what}, which the chart did not ask for.",
            "fact", {"kind": fact.kind, "name": fact.name, "path": path}, None, path,
        )  # fmt: skip

    def _outcome(self, fact: Fact, made: Step | None, here: Recall) -> None:
        if fact.kind in ("effect.progress", "effect.held"):
            return
        body = _body(fact)
        path, owner = body["path"], body["owner"]
        self._local.pop(path, None)
        if fact.kind == "effect.started":
            self._wished.pop(path, None)
            self._under_way.add(path)
            return
        self._under_way.discard(path)
        if root_of(path)[1] or path in here.unheard:
            return
        if fact.kind == "effect.failed":
            breach = breach_event(body.get("error", {}), fact.name)
            if breach is not None and takes(here.chart, here.snapshot, breach):
                self._owed = breach.name
            else:
                self._owed = f"error.invoke.{owner}" if owner else f"error.effect.{fact.name}"
        elif fact.kind == "effect.completed" and owner and not (made and made.moves):
            call = here.calls.get(owner)
            name = f"done.invoke.{owner}"
            if call and call.waiting == 0 and not call.failed and self._texts.hears(name):
                self._owed = name

    def _timing(self, fact: Fact, here: Recall) -> Trouble | None:
        """Timers that this chart has otherwise: would they have fired when the record says?"""
        for name, due in here.timers.items():
            if name not in self._retimed:
                continue
            if fact.kind == "event" and fact.name == name:
                if due <= fact.at + _LATE:
                    continue
                text = f"Timer {name} fires {(due - fact.at) / 1e6:g} s later on this chart."
            elif due + _LATE < fact.at:
                text = f"Timer {name} would have fired {(fact.at - due) / 1e6:g} s before this."
            else:
                continue
            return Trouble(text, f"timers.{name}", fact.at, due, name, "chart")
        return None


def _other_end(fact: Fact, body: Mapping[str, Any], owed: Outcome | None) -> Trouble | None:
    """Whether a composed effect ended otherwise than its parts make it end."""
    if owed is None:
        return None
    ended = fact.kind.removeprefix("effect.")
    told = body.get("result") if ended == "completed" else body.get("error")
    if (ended, told) == (owed.status, owed.value):
        return None
    return Trouble(
        f"{fact.name} {body['path']} comes to another end than the record says.",
        "outcome", [ended, told], list(owed), body["path"],
    )  # fmt: skip


def retimed(old: Mapping[str, float], new: Mapping[str, float]) -> frozenset[str]:
    """The timers of a chart that another one has otherwise: event names to seconds, both."""
    return frozenset(name for name, seconds in new.items() if old.get(name) != seconds)


def _body(fact: Fact) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(fact.body)
    return found
