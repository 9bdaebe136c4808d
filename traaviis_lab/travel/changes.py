"""Who changed a run's data, when, from what, and what that came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from traaviis_lab.errors import LabError
from traaviis_lab.machine.names import did_you_mean

from .differences import alike
from .lineage import Charts, Part, lineage
from .path import via_of
from .places import ABSENT, Place, look, own, read_place, write_place
from .trail import Moment, Trail

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("seq", "at", "path", "old", "new", "by", "how", "cause")
_MOST_NAMES = 300


class Change(NamedTuple):
    """A change of one place in the data; `old` or `new` is `ABSENT` where nothing stood there.

    `by` names the event, or the kind of effect, that brought it ("" for the start); `how` is the
    transition with its formula, the effect's path, or where a starting value came from; `cause`
    is the fact that led to it, None for what came from outside.
    """

    run: str
    seq: int
    at: int
    path: str
    old: Any
    new: Any
    by: str
    how: str
    cause: int | None


def changes(
    trail: Trail,
    path: str | None = None,
    *,
    ancestors: bool = False,
    charts: Charts | None = None,
) -> list[Change]:
    """Every change of the value at `path` (None: of every field at the top), in order.

    Raises `LabError` for a path the run never had, naming those it has, and for no path at all.
    """
    place = read_place(path) if path is not None else ()
    parts = lineage(trail, charts) if ancestors else [Part(trail, trail.seq)]
    found = list(_changes(parts, place))
    if place and not found:
        raise _never(trail, place)
    return found


def changes_frame(changes: list[Change], *, ancestors: bool = False) -> pd.DataFrame:
    """The changes as a table; None where there was nothing."""
    import pandas as pd

    columns = ["run", *COLUMNS] if ancestors else list(COLUMNS)
    rows = [
        {key: None if value is ABSENT else value for key, value in one._asdict().items()}
        for one in changes
    ]
    frame = pd.DataFrame(rows, columns=columns)
    for name in ("old", "new"):
        frame[name] = pd.Series([row[name] for row in rows], dtype=object)
    frame["at"] = pd.to_datetime(frame["at"], unit="us")
    frame["cause"] = frame["cause"].astype("Int64")
    return frame


def _changes(parts: list[Part], place: Place) -> Iterator[Change]:
    data: Mapping[str, Any] = {}
    for part in parts:
        for moment in part.trail.walk(upto=part.upto):
            old, data = data, moment.after.data
            if old is data or (moment.step is None and moment.fact.kind != "run.forked"):
                continue
            for where in [place] if place else _fields(old, data):
                was, now = look(old, where), look(data, where)
                if was is not now and not alike(was, now):
                    yield _change(part.trail, moment, where, was, now)


def _fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Place]:
    names = [*new, *(name for name in old if name not in new)]
    return [(n,) for n in names if new.get(n, ABSENT) is not old.get(n, ABSENT)]


def _change(trail: Trail, moment: Moment, place: Place, old: Any, new: Any) -> Change:
    fact, how = moment.fact, _how(trail, moment, place[0])
    return Change(
        fact.run,
        fact.seq,
        fact.at,
        write_place(place),
        own(old),
        own(new),
        via_of(fact),
        how,
        fact.cause,
    )


def _how(trail: Trail, moment: Moment, field: str | int) -> str:
    """What wrote the field: the last transition that assigns it, else what the fact brought."""
    fact, body = moment.fact, moment.body
    for taken in reversed(moment.step.taken if moment.step is not None else ()):
        for name, formula in trail.chart.transitions[taken].assign:
            if name == field:
                return f"{taken}: {name} = {formula.text}"
    if fact.kind == "run.started":
        return "given at the start" if field in body["data"] else "the chart's own data"
    if fact.kind in ("run.forked", "step"):
        return f"fork of {trail.info.forked_from} at {trail.info.forked_at}"
    return str(body.get("path", ""))


def _never(trail: Trail, place: Place) -> LabError:
    known = list(_places(trail.at(trail.seq).snapshot.data, ()))[:_MOST_NAMES]
    asked = write_place(place)
    return LabError(
        f"Run {trail.run!r} never had {asked}.", hint=did_you_mean(asked, known, "Its data")
    )


def _places(data: Mapping[str, Any], around: Place) -> Iterator[str]:
    """The fields of the data, and those of the objects in it down to the third level."""
    for name, value in data.items():
        yield write_place((*around, name))
        if isinstance(value, Mapping) and len(around) < 2:
            yield from _places(value, (*around, name))
