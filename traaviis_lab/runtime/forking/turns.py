"""Where one turn of a run ends and the next begins, as its facts tell it.

The facts of a turn are written together; a run never stands between them. A place within a turn
therefore counts as the turn's end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import orjson

from traaviis_lab.journal import Fact, Journal

from .reel import DERIVED, has_ended, is_local, is_raised, is_timer

CHUNK = 64


class Spot(NamedTuple):
    """A place between two turns: after fact `seq`, at the time `at`."""

    seq: int
    at: int


def turn_end(journal: Journal, run: str, seq: int, upto: int) -> Spot:
    """Where the turn ends that fact `seq` belongs to; `upto` is the run's last."""
    end = calm = seq
    when = 0
    for fact in _chunks(journal, run, seq - 1, upto):
        if fact.seq == seq:
            when = fact.at
            continue
        if fact.kind == "run.done" and fact.name == "stopped":
            return Spot(calm, when)
        if not _follows(fact):
            break
        end = fact.seq
        if fact.kind != "effect.cancelled":  # these may belong to a stop that comes next
            calm = end
    return Spot(end, when)


def turn_start(journal: Journal, run: str, fact: Fact) -> int:
    """The last place before the turn of a fact that came in."""
    place = fact.seq - 1
    if fact.kind == "run.done":  # a stop cancels first
        while place > 1 and fact_at(journal, run, place).kind == "effect.cancelled":
            place -= 1
    return place


def fact_at(journal: Journal, run: str, seq: int) -> Fact:
    """One fact of a run that has it."""
    return next(iter(journal.read(run, after=seq - 1, upto=seq)))


def came_from_outside(fact: Fact) -> bool:
    """Whether a fact is an input: nothing else in the run led to it."""
    if fact.kind == "event":
        return not (fact.name.startswith(DERIVED) or is_raised(fact))
    if fact.kind == "effect.cancelled":
        return has_ended(fact)
    if fact.kind in ("effect.completed", "effect.failed"):
        return not is_local(fact, _path(fact))
    if fact.kind == "step":
        return b'"patch":' in fact.body
    return fact.kind == "run.done" and fact.name == "stopped"


def what_it_is(fact: Fact) -> tuple[str, str]:
    """Why a fact cannot be left out, and what to do instead."""
    if fact.kind in ("run.started", "run.forked"):
        return "begins the run", "fork(at=0, data={...}) starts it with other data."
    if fact.kind in ("note", "debug", "event.refused", "event.held", "effect.held"):
        return f"is of kind {fact.kind}, which moves nothing", "Leave it in."
    if is_timer(fact) or fact.cause is None:
        return f"is of kind {fact.kind}", "Leave out the event that led to it."
    return f"follows from fact {fact.cause}", f"Leave that out: drop={fact.cause}."


def _follows(fact: Fact) -> bool:
    """Whether a fact belongs to the turn of the fact before it."""
    if fact.kind == "effect.started":
        return bool(orjson.loads(fact.body).get("occurrence", 1) == 1)
    if fact.kind in ("event", "effect.completed", "effect.failed", "effect.cancelled"):
        return not came_from_outside(fact)
    return fact.kind == "run.done"


def _path(fact: Fact) -> str:
    return str(orjson.loads(fact.body)["path"])


def _chunks(journal: Journal, run: str, after: int, upto: int) -> Iterator[Fact]:
    while after < upto:
        end = min(after + CHUNK, upto)
        yield from journal.read(run, after=after, upto=end)
        after = end
