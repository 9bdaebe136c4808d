"""How runs, charts, effects, money and time are shown in answers: alike in every tool."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from traaviis_lab.machine.look import events_blocked

if TYPE_CHECKING:
    from traaviis_lab.journal.port import RunInfo
    from traaviis_lab.lab import Lab, Recording, Run
    from traaviis_lab.lab.estimate import Estimate
    from traaviis_lab.machine import Chart
    from traaviis_lab.machine.effect import Effect

MOST_PARTS = 2_000
"""How many parts of a value are shown; the rest is said to be left out."""
LONGEST = 20_000
"""Characters of one text that are shown."""
MOST_LISTED = 50


def time(microseconds: int | None) -> str | None:
    """A time of the journal as ISO 8601 in UTC."""
    if microseconds is None:
        return None
    told = datetime.fromtimestamp(microseconds / 1e6, UTC)
    return told.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(microseconds: float | None) -> float | None:
    """A duration of the journal in seconds."""
    return None if microseconds is None else round(microseconds / 1e6, 6)


def usd(amount: float | None) -> float | None:
    """Money in US dollars with nine digits after the point; None is unknown, not free."""
    return None if amount is None else round(float(amount), 9)


def value(whole: Any, most: int = MOST_PARTS, longest: int = LONGEST) -> Any:
    """A JSON value as it is shown: what is too much is left out, and it is said that it is.

    It ends also for a value that holds itself or the same part a million times.
    """
    return _Cut(most, longest).shown(whole, 0)


class _Cut:
    def __init__(self, most: int, longest: int) -> None:
        self.left, self.longest = most, longest

    def shown(self, whole: Any, depth: int) -> Any:
        self.left -= 1
        if isinstance(whole, str):
            self.left -= len(whole) // 500
            return whole if len(whole) <= self.longest else _cut(whole, self.longest)
        if isinstance(whole, Mapping):
            return self._mapping(whole, depth)
        if isinstance(whole, list | tuple):
            return self._list(whole, depth)
        return whole

    def _mapping(self, whole: Mapping[Any, Any], depth: int) -> Any:
        if depth > 30:
            return "[nested too deep to be shown]"
        told: dict[str, Any] = {}
        for key, one in whole.items():
            if self.left <= 0:
                told["..."] = f"{len(whole) - len(told):,} more fields"
                break
            told[str(key)[:200]] = self.shown(one, depth + 1)
        return told

    def _list(self, whole: list[Any] | tuple[Any, ...], depth: int) -> Any:
        if depth > 30:
            return "[nested too deep to be shown]"
        told: list[Any] = []
        for one in whole:
            if self.left <= 0:
                told.append(f"... {len(whole) - len(told):,} more")
                break
            told.append(self.shown(one, depth + 1))
        return told


def _cut(text: str, most: int) -> str:
    return f"{text[:most]}... ({len(text):,} characters)"


def bounded(rows: Iterable[Any], most: int = MOST_LISTED) -> list[Any]:
    """The first of a list; a last line says how many more there are."""
    listed = list(rows)
    return [*listed[:most], *([f"... {len(listed) - most} more"] if len(listed) > most else [])]


def run(thing: Run | Recording, fields: Iterable[str] | None = None) -> dict[str, Any]:
    """A run as every tool shows it: `{fsm_id, machine, state, data, seq, done, events, ...}`.

    Args:
        thing: a live run or a recording.
        fields: the fields of its data to show; None: all.
    """
    here = thing.snapshot
    data = here.data if fields is None else {k: here.data[k] for k in fields if k in here.data}
    told: dict[str, Any] = {
        "fsm_id": thing.id,
        "machine": thing.chart.name,
        "state": state(thing),
        "data": value(data),
        "seq": thing.seq,
        "done": here.done,
        "events": list(thing.events),
    }
    blocked = {} if here.done else events_blocked(thing.chart, here)
    if blocked:
        told["blocked"] = dict(list(blocked.items())[:MOST_LISTED])
    _of_live(thing, told)
    return told


def state(thing: Run | Recording) -> Any:
    """The active leaf state; a list of them where regions are parallel."""
    found = thing.state
    return found if isinstance(found, str) else list(found)


def _of_live(thing: Any, told: dict[str, Any]) -> None:
    """What only a live run has: timers, what it works on, and why it is held."""
    if not hasattr(thing, "under_way"):
        told["live"] = False
        return
    if thing.timers:
        told["timers"] = {name: time(due) for name, due in thing.timers.items()}
    if under_way := thing.under_way:
        rows = [
            {"path": one["path"], "kind": one["kind"], "state": one["owner"],
             "since": time(one["began"]), **({"asks": True} if one["asks"] else {})}
            for one in under_way
        ]  # fmt: skip
        told["working_on"] = bounded(rows, 20)
    if (held := thing.held) is not None:
        told["held"] = held.reason


def info(one: RunInfo, live: bool) -> dict[str, Any]:
    """A line of a list of runs."""
    told = {
        "fsm_id": one.run, "machine": one.machine, "state": one.state, "seq": one.seq,
        "done": one.done, "live": live, "started": time(one.started), "last": time(one.at),
    }  # fmt: skip
    return {**told, **({"forked_from": one.forked_from} if one.forked_from else {})}


def chart(one: Chart) -> dict[str, Any]:
    """A machine in a few words: its states, its events, the fields it begins with."""
    told: dict[str, Any] = {"machine": one.name}
    if title := one.spec.get("title"):
        told["title"] = str(title)[:200]
    told["states"] = bounded(one.states)
    told["events"] = bounded(events_of(one))
    told["data"] = value(one.data, 50, 200)
    return told


def events_of(one: Chart) -> list[str]:
    """The events that a machine listens for, those of the engine left out."""
    heard = (name for arrow in one.transitions.values() for name in arrow.events)
    return [n for n in dict.fromkeys(heard) if not n.startswith(("done.", "error.", "after."))]


def effect(one: Effect) -> dict[str, Any]:
    """An effect as it stands in a document, long texts cut."""
    told: dict[str, Any] = value(one.to_spec(), 200, 1_000)
    return told


def estimate(one: Estimate) -> dict[str, Any]:
    """What a run will take, in a few numbers, and what they know nothing about."""
    told = one.told
    spread = told.usd
    return {
        "calls": told.calls.expected,
        "tokens_in": told.tokens_in.expected,
        "tokens_out": told.tokens_out.expected,
        "usd": None if spread is None else usd(spread.expected),
        "usd_p90": None if spread is None else usd(spread.p90),
        "usd_most": None if spread is None or spread.most is None else usd(spread.most),
        "seconds": None if told.seconds is None else round(told.seconds.expected, 3),
        "from_runs": told.runs,
        "unknown": bounded(told.unknowns, 10),
    }


def spent(lab: Lab, fsm_id: str) -> dict[str, Any]:
    """What the calls of models of a run took so far; `usd` is the sum of what is known."""
    row = lab.sql(
        "select count(*) as calls, coalesce(sum(tokens_in), 0)::bigint as tokens_in, "
        "coalesce(sum(tokens_out), 0)::bigint as tokens_out, sum(cost_usd) as usd, "
        "count(*) filter (cost_usd is null) as unpriced "
        "from events where run_id = $run and kind in ('model.called', 'tool.called')",
        {"run": fsm_id},
    ).to_dict("records")[0]
    return of_costs(row)


def of_costs(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row of costs as it is shown; what was not priced is counted, not taken for nothing."""
    amount = row["usd"]
    known = None if amount is None or math.isnan(amount) else usd(amount)
    told = {name: int(row[name]) for name in ("calls", "tokens_in", "tokens_out")}
    told["usd"] = 0.0 if known is None and not int(row["unpriced"]) else known  # type: ignore[assignment]
    if int(row["unpriced"]):
        told["unpriced"] = int(row["unpriced"])
    return told
