"""What other runs of the same machine usually do, counted by the journal's index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from traaviis_lab.journal import Journal

from .passage import event_of_move

FEWEST = 3
"""Fewer other runs than this say nothing about what is usual."""
MOST_RUNS = 500
MOST_FACTS = 2_000_000
MOST_OF_ONE = 20_000

_EARLIER = """
select run_id from events
where kind = 'run.started' and name = $machine and run_id <> $run and {when}
      and (body->>'$.forked_from') is null
order by "at" desc limit {most}
"""

_FACTS = f"""
with facts as (
    select run_id, seq, "at", kind, name, state,
           lag(state, 1, '') over (partition by run_id order by seq) as before
    from events where run_id in (select unnest($runs)) and seq <= {MOST_OF_ONE})
"""

_MOVES = f"""{_FACTS}
, moves as (
    select run_id, before, kind, name, state from facts
    where kind = 'event' or (starts_with(kind, 'effect.') and state <> before))
select before, kind, name, state, count(distinct run_id) as runs,
       grouping(kind, name) as no_event, grouping(state) as no_state
from moves group by grouping sets ((before, kind, name, state), (before, kind, name), (before))
"""

_STAYS = f"""{_FACTS}
, stays as (
    select run_id, state, lead("at") over (partition by run_id order by seq) - "at" as stay
    from facts where state <> before),
visits as (select run_id, state, count(*) as visits from stays group by run_id, state)
select state, stays, stay, most from
    (select state, count(stay) as stays, median(stay) as stay from stays group by state)
    join (select state, max(visits) as most from visits group by state) using (state)
"""

_EFFECTS = f"""
select effect, coalesce(body->>'$.owner', '') as owner, count(*) as times,
       median(duration_us) as took
from events
where run_id in (select unnest($runs)) and seq <= {MOST_OF_ONE}
      and kind = 'effect.completed' and duration_us is not null
group by all
"""


@dataclass(slots=True)
class Usual:
    """What is usual. Keys of `moved`: (state, event, state after), (state, event) and (state,);
    values: how many runs did that. Times are medians in microseconds."""

    runs: Sequence[str] = ()
    whose: str = "earlier runs"
    fewest: int = FEWEST
    moved: dict[tuple[str, ...], int] = field(default_factory=dict)
    stays: dict[str, tuple[int, float]] = field(default_factory=dict)
    visits: dict[str, int] = field(default_factory=dict)
    effects: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)

    @property
    def enough(self) -> bool:
        """Whether there are runs enough to speak of what is usual."""
        return len(self.runs) >= self.fewest

    def told(self, many: int | None = None) -> str:
        """`6 earlier runs`: so many of them, or (None) all."""
        count = len(self.runs) if many is None else many
        return f"{count:,} {self.whose.removesuffix('s') if count == 1 else self.whose}"

    def ways(self, *start: str) -> list[tuple[str, int]]:
        """What followed after a (state, event) or a (state,), with how many runs; most first."""
        length = len(start) + 1
        found = [
            (key[-1], runs)
            for key, runs in self.moved.items()
            if len(key) == length and key[:-1] == start
        ]
        return sorted(found, key=lambda way: (-way[1], way[0]))


def usual(journal: Journal, run: str, machine: str, began: int, against: Sequence[str]) -> Usual:
    """What the runs `against` did; without them the latest runs of the machine that began before
    this one, and where those are too few, all others."""
    found = Usual()
    if against:
        found.whose, found.fewest = "given runs", 1
        found.runs = _bounded(journal, [one for one in against if one != run])
    else:
        found.runs, found.whose = _others(journal, run, machine, began)
    if found.enough:
        _count(journal, found)
    return found


def _others(journal: Journal, run: str, machine: str, began: int) -> tuple[list[str], str]:
    earlier = _ids(journal, run, machine, f'"at" < {began}')
    if len(earlier) >= FEWEST:
        return _bounded(journal, earlier), "earlier runs"
    everyone = _ids(journal, run, machine, "true")
    if len(everyone) >= FEWEST:
        return _bounded(journal, everyone), "other runs"
    return everyone, "other runs"


def _ids(journal: Journal, run: str, machine: str, when: str) -> list[str]:
    query = _EARLIER.format(when=when, most=MOST_RUNS)
    return [str(one) for one in journal.sql(query, {"machine": machine, "run": run})["run_id"]]


def _bounded(journal: Journal, runs: Sequence[str]) -> list[str]:
    """The first of `runs` that exist, up to the number of facts that are looked at."""
    kept: list[str] = []
    facts = 0
    for run in dict.fromkeys(runs):
        info = journal.info(run)
        if info is None:
            continue
        facts += min(info.seq, MOST_OF_ONE)
        if kept and (facts > MOST_FACTS or len(kept) >= MOST_RUNS):
            break
        kept.append(run)
    return kept


def _count(journal: Journal, found: Usual) -> None:
    runs: Mapping[str, Any] = {"runs": list(found.runs)}
    for row in _rows(journal, _MOVES, runs):
        key: tuple[str, ...] = (row["before"],)
        if not row["no_event"]:
            key = (*key, event_of_move(row["kind"], row["name"]))
            if not row["no_state"]:
                key = (*key, row["state"])
        found.moved[key] = int(row["runs"])
    for row in _rows(journal, _STAYS, runs):
        found.visits[row["state"]] = int(row["most"])
        if row["stays"]:
            found.stays[row["state"]] = int(row["stays"]), float(row["stay"])
    for row in _rows(journal, _EFFECTS, runs):
        found.effects[row["effect"], row["owner"]] = int(row["times"]), float(row["took"])


def _rows(journal: Journal, query: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    frame = journal.sql(query, params)
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
