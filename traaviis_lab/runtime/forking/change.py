"""What a fork is to do otherwise than its parent, checked against the parent's record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from operator import index
from typing import Any, NamedTuple

import orjson

from traaviis_lab.errors import EventRefused, LabError
from traaviis_lab.journal import Fact, Journal
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Chart, Event
from traaviis_lab.runtime.asides import RESERVED

from .reel import Answer, is_local
from .tape import OWN, answers
from .turns import Spot, came_from_outside, fact_at, turn_end, turn_start, what_it_is


class Asked(NamedTuple):
    """The arguments of `fork`, as somebody gave them."""

    at: int | None
    until: int | str | None
    data: Mapping[str, Any] | None
    event: Event | str | None
    drop: int | Iterable[int]
    results: Mapping[str, Any] | None
    chart: Chart | None
    live: bool


class Change(NamedTuple):
    """A fork as it was asked for.

    `place` is where it leaves the parent's record (seq 0: before its first fact), `at` where `data`
    and `event` come in, `until` how far the parent's inputs are taken along.
    """

    place: Spot
    at: Spot
    until: int
    data: Mapping[str, Any]
    event: Event | None
    drop: frozenset[int]
    given: Mapping[str, Answer]


def read_change(journal: Journal, run: str, last: int, asked: Asked) -> Change:
    """The change, with the place where it leaves the record of a run of `last` facts.

    Raises `LabError` for what the run has not, with what it has; `JournalError` for what is not
    JSON; `EventRefused` for an event only the engine sends.
    """
    if not isinstance(asked.live, bool):
        raise LabError(
            f"A fork may perform effects or not: live={asked.live!r}.", hint="live=True, or False."
        )
    if asked.at is not None:
        asked = asked._replace(at=_place(run, asked.at, last, "at"))
    to = _until(run, asked, last)
    here = to if asked.at is None else asked.at
    left_out = _drop(journal, run, asked.drop, to)
    given = _given(asked.results)
    spot = turn_end(journal, run, here, last) if here else Spot(0, _begins(journal, run).at)
    places = [spot.seq]
    if asked.chart is not None and asked.at is None:
        places.append(0 if fact_at(journal, run, 1).kind == "run.started" else 1)
    places += [turn_start(journal, run, fact) for fact in left_out]
    places += [
        _place_of(journal, run, path, last, to) for path in given if not path.startswith(OWN)
    ]
    place = min(places)
    return Change(
        spot if place == spot.seq else Spot(place, fact_at(journal, run, max(1, place)).at),
        Spot(here, spot.at),
        to,
        _data(asked.data),
        _event(asked.event),
        frozenset(fact.seq for fact in left_out),
        given,
    )


def _begins(journal: Journal, run: str) -> Fact:
    """The first fact of a run that began by itself."""
    first = fact_at(journal, run, 1)
    if first.kind != "run.started":
        raise LabError(
            f"Run {run!r} is a fork itself and has nothing before its first fact.",
            hint="Fork it at 1, or fork the run it comes from.",
        )
    return first


def _seq(value: Any) -> int | None:
    """The whole number a value is, numpy's too, which tables are full of; None if it is none."""
    try:
        return None if isinstance(value, bool) else index(value)
    except TypeError:
        return None


def _place(run: str, asked: Any, last: int, name: str) -> int:
    seq = _seq(asked)
    if seq is None or not 0 <= seq <= last:
        end = "; until='end' is all of it" if name == "until" else ""
        raise LabError(
            f"Run {run!r} has no place {name}={asked!r}.", hint=f"It goes from 0 to {last}{end}."
        )
    return seq


def _until(run: str, asked: Asked, last: int) -> int:
    """How far the record is taken along; where no place is named, the changes come in there."""
    if asked.until is None:
        return last if asked.at is None else asked.at
    if asked.until == "end":
        return last
    to = _place(run, asked.until, last, "until")
    if asked.at is not None and to < asked.at:
        raise LabError(
            f"until={to} is before at={asked.at}.",
            hint="What comes after `at` is taken along up to `until`; 'end' is all of it.",
        )
    return to


def _drop(journal: Journal, run: str, drop: int | Iterable[int], to: int) -> list[Fact]:
    asked = drop if isinstance(drop, Iterable) and not isinstance(drop, bytes) else [drop]
    seqs = set()
    for one in asked:
        seq = _seq(one)
        if seq is None:
            raise LabError(f"drop={drop!r} is no seq.", hint="drop=7, or drop=[7, 9].")
        if not 1 <= seq <= to:
            raise LabError(
                f"Fact {seq} of run {run!r} is not taken along and cannot be left out.",
                hint=f"Facts 1 to {to} are taken along; until='end' takes all.",
            )
        seqs.add(seq)
    facts = []
    for seq in sorted(seqs):
        fact = fact_at(journal, run, seq)
        if not came_from_outside(fact):
            what, cure = what_it_is(fact)
            raise LabError(f"Fact {seq} of run {run!r} is no input: it {what}.", hint=cure)
        facts.append(fact)
    return facts


def _given(results: Mapping[str, Any] | None) -> dict[str, Answer]:
    if results is None:
        return {}
    if not isinstance(results, Mapping) or not all(isinstance(path, str) for path in results):
        raise LabError(
            f"results={results!r} is no dict of results by effect.",
            hint="results={'5/0': {'answer': 42}}; the view `effects` has the paths.",
        )
    for path, value in results.items():
        if isinstance(value, BaseException) and not isinstance(value, LabError):
            raise LabError(
                f"results[{path!r}] is {value!r}, which no record can hold.",
                hint="An effect fails with EffectError('...'), from traaviis_lab.errors.",
            )
    return answers(results)


def _place_of(journal: Journal, run: str, path: str, last: int, to: int) -> int:
    """The place just before the outcome of an effect, or where it was under way."""
    first = path.partition("/")[0]
    after = int(first) - 1 if first.isdecimal() and int(first) > 0 else 0
    if after >= last:
        raise _no_effect(run, path)
    if after >= to:
        raise LabError(
            f"Effect {path!r} of run {run!r} is asked for after fact {to}, the last that is taken "
            "along.",
            hint="until='end' takes all along.",
        )
    started = 0
    for fact in _facts_of(journal, run, path, after, last):
        if fact.kind in ("effect.started", "run.forked"):
            started = started or fact.seq
        elif fact.kind in ("effect.completed", "effect.failed") and not is_local(fact, path):
            return min(fact.seq - 1, to)
        elif fact.kind == "effect.cancelled":
            break
    if not started:
        raise _no_effect(run, path)
    return turn_end(journal, run, started, last).seq


def _facts_of(journal: Journal, run: str, path: str, after: int, last: int) -> Iterator[Fact]:
    """The facts of one effect, or the fact by which a fork inherited it."""
    quoted = encode(path)
    for fact in journal.read(run, after=after, upto=last):
        if quoted not in fact.body:
            continue
        body = orjson.loads(fact.body)
        if fact.kind.startswith("effect."):
            mine = body["path"] == path
        else:
            mine = fact.kind == "run.forked" and path in body["stand"]["pending"]
        if mine:
            yield fact


def _no_effect(run: str, path: str) -> LabError:
    where = run.replace("'", "''")
    return LabError(
        f"Run {run!r} asked for no effect {path!r} of the world.",
        hint=f"lab.sql(\"select path, effect from effects where run_id = '{where}'\") lists them. "
        f"Only the fork asks for it? Its paths begin with {OWN!r}.",
    )


def _data(data: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise LabError(f"The data of a fork is a dict, not {data!r}.", hint="data={'field': 1}")
    encode(data)
    return dict(data)


def _event(event: Event | str | None) -> Event | None:
    if event is None:
        return None
    made = Event(event) if isinstance(event, str) else event
    if not isinstance(made, Event) or not isinstance(made.name, str) or not made.name:
        raise LabError(
            f"{event!r} is not an event.", hint="event='name', or Event('name', {'field': 1})."
        )
    if made.name.startswith(RESERVED) or made.patch is not None:
        raise EventRefused(
            f"Event {made.name!r} is for the engine to send: {', '.join(RESERVED)} are reserved.",
            hint="Give your event another name.",
        )
    if made.data is not None and not isinstance(made.data, Mapping):
        raise LabError(
            f"The data of event {made.name!r} is a dict, not {made.data!r}.",
            hint=f"Event({made.name!r}, {{'field': 1}})",
        )
    encode(made.data, where="event.data")
    return made
