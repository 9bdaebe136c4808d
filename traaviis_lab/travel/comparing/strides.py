"""What a run did, as two runs are compared: its steps, what its effects answered, what it spent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import orjson

from traaviis_lab.journal import Fact
from traaviis_lab.travel.differences import alike
from traaviis_lab.travel.lineage import Part
from traaviis_lab.travel.path import via_of
from traaviis_lab.travel.places import ABSENT

_CALLS = frozenset({"model.called", "tool.called"})
_ENDS = {f"effect.{end}": end for end in ("completed", "failed", "cancelled")}


class Stride(NamedTuple):
    """A step of a run, or the beginning of a fork that stands otherwise than its parent did.

    `came` is the data that came in, `made` what the journal says of the step (active states,
    transitions taken, fields changed, effects, events raised).
    """

    run: str
    seq: int
    at: int
    via: str
    state: str
    came: Any
    made: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """What a table shows of it."""
        return {"run": self.run, "seq": self.seq, "via": self.via, "state": self.state}


@dataclass(slots=True)
class Asked:
    """An effect a run asked for and how it ended: `under way`, `completed`, `failed`, `cancelled`.

    `path` is its place; `spec` is None where it failed before it was written down. `answer` is
    its result, or its error as `{kind, message, hint}`.
    """

    run: str
    seq: int
    path: str
    kind: str
    spec: Mapping[str, Any] | None
    status: str = "under way"
    answer: Any = None

    def to_json(self) -> dict[str, Any]:
        """All of it, and what it answered as `result` or `error`."""
        word = "error" if self.status == "failed" else "result"
        said = {word: self.answer} if self.status in ("completed", "failed") else {}
        return {
            "run": self.run, "seq": self.seq, "path": self.path, "kind": self.kind,
            "spec": self.spec, "status": self.status, **said,
        }  # fmt: skip


@dataclass(slots=True)
class Spent:
    """What a run took; None is unknown, which is not nothing. Time is in microseconds."""

    duration: int = 0
    calls: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    unpriced: int = 0

    def add(self, fact: Fact) -> None:
        """Count a call of a model or a tool."""
        self.calls += 1
        self.unpriced += fact.cost_usd is None
        if fact.tokens_in is not None:
            self.tokens_in = (self.tokens_in or 0) + fact.tokens_in
        if fact.tokens_out is not None:
            self.tokens_out = (self.tokens_out or 0) + fact.tokens_out
        if fact.cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + fact.cost_usd


@dataclass(slots=True)
class Walked:
    """Everything a run did on the way to where it stands, its ancestors' part included.

    `asked` is keyed by the number of the part that asked and the effect's path in it.
    """

    strides: list[Stride] = field(default_factory=list)
    asked: dict[tuple[int, str], Asked] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)

    def copy(self) -> Walked:
        """The same to go on with, which leaves this one as it is."""
        asked = {key: replace(one) for key, one in self.asked.items()}
        return Walked(list(self.strides), asked, replace(self.spent))


def walked(
    parts: Sequence[Part], common: Sequence[Part] = (), known: Walked | None = None
) -> Walked:
    """What was done on the way through these parts of a lineage, the oldest first.

    `common` are the first of them (the last perhaps not to its end) for which it is `known`.
    """
    done = known.copy() if known is not None else Walked()
    for number, part in enumerate(parts):
        after = common[number].upto if number < len(common) else 0
        way = parts[: number + 1]
        began = now = None
        for fact, body in _read(part, after):
            began, now = fact.at if began is None else began, fact.at
            if fact.seq > after:
                _note(done, way, fact, body)
        done.spent.duration += (now or 0) - (began or 0)
    return done


def _note(done: Walked, way: Sequence[Part], fact: Fact, body: Mapping[str, Any]) -> None:
    """Note a fact of the last part of the way."""
    if fact.kind == "run.forked":
        done.strides += _forked(way[-1], fact, way[-2] if len(way) > 1 else None)
    elif "step" in body:
        done.strides.append(_stride(fact, body))
    if fact.kind.startswith("effect."):
        _follow(done.asked, len(way) - 1, fact, body)
    elif fact.kind in _CALLS:
        done.spent.add(fact)


def _read(part: Part, after: int) -> Iterator[tuple[Fact, Mapping[str, Any]]]:
    """The facts of a part from fact `after` on, that one included, since time counts from it.

    With their bodies; what these say by reference is looked up.
    """
    trail, before = part.trail, max(0, after - 1)
    facts = list(trail.journal.read(trail.run, after=before, upto=part.upto))
    if any(b'"refs":' in fact.body for fact in facts):
        yield from ((moment.fact, moment.body) for moment in trail.walk(before, part.upto))
    else:
        yield from ((fact, orjson.loads(fact.body)) for fact in facts)


def _stride(fact: Fact, body: Mapping[str, Any]) -> Stride:
    came = body["patch"] if "patch" in body else body.get("data")
    return Stride(fact.run, fact.seq, fact.at, via_of(fact), fact.state, came, body["step"])


def _forked(part: Part, fact: Fact, parent: Part | None) -> list[Stride]:
    """The beginning of a fork as a step, where it stands otherwise than its parent did."""
    here = part.trail.at(fact.seq).snapshot
    there = parent.trail.at(parent.upto).snapshot if parent is not None else None
    was = there.data if there is not None else {}
    new = {k: v for k, v in here.data.items() if not alike(v, was.get(k, ABSENT))}
    if there is not None and there.active == here.active and not new:
        return []
    made = {"state": sorted(here.active), "taken": [], "set": new}
    return [Stride(fact.run, fact.seq, fact.at, via_of(fact), fact.state, None, made)]


def _follow(
    asked: dict[tuple[int, str], Asked], number: int, fact: Fact, body: Mapping[str, Any]
) -> None:
    """Note an effect that was asked for, or how one ended."""
    path = body["path"].lstrip("^")
    key = (number - (len(body["path"]) - len(path)), path)  # a caret for each fork it came through
    one = asked.get(key)
    if one is None:
        spec = body.get("effect")
        one = asked[key] = Asked(fact.run, fact.seq, path, fact.name, spec)
    if fact.kind in _ENDS:
        one.status = _ENDS[fact.kind]
        one.answer = body.get("error") if one.status == "failed" else body.get("result")
