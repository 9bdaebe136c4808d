"""The way of a run from state to state: a row for each stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import orjson

from traaviis_lab.journal import Fact
from traaviis_lab.machine import Chart

from .lineage import Charts, Part, lineage
from .trail import Trail

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("seq", "at", "state", "via", "taken", "duration")


class Stay(NamedTuple):
    """A stay in one configuration: which fact of which run led in, by which event or effect.

    `state` holds the active leaves as text, `via` is empty for the start and "fork" where a fork
    begins. `at` is in microseconds since the epoch; `duration` in microseconds, None while the
    run is still there.
    """

    run: str
    seq: int
    at: int
    state: str
    via: str
    taken: tuple[str, ...]
    duration: int | None


def stays(trail: Trail, *, ancestors: bool = False, charts: Charts | None = None) -> list[Stay]:
    """The stays of a run in order; with `ancestors` those of the runs it was forked from before.

    A fork goes on in the stay its parent was in: time is then counted on both sides of it.
    """
    parts = lineage(trail, charts) if ancestors else [Part(trail, trail.seq)]
    return list(_stays(parts))


def via_of(fact: Fact) -> str:
    """What brought a step about: the event's name or the effect's kind; empty for the start."""
    if fact.kind == "run.forked":
        return "fork"
    return "" if fact.kind == "run.started" else fact.name


def path_frame(stays: list[Stay], *, ancestors: bool = False) -> pd.DataFrame:
    """The stays as a table; `at` and `duration` as times, `run` first where there are several."""
    import pandas as pd

    columns = ["run", *COLUMNS] if ancestors else list(COLUMNS)
    rows = [{**stay._asdict(), "taken": list(stay.taken)} for stay in stays]
    frame = pd.DataFrame(rows, columns=columns)
    frame["at"] = pd.to_datetime(frame["at"], unit="us")
    frame["duration"] = pd.to_timedelta(frame["duration"].astype("Int64"), unit="us")
    return frame


def _stays(parts: list[Part]) -> Iterator[Stay]:
    here: Stay | None = None
    spent = began = now = 0
    for part in parts:
        chart = part.trail.chart
        for fact in part.trail.journal.read(part.trail.run, upto=part.upto):
            if fact.kind == "run.forked":
                spent, began = spent + now - began, fact.at
            now = fact.at
            if fact.kind == "run.done" and here is not None:
                here = here._replace(duration=spent + now - began)
            taken = _moved(chart, fact, here)
            if taken is None:
                continue
            if here is not None:
                yield here._replace(duration=spent + now - began)
            here = Stay(fact.run, fact.seq, fact.at, fact.state, via_of(fact), taken, None)
            spent, began = 0, now
    if here is not None:
        yield here


def _moved(chart: Chart, fact: Fact, here: Stay | None) -> tuple[str, ...] | None:
    """The transitions of a step that left or entered a state, also the same one; else None."""
    if fact.kind == "run.forked":
        return () if here is None or here.state != fact.state else None
    if b'"step":' not in fact.body:
        return None
    step = orjson.loads(fact.body).get("step")
    if step is None:
        return None
    taken = tuple(step["taken"])
    known = (chart.transitions.get(one) for one in taken)
    if here is None or here.state != fact.state or any(one and one.targets for one in known):
        return taken
    return None
