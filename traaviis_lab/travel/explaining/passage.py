"""One reading of a run's facts, for what an explanation looks at: moves, stays, trouble."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from traaviis_lab.journal import Fact
from traaviis_lab.travel.trail import Trail

BEGAN = ("run.started", "run.forked")


class Passing(NamedTuple):
    """A fact that moved the machine, or could have: what came, from which leaves to which."""

    seq: int
    at: int
    event: str
    before: str
    after: str
    body: bytes


class Stay(NamedTuple):
    """A time in one configuration; `until` is None while the run is still there."""

    state: str
    seq: int
    at: int
    until: int | None


class Noted(NamedTuple):
    """A fact that tells of trouble, with its body; `name` is what people call its effect."""

    fact: Fact
    body: Mapping[str, Any]
    name: str = ""


class Performed(NamedTuple):
    """An effect that succeeded: the fact, the state whose `enter` asked for it, its name."""

    fact: Fact
    owner: str
    name: str


@dataclass(slots=True)
class Passage:
    """What a run went through."""

    facts: int = 0
    began: int = 0
    ended: int = 0
    moves: list[Passing] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    failed: list[Noted] = field(default_factory=list)
    refused: list[Noted] = field(default_factory=list)
    errors: list[Noted] = field(default_factory=list)
    troubles: list[Noted] = field(default_factory=list)
    effects: list[Performed] = field(default_factory=list)
    under_way: dict[str, str] = field(default_factory=dict)
    ended_as: dict[str, str] = field(default_factory=dict)  # an effect's path: how it ended
    done: Noted | None = None


def read_passage(trail: Trail) -> Passage:
    """Read all facts of a run once."""
    found = Passage()
    state = ""
    for fact in trail.journal.read(trail.run):
        found.facts += 1
        found.ended = fact.at
        _note(trail, found, fact, state)
        if fact.kind in BEGAN:
            found.began = fact.at
        if fact.state != state:
            _stay(found, fact)
            state = fact.state
    return found


def told_state(state: str) -> str:
    """The leaf states of a fact as people read them: `ready & disarmed`."""
    return " & ".join(state.split(","))


def event_of_move(kind: str, name: str) -> str:
    """What a move is counted under: the event's name, or how an effect ended."""
    return name if kind == "event" else f"{kind} {name}".strip()


def _note(trail: Trail, found: Passage, fact: Fact, state: str) -> None:
    kind = fact.kind
    if kind == "event" or (kind.startswith("effect.") and fact.state != state):
        event = event_of_move(kind, fact.name)
        found.moves.append(Passing(fact.seq, fact.at, event, state, fact.state, fact.body))
    if b'"error.execution"' in fact.body and b'"raised"' in fact.body:
        found.errors.append(_noted(trail, fact))
    if kind == "event.refused":
        found.refused.append(_noted(trail, fact))
    elif kind.startswith("effect."):
        _effect(trail, found, fact)
    elif kind == "note" and fact.name == "trouble":
        found.troubles.append(_noted(trail, fact))
    elif kind == "run.done":
        found.done = _noted(trail, fact)


def _effect(trail: Trail, found: Passage, fact: Fact) -> None:
    if fact.kind in ("effect.held", "effect.progress"):
        return
    body = orjson.loads(fact.body)
    path = str(body.get("path", ""))
    if fact.kind == "effect.started":
        function = body.get("effect", {}).get("function")
        found.under_way[path] = f"{fact.name} {function}" if function else fact.name
        return
    name = found.under_way.pop(path, fact.name)
    found.ended_as[path] = fact.kind
    if fact.kind == "effect.failed":
        found.failed.append(Noted(fact, _noted(trail, fact).body, name))
    elif fact.kind == "effect.completed" and fact.duration_us:
        found.effects.append(Performed(fact, str(body.get("owner", "")), name))


def _noted(trail: Trail, fact: Fact) -> Noted:
    body = orjson.loads(fact.body)
    if "refs" in body:  # large values are said elsewhere; the trail knows where
        body = next(iter(trail.walk(fact.seq - 1, fact.seq))).body
    return Noted(fact, body)


def _stay(found: Passage, fact: Fact) -> None:
    if found.stays:
        found.stays[-1] = found.stays[-1]._replace(until=fact.at)
    found.stays.append(Stay(fact.state, fact.seq, fact.at, None))
