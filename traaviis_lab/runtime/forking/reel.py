"""A run's facts after a place, sorted: what came in from outside, and what was asked of the world.

What came in is what a fork takes along. Everything else in a record (`done.*`, `error.*`,
effects performed inside their turn, cancellations) follows from it and is worked out again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import orjson

from traaviis_lab.journal import Fact, Journal
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Chart
from traaviis_lab.machine.effect import VOCABULARY
from traaviis_lab.runtime.large import said_in_full
from traaviis_lab.runtime.recall import Recall, lost_timer, recall
from traaviis_lab.runtime.turn import WITHIN

DERIVED = ("done.", "error.")
ENDS = frozenset({"effect.completed", "effect.failed", "effect.cancelled"})
FOR_EVER = 2**62
_LOCAL = re.compile(rb'\{"path":"[^"]*","owner":"[^"]*","local":true')
What = Literal["event", "timer", "lost", "outcome", "change", "stop"]


class Input(NamedTuple):
    """One thing that came in: fact `seq`. `name` is the event's, the timer's, the effect's path.

    A timer that is `lost` was left out there, by a fork. `data` is an event's data or a change's
    patch; `due` is when a timer was to come.
    """

    seq: int
    at: int
    what: What
    name: str = ""
    data: Any = None
    due: int = 0


class Answer(NamedTuple):
    """How an effect ended. `seq` 0: that is not from a record but was given.

    One that was told to end and has is `cancelled`; nothing else waits for its outcome.
    """

    run: str
    seq: int
    at: int
    result: Any = None
    error: Mapping[str, Any] | None = None
    began: int = 0
    cancelled: bool = False


@dataclass(slots=True)
class Wish:
    """An effect a run asked for. `root` is the fact that came in and led to it.

    `ended` is the seq of its outcome or its cancellation, 0 where there is none.
    """

    path: str
    key: bytes
    root: int
    began: int
    answer: Answer | None = None
    ended: int = 0


def key_of(spec: Mapping[str, Any]) -> bytes:
    """What two effects have in common when they ask for the same."""
    return orjson.dumps(orjson.loads(encode(spec)), option=orjson.OPT_SORT_KEYS)


def is_timer(fact: Fact) -> bool:
    """Whether the fact is a timer that came."""
    return fact.kind == "event" and fact.name.startswith("after.")


def is_local(fact: Fact, path: str) -> bool:
    """Whether an effect's outcome was worked out in the turn that asked for it."""
    if path.count("/") > 1:
        return _LOCAL.match(fact.body) is not None
    return is_composed(fact) or path.partition("/")[0] == str(fact.cause)


def is_raised(fact: Fact) -> bool:
    """Whether the run raised this event itself, by a composed effect."""
    return WITHIN + b',"step":' in fact.body


def is_composed(fact: Fact) -> bool:
    """Whether an effect's fact is of one that others make up: its outcome follows from theirs."""
    word = VOCABULARY.get(fact.effect or fact.name)
    return word is not None and word.composed


def has_ended(fact: Fact) -> bool:
    """Whether an effect that was told to end came home with that."""
    return fact.kind == "effect.cancelled" and b'"ended":true' in fact.body


class Reel:
    """A run's record after fact `after`, read as far as it is asked for.

    Args:
        journal: where the facts are.
        run: whose.
        chart: how to find the chart it ran on.
        after: the place.
        upto: the last fact that counts.
        here: the run as it stood at the place, to go on from; what was under way there is in
            `wishes` from the start on. None: it is brought back where it is needed.
    """

    def __init__(
        self,
        journal: Journal,
        run: str,
        chart: Callable[[], Chart],
        after: int,
        upto: int,
        here: Recall | None = None,
    ) -> None:
        self._journal, self.run, self._chart, self._upto = journal, run, chart, upto
        self._after, self._here = after, here
        self.read_to, self.ends_at = after, 0
        self.inputs: list[Input] = []
        self.wishes: dict[str, Wish] = {}
        self.fates: dict[tuple[str, int], int] = {}
        self._follows = False
        self._held: dict[int, int] = {}
        self._root = 0
        for path, pending in (here.pending if here is not None else {}).items():
            self.wishes[path] = Wish(path, key_of(pending.effect.to_spec()), 0, pending.began)

    def read(self, upto: int | None = None, *, timers: bool = False) -> None:
        """Read on to fact `upto` (None: to the last that counts).

        `timers`: also note the fate of every timer on the way, for which the run is recalled.
        """
        upto = self._upto if upto is None else min(upto, self._upto)
        self._follows = self._follows or timers
        for fact in self._journal.read(self.run, after=self.read_to, upto=upto):
            self.ends_at = max(self.ends_at, fact.at)
            self._see(fact)
            if self._follows:
                self._follow(fact)
            self.read_to = fact.seq
        if timers:
            running = self._stood().timers
            self.fates.update(dict.fromkeys(running.items(), FOR_EVER))

    def _stood(self) -> Recall:
        """The run as it stood before the fact that is read."""
        here = self._here
        if here is None:
            here = self._here = (
                recall(self._journal, self.run, self._chart(), self._after)
                if self._after
                else Recall(self._chart())
            )
        if here.seq < self.read_to:
            for fact in self._journal.read(self.run, after=here.seq, upto=self.read_to):
                here.apply(fact)
        return here

    def _follow(self, fact: Fact) -> None:
        here = self._stood()
        before = here.timers
        here.apply(fact)
        if fact.kind == "event.held":  # a timer that waits in a mailbox comes when it is taken
            due = before.get(fact.name, 0)
            self._held[fact.seq] = due
            self.fates[fact.name, due] = FOR_EVER
            return
        if here.timers is not before:
            for timer in before.items():
                if here.timers.get(timer[0]) != timer[1]:
                    self.fates[timer] = fact.seq

    def _body(self, fact: Fact) -> dict[str, Any]:
        body: dict[str, Any] = orjson.loads(fact.body)
        if "refs" in body:
            body = said_in_full(body, self._stood().snapshot.data)
            self._follows = True  # where one is large, the next one is
        return body

    def _see(self, fact: Fact) -> None:
        kind, seq = fact.kind, fact.seq
        if kind == "event":
            if is_timer(fact):
                self._came(Input(seq, fact.at, "timer", fact.name, due=self._due(fact, fact.name)))
            elif not (fact.name.startswith(DERIVED) or is_raised(fact)):
                self._came(Input(seq, fact.at, "event", fact.name, self._body(fact)["data"]))
        elif kind.startswith("effect."):
            self._effect(fact, self._body(fact))
        elif kind == "run.done" and fact.name == "stopped":
            self._came(Input(seq, fact.at, "stop"))
        elif kind == "step":
            body = self._body(fact)
            if "patch" in body:
                self._came(Input(seq, fact.at, "change", fact.name, body["patch"]))
        elif kind == "run.started":
            self._root = seq
        elif lost := lost_timer(fact):
            self.inputs.append(Input(seq, fact.at, "lost", lost, due=self._due(fact, lost)))

    def _due(self, fact: Fact, name: str) -> int:
        """When a timer that came, or is left out, was to come; 0 where nobody asked for that."""
        if not self._follows:
            return 0
        held = self._held.pop(fact.cause or 0, None)
        due = self._stood().timers.get(name, 0) if held is None else held
        self.fates[name, due] = fact.seq
        return due

    def _came(self, one: Input) -> None:
        self._root = one.seq
        self.inputs.append(one)

    def _effect(self, fact: Fact, body: Mapping[str, Any]) -> None:
        path = body["path"]
        wish = self.wishes.get(path)
        if is_composed(fact):
            return
        if wish is None and fact.kind in ENDS and not is_local(fact, path):
            wish = self.wishes[path] = Wish(path, b"", 0, fact.at)  # began before the place
        if fact.kind == "effect.started":
            if wish is None:
                key = key_of(body["effect"])
                self.wishes[path] = Wish(path, key, self._root, fact.at)
            return
        if wish is None or fact.kind == "effect.progress":
            return
        comes_home = fact.kind != "effect.cancelled" or has_ended(fact)
        if comes_home:
            error = body.get("error")
            result = body.get("result")
            cut = has_ended(fact) or bool(body.get("cancelled"))
            wish.answer = Answer(self.run, fact.seq, fact.at, result, error, wish.began, cut)
        if fact.kind == "effect.held":
            return
        wish.ended = fact.seq
        if comes_home:
            self._came(Input(fact.seq, fact.at, "outcome", path))
